//! What the control side knows of a built engine.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::edge::PolicyKind;
use crate::graph::Issue;
use crate::node::Quarantine;
use crate::sched::{EdgeHandle, Shared};
use crate::sync::{Mutex, lock};
use crate::time::Clock;

use super::artefacts::ArtefactStore;
use super::diagnosis::{Motion, Stall};
use super::handle::{Calls, Injectable, Request};
use super::real_time::{Grants, MemoryLockCell};
use super::report::FaultReport;
use super::watermarks::Listening;

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
    pub(crate) grants: Vec<Grants>,
    pub(crate) memory_lock: MemoryLockCell,
    /// What validation found that does not keep the graph from running.
    pub(crate) warnings: Vec<Issue>,
    pub(crate) memory_bytes: usize,
    pub(crate) seed: u64,
    /// The clock that the nodes see.
    pub(crate) clock: Arc<dyn Clock>,
    /// Written by the supervisor, never by a worker.
    pub(crate) faults: Mutex<FaultLog>,
    /// Written by the supervisor, never by a worker.
    pub(crate) stalls: Mutex<StallLog>,
    /// What was asked through handles; and the ends of the queues in which the
    /// workers acknowledge changes.
    pub(crate) calls: Mutex<Calls>,
    /// What the looks at the workers and edges have seen.
    pub(crate) motion: Mutex<Motion>,
    pub(crate) artefacts: ArtefactStore,
    /// The inputs that handles inject into.
    pub(crate) injectables: Vec<Injectable>,
    /// What handles have asked of the supervisor; none when that is gone.
    pub(crate) requests: Mutex<Option<Vec<Request>>>,
    /// Who wants to know about watermarks.
    pub(crate) listener: Mutex<Listening>,
    /// There is no thread: the worker runs on its caller's.
    pub(crate) stepped: bool,
}

/// The faults so far.
#[derive(Default)]
pub(crate) struct FaultLog {
    pub(crate) reports: Vec<FaultReport>,
    /// Faults beyond those in `reports`.
    pub(crate) more: u64,
}

/// The stalls so far.
#[derive(Default)]
pub(crate) struct StallLog {
    pub(crate) reports: Vec<Stall>,
    /// Stalls beyond those in `reports`.
    pub(crate) more: u64,
}

/// The most faults that are described; more are counted.
pub(crate) const MAX_FAULTS: usize = 1_000;

/// The most stalls that are described; more are counted.
const MAX_STALLS: usize = 100;

/// A node's name and place.
pub(crate) struct NodeInfo {
    pub(crate) path: String,
    /// The addresses of its inputs, `path:port`.
    pub(crate) inputs: Box<[String]>,
    pub(crate) worker: usize,
    pub(crate) quarantine: Quarantine,
    pub(crate) budget: Option<Duration>,
}

/// An edge's name and its observer.
pub(crate) struct EdgeInfo {
    pub(crate) id: String,
    /// The node that sends, by index in the plan; `None` at an entrance.
    pub(crate) producer: Option<usize>,
    /// The node that receives; `None` at an exit.
    pub(crate) consumer: Option<usize>,
    pub(crate) policy: PolicyKind,
    pub(crate) control: EdgeHandle,
    /// The door at one of its ends, by index in [`Shared`].
    pub(crate) door: Option<usize>,
    /// The producer is the handles.
    pub(crate) injects: bool,
    /// Whether it leads to a passive input.
    pub(crate) passive: bool,
    /// The soft and the hard one.
    pub(crate) watermarks: Option<(usize, usize)>,
    /// The least capacity with which its producer can work: a Block edge must
    /// hold what the producer may send for one message.
    pub(crate) least_capacity: usize,
}

impl EdgeInfo {
    /// Whether nothing that shutdown waits for is in flight here. What waits
    /// for a consumer that has gone, or that looks only now and then, will be
    /// discarded.
    ///
    /// What is in an exit has reached its destination. But while a node waits
    /// for room there, it may have kept a message back.
    pub(crate) fn is_settled(&self, shared: &Shared) -> bool {
        match (self.consumer, self.door) {
            (None, Some(door)) => {
                shared.doors[door].gate.is_departed() || !self.control.is_awaited()
            }
            _ => self.passive || self.control.consumer_closed() || self.control.is_drained(),
        }
    }
}

impl Blueprint {
    pub(super) fn note_fault(&self, fault: FaultReport) {
        let mut log = lock(&self.faults);
        if log.reports.len() == MAX_FAULTS {
            log.more += 1;
        } else {
            log.reports.push(fault);
        }
    }

    pub(super) fn note_stall(&self, stall: Stall) {
        let mut log = lock(&self.stalls);
        if log.reports.len() == MAX_STALLS {
            log.more += 1;
        } else {
            log.reports.push(stall);
        }
    }

    /// The index of the node with this path.
    pub(crate) fn node_index(&self, path: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.path == path)
    }

    /// The indices of the nodes in the subgraph with this path, and in those
    /// nested there.
    pub(crate) fn nodes_inside(&self, path: &str) -> Vec<usize> {
        let is_inside = |node: &NodeInfo| {
            let inner = node.path.strip_prefix(path);
            inner.is_some_and(|inner| inner.starts_with('/'))
        };
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| is_inside(node))
            .map(|(index, _)| index)
            .collect()
    }

    /// The index of the edge with this id.
    pub(crate) fn edge_index(&self, id: &str) -> Option<usize> {
        self.edges.iter().position(|edge| edge.id == id)
    }
}
