#!/usr/bin/env bash
# The README's main command runs for a few seconds on this machine, and its
# report is what the README promises.
#
# ci/example.sh [SECONDS [RATE]]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds="${1:-5}"
rate="${2:-1000}"

if [[ ! -r /proc/stat ]]; then
    skip "host_monitor reads /proc, which this platform does not have"
fi

cargo build --release --locked --example host_monitor --example check_report
output="$(mktemp)"
trap 'rm -f "$output"' EXIT
cargo run --release --locked --example host_monitor -- \
    --seconds "$seconds" --rate "$rate" --json | tee "$output"
cargo run --release --locked --quiet --example check_report -- "$seconds" "$rate" <"$output"
echo "the report is as promised"
