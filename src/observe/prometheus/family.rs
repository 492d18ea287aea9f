//! Metric families: a name with its help and type, then a line per thing.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// What tells one series of a family from another.
pub(super) type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

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
            metric.encode_counter::<Vec<(String, String)>, _, u64>(&count, None)
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
