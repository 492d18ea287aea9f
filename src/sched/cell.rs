//! A node as its worker sees it: the code, the links to its edges, its state.

use crate::band::Band;
use crate::metrics::{EventKind, NodeState};
use crate::node::{FaultPolicy, GiveUp, Quarantine, TickInfo};
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::condition::{Condition, Conditions, Requests};
use super::hold::Hold;
use super::journal::Journal;
use super::links::{Gate, InputLink, OutputLink};
use super::shared::Shared;
use super::stats::NodeStats;
use super::tick::Due;

use alloc::boxed::Box;
use alloc::sync::Arc;

/// What a worker knows of a node, besides the node itself. Touched by that
/// worker only.
pub(crate) struct Cell {
    /// The node's index in the plan.
    pub(crate) plan_index: usize,
    /// Of the ports that have an edge, in their order. A node without any is a
    /// source.
    pub(crate) inputs: Box<[InputLink]>,
    /// Of the ports that have an edge, in their order.
    pub(crate) outputs: Box<[OutputLink]>,
    pub(crate) gates: Box<[Gate]>,
    /// Those of the edges for dead letters; of the node itself while a stand-in
    /// has its place.
    pub(crate) other_gates: Box<[Gate]>,
    /// The inputs that the node serves without credit: a bit each, in their
    /// order.
    pub(crate) uncredited: u64,
    /// By band, the outputs whose edges are in a higher one.
    pub(crate) urgent: [u64; 3],
    /// The outputs whose edges have watermarks.
    pub(crate) watched: u64,
    pub(crate) restartable: bool,
    pub(crate) tick_band: Band,
    pub(crate) on_error: FaultPolicy,
    pub(crate) on_panic: FaultPolicy,
    pub(crate) on_overrun: FaultPolicy,
    /// How long a call may take, in nanoseconds; zero for as long as it does.
    pub(crate) budget: u64,
    pub(crate) quarantine: Quarantine,
    pub(crate) give_up: GiveUp,
    /// Restarts are counted within a window, which is the supervisor's business.
    pub(crate) windowed: bool,
    pub(crate) stats: Arc<NodeStats>,

    pub(crate) state: NodeState,
    /// Its edges are closed for good.
    pub(crate) ended: bool,
    /// A stand-in has the node's place.
    pub(crate) stand_in: bool,
    pub(crate) conditions: Conditions,
    /// What [`Condition::Held`] is about.
    pub(crate) hold: Option<Hold>,
    /// The version of the drain that it is in; 0 for none.
    pub(crate) drain: u64,
    /// The cadence in nanoseconds; zero for none.
    pub(crate) interval: u64,
    /// The tick of [`Condition::Tick`].
    pub(crate) tick: Option<Due>,
    /// Ticks that passed unserved since the last one that was served.
    pub(crate) missed: u64,
}

