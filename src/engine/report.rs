//! What happened: per edge, node and worker, and as a whole.

use core::fmt;
use core::time::Duration;

use crate::band::Band;
use crate::edge::{Ledger, PolicyKind};
use crate::graph::Issue;
use crate::sched::{Hook, NodeState, Pinning};
use crate::time::Timestamp;

/// A reading of all counters of an engine.
///
/// While the engine runs, each figure is recent, but the figures are not from
/// one moment. The ledgers balance exactly whenever nothing is moving, and
/// always in the [`Report`] of a shutdown.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// In the plan's order.
    pub edges: Vec<EdgeReport>,
    /// In the plan's order: along the flow of messages.
    pub nodes: Vec<NodeReport>,
    /// By index.
    pub workers: Vec<WorkerReport>,
}

/// An edge and its ledger.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EdgeReport {
    /// `node:port->node:port`.
    pub id: String,
    /// What happens when it is full.
    pub policy: PolicyKind,
    /// How urgently it is served.
    pub band: Band,
    /// How many messages it holds.
    pub capacity: usize,
    /// What became of the messages.
    pub ledger: Ledger,
}

/// A node and what it did.
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
    /// The mean lateness of the ticks served.
    pub mean_lateness: Duration,
    /// The worst lateness of a tick served.
    pub max_lateness: Duration,
    /// Hooks that returned an error.
    pub errors: u64,
    /// Hooks that panicked.
    pub panics: u64,
    /// Times it was replaced from its factory.
    pub restarts: u64,
    /// Times it was ready but lacked room downstream.
    pub parked: u64,
}

/// A worker and what it did.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its number, from 0.
    pub index: usize,
    /// The core it runs on.
    pub pinning: Pinning,
    /// Activations in the Control, High and Normal band.
    pub picks: [u64; 3],
    /// Times it went to sleep.
    pub parks: u64,
    /// Faults that came too fast to be described; they are counted all the
    /// same.
    pub lost_fault_reports: u64,
}

/// A fault, described.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FaultReport {
    /// The node's path.
    pub node: String,
    /// Where it happened.
    pub hook: Hook,
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// The error's or the panic's text.
    pub message: String,
}

/// Why an engine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// Every node had finished.
    Completed,
    /// Somebody asked for it: a handle, a node, or the engine was dropped.
    Requested,
}

/// What a shutdown leaves behind. Its `Display` is a table of the ledger.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The graph's name.
    pub name: String,
    /// Why the engine stopped.
    pub reason: StopReason,
    /// Whether every message was handled. False: the timeout came first, and
    /// what was in flight was discarded, see the ledgers.
    pub drained: bool,
    /// From the beginning of the drain until every `on_stop` has run and, with
    /// threads, the nodes are dropped. In stepping mode by the engine's clock.
    pub shutdown_took: Duration,
    /// The final figures.
    pub snapshot: Snapshot,
    /// The faults, the first ones if there were very many.
    pub faults: Vec<FaultReport>,
    /// Faults beyond those in `faults`.
    pub more_faults: u64,
    /// What validation found in the graph that did not keep it from running.
    pub warnings: Vec<Issue>,
    /// The bytes that were allocated before the start.
    pub memory_bytes: usize,
    /// The seed that trace ids were made of.
    pub seed: u64,
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

impl Report {
    /// Whether every ledger balances: sent = delivered + dropped + evicted +
    /// coalesced + in flight + discarded, on each edge.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.snapshot.is_balanced()
    }

    /// The edge with this id.
    #[must_use]
    pub fn edge(&self, id: &str) -> Option<&EdgeReport> {
        self.snapshot.edge(id)
    }

    /// The node with this path.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<&NodeReport> {
        self.snapshot.node(path)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {}, {} in {:?}, {} bytes",
            self.name,
            match self.reason {
                StopReason::Completed => "every node finished",
                StopReason::Requested => "stopped on request",
            },
            if self.drained {
                "drained"
            } else {
                "timed out and discarded"
            },
            self.shutdown_took,
            self.memory_bytes
        )?;
        fmt::Display::fmt(&self.snapshot, f)?;
        for warning in &self.warnings {
            writeln!(f, "{warning}")?;
        }
        for fault in &self.faults {
            writeln!(
                f,
                "fault in {} {}: {}",
                fault.node, fault.hook, fault.message
            )?;
        }
        if self.more_faults > 0 {
            writeln!(f, "and {} more faults", self.more_faults)?;
        }
        write!(
            f,
            "ledger {}",
            if self.is_balanced() {
                "balanced"
            } else {
                "NOT balanced"
            }
        )
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.edges.iter().map(|e| e.id.len()).max().unwrap_or(4);
        writeln!(
            f,
            "{:width$} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "edge",
            "policy",
            "sent",
            "delivered",
            "dropped",
            "evicted",
            "coalesced",
            "in flight",
            "discarded"
        )?;
        for edge in &self.edges {
            let ledger = &edge.ledger;
            writeln!(
                f,
                "{:width$} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
                edge.id,
                edge.policy.to_string(),
                ledger.sent,
                ledger.delivered,
                ledger.dropped,
                ledger.evicted,
                ledger.coalesced,
                ledger.in_flight,
                ledger.discarded
            )?;
        }
        let width = self.nodes.iter().map(|n| n.path.len()).max().unwrap_or(4);
        writeln!(
            f,
            "{:width$} {:>6} {:>11} {:>10} {:>8} {:>6} {:>7} {:>6} {:>11}",
            "node",
            "worker",
            "activations",
            "messages",
            "ticks",
            "late",
            "missed",
            "faults",
            "state"
        )?;
        for node in &self.nodes {
            writeln!(
                f,
                "{:width$} {:>6} {:>11} {:>10} {:>8} {:>6} {:>7} {:>6} {:>11}",
                node.path,
                node.worker,
                node.activations,
                node.messages,
                node.ticks,
                node.late_ticks,
                node.missed_ticks,
                node.errors + node.panics,
                node.state.to_string()
            )?;
        }
        for worker in &self.workers {
            writeln!(
                f,
                "worker {} on {}: {} activations, slept {} times",
                worker.index,
                worker.pinning,
                worker.picks.iter().sum::<u64>(),
                worker.parks
            )?;
        }
        Ok(())
    }
}
