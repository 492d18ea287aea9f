#!/usr/bin/env bash
# No warnings from clippy, in any target with all features.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
