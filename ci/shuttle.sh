#!/usr/bin/env bash
# Whole engines under shuttle: random and PCT schedules, and seeded bugs that
# must be found. `cargo test` runs the same with fewer schedules.
#
# ci/shuttle.sh [TEST…]                all tests, or those whose name contains TEST
# ci/shuttle.sh REPLAY TEST SCHEDULE   one schedule: as printed, or a file that holds it
#
# TIDEGATE_SHUTTLE_ITERATIONS   schedules per model and scheduler (5000)
# TIDEGATE_TEST_SEED            what the schedulers start from (always the same)
#
# A schedule belongs to the sources that it was found with.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${1:-} == REPLAY ]]; then
    if (($# != 3)); then
        echo "usage: ci/shuttle.sh REPLAY TEST SCHEDULE" >&2
        exit 2
    fi
    schedule="$3"
    if [[ -f $schedule ]]; then
        schedule="$(<"$schedule")"
    fi
    TIDEGATE_SHUTTLE_REPLAY="$schedule" \
        cargo test -p shuttle-tests --test engine --locked -- --nocapture --exact "$2"
    exit
fi

export TIDEGATE_SHUTTLE_ITERATIONS="${TIDEGATE_SHUTTLE_ITERATIONS:-5000}"
echo "each model: twice $TIDEGATE_SHUTTLE_ITERATIONS schedules"
cargo test -p shuttle-tests --test engine --locked -- "$@"
