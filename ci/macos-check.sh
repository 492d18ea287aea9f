#!/usr/bin/env bash
# The library compiles for macOS. A check needs no Apple linker; the tests run
# on a real machine in the workflow.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

target=aarch64-apple-darwin
if [[ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]]; then
    rustup target add "$target" ||
        skip "the target $target is not installed and cannot be had through rustup"
fi

cargo check --lib --locked --target "$target"
