//! Single-writer statistics of nodes and workers, readable from any thread.

use crate::band::Band;
use crate::metrics::{Histogram, Observation};
use crate::sync::{AtomicU64, Counter, Ordering};
use crate::time::Timestamp;
use crate::util::Padded;

use super::resting::Rest;
use super::span::Span;

/// What a node did. Written by its worker only.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct NodeStats {
    pub(crate) activations: Counter,
    pub(crate) messages: Counter,
    pub(crate) ticks: Counter,
    pub(crate) late_ticks: Counter,
    pub(crate) missed_ticks: Counter,
    /// Nanoseconds.
    pub(crate) lateness_sum: Counter,
    /// Nanoseconds.
    pub(crate) lateness_max: Counter,
    pub(crate) errors: Counter,
    pub(crate) panics: Counter,
    pub(crate) restarts: Counter,
    pub(crate) overruns: Counter,
    /// One more than the moment, in nanoseconds, since which an activation runs
    /// that is timed against the node's budget; zero for none.
    pub(crate) watched_since: Counter,
    /// Times the node was parked because a Block output lacked room.
    pub(crate) parked: Counter,
    /// A `NodeState` as a number.
    pub(crate) state: Counter,
    /// One more than the index of the band that the node was ready in when its
    /// worker answered last, see [`standing`](super::standing); zero for none.
    pub(crate) answered_band: Counter,
    /// For which drain it came to rest.
    pub(crate) rest: Rest,
    /// Release lateness of every tick; for a node with a cadence, and with
    /// metrics on.
    pub(crate) lateness: Option<Histogram>,
    /// How long activations took; with metrics on.
    pub(crate) execution: Option<Histogram>,
    /// How old messages were, from their origin; for a sink, with metrics on.
    pub(crate) end_to_end: Option<Histogram>,
}

impl NodeStats {
    /// For a node that had a cadence when it was planned, or not, and is a sink
    /// or not.
    pub(crate) fn new(observation: Observation, has_cadence: bool, is_sink: bool) -> Self {
        let measured = observation.measures();
        Self {
            lateness: (measured && has_cadence).then(Histogram::new),
            execution: measured.then(Histogram::new),
            end_to_end: (measured && is_sink).then(Histogram::new),
            ..Self::default()
        }
    }
}

/// What a worker did. Written by that worker only, but for `called_at`.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct WorkerStats {
    /// Activations by band, Normal first.
    pub(crate) picks: [Counter; 3],
    /// The node that was called last, by its index on this worker. While the
    /// worker is busy and its picks stand still, that node is running.
    pub(crate) calling: Counter,
    /// Times the worker went to sleep, the present sleep included.
    pub(crate) parks: Counter,
    /// For how long it slept; when it reads the clock for that.
    asleep: Span,
    /// For how long it ran activations, in nanoseconds, from a sample; with
    /// metrics on.
    pub(crate) busy: Counter,
    /// How many nodes were ready when it was timed last.
    pub(crate) runnable: Counter,
    /// One more than the moment since which it runs.
    running_since: Counter,
    /// The version of the live settings that it took over last.
    pub(crate) config_version: Counter,
    /// Fault reports that found the queue to the supervisor full.
    pub(crate) lost_reports: Counter,
    /// The request that it answered last, see [`standing`](super::standing).
    pub(super) answered: AtomicU64,
    /// From one turn to the next; with metrics on.
    pub(crate) loop_latency: Option<Histogram>,
    /// From a call until the sleeping worker is up; with metrics on.
    pub(crate) wake_latency: Option<Histogram>,
    /// When another worker last called this one while it slept, in nanoseconds.
    called_at: Padded<AtomicU64>,
}

impl WorkerStats {
    pub(crate) fn new(observation: Observation) -> Self {
        let measured = observation.measures();
        Self {
            picks: Default::default(),
            calling: Counter::default(),
            parks: Counter::default(),
            asleep: Span::default(),
            busy: Counter::default(),
            runnable: Counter::default(),
            running_since: Counter::default(),
            config_version: Counter::default(),
            lost_reports: Counter::default(),
            answered: AtomicU64::new(0),
            loop_latency: measured.then(Histogram::new),
            wake_latency: measured.then(Histogram::new),
            called_at: Padded(AtomicU64::new(0)),
        }
    }

    /// A node was picked from `band`, and is about to be called.
    #[inline(always)]
    pub(crate) fn count_pick(&self, node: usize, band: Band) {
        self.picks[band.index()].add(1);
        self.calling.set(node as u64);
    }

    /// How many activations there were.
    pub(crate) fn activations(&self) -> u64 {
        self.picks.iter().map(Counter::get).sum()
    }

    /// It is about to sleep, from this moment if it reads the clock for that.
    pub(crate) fn fall_asleep(&self, from: Option<Timestamp>) {
        self.parks.add(1);
        if let Some(from) = from {
            self.asleep.begin(from);
        }
    }

    /// It slept from `since` until now.
    pub(crate) fn wake(&self, since: Timestamp, now: Timestamp) {
        self.asleep.end(now.max(since));
    }

    /// For how long it slept altogether until `now`, in nanoseconds; never less
    /// than was said before.
    pub(crate) fn asleep(&self, now: Timestamp) -> u64 {
        self.asleep.until(now)
    }

    /// It runs since now.
    pub(crate) fn start(&self, now: Timestamp) {
        self.running_since.set(now.as_nanos().saturating_add(1));
    }

    /// Since when it runs; `None` before.
    pub(crate) fn running_since(&self) -> Option<Timestamp> {
        let since = self.running_since.get().checked_sub(1)?;
        Some(Timestamp::from_nanos(since))
    }

    /// Another worker calls it from its sleep.
    pub(crate) fn call(&self, now: Timestamp) {
        // Relaxed, both here and below: a statistic. Should the sleeper see an
        // older call, that is from before it slept, and is not counted.
        self.called_at.store(now.as_nanos(), Ordering::Relaxed);
    }

    /// When it was last called from its sleep.
    pub(crate) fn called_at(&self) -> Timestamp {
        Timestamp::from_nanos(self.called_at.load(Ordering::Relaxed))
    }
}