/// How the inputs of a node stand after a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The highest band of those with something pending.
    pub(crate) ready: Option<Band>,
    /// Whether there are any, and all of them have ended.
    pub(crate) ended: bool,
    /// Those of which a marked message was taken: a bit each, in their order.
    pub(crate) marked: u64,
    /// Whether there is an empty one whose producer will not tell about the
    /// next message: this worker must look, or [ask](Cell::ask).
    pub(crate) unasked: bool,
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
        let has = |condition| self.conditions.has(condition);
        if has(Condition::Inactive) {
            return None;
        }
        if has(Condition::Draining) {
            return self.readiness_to_drain();
        }
        let mut ready = self.pending_band(has(Condition::Held));
        if has(Condition::Held) {
            return ready;
        }
        if has(Condition::Retry) {
            ready = ready.max(Some(Band::Normal));
        }
        if stage == Stage::Running {
            if has(Condition::Tick) {
                ready = ready.max(Some(self.tick_band));
            }
            if has(Condition::Rearmed) {
                ready = ready.max(Some(Band::Normal));
            }
        }
        ready
    }

    /// The highest band of the inputs with something pending; of those alone
    /// that need no credit, when `uncredited_only`.
    pub(crate) fn pending_band(&self, uncredited_only: bool) -> Option<Band> {
        let mut highest = None;
        for link in &self.inputs {
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
    #[inline(always)]
    pub(crate) fn credit(&self, wanted: u32) -> u32 {
        let mut gates = self.gates.iter();
        let enough = gates.all(|gate| gate.has_room_for(wanted));
        if enough {
            wanted
        } else {
            self.reduced_credit(wanted)
        }
    }

    fn reduced_credit(&self, wanted: u32) -> u32 {
        let credits = self
            .gates
            .iter()
            .map(|gate| gate.edge.room() as u64 / gate.fan_out);
        let credit = credits.min().unwrap_or(u64::MAX);
        u32::try_from(credit).map_or(wanted, |credit| credit.min(wanted))
    }

    /// For how many messages, up to `batch`, the node may be called. `None`:
    /// it is parked, because it lacks room downstream and nothing pending can
    /// do without; the edge that is full notifies it. `now` is the latest
    /// reading of the clock.
    #[inline(always)]
    pub(crate) fn claim(&mut self, batch: u32, now: Timestamp, journal: &Journal) -> Option<u32> {
        let credit = self.credit(batch);
        if credit > 0 && !self.conditions.has(Condition::Held) {
            return Some(credit);
        }
        self.claim_held(batch, now, journal)
    }

    /// The same for a node that lacks credit, or did before.
    #[cold]
    fn claim_held(&mut self, batch: u32, now: Timestamp, journal: &Journal) -> Option<u32> {
        loop {
            let credit = self.credit(batch);
            if credit > 0 {
                self.set_held(None, now, journal);
                return Some(credit);
            }
            // None: room appeared between the two looks.
            if let Some(gate) = self.lacking_gate() {
                self.set_held(Some(gate), now, journal);
                self.stats.parked.add(1);
                if seeded_bug("held-node-is-deaf") {
                    return None;
                }
                return self.pending_band(true).map(|_| 0);
            }
        }
    }

    /// What the next call is for: a tick to be served, whether messages follow
    /// it, the requests that the call serves, and whether it is watched. While
    /// the node is held, only inputs that need no credit are served; its tick
    /// and requests wait. While it drains, its tick waits.
    pub(crate) fn next_complicated_call(&mut self) -> (Option<Due>, bool, Requests, bool) {
        let watched = self.conditions.has(Condition::Watched);
        if self.conditions.has(Condition::Held) {
            return (None, true, Requests::NONE, watched);
        }
        if self.conditions.has(Condition::Draining) {
            // A tick waits.
            return (None, true, self.conditions.take_requests(), watched);
        }
        let tick = self.take_tick();
        let messages = tick.is_none() || self.wants_messages();
        (tick, messages, self.conditions.take_requests(), watched)
    }

    /// Takes the tick that is to be served.
    pub(crate) fn take_tick(&mut self) -> Option<Due> {
        self.conditions.set(Condition::Tick, false);
        self.tick.take()
    }

    /// Whether `on_message` is due besides a tick.
    pub(crate) fn wants_messages(&self) -> bool {
        self.conditions.has(Condition::Retry)
            || self.conditions.has(Condition::Rearmed)
            || self.pending_band(false).is_some()
    }

    /// Calls the supervisor when an output with watermarks is filled up to one.
    #[cold]
    pub(super) fn look_at_watermarks(&self, shared: &Shared) {
        for link in self
            .outputs
            .iter()
            .filter(|link| link.port & self.watched != 0)
        {
            if link.stats.call_at.is_reached(link.edge.len()) {
                shared.call_supervisor();
            }
        }
    }

    /// Publishes how far the inputs were read, and looks at how they stand then.
    /// Also which of them have a producer that waits for the room: a bit each,
    /// in their order.
    #[inline(always)]
    pub(crate) fn publish_inputs(&self) -> (Standing, u64) {
        let mut standing = Standing {
            ready: None,
            ended: !self.inputs.is_empty(),
            marked: 0,
            unasked: false,
        };
        let mut waiting = 0;
        for (position, link) in self.inputs.iter().enumerate() {
            waiting |= u64::from(link.edge.publish()) << position;
            standing.marked |= u64::from(link.edge.is_mark_passed()) << position;
            if !link.passive {
                if link.edge.has_pending() || (link.remote && link.asks()) {
                    standing.ready = standing.ready.max(Some(link.band));
                    standing.ended = false;
                } else {
                    standing.unasked |= link.is_polled();
                }
            }
            standing.ended = standing.ended && link.has_ended();
        }
        (standing, waiting)
    }

    /// Which inputs from other workers are empty, after their producers may
    /// have told about messages that were taken before: whether some are to be
    /// polled; and whether one that was asked for again has a message now.
    pub(crate) fn look_again(&self) -> (bool, bool) {
        let (mut unasked, mut found) = (false, false);
        let remote = self
            .inputs
            .iter()
            .filter(|link| link.remote && !link.passive);
        for link in remote.filter(|link| !link.edge.has_pending()) {
            if link.is_polled() {
                unasked = true;
            } else {
                found |= link.edge.ask();
            }
        }
        (unasked, found)
    }

    /// Whether something waits in an input that is polled.
    pub(crate) fn has_arrivals(&self) -> bool {
        let mut polled = self.inputs.iter().filter(|link| link.is_polled());
        polled.any(|link| link.edge.has_pending())
    }

    /// Asks to be told about messages in all inputs from other workers. Whether
    /// there is one.
    pub(crate) fn ask(&self) -> bool {
        let remote = self
            .inputs
            .iter()
            .filter(|link| link.remote && !link.passive);
        remote.fold(false, |found, link| found | link.edge.ask())
    }

    /// Whether edges lead here, all of them have ended, and the node keeps
    /// nothing back.
    pub(crate) fn has_ended(&self) -> bool {
        !self.inputs.is_empty() && self.inputs.iter().all(InputLink::has_ended) && self.may_end()
    }

    /// Whether the node keeps nothing back that it must be called for.
    #[inline(always)]
    pub(crate) fn may_end(&self) -> bool {
        let has = |condition| self.conditions.has(condition);
        !has(Condition::Inactive) && !has(Condition::Retry) && !has(Condition::Held)
    }

    /// Works out `urgent` anew after bands have changed.
    pub(crate) fn refresh_urgent(&mut self) {
        self.urgent = [0; 3];
        for link in &self.outputs {
            for below in &mut self.urgent[..link.band.index()] {
                *below |= link.port;
            }
        }
    }

    /// Records that a tick came due. One that waits already is served in its place,
    /// as it would be if both had been found due at once: so lateness tells how long
    /// the node was held back.
    pub(crate) fn tick_due(&mut self, due: Due) {
        self.missed += due.skipped;
        if self.tick.is_some() {
            self.missed += 1;
            return;
        }
        self.conditions.set(Condition::Tick, true);
        self.tick = Some(due);
    }

    /// The ticks that passed unserved since the last call; counts them.
    fn take_missed(&mut self) -> u64 {
        let missed = core::mem::take(&mut self.missed);
        self.stats.missed_ticks.add(missed);
        missed
    }

    /// The state changed at `now`.
    pub(crate) fn set_state(&mut self, state: NodeState, now: Timestamp, journal: &Journal) {
        self.state = state;
        self.conditions.set_state(state);
        self.stats.state.set(state as u64);
        let node = self.plan_index;
        journal.note(now, EventKind::State { node, state });
    }

    /// What a node is told about the tick that it serves at `now`; counts it.
    pub(crate) fn begin_tick(&mut self, due: Due, now: Timestamp) -> TickInfo {
        self.count_tick(due, now);
        TickInfo {
            due: due.at,
            lateness: now.since(due.at),
            missed: self.take_missed(),
        }
    }

    /// Counts a served tick; its lateness at `now`.
    fn count_tick(&self, due: Due, now: Timestamp) {
        let late = due.lateness(now);
        let stats = &*self.stats;
        stats.ticks.add(1);
        stats.lateness_sum.add(late);
        stats.lateness_max.set(stats.lateness_max.get().max(late));
        if let Some(lateness) = &stats.lateness {
            lateness.record(late);
        }
        if due.is_late(now) {
            stats.late_ticks.add(1);
        }
    }
}
