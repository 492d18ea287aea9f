//! What edges lost and nodes missed, said at most once per interval.

use core::time::Duration;

use ::tracing::{debug, warn};

use crate::edge::Ledger;
use crate::engine::{EdgeReport, NodeReport, Snapshot};
use crate::time::Timestamp;

use super::target::{FAULT, POLICY};

/// What was said about each edge and node.
pub(super) struct Losses {
    interval: Duration,
    edges: Vec<Said<Ledger>>,
    nodes: Vec<Said<Ticks>>,
}

/// Figures as they were when they were said last.
#[derive(Clone, Copy, Default)]
struct Said<F> {
    at: Option<Timestamp>,
    figures: F,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Ticks {
    late: u64,
    missed: u64,
}

impl Default for Losses {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            edges: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl Losses {
    pub(super) const fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Says what is new about those edges and nodes of which nothing was said
    /// for an interval.
    pub(super) fn say(&mut self, graph: &str, snapshot: &Snapshot, now: Timestamp) {
        self.edges.resize_with(snapshot.edges.len(), Said::default);
        self.nodes.resize_with(snapshot.nodes.len(), Said::default);
        for (said, edge) in self.edges.iter_mut().zip(&snapshot.edges) {
            if said.is_due(now, self.interval) && say_edge(graph, &said.figures, edge) {
                *said = Said::of(edge.ledger, now);
            }
        }
        for (said, node) in self.nodes.iter_mut().zip(&snapshot.nodes) {
            if said.is_due(now, self.interval) && say_node(graph, said.figures, node) {
                *said = Said::of(Ticks::of(node), now);
            }
        }
    }
}

impl<F> Said<F> {
    const fn of(figures: F, now: Timestamp) -> Self {
        Self {
            at: Some(now),
            figures,
        }
    }

    fn is_due(&self, now: Timestamp, interval: Duration) -> bool {
        self.at.is_none_or(|at| now.since(at) >= interval)
    }
}

impl Ticks {
    const fn of(node: &NodeReport) -> Self {
        Self {
            late: node.late_ticks,
            missed: node.missed_ticks,
        }
    }
}

/// Whether there was anything to say.
fn say_edge(graph: &str, old: &Ledger, edge: &EdgeReport) -> bool {
    let (edge, policy, new) = (&edge.id, edge.policy, &edge.ledger);
    let gone = |count: fn(&Ledger) -> u64| count(new).saturating_sub(count(old));
    let dropped = gone(|ledger| ledger.dropped);
    let expired = gone(|ledger| ledger.expired);
    let discarded = gone(|ledger| ledger.discarded);
    let lost = dropped + expired + discarded > 0;
    if lost {
        warn!(target: POLICY, graph, edge, %policy, dropped, expired, discarded, "messages lost");
    }
    let evicted = gone(|ledger| ledger.evicted);
    let coalesced = gone(|ledger| ledger.coalesced);
    let replaced = evicted + coalesced > 0;
    if replaced {
        debug!(target: POLICY, graph, edge, %policy, evicted, coalesced, "messages superseded");
    }
    let merges = gone(|ledger| ledger.merge_panics);
    let drops = gone(|ledger| ledger.drop_panics);
    let panicked = merges + drops > 0;
    if panicked {
        warn!(target: FAULT, graph, edge, merges, drops, "panics inside an edge");
    }
    lost || replaced || panicked
}

/// Whether there was anything to say.
fn say_node(graph: &str, old: Ticks, node: &NodeReport) -> bool {
    let new = Ticks::of(node);
    if old == new {
        return false;
    }
    let (late, missed) = (new.late - old.late, new.missed - old.missed);
    debug!(target: POLICY, graph, node = node.path, late, missed, "ticks late or missed");
    true
}
