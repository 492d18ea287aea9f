#!/usr/bin/env bash
# AddressSanitizer and LeakSanitizer over the tests, with a standard library
# built for them: use after free, out of bounds, use of a stack frame that is
# gone; and memory that nobody refers to any more when a test binary ends.
#
# TIDEGATE_ROUNDS=N   runs all tests N times; once unless set
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_nightly rust-src

export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=address"
export ASAN_OPTIONS="${ASAN_OPTIONS:-} detect_leaks=1 detect_stack_use_after_return=1"
# The sanitizer keeps locals beside the stack and makes frames several times as
# large, so a stack of a certain size does not hold what it does elsewhere.
sanitized_tests asan --skip a_stack_of_the_size_it_asks_for_can_be_touched
