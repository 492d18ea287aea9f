#!/usr/bin/env bash
# ThreadSanitizer over the tests, with a standard library built for it: data
# races between real threads. Without any suppression.
#
# It sees the runs that happen, on this machine, not all that could: the models
# in loom-tests explore those.
#
# TIDEGATE_ROUNDS=N   runs all tests N times; once unless set
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_nightly rust-src

export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=thread"
export TSAN_OPTIONS="${TSAN_OPTIONS:-} halt_on_error=1"
sanitized_tests tsan
