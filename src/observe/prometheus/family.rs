//! Metric families: a name with its help and type, then a line per thing.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::metrics::HistogramSnapshot;

/// What tells one series of a family from another.
pub(super) type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// No exemplar is ever given, so none has labels.
type NoLabels = [(&'static str, &'static str); 0];

/// Writes families, each complete before the next, as the format demands.
pub(super) struct Families<'e, 'g> {
    encoder: DescriptorEncoder<'e>,
    graph: &'g str,
}

impl<'e, 'g> Families<'e, 'g> {
    pub(super) const fn new(encoder: DescriptorEncoder<'e>, graph: &'g str) -> Self {
        Self { encoder, graph }
    }

    /// Counts of events; the encoder appends `_total`.
    pub(super) fn counters<'r>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'r>, u64)>,
    ) -> fmt::Result {
        let what = (name, help, None, MetricType::Counter);
        self.family(what, rows, |metric, count| {
            metric.encode_counter::<NoLabels, _, u64>(&count, None)
        })
    }

    /// Sums of durations; the encoder appends `_seconds_total`.
    pub(super) fn seconds_counters<'r>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'r>, Duration)>,
    ) -> fmt::Result {
        let what = (name, help, Some(Unit::Seconds), MetricType::Counter);
        self.family(what, rows, |metric, sum| {
            metric.encode_counter::<NoLabels, _, u64>(&sum.as_secs_f64(), None)
        })
    }

    /// Distributions of durations; the encoder appends `_seconds`.
    pub(super) fn seconds_histograms<'r>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'r>, &'r HistogramSnapshot)>,
    ) -> fmt::Result {
        let what = (name, help, Some(Unit::Seconds), MetricType::Histogram);
        self.family(what, rows, |metric, histogram| {
            let sum = histogram.sum().as_secs_f64();
            let buckets = buckets(histogram);
            metric.encode_histogram::<NoLabels>(sum, histogram.count(), &buckets, None)
        })
    }

    /// Numbers that go up and down.
    pub(super) fn gauges<'r>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'r>, u64)>,
    ) -> fmt::Result {
        let what = (name, help, None, MetricType::Gauge);
        self.family(what, rows, |metric, value| metric.encode_gauge(&value))
    }

    /// Durations that go up and down; the encoder appends `_seconds`.
    pub(super) fn seconds_gauges<'r>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'r>, Duration)>,
    ) -> fmt::Result {
        let what = (name, help, Some(Unit::Seconds), MetricType::Gauge);
        self.family(what, rows, |metric, span| {
            metric.encode_gauge(&span.as_secs_f64())
        })
    }

    fn family<'r, V>(
        &mut self,
        (name, help, unit, kind): (&str, &str, Option<Unit>, MetricType),
        rows: impl IntoIterator<Item = (Labels<'r>, V)>,
        encode: impl Fn(&mut MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            // Not every parser takes a family without a series.
            return Ok(());
        }
        let name = format!("tidegate_{name}");
        let mut metric = self
            .encoder
            .encode_descriptor(&name, help, unit.as_ref(), kind)?;
        for (labels, value) in rows {
            let labels = ([("graph", self.graph)], labels);
            encode(&mut metric.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}

/// The bounds of the exported buckets are 2 to the power of these, in
/// nanoseconds: 128 ns, 512 ns, 2 µs, … 34 s. Each is a bound of our own
/// buckets too, so no count has to be divided.
const BOUNDS: core::ops::RangeInclusive<u32> = 7..=35;

/// How many durations lie between one bound, in seconds, and the next. A
/// duration that equals a bound counts above it.
fn buckets(histogram: &HistogramSnapshot) -> Vec<(f64, u64)> {
    let bounds = BOUNDS.step_by(2).map(|power| 1_u64 << power);
    let mut buckets: Vec<_> = bounds
        .map(|nanos| (Duration::from_nanos(nanos), 0))
        .chain([(Duration::MAX, 0)])
        .collect();
    for bucket in histogram.buckets() {
        let place = buckets.partition_point(|(bound, _)| *bound < bucket.below);
        buckets[place].1 += bucket.count;
    }
    let seconds = |bound| match bound {
        Duration::MAX => f64::INFINITY,
        bound => bound.as_secs_f64(),
    };
    buckets
        .into_iter()
        .map(|(bound, count)| (seconds(bound), count))
        .collect()
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::metrics::Histogram;

    #[test]
    fn durations_are_counted_between_the_right_bounds() {
        let histogram = Histogram::new();
        for nanos in [0, 127, 128, 511, 512, 1 << 35, u64::MAX] {
            histogram.record(nanos);
        }
        let buckets = buckets(&histogram.snapshot());
        assert_eq!(buckets.len(), 16);
        assert_eq!(buckets[0], (128e-9, 2));
        assert_eq!(buckets[1], (512e-9, 2));
        assert_eq!(buckets[2], (2_048e-9, 1));
        assert_eq!(buckets[14], (34.359_738_368, 0));
        assert_eq!(buckets[15], (f64::INFINITY, 2));
        assert!(buckets[3..14].iter().all(|(_, count)| *count == 0));
    }
}
