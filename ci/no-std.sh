#!/usr/bin/env bash
# The library without `std`, with and without `alloc` and `stepping`: for a target
# without an operating system it compiles without warnings, and examples link:
# `bare_metal` with nothing but `core`, `bare_engine` with an allocator of its own.
# On this machine, the tests of the same code pass.
#
# TIDEGATE_TARGET=…   another bare-metal target with atomics of 64 bits
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The examples are built by cargo elsewhere; only these tests do without `std`.
for features in "" alloc stepping; do
    tests=(--lib --test static_rings)
    if [[ "$features" == stepping ]]; then
        tests+=(--test stepping --test connecting --test nesting --test validation)
    fi
    echo "-- on this machine: core ${features} --"
    options=(--no-default-features --features "$features" --locked)
    cargo clippy "${options[@]}" "${tests[@]}" -- -D warnings
    cargo clippy "${options[@]}" --lib --profile test -- -D warnings
    cargo test "${options[@]}" "${tests[@]}"
done

target="${TIDEGATE_TARGET:-aarch64-unknown-none}"
if [[ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]]; then
    rustup target add "$target" ||
        skip "the target $target is not installed and cannot be had through rustup"
fi

# Not by cargo, which would compile the dev-dependencies for the target. (The
# second folder has the procedural macros of dependencies.)
all="${CARGO_TARGET_DIR:-target}"
built="$all/$target/release"
link() {
    echo "-- $target: $1 --"
    rustc --edition 2024 --target "$target" -C opt-level=3 -C panic=abort -D warnings \
        --crate-type bin --crate-name "$1" -o "$built/$1" "examples/$1.rs" \
        --extern tidegate="$built/libtidegate.rlib" \
        -L dependency="$built/deps" -L dependency="$all/release/deps"
    ls -l "$built/$1"
}

# Whatever needs an allocator does not link with `bare_metal`, which has none.
for features in alloc stepping ""; do
    echo "-- $target: core $features --"
    options=(--lib --no-default-features --features "$features" --locked --target "$target")
    cargo clippy "${options[@]}" -- -D warnings
    cargo build --release "${options[@]}"
    case "$features" in
    stepping) link bare_engine ;;
    "") link bare_metal ;;
    esac
done
