#!/usr/bin/env bash
# Every test: unit, integration, documentation examples, loom models.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo test --workspace --locked
