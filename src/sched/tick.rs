//! Cadences: when which node's tick is due.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::time::Timestamp;

/// The cadences of one worker's nodes, soonest first.
///
/// A tick is due at whole multiples of its interval after the start, however
/// late earlier ones were served: lateness does not add up to drift. Times
/// that passed completely are skipped and counted as missed, not made up for
/// in a burst.
#[derive(Debug)]
pub(crate) struct Timers {
    /// Preallocated: a node has at most one entry.
    heap: BinaryHeap<Reverse<Entry>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    due: Timestamp,
    node: usize,
    interval: u64,
}

/// A tick whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) node: usize,
    pub(crate) at: Timestamp,
    pub(crate) interval: u64,
    /// Later ticks of the same cadence whose time has come as well.
    pub(crate) skipped: u64,
}

/// A tick is late when it begins more than this fraction of its interval
/// after it was due.
const LATE_FRACTION: u64 = 10;

impl Due {
    /// How late the tick is when it begins at `now`, in nanoseconds.
    pub(crate) fn lateness(&self, now: Timestamp) -> u64 {
        now.as_nanos().saturating_sub(self.at.as_nanos())
    }

    /// Whether it counts as late when it begins at `now`.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        self.lateness(now) > self.interval / LATE_FRACTION
    }
}

impl Timers {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(nodes),
        }
    }

    /// Adds a cadence of `interval` nanoseconds that begins at `start`: the
    /// first tick is due one interval later. Zero adds nothing.
    pub(crate) fn add(&mut self, node: usize, interval: u64, start: Timestamp) {
        if interval > 0 {
            let due = Timestamp::from_nanos(start.as_nanos().saturating_add(interval));
            self.heap.push(Reverse(Entry {
                due,
                node,
                interval,
            }));
        }
    }

    /// Forgets the cadence of `node`.
    pub(crate) fn remove(&mut self, node: usize) {
        self.heap.retain(|Reverse(entry)| entry.node != node);
    }

    /// Forgets all cadences; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
    }

    /// When the next tick is due, if any cadence is set.
    #[inline]
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    /// Takes one tick that is due at `now`, and arms the next of its cadence
    /// that lies in the future.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Due> {
        let mut top = self.heap.peek_mut()?;
        let entry = top.0;
        if entry.due > now {
            return None;
        }
        let skipped = (now.as_nanos() - entry.due.as_nanos()) / entry.interval;
        let step = entry.interval.saturating_mul(skipped + 1);
        top.0.due = Timestamp::from_nanos(entry.due.as_nanos().saturating_add(step));
        Some(Due {
            node: entry.node,
            at: entry.due,
            interval: entry.interval,
            skipped,
        })
    }

    /// Bytes that the cadences of `nodes` nodes occupy.
    pub(crate) const fn footprint(nodes: usize) -> usize {
        size_of::<Self>() + nodes * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn ticks_come_in_order_of_their_due_times() {
        let mut timers = Timers::new(2);
        timers.add(0, 30, at(0));
        timers.add(1, 20, at(0));
        assert_eq!(timers.next_due(), Some(at(20)));
        assert_eq!(timers.take_due(at(19)), None);
        assert_eq!(timers.take_due(at(35)).map(|due| due.node), Some(1));
        assert_eq!(timers.take_due(at(35)).map(|due| due.node), Some(0));
        assert_eq!(timers.take_due(at(35)), None);
    }

    #[test]
    fn a_late_tick_does_not_shift_the_following_ones() {
        let mut timers = Timers::new(1);
        timers.add(0, 100, at(0));
        let due = timers.take_due(at(130)).unwrap();
        assert_eq!((due.at, due.skipped), (at(100), 0));
        assert_eq!(timers.next_due(), Some(at(200)));
    }

    #[test]
    fn times_that_passed_completely_are_skipped_and_counted() {
        let mut timers = Timers::new(1);
        timers.add(0, 100, at(0));
        let due = timers.take_due(at(450)).unwrap();
        assert_eq!((due.at, due.skipped), (at(100), 3));
        assert_eq!(timers.next_due(), Some(at(500)));
        assert_eq!(timers.take_due(at(499)), None);
    }

    #[test]
    fn a_cadence_can_be_forgotten_alone_or_with_all_others() {
        let mut timers = Timers::new(2);
        timers.add(0, 30, at(0));
        timers.add(1, 20, at(0));
        timers.remove(1);
        assert_eq!(timers.next_due(), Some(at(30)));
        timers.clear();
        assert_eq!(timers.next_due(), None);
    }

    #[test]
    fn a_tick_is_late_after_a_tenth_of_its_interval() {
        let mut timers = Timers::new(1);
        timers.add(0, 1_000, at(0));
        let due = timers.take_due(at(1_000)).unwrap();
        assert_eq!(due.lateness(at(999)), 0);
        assert_eq!(due.lateness(at(1_100)), 100);
        assert!(!due.is_late(at(1_100)));
        assert!(due.is_late(at(1_101)));
    }

    #[test]
    fn the_footprint_is_the_heap_and_an_entry_for_each_node() {
        let empty = Timers::footprint(0);
        assert_eq!(empty, size_of::<Timers>());
        assert_eq!(Timers::footprint(3), empty + 3 * size_of::<Entry>());
    }

    #[test]
    fn an_interval_of_zero_adds_nothing() {
        let mut timers = Timers::new(1);
        timers.add(0, 0, at(0));
        assert_eq!(timers.next_due(), None);
    }

    #[test]
    fn the_end_of_time_does_not_overflow() {
        let mut timers = Timers::new(1);
        timers.add(0, u64::MAX / 2, at(u64::MAX - 1));
        let due = timers.take_due(at(u64::MAX)).unwrap();
        assert_eq!(due.at, at(u64::MAX));
    }
}
