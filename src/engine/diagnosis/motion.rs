//! What has moved since it was looked at before.

use alloc::vec::Vec;
use core::time::Duration;

use crate::time::Timestamp;

/// What the looks before have seen.
#[derive(Debug)]
pub(crate) struct Motion {
    /// By edge: how far its consumer has come.
    pub(super) edges: Vec<Still>,
    /// By worker: its activations.
    pub(super) workers: Vec<Still>,
}

/// Something that should move on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Still {
    /// `None` before the first look.
    mark: Option<u64>,
    /// Of something else at the first of the looks that saw this mark.
    beside: u64,
    since: Timestamp,
}

impl Motion {
    /// For so many edges and workers.
    pub(crate) fn new(edges: usize, workers: usize) -> Self {
        Self {
            edges: vec![Still::default(); edges],
            workers: vec![Still::default(); workers],
        }
    }

    /// Time passed in which nothing could move: it counts for nobody. `now` is
    /// at its end.
    pub(super) fn leave_out(&mut self, passed: Duration, now: Timestamp) {
        for still in self.edges.iter_mut().chain(&mut self.workers) {
            still.since = still.since.after(passed).min(now);
        }
    }
}

impl Still {
    /// How long it has stood still at `now`, and whether `beside` has changed
    /// meanwhile. What has no reason to move does not count as standing still.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        mark: u64,
        beside: u64,
        should_move: bool,
    ) -> (Duration, bool) {
        if !should_move || self.mark != Some(mark) {
            *self = Self {
                mark: Some(mark),
                beside,
                since: now,
            };
        }
        (now.since(self.since), self.beside != beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_should_move_and_does_not_stands_still() {
        let mut still = Still::default();
        let at = Timestamp::from_nanos;
        let nanos = Duration::from_nanos;
        assert_eq!(still.look(at(5), 7, 1, true), (nanos(0), false));
        assert_eq!(still.look(at(9), 7, 1, true), (nanos(4), false));
        assert_eq!(still.look(at(10), 7, 2, true), (nanos(5), true));
        assert_eq!(still.look(at(11), 8, 2, true), (nanos(0), false), "moved");
        assert_eq!(still.look(at(15), 8, 2, false), (nanos(0), false), "rests");
        assert_eq!(still.look(at(16), 8, 2, true), (nanos(1), false));
    }

    #[test]
    fn time_that_is_left_out_does_not_count_as_standing_still() {
        let mut motion = Motion::new(1, 1);
        let at = Timestamp::from_nanos;
        let nanos = Duration::from_nanos;
        motion.edges[0].look(at(5), 7, 1, true);
        motion.workers[0].look(at(95), 3, 0, true);
        motion.leave_out(nanos(90), at(100));
        assert_eq!(
            motion.edges[0].look(at(100), 7, 1, true),
            (nanos(5), false),
            "what stood still before still does"
        );
        assert_eq!(motion.workers[0].look(at(101), 3, 0, true).0, nanos(1));
    }

    #[test]
    fn the_first_look_begins_the_count() {
        // At the mark that a fresh engine has.
        let mut still = Motion::new(1, 0).edges[0];
        let late = Timestamp::from_nanos(1_000_000);
        assert_eq!(still.look(late, 0, 0, true).0, Duration::ZERO);
    }
}
