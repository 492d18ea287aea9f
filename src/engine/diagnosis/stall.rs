//! The stall detector: looks now and then whether messages stand still.

use core::time::Duration;

use crate::time::{Clock, MonotonicClock, Timestamp};

use super::super::blueprint::Blueprint;
use super::Stall;
use super::causes::Root;

/// How many looks are taken in the time after which a stall is reported.
const LOOKS: u32 = 4;

/// On the supervisor's thread.
pub(crate) struct StallDetector {
    limit: Duration,
    /// The machine's: looks come in real time, whatever clock the nodes see.
    clock: MonotonicClock,
    next_look: Timestamp,
    /// What was reported and has not changed since.
    known: Vec<Root>,
}

impl StallDetector {
    pub(crate) fn new(limit: Duration) -> Self {
        let clock = MonotonicClock::new();
        Self {
            limit,
            next_look: clock.now(),
            clock,
            known: Vec::new(),
        }
    }

    /// How long to sleep until the next look.
    pub(crate) fn until_look(&self) -> Duration {
        self.next_look.since(self.clock.now())
    }

    /// Takes a look if it is time. A stall that was not reported yet.
    pub(crate) fn look(&mut self, blueprint: &Blueprint) -> Option<Stall> {
        let now = self.clock.now();
        if now < self.next_look {
            return None;
        }
        let interval = (self.limit / LOOKS).max(Duration::from_millis(1));
        self.next_look = now.after(interval);
        let facts = blueprint.facts();
        let causes = facts.causes(self.limit, |edge| edge.unmoved >= self.limit);
        let known = core::mem::replace(&mut self.known, causes);
        let new = self.known.iter().filter(|cause| !known.contains(cause));
        let new: Vec<_> = new.map(|root| blueprint.name_cause(&facts, root)).collect();
        if new.is_empty() {
            return None;
        }
        let still = facts.edges.iter().map(|edge| edge.unmoved);
        Some(Stall {
            lasting: still.max().unwrap_or_default(),
            causes: new,
            diagnosis: blueprint.name(&facts, &self.known),
        })
    }
}
