#!/usr/bin/env bash
# The oldest supported Rust, the package's rust-version, compiles everything, and the
# library with all cargo features.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"
if [[ -z $version ]]; then
    echo "Cargo.toml names no rust-version" >&2
    exit 1
fi
if ! toolchain="$(installed_toolchain "$version")"; then
    rustup toolchain install "$version" --profile minimal --no-self-update ||
        skip "Rust $version is not installed and cannot be had through rustup"
    toolchain="$(installed_toolchain "$version")"
fi

# A folder of its own, so that the other jobs need not compile again.
cargo "+$toolchain" check --workspace --all-targets --locked --target-dir target/msrv
cargo "+$toolchain" check --package tidegate --lib --bins --all-features --locked --target-dir target/msrv
