#!/usr/bin/env bash
# The stress tests, optimised, one after the other, with their figures: crowds of
# producers and consumers, patterns that could starve somebody, commands under
# load, bursts, faults at random times, a thousand changes a second.
#
# ci/stress.sh [SECONDS]   of each test; 3 unless given
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export TIDEGATE_TEST_SECONDS="${1:-3}"
cargo test --release --locked --test stress --test live_stress -- \
    --include-ignored --nocapture --test-threads=1
