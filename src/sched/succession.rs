//! Nodes on their way between a worker and the supervisor, and what each tells
//! the other along with them.
//!
//! A node that is to be replaced, buried or released is *retired*: it leaves its
//! worker for the supervisor, where nodes are made and dropped. What comes back
//! is its *successor*. The supervisor may *order* a worker to retire a node. Each
//! of the two ways is a queue with room for all there can be in it; the mail says
//! that something came.
//!
//! A node is in one place at a time: on its worker, in a queue, or with the
//! supervisor. There is one order at a time for a node. One that does not find it
//! on its worker is answered without it. As that answer is behind the node in the
//! same queue, the supervisor then has it already, or it is gone for good.
//! Successors and orders share a queue, so that an order may be about what was
//! sent before it.

use alloc::boxed::Box;

use crate::metrics::NodeState;
use crate::node::Node;
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::cell::Cell;
use super::condition::Condition;
use super::core::Core;
use super::faults::Hook;
use super::local::Local;
use super::shared::Phase;
use super::worker::Worker;

/// A node that leaves its worker.
pub(crate) struct Retired {
    /// Its index on the worker.
    pub(crate) node: usize,
    /// Nothing, if an order came in vain.
    pub(crate) body: Option<Box<dyn Node>>,
    pub(crate) why: Why,
}

/// Why a node leaves its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It faulted, and is to be replaced at most so many times.
    Restart { limit: u32 },
    /// It faulted, and its subgraph is to decide.
    Escalate,
    /// It is to be quarantined, its edges staying open.
    Quarantine,
    /// By order: the same.
    Bury,
    /// By order: its whole subgraph is restarted.
    Together,
    /// By order: it is a stand-in, and the node is to come back.
    Release,
    /// By order: its quarantine is for good.
    Close,
}

/// What the supervisor sends to a worker.
pub(crate) enum Dispatch {
    /// This takes the place of the node with this index there.
    Successor(usize, Role),
    /// That node is to be retired.
    Order(usize, Why),
}

/// What takes the place of a node that has left.
pub(crate) enum Role {
    /// A new node, to be started.
    New(Box<dyn Node>),
    /// The same node as before.
    Same(Box<dyn Node>),
    /// A stand-in for it.
    StandIn(Box<dyn Node>),
    /// Nothing: its edges are gone as well. Perhaps because no replacement could
    /// be made.
    Nobody { failed: bool },
}

impl Role {
    fn into_body(self) -> Option<Box<dyn Node>> {
        match self {
            Self::New(node) | Self::Same(node) | Self::StandIn(node) => Some(node),
            Self::Nobody { .. } => None,
        }
    }
}

/// Room in either queue for each node: itself, and an order or its answer.
pub(crate) const ROOM_PER_NODE: usize = 2;

impl Core {
    /// Hands the node in `place` to the supervisor; it is not called any more.
    /// False if it is not there.
    pub(super) fn retire(
        &mut self,
        index: usize,
        place: &mut Option<Box<dyn Node>>,
        why: Why,
    ) -> bool {
        let Some(body) = place.take() else {
            return false;
        };
        let Local {
            cells,
            latest,
            journal,
            ready,
            ..
        } = &mut self.local;
        let state = match why {
            Why::Restart { .. } | Why::Escalate | Why::Together => NodeState::Restarting,
            Why::Quarantine | Why::Bury | Why::Release | Why::Close => NodeState::Quarantined,
        };
        if cells[index].state == state {
            // A stand-in; it is not called any more, either.
            cells[index].conditions.set_state(state);
        } else {
            cells[index].set_state(state, *latest, journal);
        }
        ready.unmark(index);
        self.hand_over(index, Some(body), why);
        true
    }

    fn hand_over(&mut self, node: usize, body: Option<Box<dyn Node>>, why: Why) {
        // There is room, see `ROOM_PER_NODE`.
        let _ = self.links.retired.push(Retired { node, body, why });
        self.shared.call_supervisor();
    }
}

