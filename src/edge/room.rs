//! Room: how much there is, who waits for it, and who changes it.
//!
//! # Waiting for room
//!
//! `head` holds the consumer's position and, in the same word, the producer's
//! wish to be told about room. All of *publish* (the consumer made room),
//! *grow* and *close* are read-modify-writes on it, as is *wait*; these are
//! totally ordered. So either the wait comes later and sees the room (for a
//! changed limit by [W1→W2]), or it comes first and the other one sees
//! `WAITING` and must notify. No fence is needed, and no wake-up is lost.
//!
//! # Local edges
//!
//! When one thread uses both ends (an engine's worker whose two nodes they
//! are), nobody else may write `head`: then *publish* is a load and a store.
//! So *grow* and *close*, which other threads may call, leave `head` alone, and
//! have the producer notified whether it waits or not. If it looked at the old
//! limit, then before the notification reached it: it will look again.
//!
//! # Happens-before edges
//!
//! - **[H1→H2]** head: the values of all positions below it were moved out.
//! - **[W1→W2]** head: the limit written before it is visible.

use core::cell::Cell;

use super::control::{EdgeControl, GONE, REFUSES, WAITING, position, word};
use super::error::EdgeError;
use super::policy::PolicyKind;
use super::size::check_capacity;
use crate::sync::{Ordering, mutant, order};

impl EdgeControl {
    /// How many messages can be sent before a send is refused; no limit
    /// (`usize::MAX`) for policies that never refuse. Producer's thread.
    pub(crate) fn room(&self) -> usize {
        if self.kind != PolicyKind::Block {
            return usize::MAX;
        }
        // Relaxed: the sends look again, and see this head or a later one.
        self.room_at(self.head.load(Ordering::Relaxed))
    }

    /// Whether so many messages surely can be sent now. Looks at the
    /// consumer's cache line only when the room by the position `seen` there
    /// before does not suffice. Producer's thread.
    #[inline(always)]
    pub(crate) fn has_room_for(&self, messages: u64, seen: &Cell<u64>) -> bool {
        let tail = self.stored();
        let limit = self.limit();
        if (tail - seen.get() + messages).cast_signed() <= limit {
            return true;
        }
        // Relaxed: as above.
        seen.set(position(self.head.load(Ordering::Relaxed)));
        (tail - seen.get() + messages).cast_signed() <= limit
    }

    /// Room by this head word. Once the consumer is gone there is always
    /// "room": a send will not wait, it will report `Closed`.
    fn room_at(&self, head: u64) -> usize {
        let limit = self.limit();
        if limit < 0 {
            return usize::MAX;
        }
        let tail = self.stored();
        let pending = (tail - position(head)).cast_signed();
        (limit - pending).max(0) as usize
    }

    /// Asks to be told when there is room for `need` messages (no more than
    /// the capacity). `true`: there is none, and somebody will be told to
    /// notify the producer. `false`: there is room already, and nobody waits; a
    /// notification may follow all the same. Producer's thread.
    #[must_use]
    pub(crate) fn wait_for_room(&self, need: usize) -> bool {
        if self.kind != PolicyKind::Block {
            return false;
        }
        let head = if mutant("wait-without-rmw") {
            let head = self.head.load(Ordering::Acquire);
            self.head.store(head | WAITING, Ordering::Release);
            head
        } else {
            // Acquire [W2]: when it comes after a re-arming, the new limit is
            // visible.
            self.head
                .fetch_or(WAITING, order("wait", Ordering::Acquire, Ordering::Relaxed))
        };
        let waits = self.room_at(head) < need.min(self.capacity());
        if !waits {
            // So that nobody takes it for a wait, see `is_awaited`. Relaxed: it
            // takes back what this thread alone has said.
            self.head.fetch_and(!WAITING, Ordering::Relaxed);
        }
        waits
    }

