#!/usr/bin/env bash
# The library and its programs compile, with all features, with the lowest version of
# each dependency that Cargo.toml allows. Dependencies of dependencies are recent ones:
# their lowest versions are not this library's doing.
#
# Cargo resolves what tests and benchmarks need as well, which would raise the versions;
# so this happens in a copy without them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_nightly

CARGO_TARGET_DIR="$(target_dir minimal-versions)"
export CARGO_TARGET_DIR
copy="$CARGO_TARGET_DIR/tree"
rm -rf "$copy"
mkdir -p "$copy"
cp -r src docs README.md Cargo.lock "$copy"
awk '
    /^\[/ { left_out = /dev-dependencies/ || /^\[\[(bench|example|test)\]\]/ }
    !left_out && !/^members = / { print }' Cargo.toml >"$copy/Cargo.toml"

cd "$copy"
cargo +nightly update -Z direct-minimal-versions
cargo check --lib --bins --all-features --locked
