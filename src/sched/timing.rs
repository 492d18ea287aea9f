//! Measuring: what a worker times, and how it spares the clock.
//!
//! Reading the clock costs more than passing on a message. So one activation in
//! a *stride* is timed: its beginning is read from the clock, and so is the
//! beginning of the turn that follows, which is its end. No activation reads
//! the clock more than once. Around a timed activation stands everything that
//! is sampled: execution, loop latency, how many nodes are ready, how full
//! edges are, and the marks by which messages are timed on their way through an
//! edge. All of it is out of line; the other activations only count down.
//!
//! Each reading, whatever it is for, is kept as the worker's *latest*, with
//! which holds are stamped.

use core::num::NonZeroU32;
use core::time::Duration;

use crate::message::Lineage;
use crate::metrics::{EventKind, Observation};
use crate::node::{Outcome, TickInfo};
use crate::time::Timestamp;

use super::idle::{IdleStrategy, Rest};
use super::tick::Due;
use super::watch::Watch;
use super::worker::Worker;

/// After how many idle turns in a row the clock is read.
const IDLE_TURNS: u32 = 64;

/// When a worker times what.
#[derive(Debug)]
pub(super) struct Timing {
    /// Turns until the clock is to be read, that one included.
    left: u32,
    /// One activation in so many is measured; none without.
    stride: Option<NonZeroU32>,
    /// The activation that is being timed.
    open: Option<Open>,
    idle_turns: u32,
    pub(super) watch: Watch,
}

/// A timed activation whose end was not read yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    at: Timestamp,
    /// Whether the node was called.
    called: bool,
}

impl Timing {
    pub(super) const fn new(observation: Observation) -> Self {
        Self {
            left: 1,
            stride: observation.metrics.stride(),
            open: None,
            idle_turns: 0,
            watch: Watch::new(),
        }
    }

    /// Counts a turn; whether the clock is to be read in it.
    #[inline(always)]
    pub(super) fn is_due(&mut self) -> bool {
        self.left = self.left.wrapping_sub(1);
        self.left == 0
    }

    /// In a turn in which the clock is read: whether that is for a sample. A
    /// watched activation before it has put off the countdown, which goes on.
    fn is_sampled(&mut self) -> bool {
        if let Some(left) = self.watch.countdown() {
            self.left = left.wrapping_sub(1);
        }
        self.left == 0 && self.stride.is_some()
    }

    /// The clock was read; an activation `ended` thereby. Whether to begin the
    /// timing of the next one.
    fn begins(&mut self, ended: bool) -> bool {
        match self.stride.map_or(0, NonZeroU32::get) {
            0 => false, // the countdown begins anew
            stride if ended && stride > 1 => {
                self.left = stride - 1;
                false
            }
            _ => {
                self.left = 1;
                true
            }
        }
    }
}

impl Worker {
    /// Reads the clock for a turn that picked `node`, unless that is done
    /// already: ends the timing of the activation before, or begins that of
    /// this one.
    #[cold]
    pub(super) fn time(
        &mut self,
        node: usize,
        now: Option<Timestamp>,
        watched: bool,
    ) -> Option<Timestamp> {
        let sampled = self.timing.is_sampled();
        if !sampled && !watched && !self.timing.watch.is_on() {
            return now;
        }
        let now = now.unwrap_or_else(|| self.clock().now());
        self.core.local.latest = now;
        self.end_watch(now);
        if sampled {
            let ended = self.end_timing(now);
            if self.timing.begins(ended) {
                self.timing.open = Some(Open {
                    node,
                    at: now,
                    called: false,
                });
                for link in &self.core.local.cells[node].outputs {
                    link.edge.mark_next(now);
                }
            }
        }
        if watched {
            let stats = &self.core.local.cells[node].stats;
            self.timing.watch.begin(node, now, self.timing.left, stats);
            self.timing.left = 1;
        }
        Some(now)
    }

    /// The same for a reading between two turns: what follows is not the watched
    /// activation's.
    pub(super) fn end_watch_early(&mut self, now: Timestamp) {
        if let Some(left) = self.timing.watch.countdown() {
            self.timing.left = left;
            self.end_watch(now);
        }
    }

    /// After the call of a node in a turn that [`time`](Self::time) was called
    /// for.
    #[cold]
    pub(super) fn sample(&mut self, node: usize, outcome: Outcome, lineage: Lineage) {
        let Some(open) = self.timing.open.as_mut().filter(|open| open.node == node) else {
            return;
        };
        open.called = true;
        let local = &self.core.local;
        let cell = &local.cells[node];
        if let Some(age) = &cell.stats.end_to_end
            && outcome.handled > 0
            && let Some(origin) = lineage.origin()
        {
            age.record(nanos(open.at.since(origin)));
        }
        for link in &cell.outputs {
            link.edge.unmark_unsent();
            link.stats.producer.see_depth(link.edge.len());
        }
        self.stats.runnable.set(local.ready.len() as u64);
    }

