#!/usr/bin/env bash
# The documentation builds without warnings: no broken links, nothing missing; and
# so does that of private items, for whoever works on them. And the pages in docs/
# link only to, and name only, what is there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for private in "" --document-private-items; do
    # The packages left out compile the library's sources once more, under another name.
    # shellcheck disable=SC2086 # none, or one
    RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" \
        cargo doc --workspace --exclude loom-tests --exclude shuttle-tests \
        --no-deps --all-features --locked $private
done

cargo test --locked --test documentation
