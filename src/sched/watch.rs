//! Budgets: an activation that takes longer than its node may.
//!
//! A watched activation is timed like a sampled one: by the reading at its
//! beginning and the one at the beginning of the turn that follows. So the clock
//! is read once for it, and once more for an activation behind it that would not
//! have read it. What is done about an overrun is done in the turn after that,
//! between two activations.
//!
//! Whether an activation is over its budget that has not come back, others see
//! by its beginning, see [`NodeStats::watched_since`].

use core::time::Duration;

use crate::time::{Timestamp, saturating_nanos};

use super::faults::{FaultCause, Hook};
use super::shared::COMMAND;
use super::stats::NodeStats;
use super::worker::Worker;

/// The watched activation that has no end yet, and the one that was too long.
#[derive(Debug)]
pub(super) struct Watch {
    on: Option<On>,
    /// A node, and how long it took. At most one: it is taken before the next
    /// activation that could be another.
    overrun: Option<(usize, Duration)>,
}

#[derive(Clone, Copy, Debug)]
struct On {
    node: usize,
    at: Timestamp,
    /// The countdown of the samples, which stands still meanwhile.
    left: u32,
}

impl Watch {
    pub(super) const fn new() -> Self {
        Self {
            on: None,
            overrun: None,
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.on.is_some()
    }

    pub(super) fn countdown(&self) -> Option<u32> {
        self.on.map(|on| on.left)
    }

    pub(super) fn begin(&mut self, node: usize, at: Timestamp, left: u32, stats: &NodeStats) {
        stats.watched_since.set(at.as_nanos().saturating_add(1));
        self.on = Some(On { node, at, left });
    }
}

impl Worker {
    /// The clock was read after a watched activation, if there was one.
    pub(super) fn end_watch(&mut self, now: Timestamp) {
        let Some(On { node, at, .. }) = self.timing.watch.on.take() else {
            return;
        };
        let cell = &self.core.local.cells[node];
        cell.stats.watched_since.set(0);
        let took = now.since(at);
        if saturating_nanos(took) > cell.budget {
            self.timing.watch.overrun = Some((node, took));
            // Not now: an activation is about to begin.
            self.mail.notify(COMMAND);
        }
    }

    /// Does what the node's policy says about an overrun.
    pub(super) fn judge_overrun(&mut self, now: Timestamp) {
        let Some((node, took)) = self.timing.watch.overrun.take() else {
            return;
        };
        let budget = Duration::from_nanos(self.core.local.cells[node].budget);
        let cause = FaultCause::Overrun { took, budget };
        let place = &mut self.nodes[node];
        self.core.fault(node, place, Hook::Activation, cause, now);
    }
}
