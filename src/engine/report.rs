//! What happened: the faults, and the whole at the end.

use crate::graph::Issue;
use crate::sched::{Consequence, Hook};
use crate::time::Timestamp;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

#[cfg(feature = "std")]
use super::artefacts::Artefacts;
use super::diagnosis::Stall;
use super::snapshot::{EdgeReport, NodeReport, Snapshot};

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
    /// What the node's policy made of it.
    pub consequence: Consequence,
}

/// Why an engine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// Every node had finished.
    Completed,
    /// Somebody asked for it: a handle, a node, or the engine was dropped.
    Requested,
    /// A node failed, and neither its own policy nor a subgraph around it found
    /// a remedy.
    Escalated,
}

/// What a shutdown leaves behind. Its `Display` is a table of the ledger.
///
/// ```
/// # use tidegate::engine::Engine;
/// # use tidegate::graph::{Edge, Subgraph};
/// # use tidegate::node::builtin;
/// # let mut graph = Subgraph::new("reported");
/// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
/// # graph.add("sum", builtin::sink(|n: u64| assert!(n != 7, "seven")))?;
/// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
/// let report = Engine::builder(graph).start()?.wait();
/// assert!(report.is_balanced());
/// for fault in &report.faults {
///     println!("{} in {}: {}", fault.node, fault.hook, fault.message);
/// }
/// let ledger = report.edge("numbers:out->sum:in").unwrap().ledger;
/// println!("{} messages lost, {} dead letters", ledger.lost(), ledger.dead_letters);
/// println!("{report}");
/// # assert_eq!(report.faults[0].message, "panicked: seven");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The graph's name.
    pub name: String,
    /// Why the engine stopped.
    pub reason: StopReason,
    /// Which node's fault made the engine stop, if one did.
    pub cause: Option<String>,
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
    /// The stalls, the first ones if there were very many. See
    /// [`EngineBuilder::stall_after`](super::EngineBuilder::stall_after).
    pub stalls: Vec<Stall>,
    /// Stalls beyond those in `stalls`.
    pub more_stalls: u64,
    /// What was written when something went wrong. See
    /// [`EngineBuilder::artefacts`](super::EngineBuilder::artefacts).
    #[cfg(feature = "std")]
    pub artefacts: Artefacts,
    /// What validation found in the graph that did not keep it from running.
    pub warnings: Vec<Issue>,
    /// The bytes that were allocated before the start.
    pub memory_bytes: usize,
    /// The seed that trace ids were made of.
    pub seed: u64,
}

impl Report {
    /// Whether every ledger balances: sent = delivered + dropped + evicted +
    /// coalesced + expired + in flight + discarded + dead letters, on each edge.
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
