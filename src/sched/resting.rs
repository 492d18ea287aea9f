//! Draining a node, or several together, while the rest of the engine goes on.
//!
//! A node that drains takes no more than what waited for it when its worker
//! took the drain over. Then it rests, as if it were paused.
//!
//! - An input *from outside* the set has a *cut*: the position up to which its
//!   producer had sent by then. From there on the input is shut; what comes
//!   later waits in the edge, by the edge's policy.
//! - An input *from inside* comes from a node of the same drain that stands
//!   before this one in the plan's order. It is taken until that node rests and
//!   the edge is empty.
//! - Sources produce nothing, ticks and re-arming wait.
//!
//! So the nodes come to rest in the plan's order, each by what its own worker
//! knows; a feedback edge, which leads against that order, counts as one from
//! outside. Nobody coordinates.
//!
//! # Happens-before edges
//!
//! - **[Z1→Z2]** rest: who sees that a node rests sees all that it sent.

use crate::band::Band;
use crate::metrics::NodeState;
use crate::sync::{AtomicU64, Ordering, order, seeded_bug};
use crate::time::Timestamp;

use super::cell::Cell;
use super::condition::Condition;
use super::config::LiveConfig;
use super::core::Core;
use super::journal::Journal;
use super::links::InputLink;
use super::shared::Shared;

/// For which drain a node has come to rest last. Written by its worker.
#[derive(Debug)]
pub(crate) struct Rest(AtomicU64);

impl Default for Rest {
    /// For none.
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Rest {
    /// The node rests for the drain with this version. Wait-free.
    pub(crate) fn begin(&self, drain: u64) {
        // Release [Z1]: what the node sent is visible to who sees this.
        let release = order("rest-begin", Ordering::Release, Ordering::Relaxed);
        self.0.store(drain, release);
    }

    /// Whether the node has come to rest for this drain, and for no later one.
    /// Any thread; wait-free.
    pub(crate) fn is_for(&self, drain: u64) -> bool {
        // Acquire [Z2].
        let acquire = order("rest-seen", Ordering::Acquire, Ordering::Relaxed);
        self.0.load(acquire) == drain
    }
}

/// No cut: the input is taken to its end.
pub(crate) const UNCUT: u64 = u64::MAX;

impl InputLink {
    /// Whether the producer is a node of the same drain, before the consumer.
    fn is_inside(&self, consumer: usize, drain: u64, config: &LiveConfig) -> bool {
        let producer = self.source.filter(|&source| source < consumer);
        producer.is_some_and(|source| config.drains[source] == drain)
    }

    /// Whether one more message may be taken.
    fn is_open(&self) -> bool {
        self.edge.taken() < self.cut
    }

    /// Whether nothing more comes that this drain waits for.
    fn has_drained(&self, drain: u64, shared: &Shared) -> bool {
        if self.passive || !self.is_open() || self.edge.has_ended() {
            return true;
        }
        let Some(source) = self.source.filter(|_| self.cut == UNCUT) else {
            return false;
        };
        // In this order: what it sent shows once it is seen at rest.
        let rests = shared.node_stats[source].rest.is_for(drain);
        (rests || seeded_bug("rests-before-its-producer")) && !self.edge.has_pending()
    }
}

impl Cell {
    /// Takes over whether the node is paused, and for which drain it is to come
    /// to rest; 0 for none.
    pub(super) fn follow(
        &mut self,
        paused: bool,
        drain: u64,
        config: &LiveConfig,
        now: Timestamp,
        journal: &Journal,
    ) {
        use NodeState::{Active, Drained, Draining, Finished, Paused, Quarantined, Restarting};
        let state = match self.state {
            Restarting | Finished => return,
            Quarantined => {
                self.drain = if paused { 0 } else { drain };
                return;
            }
            state => state,
        };
        let next = if paused {
            Paused
        } else if drain == 0 {
            Active
        } else if drain == self.drain && self.stats.rest.is_for(drain) {
            // Also when it was in quarantine meanwhile: those behind it rest.
            Drained
        } else {
            self.cut(drain, config);
            Draining
        };
        self.drain = if paused { 0 } else { drain };
        if self.drain == 0 {
            self.inputs.iter_mut().for_each(|link| link.cut = UNCUT);
        }
        if next != state {
            self.set_state(next, now, journal);
        }
    }

    /// Shuts the inputs from outside where they are now; but where they were
    /// cut for this drain before.
    fn cut(&mut self, drain: u64, config: &LiveConfig) {
        let again = drain == self.drain;
        for link in &mut self.inputs {
            if link.passive || link.is_inside(self.plan_index, drain, config) {
                link.cut = UNCUT;
            } else if !again || link.cut == UNCUT {
                link.cut = link.edge.shown();
            }
        }
    }

    /// In which band a node that drains is ready, if it is.
    #[cold]
    pub(super) fn readiness_to_drain(&self) -> Option<Band> {
        let held = self.conditions.has(Condition::Held);
        let open = self.inputs.iter().filter(|link| {
            !(link.passive || held && link.credited) && link.is_open() && link.edge.has_pending()
        });
        let ready = open.map(|link| link.band).max();
        let retries = !held && self.conditions.has(Condition::Retry);
        ready.max(retries.then_some(Band::Normal))
    }

    /// Whether the input with this port may be taken from.
    pub(super) fn admits(&self, port: usize) -> bool {
        let mut inputs = self.inputs.iter();
        !self.conditions.has(Condition::Draining)
            || inputs.all(|link| link.port != port || link.is_open())
    }

    /// Whether the node has nothing left that its drain waits for. One in
    /// quarantine sends nothing.
    fn has_drained(&self, shared: &Shared) -> bool {
        if self.state == NodeState::Quarantined {
            return self.drain != 0 && !self.ended && !self.stats.rest.is_for(self.drain);
        }
        let mut inputs = self.inputs.iter();
        self.state == NodeState::Draining
            && !self.conditions.has(Condition::Retry)
            && !self.has_ended()
            && inputs.all(|link| link.has_drained(self.drain, shared))
    }
}

impl Core {
    /// Lets the nodes that have drained rest, and tells who waits for that.
    pub(super) fn rest_drained(&mut self, now: Timestamp) {
        let shared = alloc::sync::Arc::clone(&self.shared);
        let drained = |cell: &Cell| cell.has_drained(&shared);
        // Each that rests may be the one that another waits for.
        while let Some(index) = self.local.cells.iter().position(drained) {
            let cell = &mut self.local.cells[index];
            if cell.state == NodeState::Draining {
                cell.set_state(NodeState::Drained, now, &self.local.journal);
                self.local.ready.unmark(index);
            }
            cell.stats.rest.begin(cell.drain);
            for output in 0..self.local.cells[index].outputs.len() {
                let consumer = self.local.cells[index].outputs[output].consumer;
                if consumer.door().is_none() && !seeded_bug("rests-untold") {
                    self.notify(consumer);
                }
            }
        }
    }
}
