//! What the control side knows of a built engine.

use core::time::Duration;
use std::sync::Arc;

use crate::edge::PolicyKind;
use crate::graph::Issue;
use crate::metrics::Histogram;
use crate::sched::{EdgeHandle, NodeState, Pinning, Shared};
use crate::sync::{Counter, Mutex};
use crate::time::Clock;

use super::report::FaultReport;
use super::snapshot::{EdgeReport, NodeReport, Snapshot, WorkerReport};

/// Names and handles of everything in a built engine, for handles and
/// reports. The workers don't use it.
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) shared: Arc<Shared>,
    /// In the plan's order.
    pub(crate) nodes: Vec<NodeInfo>,
    /// In the plan's order.
    pub(crate) edges: Vec<EdgeInfo>,
    /// By worker.
    pub(crate) pinnings: Vec<PinningCell>,
    /// What validation found that does not keep the graph from running.
    pub(crate) warnings: Vec<Issue>,
    pub(crate) memory_bytes: usize,
    pub(crate) seed: u64,
    /// The clock that the nodes see.
    pub(crate) clock: Arc<dyn Clock>,
    /// Written by the supervisor, never by a worker.
    pub(crate) faults: Mutex<FaultLog>,
}

/// The faults so far.
#[derive(Default)]
pub(crate) struct FaultLog {
    pub(crate) reports: Vec<FaultReport>,
    /// Faults beyond those in `reports`.
    pub(crate) more: u64,
}

/// A node's name and place.
pub(crate) struct NodeInfo {
    pub(crate) path: String,
    pub(crate) worker: usize,
}

/// An edge's name and its observer.
pub(crate) struct EdgeInfo {
    pub(crate) id: String,
    /// The node that sends, by index in the plan.
    pub(crate) producer: usize,
    /// The node that receives.
    pub(crate) consumer: usize,
    pub(crate) policy: PolicyKind,
    pub(crate) control: EdgeHandle,
    /// Whether it leads to a passive input.
    pub(crate) passive: bool,
    /// The least capacity with which its producer can work: a Block edge must
    /// hold what the producer may send for one message.
    pub(crate) least_capacity: usize,
}

impl EdgeInfo {
    /// Whether nothing that shutdown waits for is in flight here. What waits
    /// for a consumer that has gone, or that looks only now and then, will be
    /// discarded.
    pub(crate) fn is_settled(&self) -> bool {
        self.passive || self.control.consumer_closed() || self.control.is_drained()
    }
}

/// Where a worker says, once it started, which core it is on.
#[derive(Default)]
pub(crate) struct PinningCell(Counter);

impl PinningCell {
    pub(crate) fn set(&self, pinning: Pinning) {
        self.0.set(match pinning {
            Pinning::Unpinned => 0,
            Pinning::Pinned(core) => (core as u64) << 2 | 1,
            Pinning::Refused(core) => (core as u64) << 2 | 2,
        });
    }

    pub(crate) fn get(&self) -> Pinning {
        let value = self.0.get();
        let core = usize::try_from(value >> 2).unwrap_or(usize::MAX);
        match value & 3 {
            1 => Pinning::Pinned(core),
            2 => Pinning::Refused(core),
            _ => Pinning::Unpinned,
        }
    }
}

impl Blueprint {
    /// The index of the node with this path.
    pub(crate) fn node_index(&self, path: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.path == path)
    }

    /// The index of the edge with this id.
    pub(crate) fn edge_index(&self, id: &str) -> Option<usize> {
        self.edges.iter().position(|edge| edge.id == id)
    }

    /// Reads all counters.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let config = self.shared.config.load();
        let edges = self
            .edges
            .iter()
            .enumerate()
            .map(|(index, edge)| EdgeReport {
                id: edge.id.clone(),
                producer: edge.producer,
                consumer: edge.consumer,
                policy: edge.policy,
                band: config.edge_bands[index],
                capacity: config.edge_capacities[index],
                depth: edge.control.len(),
                high_water: None,
                waits: edge.control.waits(),
                blocked: None,
                queue_age: None,
                ledger: edge.control.ledger(),
            });
        let nodes = self.nodes.iter().enumerate().map(|(index, node)| {
            let stats = &self.shared.node_stats[index];
            let ticks = stats.ticks.get();
            NodeReport {
                path: node.path.clone(),
                worker: node.worker,
                state: NodeState::from_number(stats.state.get()),
                activations: stats.activations.get(),
                messages: stats.messages.get(),
                ticks,
                late_ticks: stats.late_ticks.get(),
                missed_ticks: stats.missed_ticks.get(),
                mean_lateness: Duration::from_nanos(
                    stats.lateness_sum.get().checked_div(ticks).unwrap_or(0),
                ),
                max_lateness: Duration::from_nanos(stats.lateness_max.get()),
                lateness: stats.lateness.as_ref().map(Histogram::snapshot),
                execution: None,
                queue_age: None,
                end_to_end: None,
                errors: stats.errors.get(),
                panics: stats.panics.get(),
                restarts: stats.restarts.get(),
                parked: stats.parked.get(),
            }
        });
        let workers = self.pinnings.iter().enumerate().map(|(index, pinning)| {
            let stats = &self.shared.worker_stats[index];
            WorkerReport {
                index,
                pinning: pinning.get(),
                picks: [2, 1, 0].map(|band: usize| stats.picks[band].get()),
                runnable: None,
                loop_latency: None,
                parks: stats.parks.get(),
                asleep: None,
                wake_latency: None,
                busy: None,
                running_since: None,
                lost_fault_reports: stats.lost_reports.get(),
            }
        });
        Snapshot {
            taken_at: self.clock.now(),
            sampling: self.shared.metrics.stride(),
            edges: edges.collect(),
            nodes: nodes.collect(),
            workers: workers.collect(),
        }
    }
}
