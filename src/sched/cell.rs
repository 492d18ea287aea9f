//! A node as its worker sees it: the code, the links to its edges, its state.

use crate::band::Band;
use crate::edge::EdgeControl;
use crate::node::{FaultPolicy, Node, bit};
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::stats::{NodeState, NodeStats};
use super::tick::Due;

use std::sync::Arc;

/// What the scheduler holds of an edge.
pub(crate) type EdgeHandle = crate::sync::Arc<EdgeControl>;

/// Where a node lives: which worker, and at which index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) worker: usize,
    pub(crate) node: usize,
}

/// The consuming side of an edge.
#[derive(Debug)]
pub(crate) struct InputLink {
    pub(crate) edge: EdgeHandle,
    /// The edge's index in the plan.
    pub(crate) edge_index: usize,
    pub(crate) band: Band,
    pub(crate) credited: bool,
    /// What arrives does not make the node ready.
    pub(crate) passive: bool,
    pub(crate) producer: Address,
}

impl InputLink {
    /// Whether nothing more comes from here. What waits in a passive input
    /// keeps no node alive.
    fn has_ended(&self) -> bool {
        self.edge.has_ended() || (self.passive && self.edge.producer_closed())
    }
}

/// The producing side of an edge.
#[derive(Debug)]
pub(crate) struct OutputLink {
    pub(crate) edge: EdgeHandle,
    /// The edge's index in the plan.
    pub(crate) edge_index: usize,
    pub(crate) band: Band,
    /// It leads to a passive input.
    pub(crate) passive: bool,
    pub(crate) consumer: Address,
}

/// A Block output, which must have room before the node is called.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) edge: EdgeHandle,
    pub(crate) fan_out: usize,
}

/// A node on its worker. Touched by that worker only.
pub(crate) struct Cell {
    /// The node's index in the plan.
    pub(crate) plan_index: usize,
    /// Absent while it runs, and while its replacement is made.
    pub(crate) node: Option<Box<dyn Node>>,
    /// By port index; `None` where an optional port has no edge.
    pub(crate) inputs: Box<[Option<InputLink>]>,
    /// By port index; `None` where an optional port has no edge.
    pub(crate) outputs: Box<[Option<OutputLink>]>,
    pub(crate) gates: Box<[Gate]>,
    /// By band, the outputs whose edges are in a higher one.
    pub(crate) urgent: [u64; 3],
    /// Whether an edge leads here; a node without is a source.
    pub(crate) has_inputs: bool,
    pub(crate) restartable: bool,
    pub(crate) tick_band: Band,
    pub(crate) on_error: FaultPolicy,
    pub(crate) on_panic: FaultPolicy,
    pub(crate) stats: Arc<NodeStats>,

    pub(crate) state: NodeState,
    /// A Block output lacked room when the node was about to be called; the
    /// edge will notify this node when there is some.
    pub(crate) held: bool,
    /// The node asked to be called again.
    pub(crate) rearmed: bool,
    /// A send of the node was refused for lack of room; it wants another call.
    pub(crate) retry: bool,
    /// The cadence in nanoseconds; zero for none.
    pub(crate) interval: u64,
    /// A tick that came due and was not served yet.
    pub(crate) tick: Option<Due>,
    /// Ticks that passed unserved since the last one that was served.
    pub(crate) missed: u64,
}

/// What nodes may be called for at the moment, besides messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Sources, ticks and re-arming work.
    Running,
    /// The engine drains: only messages are handled.
    Draining,
}

impl Cell {
    /// In which band the node is ready, if it is.
    pub(crate) fn readiness(&self, stage: Stage) -> Option<Band> {
        if self.state != NodeState::Active {
            return None;
        }
        let mut ready = self.pending_band(self.held);
        if self.held {
            return ready;
        }
        if self.retry {
            ready = ready.max(Some(Band::Normal));
        }
        if stage == Stage::Running {
            if self.tick.is_some() {
                ready = ready.max(Some(self.tick_band));
            }
            if self.rearmed {
                ready = ready.max(Some(Band::Normal));
            }
        }
        ready
    }

