#!/usr/bin/env bash
# The tests with delays before the labelled steps of the protocols, locks and
# counts (src/sync/delays.rs): schedules that a machine with cores to spare
# hardly ever has, of the engine and of the tests themselves.
#
# A failure is one that a slow or busy machine may have as well: in the engine, or
# in a test that takes it for granted that something happens in time.
#
# ci/delays.sh [ROUNDS]   each with other delays; 3 unless given
# TIDEGATE_DELAYS=N       the first round's seed, 1 unless set
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export RUSTFLAGS="${RUSTFLAGS:-} --cfg tidegate_delays"
CARGO_TARGET_DIR="$(target_dir delays)"
export CARGO_TARGET_DIR
# Left out: the compiler's messages, and documents.
mapfile -t targets < <(test_targets typed_connections documentation secrets)
first="${TIDEGATE_DELAYS:-1}"
failed=()
for ((seed = first; seed < first + ${1:-3}; seed++)); do
    echo "TIDEGATE_DELAYS=$seed"
    TIDEGATE_DELAYS=$seed cargo test --locked --no-fail-fast "${targets[@]}" || failed+=("$seed")
done
if ((${#failed[@]} > 0)); then
    printf 'failed: TIDEGATE_DELAYS=%s ci/delays.sh 1\n' "${failed[@]}"
    exit 1
fi
