//! The report at the end, as one JSON object.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tidegate::engine;

/// What a run did: the last line of `--json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Report {
    /// The accounts of every edge.
    pub(crate) edges: Vec<EdgeReport>,
    /// What every node did.
    pub(crate) nodes: Vec<NodeReport>,
    /// Where every worker ran.
    pub(crate) workers: Vec<WorkerReport>,
    /// Bytes the engine reserved at the start.
    pub(crate) memory_bytes: u64,
    /// Whether every edge's account balances.
    pub(crate) balanced: bool,
    /// Ticks that were served late.
    pub(crate) late_ticks: u64,
    /// Ticks that were skipped because the one before was served too late.
    pub(crate) missed_ticks: u64,
    /// Samples taken.
    pub(crate) samples: u64,
    /// From the sample to the dashboard, in microseconds.
    pub(crate) latency_us: Percentiles,
}

impl Report {
    /// The engine's report, with what the display measured.
    pub(crate) fn new(report: &engine::Report, latency_us: Percentiles) -> Self {
        let snapshot = &report.snapshot;
        let sampled = report.node("sampler");
        Self {
            edges: snapshot.edges.iter().map(EdgeReport::from).collect(),
            nodes: snapshot.nodes.iter().map(NodeReport::from).collect(),
            workers: snapshot.workers.iter().map(WorkerReport::from).collect(),
            memory_bytes: report.memory_bytes as u64,
            balanced: report.is_balanced(),
            late_ticks: sampled.map_or(0, |node| node.late_ticks),
            missed_ticks: sampled.map_or(0, |node| node.missed_ticks),
            samples: sampled.map_or(0, |node| node.ticks),
            latency_us,
        }
    }

    /// The report as one line of JSON, without the line break.
    ///
    /// # Errors
    /// None that these types can cause; passed on for the caller to decide.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// The account of one edge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct EdgeReport {
    /// `node:port->node:port`.
    pub(crate) id: String,
    /// `block`, `drop`, `latest` or `coalesce`.
    pub(crate) policy: String,
    /// How many messages it holds.
    pub(crate) capacity: u64,
    /// Sends that were accepted, whatever became of the message.
    pub(crate) sent: u64,
    /// Messages the consumer took.
    pub(crate) delivered: u64,
    /// Messages refused because the edge was full.
    pub(crate) dropped: u64,
    /// Messages that made room for newer ones.
    pub(crate) evicted: u64,
    /// Messages merged into the one before.
    pub(crate) coalesced: u64,
    /// Messages on the edge.
    pub(crate) in_flight: u64,
    /// Messages given up when the engine stopped.
    pub(crate) discarded: u64,
}

impl From<&engine::EdgeReport> for EdgeReport {
    fn from(edge: &engine::EdgeReport) -> Self {
        let ledger = &edge.ledger;
        Self {
            id: edge.id.clone(),
            policy: edge.policy.to_string(),
            capacity: edge.capacity as u64,
            sent: ledger.sent,
            delivered: ledger.delivered,
            dropped: ledger.dropped,
            evicted: ledger.evicted,
            coalesced: ledger.coalesced,
            in_flight: ledger.in_flight,
            discarded: ledger.discarded,
        }
    }
}

impl From<&engine::NodeReport> for NodeReport {
    fn from(node: &engine::NodeReport) -> Self {
        Self {
            name: node.path.clone(),
            messages: node.messages,
            ticks: node.ticks,
            faults: node.errors + node.panics,
        }
    }
}

impl From<&engine::WorkerReport> for WorkerReport {
    fn from(worker: &engine::WorkerReport) -> Self {
        Self {
            index: worker.index as u64,
            core: worker.pinning.core().map(|core| core as u64),
        }
    }
}

#[cfg(test)]
impl EdgeReport {
    /// Whether what was sent is what became of it.
    pub(crate) fn balances(&self) -> bool {
        let accounted = [
            self.delivered,
            self.dropped,
            self.evicted,
            self.coalesced,
            self.in_flight,
            self.discarded,
        ];
        accounted.iter().map(|&n| u128::from(n)).sum::<u128>() == u128::from(self.sent)
    }
}

/// What one node did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct NodeReport {
    /// Its name, with the path of the subgraphs it is in.
    pub(crate) name: String,
    /// Messages it handled.
    pub(crate) messages: u64,
    /// Ticks it handled.
    pub(crate) ticks: u64,
    /// Errors and panics in its hooks.
    pub(crate) faults: u64,
}

/// Where one worker ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct WorkerReport {
    /// Its number, from 0.
    pub(crate) index: u64,
    /// The core it was pinned to; `null` when pinning failed.
    pub(crate) core: Option<u64>,
}

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

    fn edge() -> EdgeReport {
        EdgeReport {
            id: "a:out->b:in".to_owned(),
            policy: "latest".to_owned(),
            capacity: 8,
            sent: 21,
            delivered: 1,
            dropped: 2,
            evicted: 3,
            coalesced: 4,
            in_flight: 5,
            discarded: 6,
        }
    }

    #[test]
    fn the_report_is_one_line_of_json_with_the_documented_names() {
        let report = Report {
            edges: vec![edge()],
            nodes: vec![NodeReport {
                name: "sampler".to_owned(),
                messages: 0,
                ticks: 5_000,
                faults: 1,
            }],
            workers: vec![
                WorkerReport {
                    index: 0,
                    core: Some(1),
                },
                WorkerReport {
                    index: 1,
                    core: None,
                },
            ],
            memory_bytes: 4_096,
            balanced: true,
            late_ticks: 2,
            missed_ticks: 3,
            samples: 5_000,
            latency_us: Percentiles::default(),
        };
        let line = report.to_json().unwrap();
        assert!(!line.contains('\n'));
        let expected = serde_json::json!({
            "edges": [{
                "id": "a:out->b:in", "policy": "latest", "capacity": 8, "sent": 21,
                "delivered": 1, "dropped": 2, "evicted": 3, "coalesced": 4,
                "in_flight": 5, "discarded": 6,
            }],
            "nodes": [{ "name": "sampler", "messages": 0, "ticks": 5000, "faults": 1 }],
            "workers": [{ "index": 0, "core": 1 }, { "index": 1, "core": null }],
            "memory_bytes": 4096,
            "balanced": true,
            "late_ticks": 2,
            "missed_ticks": 3,
            "samples": 5000,
            "latency_us": {
                "count": 0, "p50": 0.0, "p90": 0.0, "p99": 0.0, "p999": 0.0, "max": 0.0,
            },
        });
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed, expected);
    }

    #[test]
    fn an_edge_balances_only_when_every_message_is_accounted_for() {
        assert!(edge().balances());
        for delta in [-1_i64, 1] {
            let mut lost = edge();
            lost.sent = lost.sent.wrapping_add_signed(delta);
            assert!(!lost.balances());
        }
        let mut overflowing = edge();
        overflowing.delivered = u64::MAX;
        assert!(!overflowing.balances());
    }

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