impl Worker {
    /// Takes in what the supervisor has sent.
    pub(super) fn read_dispatches(&mut self, now: Timestamp) {
        while let Ok(dispatch) = self.core.links.dispatches.pop() {
            match dispatch {
                Dispatch::Successor(node, role) => self.install(node, role, now),
                Dispatch::Order(node, why) => {
                    self.core.local.latest = now;
                    self.follow(node, why);
                }
            }
        }
    }

    /// Retires a node, if it is here.
    fn follow(&mut self, node: usize, why: Why) {
        let cell = &self.core.local.cells[node];
        let fits = match why {
            Why::Release => cell.stand_in,
            Why::Quarantine | Why::Bury => !cell.stand_in,
            Why::Restart { .. } | Why::Escalate | Why::Together | Why::Close => true,
        };
        if cell.ended || !fits || self.core.phase() == Phase::Stopping {
            return self.core.hand_over(node, None, why);
        }
        if why == Why::Close {
            // It stays where it is, to be dropped with the others.
            let there = self.nodes[node].is_some();
            if there {
                self.core.end(node, NodeState::Quarantined);
            }
            return self.core.hand_over(node, None, why);
        }
        let place = &mut self.nodes[node];
        if !self.core.retire(node, place, why) {
            self.core.hand_over(node, None, why);
        }
    }

    /// Puts what the supervisor sent in the place of a node that left.
    fn install(&mut self, index: usize, role: Role, now: Timestamp) {
        let stands_in = matches!(role, Role::StandIn(_));
        let is_new = matches!(role, Role::New(_));
        if is_new || matches!(role, Role::Nobody { failed: true }) {
            self.core.local.cells[index].stats.restarts.add(1);
        }
        let Some(body) = role.into_body() else {
            return self.core.give_up(index);
        };
        self.nodes[index] = Some(body);
        let running = self.core.phase() == Phase::Running;
        let Core { local, timers, .. } = &mut self.core;
        let Local { cells, journal, .. } = local;
        let cell = &mut cells[index];
        cell.conditions.set(Condition::Retry, false);
        if cell.stand_in != stands_in {
            cell.set_held(None, now, journal);
            cell.exchange_gates();
            timers.remove(index);
            if stands_in {
                cell.conditions.set(Condition::Rearmed, false);
                cell.take_tick();
                cell.missed = 0;
            } else if running {
                timers.add(index, cell.interval, now);
            }
        }
        if stands_in {
            if cell.state != NodeState::Quarantined {
                cell.set_state(NodeState::Quarantined, now, journal);
            }
            cell.conditions.set(Condition::Inactive, false);
        } else {
            cell.set_state(NodeState::Active, now, journal);
            if is_new && self.core.phase() != Phase::Stopping {
                self.call_alone(index, Hook::Start, |node, cx| node.on_start(cx));
            }
            if !is_new {
                // It may have kept a message back, or be a source.
                let conditions = &mut self.core.local.cells[index].conditions;
                conditions.set(Condition::Retry, true);
            }
        }
        if seeded_bug("restart-without-route") {
            return;
        }
        self.core.local.route(index);
        // A pause that came meanwhile holds for the replacement: look again.
        self.core.version = None;
    }

    /// At the end: puts successors that came too late to be called where nodes
    /// are dropped.
    pub(crate) fn keep_late_replacements(&mut self) {
        while let Ok(dispatch) = self.core.links.dispatches.pop() {
            if let Dispatch::Successor(node, role) = dispatch {
                self.nodes[node] = role.into_body();
            }
        }
    }
}

impl Cell {
    /// A stand-in comes, or goes. It is held by the edges for dead letters
    /// alone, and for all that arrives.
    fn exchange_gates(&mut self) {
        self.stand_in = !self.stand_in;
        core::mem::swap(&mut self.gates, &mut self.other_gates);
        for (position, link) in self.inputs.iter_mut().enumerate() {
            link.credited = self.stand_in || self.uncredited & 1 << position == 0;
        }
    }
}
