#!/usr/bin/env bash
# The programs that the README shows run for a few seconds on this machine, and
# their reports are what is promised.
#
# ci/example.sh [SECONDS [RATE]]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds="${1:-5}"
rate="${2:-1000}"

if [[ ! -r /proc/stat ]]; then
    skip "host_monitor reads /proc, which this platform does not have"
fi

cargo build --release --locked --example host_monitor --example check_report \
    --example feed_handler --example audio_graph
output="$(mktemp)"
trap 'rm -f "$output"' EXIT
cargo run --release --locked --example host_monitor -- \
    --seconds "$seconds" --rate "$rate" --json | tee "$output"
cargo run --release --locked --quiet --example check_report -- "$seconds" "$rate" <"$output"
echo "the report is as promised"

# Fails when an account of the three processes does not agree with the others.
cargo run --release --locked --example feed_handler -- --seconds "$seconds" --kills 10
echo "the feed handler's accounts agree"

# Fails when a block does not come through.
cargo run --release --locked --example audio_graph -- --seconds "$seconds"
