//! Whole engines under as much load as the machine gives, for some seconds
//! each: who could be starved, lost or held up, and is not.
//!
//! Ignored by default, because figures mean something only in an optimised
//! build; `ci/stress.sh` runs them. `TIDEGATE_TEST_SECONDS` says how long each
//! runs, `TIDEGATE_TEST_SEED` chooses other bursts, batches and faults.

#[path = "../common/mod.rs"]
mod common;

mod bursts;
mod crowds;
mod faults;
mod herds;
mod priority;
mod starvation;

use std::time::Duration;

use common::{Io, Probe};
use tidegate::engine::Report;
use tidegate::observe::HistogramSnapshot;

const MS: Duration = Duration::from_millis(1);

/// How long a test runs.
fn seconds() -> Duration {
    Duration::from_secs(common::test_seconds(3))
}

/// Consumes, and counts by its port alone.
fn swallow() -> Probe {
    Probe::new().on_message(|io: &mut Io<u64>, cx| {
        while io.input.recv(cx).is_some() {}
        Ok(())
    })
}

/// Nothing went wrong, and everything that moved came to rest.
#[track_caller]
fn assert_sound(report: &Report) {
    assert!(report.drained, "{report}");
    let faults = report.faults.iter().map(|fault| &fault.message);
    assert!(report.faults.is_empty(), "{:?}", faults.collect::<Vec<_>>());
    assert!(report.stalls.is_empty(), "{report}");
}

/// What a distribution came to, for whoever reads the figures.
fn quantiles(histogram: &HistogramSnapshot) -> String {
    format!(
        "{} times, p50 {:?}, p95 {:?}, p99 {:?}, at most {:?}",
        histogram.count(),
        histogram.quantile(0.5),
        histogram.quantile(0.95),
        histogram.quantile(0.99),
        histogram.max()
    )
}
