//! Sends on a `Coalesce` edge: on the [claim ring](super::claim), with a merge
//! into the newest message when it is full.
//!
//! `MERGING` in the head withdraws the newest message from the consumer, and
//! only that: the older ones can be claimed meanwhile. The producer sets it by
//! exchanging the head that it saw last, so it has it only while the newest
//! message is not claimed, and the consumer claims what may be the newest only
//! by exchanging a head without it. So as long as it is set, the slot of the
//! newest message is the producer's.
//!
//! On a local edge nobody could claim meanwhile, and nothing is withdrawn.

use super::claim::Writer;
use super::control::{EdgeControl, MERGING};
use super::policy::Merge;
use crate::sync::{Ordering, mutant, order};

impl<T> Writer<T> {
    /// Stores `value`, or merges it into the newest message when the edge is
    /// full; whether it was merged.
    ///
    /// Wait-free but for the merge function: one exchange when full, and one
    /// more for each message that is claimed meanwhile.
    #[inline(always)]
    pub(super) fn push_coalesce(&mut self, value: T, capacity: u64, merge: &Merge<T>) -> bool {
        while self.pending() >= capacity {
            if self.withdraw_newest() {
                self.merge(value, merge);
                return true;
            }
        }
        self.store(self.next_column(), value);
        false
    }

    /// Withdraws the newest message from the consumer, unless that has claimed
    /// something since the head was last seen.
    #[inline]
    fn withdraw_newest(&mut self) -> bool {
        let head = self.head_seen();
        let merging = if self.control.is_local() {
            head
        } else {
            head | MERGING
        };
        // Release [M1]: a reader that finds this finds the tail as it is now, and
        // does not take an older message for the newest.
        let release = order("M1-withdraw", Ordering::Release, Ordering::Relaxed);
        self.change_head(head, merging, release)
    }

    /// Merges `value` into the newest message, which was withdrawn, and gives
    /// that back even when the merge function panics.
    fn merge(&mut self, value: T, merge: &Merge<T>) {
        let mut give_back = GiveBack {
            control: &self.control,
            merged: false,
        };
        // SAFETY: the newest message is pending and withdrawn: its slot is the
        // writer's, with the message in it.
        unsafe {
            self.slots
                .modify(self.newest_column(), |pending| merge.apply(pending, value));
        }
        give_back.merged = true;
    }
}

/// Ends a merge, also one that panics.
struct GiveBack<'a> {
    control: &'a EdgeControl,
    merged: bool,
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        let counters = &self.control.sent_side;
        if self.merged {
            counters.coalesced.add(1);
        } else {
            // The merge function had the new message, and unwinding drops it.
            counters.dropped.add(1);
            counters.merge_panics.add(1);
            if mutant("panicking-merge-keeps-the-message") {
                return;
            }
        }
        if !self.control.is_local() {
            self.control.end_merging();
        }
    }
}
