#!/usr/bin/env bash
# The documentation builds without warnings: no broken links, nothing missing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# These compile the library's sources once more, under another name.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" \
    cargo doc --workspace --exclude loom-tests --exclude shuttle-tests \
    --no-deps --all-features --locked