    /// Publishes what was taken as room. `true`: the producer waits for it and
    /// must be notified. Consumer's thread, once per activation.
    #[inline]
    #[must_use]
    pub(crate) fn publish(&self) -> bool {
        let taken = self.taken_side.taken.get();
        if self.taken_side.published.get() == taken {
            return false;
        }
        self.taken_side.published.set(taken);
        if self.kind != PolicyKind::Block {
            self.publish_alone(taken); // nobody ever waits
            return false;
        }
        if self.is_local() {
            // Relaxed: only this thread writes it.
            let before = self.head.load(Ordering::Relaxed);
            self.publish_alone(taken);
            return before & WAITING != 0 && !mutant("local-publish-forgets-waiting");
        }
        // Release [H1], [Q1]: the values were moved out, and the consumer was
        // marked busy, before this shows.
        let release = order("publish", Ordering::Release, Ordering::Relaxed);
        if mutant("publish-without-rmw") {
            let waiting = self.head.load(Ordering::Acquire) & WAITING != 0;
            self.head.store(word(taken), release);
            return waiting;
        }
        let before = self.head.swap(word(taken), release);
        before & WAITING != 0 && !mutant("publish-forgets-waiting")
    }

    /// Publishes what was taken, when nobody waits or only this thread could.
    /// Consumer's thread.
    #[inline(always)]
    pub(super) fn publish_alone(&self, taken: u64) {
        // Release [H1], [Q1]: as above.
        let release = order("publish-alone", Ordering::Release, Ordering::Relaxed);
        self.head.store(word(taken), release);
    }

    /// From now on one thread uses both ends, and it alone calls
    /// [`EdgeControl::publish`] and [`EdgeControl::wait_for_room`]. Before
    /// either end is in use.
    pub(crate) fn mark_local(&self) {
        // Relaxed: whoever uses the edge got it after this.
        self.local.store(true, Ordering::Relaxed);
    }

    #[inline(always)]
    fn is_local(&self) -> bool {
        self.local.load(Ordering::Relaxed)
    }

    /// Whether the edge can have this capacity.
    pub(crate) fn check_capacity(&self, capacity: usize) -> Result<(), EdgeError> {
        check_capacity(capacity, self.max_capacity)
    }

    /// Changes the capacity, from any thread; lock-free (it retries only when
    /// another change came in between). `true`: the producer waits for room,
    /// or may be about to, and must be notified.
    ///
    /// A smaller capacity takes effect as `Block` and `Drop` edges drain, and
    /// with the next send on `Latest`; `Coalesce` merges until then.
    pub(crate) fn set_capacity(&self, capacity: usize) -> Result<bool, EdgeError> {
        self.check_capacity(capacity)?;
        // The closure never refuses, so this is always `Ok`.
        let _ = self
            .limit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |limit| {
                Some(limit & (REFUSES | GONE) | capacity as u64)
            });
        Ok(!mutant("grow-forgets-waiting") && self.rearm())
    }

    /// Marks the consumer as gone: from now on nothing can be sent. `true`:
    /// the producer waits for room, or may be about to, and must be notified.
    /// Any thread, once the consumer takes no more.
    #[must_use]
    pub(crate) fn close_consumer(&self) -> bool {
        self.limit.fetch_or(REFUSES | GONE, Ordering::Relaxed);
        !mutant("close-forgets-waiting") && self.rearm()
    }

    /// After a change of the limit: whether the producer must be notified.
    fn rearm(&self) -> bool {
        if self.kind != PolicyKind::Block {
            return false;
        }
        if self.is_local() {
            let waits = || self.head.load(Ordering::Relaxed) & WAITING != 0;
            return !mutant("local-limit-by-waiting") || waits();
        }
        // Release [W1]: a producer that begins to wait later sees the limit.
        let release = order("rearm", Ordering::Release, Ordering::Relaxed);
        self.head.fetch_and(!WAITING, release) & WAITING != 0
    }
}
