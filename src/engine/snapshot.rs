//! A reading of all figures of an engine: per edge, node and worker.

use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::time::Duration;

use crate::band::Band;
use crate::edge::{Ledger, PolicyKind};
use crate::metrics::HistogramSnapshot;
use crate::sched::{MemoryLock, NodeState, Pinning, Scheduling};
use crate::time::Timestamp;

/// A reading of all figures of an engine.
///
/// While the engine runs, each figure is recent, but the figures are not from
/// one moment: a message may already count as delivered by an edge and not yet
/// as handled by its node. The ledgers balance exactly whenever nothing is
/// moving, and always in the [`Report`](super::Report) of a shutdown.
///
/// What is an [`Option`] is measured only with
/// [metrics](crate::observe::Metrics) on. Of the durations, ticks and sleep are
/// measured each time; the others are sampled, see
/// [`sampling`](Self::sampling).
///
/// Four figures answer to "late", and differ: **release lateness** (a tick
/// began after it was due), **queue age** (a message waited in an edge),
/// **execution** (a node took its time) and **end-to-end age** (from a
/// message's origin until a sink had it).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken, by the engine's clock.
    pub taken_at: Timestamp,
    /// Every how many activations of a worker one was timed; `None` with
    /// metrics off.
    pub sampling: Option<NonZeroU32>,
    /// In the plan's order.
    pub edges: Vec<EdgeReport>,
    /// In the plan's order: along the flow of messages.
    pub nodes: Vec<NodeReport>,
    /// By index.
    pub workers: Vec<WorkerReport>,
    /// Whether the memory of the process was locked, if the engine was to do
    /// so: see [`RealTime::lock_memory`](super::RealTime::lock_memory).
    pub memory_lock: MemoryLock,
}

/// An edge: its ledger, how full it is, how long messages wait in it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EdgeReport {
    /// `node:port->node:port`; at a [door](crate::door) `>door->node:port` or
    /// `node:port->door>`.
    pub id: String,
    /// The node that sends, by index in [`Snapshot::nodes`]; `None` at an
    /// entrance.
    pub producer: Option<usize>,
    /// The node that receives, by index in [`Snapshot::nodes`]; `None` at an
    /// exit.
    pub consumer: Option<usize>,
    /// What happens when it is full.
    pub policy: PolicyKind,
    /// How urgently it is served.
    pub band: Band,
    /// How many messages it holds.
    pub capacity: usize,
    /// How many messages are pending.
    pub depth: usize,
    /// The most messages that were seen pending, after the timed activations
    /// of the producer: a sample, but that an edge which held its producer
    /// back, or lost a message because it was full, is never missed.
    pub high_water: Option<usize>,
    /// Times its producer was parked until there is room here. Exact.
    pub waits: u64,
    /// How long its producer was parked by this edge altogether, the present
    /// time included. Its two ends are stamped with the worker's latest reading
    /// of the clock: exact but for the time between two readings.
    pub blocked: Option<Duration>,
    /// How long messages waited here, from the activation that sent them to
    /// the one that received them: a sample.
    pub queue_age: Option<HistogramSnapshot>,
    /// What became of the messages. Exact.
    pub ledger: Ledger,
}

/// A node: what it did, and how long it took. Counts are exact.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NodeReport {
    /// Its name, behind those of the subgraphs around it.
    pub path: String,
    /// Where it runs.
    pub worker: usize,
    /// What has become of it.
    pub state: NodeState,
    /// Calls by its worker.
    pub activations: u64,
    /// Messages handled.
    pub messages: u64,
    /// Ticks served.
    pub ticks: u64,
    /// Ticks that began more than a tenth of their interval late.
    pub late_ticks: u64,
    /// Ticks skipped, because their time had passed completely.
    pub missed_ticks: u64,
    /// The mean release lateness of the ticks served.
    pub mean_lateness: Duration,
    /// The worst release lateness of a tick served.
    pub max_lateness: Duration,
    /// Release lateness of every tick served; `None` also for a node that had
    /// no cadence when the engine was built.
    pub lateness: Option<HistogramSnapshot>,
    /// How long an activation took, from its beginning to the worker's next
    /// turn: a sample.
    pub execution: Option<HistogramSnapshot>,
    /// How long messages had waited in the edges into this node: a sample.
    pub queue_age: Option<HistogramSnapshot>,
    /// For a sink, a node without outgoing edges: how old messages were, from
    /// their origin, when it received them.
    pub end_to_end: Option<EndToEnd>,
    /// Hooks that returned an error.
    pub errors: u64,
    /// Hooks that panicked.
    pub panics: u64,
    /// Times it was replaced from its factory.
    pub restarts: u64,
    /// Activations that took longer than its
    /// [budget](crate::node::NodeOptions::budget).
    pub overruns: u64,
    /// Times it was ready but lacked room downstream.
    pub parked: u64,
}

/// How old messages are at the end of their way.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EndToEnd {
    /// From a message's origin to the activation of the sink that received
    /// it: a sample.
    pub age: HistogramSnapshot,
    /// Where messages on their way to this sink lose most time.
    pub slowest_hop: Option<Hop>,
}

/// One step of a message's way: through an edge, and into the node behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Hop {
    /// The edge's id.
    pub edge: String,
    /// The path of the node that receives.
    pub node: String,
    /// The mean time that messages waited in the edge.
    pub queued: Duration,
    /// The mean time of an activation of the node.
    pub execution: Duration,
}

/// A worker: what it did, and how it kept up.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its number, from 0.
    pub index: usize,
    /// The core it runs on.
    pub pinning: Pinning,
    /// Its thread's priority, if it was to have one: see
    /// [`RealTime::priority`](super::RealTime::priority).
    pub scheduling: Scheduling,
    /// Activations in the Control, High and Normal band. Exact.
    pub picks: [u64; 3],
    /// How many of its nodes were ready when it was last timed.
    pub runnable: Option<usize>,
    /// From one turn that found a ready node to the next turn: a sample.
    pub loop_latency: Option<HistogramSnapshot>,
    /// Times it went to sleep, the present sleep included. Exact.
    pub parks: u64,
    /// How long it slept altogether, the present sleep included. Exact.
    pub asleep: Option<Duration>,
    /// From a notification (or a tick's due time) until the sleeping worker
    /// was up. Of every wake-up that another worker or a tick caused.
    pub wake_latency: Option<HistogramSnapshot>,
    /// How long it ran activations altogether: an estimate from a sample.
    pub busy: Option<Duration>,
    /// Since when it runs.
    pub running_since: Option<Timestamp>,
    /// Faults that came too fast to be described; they are counted all the
    /// same.
    pub lost_fault_reports: u64,
}

impl EdgeReport {
    /// The name of the [door](crate::door) that the edge is.
    #[must_use]
    pub fn door(&self) -> Option<&str> {
        let (from, to) = self.id.trim_matches('>').split_once("->")?;
        match (self.producer, self.consumer) {
            (None, _) => Some(from),
            (_, None) => Some(to),
            _ => None,
        }
    }
}

impl Snapshot {
    /// Whether every ledger balances. Exact when nothing is moving.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.edges.iter().all(|edge| edge.ledger.is_balanced())
    }

    /// The edge with this id.
    #[must_use]
    pub fn edge(&self, id: &str) -> Option<&EdgeReport> {
        self.edges.iter().find(|edge| edge.id == id)
    }

    /// The node with this path.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<&NodeReport> {
        self.nodes.iter().find(|node| node.path == path)
    }
}
