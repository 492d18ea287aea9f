#!/usr/bin/env bash
# Fuzzes each target for SECONDS (30 unless given), from the kept corpus on.
#
#     ci/fuzz.sh [SECONDS]
#
# An input that fails is left in tests/fuzz/artifacts/TARGET/; copied into
# tests/fuzz/corpus/TARGET/, it becomes part of `cargo test --test prop_fuzz`.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds="${1:-30}"
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: ci/fuzz.sh [SECONDS]; $seconds is not a number of seconds" >&2
    exit 2
fi
need_nightly
toolchain="$(installed_toolchain nightly)"
if ! cargo fuzz --version &>/dev/null; then
    cargo install cargo-fuzz --locked ||
        skip "cargo-fuzz is not installed, and could not be (cargo install cargo-fuzz)"
fi

for target in graph names; do
    # What the fuzzer finds on its way goes here; the kept corpus is only read.
    found="target/fuzz/corpus/$target"
    mkdir -p "$found"
    echo "-- $target, $seconds s --"
    cargo "+$toolchain" fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz "$target" \
        "$found" "tests/fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=20 -verbosity=0 -print_final_stats=1
done
