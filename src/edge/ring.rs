//! The plain ring, for `Block` and `Drop`: Lamport's queue, with each end
//! caching the other's position.
//!
//! # Who owns which slot
//!
//! With `w` the writer's position, `r` the reader's: slots of positions `r..w`
//! hold a value each (C3), and
//!
//! - the **reader** owns those below the tail it saw; it got them by [T1→T2];
//! - the **writer** owns all others but those from the published head up to
//!   `r`, which are empty and on their way to it by [H1→H2].
//!
//! The writer fills a slot only while `w - head_seen` is below the capacity,
//! which is at most the number of slots (C1): so that slot is its own.

use super::control::{EdgeControl, is_closed, position, word};
use super::slots::{Slots, View};
use crate::sync::{Arc, Ordering, order};

/// The two ends of a new ring.
pub(super) fn pair<T>(control: &Arc<EdgeControl>, slots: &Arc<Slots<T>>) -> (Writer<T>, Reader<T>) {
    let writer = Writer {
        control: control.clone(),
        slots: View::new(slots),
        position: 0,
        head_seen: 0,
    };
    let reader = Reader {
        control: control.clone(),
        slots: View::new(slots),
        tail_seen: 0,
        closed: false,
    };
    (writer, reader)
}

/// Whether messages can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// For this many at least, and for one at least.
    Available(u64),
    Full,
    /// The reader is gone.
    Closed,
}

/// The end that stores.
pub(super) struct Writer<T> {
    pub(super) control: Arc<EdgeControl>,
    pub(super) slots: View<T>,
    /// The next position to fill; what is below may not be published yet.
    pub(super) position: u64,
    /// The head as last read. Never ahead of the real one.
    head_seen: u64,
}

impl<T> Writer<T> {
    /// How much room there is. Looks at the reader's cache line only when the
    /// room last seen there is used up.
    #[inline(always)]
    pub(super) fn room(&mut self) -> Room {
        match self.room_seen(self.control.limit()) {
            Some(room) => room,
            None => self.look_for_room(),
        }
    }

    #[inline(always)]
    fn room_seen(&self, limit: i64) -> Option<Room> {
        let pending = (self.position - self.head_seen).cast_signed();
        (pending < limit).then(|| Room::Available((limit - pending).cast_unsigned()))
    }

    /// Room by the reader's position of now.
    #[inline]
    fn look_for_room(&mut self) -> Room {
        let limit = self.control.limit();
        if limit < 0 {
            return Room::Closed;
        }
        // Acquire [H2]: the reader has moved the values out of the slots that
        // this makes ours.
        let acquire = order("ring-head", Ordering::Acquire, Ordering::Relaxed);
        self.head_seen = position(self.control.head.load(acquire));
        self.room_seen(limit).unwrap_or(Room::Full)
    }

    /// Stores `value` without publishing it.
    ///
    /// # Safety
    /// The last [`Writer::room`] was `Available` for more than the number of
    /// calls since.
    #[inline(always)]
    pub(super) unsafe fn fill(&mut self, value: T) {
        let index = self.slots.index(self.position);
        // SAFETY: there is room, so the slot is the writer's and empty.
        unsafe { self.slots.put(index, value) };
        self.position += 1;
    }

    /// Publishes everything stored.
    #[inline(always)]
    pub(super) fn publish(&self) {
        // Release [T1]: the values are in the slots before the tail says so.
        let release = order("ring-tail", Ordering::Release, Ordering::Relaxed);
        let tail = &self.control.producer.tail;
        tail.store(word(self.position), release);
    }
}

/// The end that takes. Its position is the control block's `taken`.
pub(super) struct Reader<T> {
    pub(super) control: Arc<EdgeControl>,
    pub(super) slots: View<T>,
    /// The tail as last read. Never ahead of the real one.
    tail_seen: u64,
    /// Whether that was the last one: the writer was gone.
    closed: bool,
}

impl<T> Reader<T> {
    /// The next message, its slot not yet published as room. Looks at the
    /// writer's cache line only when nothing is left of what was seen there.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Option<T> {
        let at = self.control.taken_side.taken.get();
        if at == self.tail_seen && !self.look_for_more(at) {
            return None;
        }
        self.control.taken_side.taken.set(at + 1);
        // SAFETY: the position is below a tail that was seen, and was not taken
        // before: its slot is the reader's and holds a value (C3).
        Some(unsafe { self.slots.take(self.slots.index(at)) })
    }

    /// The next position to take, and how many messages are known to be pending
    /// from there on; at least one if there is any.
    #[inline(always)]
    pub(super) fn pending(&mut self) -> (u64, u64) {
        let at = self.control.taken_side.taken.get();
        if at == self.tail_seen {
            self.look_for_more(at);
        }
        (at, self.tail_seen - at)
    }

    /// Whether something is pending at `at` by the writer's tail of now.
    #[inline]
    fn look_for_more(&mut self, at: u64) -> bool {
        // Acquire [T2]: the values below this tail are in their slots.
        let acquire = order("ring-tail-load", Ordering::Acquire, Ordering::Relaxed);
        let tail = self.control.producer.tail.load(acquire);
        self.tail_seen = position(tail);
        self.closed = is_closed(tail);
        at != self.tail_seen
    }

    /// Whether there will be no more messages, as the last look showed that
    /// found none.
    #[inline(always)]
    pub(super) fn has_ended(&self) -> bool {
        self.closed
    }
}
