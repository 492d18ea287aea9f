#!/usr/bin/env bash
# Which lines of the library the unit and integration tests execute, by module:
# the core modules 90 % each, everything 80 %, and every file half of it. Prints
# a table; fails when one is below. What does not count is in ci/coverage/excluded.
#
# A test that fails is the business of ci/test.sh: here only lines count.
#
# ci/coverage.sh [REPORT]   judges an lcov report that is there already
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_LLVM_COV_TARGET_DIR="$(target_dir coverage)"
export CARGO_LLVM_COV_TARGET_DIR
report="${1:-$CARGO_LLVM_COV_TARGET_DIR/lcov.info}"
if (($# == 0)); then
    cargo_tool cargo-llvm-cov 0.9.1 || skip "cargo-llvm-cov cannot be installed"
    rustup component add llvm-tools || skip "the toolchain has no llvm-tools"
    # All that adds to the library; `top` only adds a program.
    features=futures,inspect,perfetto,prometheus,report,tracing
    # Left out: tests of documents and of the compiler's messages; those that
    # run programs, whose own lines would count and not the library's; and those
    # for which instrumented code is too slow or uses memory of its own.
    mapfile -t targets < <(test_targets typed_connections documentation doctor \
        feed_handler audio_graph top crowd live_stress no_alloc prop_fuzz)
    mkdir -p "$(dirname "$report")"
    cargo llvm-cov --locked --features "$features" "${targets[@]}" \
        --ignore-run-fail --lcov --output-path "$report"
fi
cargo run --quiet --locked --example check_coverage -- "$report" ci/coverage/excluded
