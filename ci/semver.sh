#!/usr/bin/env bash
# The public interface against that of the last release (a tag like v0.1.0): what
# breaks a user's code needs a new version in Cargo.toml.
#
# Before the first release nothing is promised yet; the interface is compared with the
# one at the commit where this branch left main, and what breaks code needs an entry in
# CHANGELOG.md.
#
# ci/semver.sh [REVISION]   against this revision instead
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
large_cargo_tool cargo-semver-checks 0.51.0

release="$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)"
base="${1:-$release}"
if [[ -z $base ]]; then
    base="$(merge_base)" || skip "no release, and no main branch to compare with"
fi
echo "against $base"

breaks=100 # what the tool ends with then, and not when it fails itself
code=0
cargo semver-checks --package tidegate --all-features --baseline-rev "$base" || code=$?
if ((code == 0)); then
    exit
fi
if ((code == breaks)) && [[ -z $release ]] && ! git diff --quiet "$base" -- CHANGELOG.md; then
    note "semver: breaks users' code, as CHANGELOG.md should say; there is no release yet"
    exit
fi
exit "$code"
