#!/usr/bin/env bash
# The sources are formatted as rustfmt formats them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo fmt --all --check
