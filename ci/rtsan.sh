#!/usr/bin/env bash
# RealtimeSanitizer over a worker's turn (pick, activate, publish): for every
# policy, with backpressure, drops, evictions, merges, ticks, changed settings,
# faults and draining. The first call in it that allocates, frees, waits for a
# lock or enters the kernel ends the test with a stack trace. tests/realtime
# is what runs; its `bites` show that the check does bite.
#
# It sees calls: of the allocator, of the C library's locks, files and sockets,
# and of `syscall`, by which Rust's locks and `park` wait and wake. It does not
# see a lock that happens to be free, the clock (read without a system call),
# or `clock_nanosleep`. The engine's own locks are marked as blocking, so it
# sees those always.
#
# The standard library need not be rebuilt: what it calls is what is watched.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_nightly

export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=realtime --cfg tidegate_rtsan"
CARGO_TARGET_DIR="$(target_dir rtsan)"
export CARGO_TARGET_DIR

run() {
    cargo +nightly test --locked --target "$(host)" --test realtime "$@"
}

# One worker, without sleepers around it, in a debug and in an optimised build: no exception.
run -- --skip threads::
run --release -- --skip threads::

# Workers that wake each other: waking is excepted, see the file. By the names
# on the stack, which an optimised build does not keep.
RTSAN_OPTIONS="${RTSAN_OPTIONS:-} suppressions=$PWD/ci/rtsan.supp" run -- threads::
