//! Statistics of edges that the scheduler keeps; what the edges count
//! themselves is in their ledgers.

use crate::metrics::{Histogram, Observation};
use crate::sync::Counter;
use crate::time::Timestamp;
use crate::util::Padded;

use super::span::Span;
use super::watermark::CallAt;

/// What an edge did to time. Each half is written by the worker of one end.
#[derive(Debug, Default)]
pub(crate) struct EdgeStats {
    pub(crate) producer: Padded<ProducerStats>,
    /// Read by the producer, where the edge has watermarks.
    pub(crate) call_at: CallAt,
    /// How long messages waited, with metrics on. By the consumer's worker.
    pub(crate) queue_age: Padded<Option<Histogram>>,
}

/// By the producer's worker.
#[derive(Debug, Default)]
pub(crate) struct ProducerStats {
    /// The most messages seen pending.
    high_water: Counter,
    /// How often the producer was held.
    holds: Counter,
    /// For how long the producer was held.
    blocked: Span,
    /// One more than the moment since which the producer is held; zero while
    /// it is not. Not to be put together with `blocked`: see [`Span`].
    held_since: Counter,
}

impl EdgeStats {
    pub(crate) fn new(observation: Observation) -> Self {
        let measured = observation.measures();
        Self {
            producer: Padded::default(),
            call_at: CallAt::default(),
            queue_age: Padded(measured.then(Histogram::new)),
        }
    }

    /// Bytes that the statistics of an edge occupy.
    pub(crate) const fn footprint(observation: Observation) -> usize {
        let histogram = if observation.measures() {
            Histogram::heap_bytes()
        } else {
            0
        };
        size_of::<Self>() + histogram
    }
}

impl ProducerStats {
    /// So many messages are pending.
    #[inline(always)]
    pub(crate) fn see_depth(&self, depth: usize) {
        if depth as u64 > self.high_water.get() {
            self.high_water.set(depth as u64);
        }
    }

    pub(crate) fn high_water(&self) -> usize {
        self.high_water.get() as usize
    }

    /// The producer is held from now on.
    pub(crate) fn hold(&self, now: Timestamp) {
        self.holds.add(1);
        self.held_since.set(now.as_nanos().saturating_add(1));
        self.blocked.begin(now);
    }

    /// The producer was held since then, and is not any more.
    pub(crate) fn release(&self, since: Timestamp, now: Timestamp) {
        self.blocked.end(now.max(since));
        self.held_since.set(0);
    }

    /// How often the producer was held.
    pub(crate) fn holds(&self) -> u64 {
        self.holds.get()
    }

    /// For how long the producer was held altogether until `now`, in
    /// nanoseconds; never less than was said before.
    pub(crate) fn blocked(&self, now: Timestamp) -> u64 {
        self.blocked.until(now)
    }

    /// Since when the producer is held, if it is.
    pub(crate) fn held_since(&self) -> Option<Timestamp> {
        let since = self.held_since.get().checked_sub(1)?;
        Some(Timestamp::from_nanos(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_time_includes_the_present_hold() {
        let stats = ProducerStats::default();
        let at = Timestamp::from_nanos;
        assert_eq!(stats.held_since(), None);
        stats.hold(at(0));
        assert_eq!(stats.held_since(), Some(at(0)));
        assert_eq!(stats.blocked(at(7)), 7);
        stats.release(at(0), at(10));
        assert_eq!(stats.blocked(at(50)), 10);
        stats.hold(at(60));
        assert_eq!((stats.holds(), stats.blocked(at(65))), (2, 15));
    }
}
