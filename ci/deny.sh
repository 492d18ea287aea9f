#!/usr/bin/env bash
# Every dependency has a licence that ci/deny.toml allows, comes from crates.io, and is not
# banned; and no advisory of the RustSec database concerns one, nor was one yanked.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cargo_tool cargo-deny 0.20.2 || skip "cargo-deny cannot be installed"

deny() { # MANIFEST CHECK…
    echo "-- ${*:2} of $1 --"
    cargo deny --locked --manifest-path "$1" --config ci/deny.toml check "${@:2}"
}

# Packages with a lock file of their own.
manifests=(Cargo.toml tests/fuzz/Cargo.toml examples/exporters/Cargo.toml)
for manifest in "${manifests[@]}"; do
    deny "$manifest" licenses bans sources
done

if ! git ls-remote --quiet --exit-code https://github.com/RustSec/advisory-db HEAD &>/dev/null; then
    skip "advisories need the RustSec database on GitHub, which cannot be reached"
fi
for manifest in "${manifests[@]}"; do
    deny "$manifest" advisories
done
