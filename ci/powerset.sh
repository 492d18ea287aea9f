#!/usr/bin/env bash
# The library and its programs compile, and clippy has nothing to say, without any
# feature, with each alone, and with every pair of them: none needs another that it does
# not name. All at once: ci/features.sh. Those for targets without `std`: ci/no-std.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo_tool cargo-hack 0.6.46 || skip "cargo-hack cannot be installed"
cargo hack clippy --package tidegate --lib --bins --feature-powerset --depth 2 \
    --exclude-features default,std,alloc,stepping --locked -- -D warnings
