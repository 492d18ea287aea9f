//! Durations, and their percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Percentiles of some durations, in microseconds, and how many there were.
/// All zero without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    /// How many durations.
    pub(crate) count: u64,
    /// The median.
    pub(crate) p50: f64,
    /// 90 in 100 were no longer.
    pub(crate) p90: f64,
    /// 99 in 100 were no longer.
    pub(crate) p99: f64,
    /// 999 in 1,000 were no longer.
    pub(crate) p999: f64,
    /// The longest.
    pub(crate) max: f64,
}

/// Collects durations, all of them: nothing is left out as an outlier.
///
/// Its room, some 200 kB, is reserved when it is made; recording allocates
/// nothing. Percentiles are right to three digits. The longest one is exact.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    nanos: Histogram<u64>,
    longest: Duration,
}

/// Longer durations count as this long, except in the maximum.
const LONGEST_BINNED: Duration = Duration::from_secs(60);

impl Latencies {
    /// An empty collection.
    ///
    /// # Errors
    /// None with these constant bounds; the histogram's own type says so.
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        let longest = LONGEST_BINNED.as_nanos() as u64;
        Ok(Self {
            nanos: Histogram::new_with_bounds(1, longest, 3)?,
            longest: Duration::ZERO,
        })
    }

    /// Adds one duration.
    pub(crate) fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.saturating_record(nanos);
        self.longest = self.longest.max(duration);
    }

    /// The percentiles of what was recorded.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let micros = |quantile| {
            let nanos = self.nanos.value_at_quantile(quantile);
            nanos as f64 / 1_000.0
        };
        let longest = self.longest.as_nanos() as f64 / 1_000.0;
        // A percentile is the upper end of a bin: at most the maximum.
        Percentiles {
            count: self.nanos.len(),
            p50: micros(0.5).min(longest),
            p90: micros(0.9).min(longest),
            p99: micros(0.99).min(longest),
            p999: micros(0.999).min(longest),
            max: longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_durations_recorded() {
        let mut latencies = Latencies::new().unwrap();
        for micros in 1..=1_000 {
            latencies.record(Duration::from_micros(micros));
        }
        let found = latencies.percentiles();
        assert_eq!(found.count, 1_000);
        for (value, expected) in [
            (found.p50, 500.0),
            (found.p90, 900.0),
            (found.p99, 990.0),
            (found.p999, 999.0),
        ] {
            let error = (value - expected).abs() / expected;
            assert!(error < 0.001, "{value} instead of {expected}");
        }
        assert_eq!(found.max, 1_000.0);
    }

    #[test]
    fn no_duration_is_left_out_however_long() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(600));
        let found = latencies.percentiles();
        assert_eq!(found.count, 2);
        assert_eq!(found.max, 600_000_000.0);
        assert!(found.p99 >= 60_000_000.0, "{}", found.p99);
    }

    #[test]
    fn percentiles_of_nothing_are_zero() {
        let found = Latencies::new().unwrap().percentiles();
        assert_eq!(found, Percentiles::default());
    }
}
