#!/usr/bin/env bash
# The documentation builds without warnings: no broken links, nothing missing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# loom-tests compiles the library's sources a second time, under another name.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" \
    cargo doc --workspace --exclude loom-tests --no-deps --all-features --locked
