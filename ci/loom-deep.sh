#!/usr/bin/env bash
# The loom models with more preemptions per execution than in `cargo test`,
# where those are bounded. For nightly runs: each step multiplies the time.
#
# ci/loom-deep.sh [MORE]    MORE preemptions, 1 unless given
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TIDEGATE_LOOM_DEEPER="${1:-1}" \
    cargo test --locked -p loom-tests --lib -- --nocapture models:: |
    grep -E 'executions|test result|FAILED|panicked'
