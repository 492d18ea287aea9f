//! The report at the end, as one JSON object.

use serde::Serialize;
use tidegate::engine;

use crate::accounts::{EdgeReport, NodeReport, WorkerReport};
use crate::percentiles::Percentiles;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_one_line_of_json_with_the_documented_names() {
        let report = Report {
            edges: vec![EdgeReport::example()],
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
                "id": "a:out->b:in", "policy": "latest", "capacity": 8, "sent": 28,
                "delivered": 1, "dropped": 2, "evicted": 3, "coalesced": 4,
                "in_flight": 5, "discarded": 6, "expired": 7,
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
}
