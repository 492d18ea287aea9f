#!/usr/bin/env bash
# Miri over the tests: undefined behaviour, data races and leaks, under both
# models of borrowing, and with stale reads and preemptions that depend on a
# seed. Tests do less under it, by constants that ask `cfg!(miri)`.
#
# - What one thread does, once per model: edges, scheduler, nodes, base; the
#   engine step by step; edges in statics, without `std`. Left out are the proofs by brute force of the
#   scheduler's bounds: no `unsafe` is near them.
# - What threads do, with many seeds per model: edges, mailbox; a smaller number
#   of them for engines with two workers. (Workers that sleep: the others would
#   have the interpreter look for work nearly all the time.)
#
# TIDEGATE_SEEDS=N   seeds for each of the threaded tests; 6 unless set. A
#                    quarter of them for whole engines.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_nightly miri rust-src
cargo +nightly miri setup || skip "the standard library cannot be prepared for Miri"

CARGO_TARGET_DIR="$(target_dir miri)"
export CARGO_TARGET_DIR
seeds="${TIDEGATE_SEEDS:-6}"

# miri FLAGS ARGUMENTS…: isolation is off for the clock alone.
miri() {
    local flags="$1"
    shift
    MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-disable-isolation $flags" \
        cargo +nightly miri test --locked "$@"
}

# under MODEL: everything, under one model of borrowing.
under() {
    local model="$1"
    miri "$model" --lib -- \
        edge:: sched:: node:: util:: message:: time:: --skip threads:: --skip bounds::
    miri "$model" --test realtime -- flows:: faults::
    miri "$model" --no-default-features --lib --test static_rings
    miri "$model -Zmiri-many-seeds=0..$seeds" --lib -- \
        edge::tests::threads:: sched::mailbox::tests::a_parked_worker
    miri "$model -Zmiri-many-seeds=0..$(((seeds + 3) / 4))" --test realtime -- threads::workers_that_sleep
}

# The interpreter keeps one core busy, so both models run side by side. What the second
# one says comes after the first.
second="$(mktemp)"
trap 'rm -f "$second"' EXIT
under -Zmiri-tree-borrows >"$second" 2>&1 &
trees=$!
echo "== Miri, stacked borrows =="
under "" &
stacks=$!
failed=0
wait "$stacks" || failed=$?
echo "== Miri, tree borrows =="
wait "$trees" || failed=$?
cat "$second"
exit "$failed"
