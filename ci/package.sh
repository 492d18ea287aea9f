#!/usr/bin/env bash
# What would be published: no warnings, a sane size, and complete, that is, all of it
# compiles outside the repository, the tests too. Not in it is what checks the repository
# rather than the library (`include` in Cargo.toml).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

largest=1500000 # bytes, compressed

rm -rf target/package
# Uncommitted changes are packaged as well: a person runs this before a commit.
cargo package --package tidegate --locked --allow-dirty --no-verify 2>&1 | tee target/package.log

# Said of each target that `include` leaves out.
left_out='documentation|prop_fuzz'
if grep '^warning:' target/package.log |
    grep -Ev "^warning: ignoring test .($left_out). as .* is not included"; then
    echo "no warnings are expected but of $left_out" >&2
    exit 1
fi

crate="$(echo target/package/tidegate-*.crate)"
size="$(wc -c <"$crate")"
echo "$crate: $size bytes"
if ((size > largest)); then
    echo "more than $largest bytes: what came in?" >&2
    exit 1
fi

# A workspace of its own: nothing of the one around it is seen. The archive's times are
# older than what was compiled before.
outside=target/packaged
rm -rf "$outside"
mkdir "$outside"
tar --extract --touch --file "$crate" --directory "$outside" --strip-components 1
printf '\n[workspace]\n' >>"$outside/Cargo.toml"
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE Cargo.lock docs/cookbook.md; do
    if [[ ! -s $outside/$file ]]; then
        echo "the package has no $file" >&2
        exit 1
    fi
done

# Apart: cargo takes it for the package that it was made of.
CARGO_TARGET_DIR="$(target_dir packaged-build)"
export CARGO_TARGET_DIR
cd "$outside"
cargo check --all-targets --all-features --locked
# As docs.rs has it: package.metadata.docs.rs in Cargo.toml.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --lib --no-deps --all-features --locked
