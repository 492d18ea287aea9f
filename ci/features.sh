#!/usr/bin/env bash
# The cargo features, all together: no warnings, and the tests and documentation
# examples of what they add pass; then the programs that show them. Each alone:
# ci/powerset.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo "-- all features --"
cargo clippy --all-targets --all-features --locked -- -D warnings
cargo test --lib --bins --test inspect --test top --test secrets --all-features --locked
cargo test --doc --all-features --locked -- observe

echo "-- examples/exporters, examples/axum_service --"
cd examples/exporters
CARGO_TARGET_DIR="$(cd ../.. && target_dir features)"
export CARGO_TARGET_DIR
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo test --workspace --locked