    /// The highest band of the inputs with something pending; of those alone
    /// that need no credit, when `uncredited_only`.
    #[inline]
    pub(crate) fn pending_band(&self, uncredited_only: bool) -> Option<Band> {
        let mut highest = None;
        for link in self.inputs.iter().flatten() {
            if Some(link.band) > highest
                && !link.passive
                && !(uncredited_only && link.credited)
                && link.edge.has_pending()
            {
                highest = Some(link.band);
            }
        }
        highest
    }

    /// For how many messages, up to `wanted`, all Block outputs have room.
    #[inline]
    pub(crate) fn credit(&self, wanted: u32) -> u32 {
        let mut credit = wanted;
        for gate in &self.gates {
            let room = gate.edge.room();
            let messages = if gate.fan_out == 1 {
                room
            } else {
                room / gate.fan_out
            };
            credit = credit.min(u32::try_from(messages).unwrap_or(u32::MAX));
        }
        credit
    }

    /// Whether some Block output lacks room for one more message; that edge
    /// has then been asked to notify this node when it has some.
    pub(crate) fn lacks_credit(&self) -> bool {
        self.gates
            .iter()
            .any(|gate| gate.edge.room() < gate.fan_out && gate.edge.wait_for_room(gate.fan_out))
    }

    /// For how many messages, up to `batch`, the node may be called. `None`:
    /// it is parked, because it lacks room downstream and nothing pending can
    /// do without; the edge that is full notifies it.
    #[inline]
    pub(crate) fn claim(&mut self, batch: u32) -> Option<u32> {
        loop {
            let credit = self.credit(batch);
            if credit > 0 {
                self.held = false;
                return Some(credit);
            }
            // False: room appeared between the two looks.
            if self.lacks_credit() {
                self.held = true;
                self.stats.parked.add(1);
                if seeded_bug("held-node-is-deaf") {
                    return None;
                }
                return self.pending_band(true).map(|_| 0);
            }
        }
    }

    /// Whether `on_message` is due besides a tick.
    pub(crate) fn wants_messages(&self) -> bool {
        self.retry || self.rearmed || self.pending_band(false).is_some()
    }

    /// Whether edges lead here, all of them have ended, and the node keeps
    /// nothing back.
    pub(crate) fn has_ended(&self) -> bool {
        self.state == NodeState::Active
            && self.has_inputs
            && !self.retry
            && !self.held
            && self.inputs.iter().flatten().all(InputLink::has_ended)
    }

    /// Works out `urgent` anew after bands have changed.
    pub(crate) fn refresh_urgent(&mut self) {
        self.urgent = [0; 3];
        for (index, link) in self.outputs.iter().enumerate() {
            let band = link.as_ref().map_or(Band::Normal, |link| link.band);
            for below in &mut self.urgent[..band.index()] {
                *below |= bit(index);
            }
        }
    }

    /// Records that a tick came due.
    pub(crate) fn tick_due(&mut self, due: Due) {
        self.missed += due.skipped;
        if self.tick.replace(due).is_some() {
            // The one before was never served.
            self.missed += 1;
        }
    }

    /// The ticks that passed unserved since the last call; counts them.
    pub(crate) fn take_missed(&mut self) -> u64 {
        let missed = core::mem::take(&mut self.missed);
        self.stats.missed_ticks.add(missed);
        missed
    }

    pub(crate) fn set_state(&mut self, state: NodeState) {
        self.state = state;
        self.stats.state.set(state as u64);
    }

    /// Counts a served tick; its lateness at `now`.
    pub(crate) fn count_tick(&self, due: Due, now: Timestamp) {
        let late = now.as_nanos().saturating_sub(due.at.as_nanos());
        let stats = &*self.stats;
        stats.ticks.add(1);
        stats.lateness_sum.add(late);
        stats.lateness_max.set(stats.lateness_max.get().max(late));
        if let Some(lateness) = &stats.lateness {
            lateness.record(late);
        }
        if late > due.interval / LATE_FRACTION {
            stats.late_ticks.add(1);
        }
    }
}

/// A tick is late when it begins more than this fraction of its interval
/// after it was due.
pub(crate) const LATE_FRACTION: u64 = 10;
