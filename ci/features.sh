#!/usr/bin/env bash
# The cargo features, each alone and all together: no warnings, and the tests
# and documentation examples of what they add pass; then the programs that show
# them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The features that Cargo.toml declares.
mapfile -t features < <(awk '
    /^\[/ { inside = ($0 == "[features]") }
    inside && /^[a-z]/ { print $1 }' Cargo.toml)
if ((${#features[@]} == 0)); then
    echo "no features found in Cargo.toml" >&2
    exit 1
fi

for feature in "${features[@]}"; do
    echo "-- $feature --"
    cargo clippy --lib --bins --locked --features "$feature" -- -D warnings
done

echo "-- all features --"
cargo clippy --all-targets --all-features --locked -- -D warnings
cargo test --lib --bins --test inspect --test top --test secrets --all-features --locked
cargo test --doc --all-features --locked -- observe

echo "-- examples/exporters, examples/axum_service --"
cd examples/exporters
CARGO_TARGET_DIR="$(cd ../.. && target_dir exporters)"
export CARGO_TARGET_DIR
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo test --workspace --locked
