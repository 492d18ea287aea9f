#!/usr/bin/env bash
# The benchmarks compile. Measuring takes a quiet machine and is a job apart.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo bench --no-run --locked
