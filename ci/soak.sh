#!/usr/bin/env bash
# One engine with everything in it, optimised, for as long as wanted: memory stays
# flat, throughput steady, ticks in time, and the ledger is exact at the end.
#
# ci/soak.sh [SECONDS]   60 unless given; a night has 1800 or more
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export TIDEGATE_TEST_SECONDS="${1:-60}"
cargo test --release --locked --test soak -- --nocapture