    /// Ends the timing of an activation, if one is timed; whether one was.
    fn end_timing(&mut self, now: Timestamp) -> bool {
        let Some(open) = self.timing.open.take() else {
            return false;
        };
        if open.called
            && let Some(stride) = self.timing.stride
        {
            let nanos = nanos(now.since(open.at));
            let cell = &self.core.local.cells[open.node];
            let histograms = [&cell.stats.execution, &self.stats.loop_latency];
            for histogram in histograms.into_iter().flatten() {
                histogram.record(nanos);
            }
            self.stats
                .busy
                .add(nanos.saturating_mul(stride.get().into()));
        }
        true
    }

    /// Marked messages were taken from these inputs, by position, in an
    /// activation that read the clock at `now`, or did not.
    #[cold]
    pub(super) fn age(&mut self, node: usize, mut inputs: u64, now: Option<Timestamp>) {
        let now = now.unwrap_or_else(|| self.clock().now());
        self.core.local.latest = now;
        while inputs != 0 {
            let position = inputs.trailing_zeros() as usize;
            inputs &= inputs - 1;
            let link = &self.core.local.cells[node].inputs[position];
            self.note_taken(node, position);
            if let Some(sent) = link.edge.take_mark()
                && let Some(age) = &*link.stats.queue_age
            {
                age.record(now.as_nanos().saturating_sub(sent.as_nanos()));
            }
        }
    }

    /// Notes, before the mark is freed, which activation took a marked message
    /// that came through a door.
    fn note_taken(&self, node: usize, position: usize) {
        let cell = &self.core.local.cells[node];
        if let Some(door) = cell.inputs[position].producer.door() {
            let activations = cell.stats.activations.get();
            self.core.shared.doors[door].taken_in.set(activations);
        }
    }

    /// A turn found nothing to do.
    #[inline]
    pub(super) fn time_idleness(&mut self) {
        self.timing.idle_turns += 1;
        if self.timing.open.is_some()
            || self.timing.watch.is_on()
            || self.core.local.journal.awaits_rest()
            || self.timing.idle_turns >= IDLE_TURNS
        {
            self.read_idle_clock();
        }
    }

    /// Ends the timing of the last activation; keeps the latest reading from
    /// growing old.
    #[cold]
    fn read_idle_clock(&mut self) {
        self.timing.idle_turns = 0;
        if !self.reads_clock() {
            return;
        }
        let now = self.clock().now();
        let local = &mut self.core.local;
        local.latest = now;
        local.journal.note_rest(now);
        self.end_watch_early(now);
        if self.end_timing(now) {
            let stride = self.timing.stride.map_or(1, NonZeroU32::get);
            self.timing.left = (stride - 1).max(1);
        }
    }

    /// Whether the worker reads the clock to tell about itself.
    fn reads_clock(&self) -> bool {
        self.timing.stride.is_some() || self.timing.watch.is_on() || self.core.local.journal.is_on()
    }

    /// What a node is told about the tick that it serves; counts it.
    #[cold]
    pub(super) fn begin_tick(&mut self, node: usize, due: Due, now: Option<Timestamp>) -> TickInfo {
        let now = now.unwrap_or_else(|| self.clock().now());
        let local = &mut self.core.local;
        local.latest = now;
        let cell = &mut local.cells[node];
        let tick = cell.begin_tick(due, now);
        let event = EventKind::Tick {
            node: cell.plan_index,
            lateness: tick.lateness,
            missed: u16::try_from(tick.missed).unwrap_or(u16::MAX),
        };
        if due.is_late(now) || tick.missed > 0 {
            local.journal.note(now, event);
        } else {
            local.journal.note_fully(now, event);
        }
        tick
    }

    /// Waits as `idle` says, until there may be something to do: mail, messages,
    /// or `due` reached.
    pub(crate) fn rest(&mut self, idle: IdleStrategy, due: Option<Timestamp>) {
        let timed = self.reads_clock();
        let Rest::Slept { from } = idle.wait(self, due, timed) else {
            return;
        };
        let Some(from) = from else {
            return;
        };
        let now = self.clock().now();
        self.core.local.latest = now;
        self.stats.wake(from, now);
        if let Some(latency) = &self.stats.wake_latency {
            let called = self.stats.called_at();
            let cause = Some(called).filter(|&called| called >= from);
            if let Some(cause) = cause.or(due.filter(|&due| due <= now)) {
                latency.record(nanos(now.since(cause)));
            }
        }
        let journal = &self.core.local.journal;
        journal.note(from, EventKind::Park);
        let after = now.since(from);
        journal.note(now, EventKind::Wake { after });
    }
}

const fn nanos(span: Duration) -> u64 {
    crate::time::saturating_nanos(span)
}
