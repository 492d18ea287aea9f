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
use super::ledger::Fate;
use super::slots::{Slots, View};
use crate::sync::{Ordering, Shared, order};

/// The two ends of a new ring.
pub(super) fn pair<T>(
    control: &Shared<EdgeControl>,
    slots: &Shared<Slots<T>>,
) -> (Writer<T>, Reader<T>) {
    let writer = Writer {
        control: control.clone(),
        slots: View::new(slots),
        position: 0,
        head_seen: 0,
    };
    let reader = Reader {
        control: control.clone(),
        slots: View::new(slots),
        position: 0,
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
    pub(super) control: Shared<EdgeControl>,
    pub(super) slots: View<T>,
    /// The next position to fill. What is below is published, or left to
    /// [`EdgeControl::show`].
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

    /// Stores `value`, and [publishes](Self::publish) it.
    ///
    /// # Safety
    /// The last [`Writer::room`] was `Available`, and nothing was stored since.
    #[inline(always)]
    pub(super) unsafe fn store(&mut self, value: T) {
        // SAFETY: there is room.
        unsafe { self.fill(self.position, value) };
        self.publish(self.position + 1);
    }

    /// Stores messages while there is room, and publishes them together, room
    /// by room; how many.
    #[inline]
    pub(super) fn store_all(&mut self, values: &mut impl Iterator<Item = T>) -> u64 {
        let mut stored = 0;
        while let Room::Available(room) = self.room() {
            let mut batch = Batch {
                filled: self.position,
                writer: self,
            };
            let start = batch.filled;
            while batch.filled - start < room
                && let Some(value) = values.next()
            {
                // SAFETY: there was room for more than were filled since.
                unsafe { batch.writer.fill(batch.filled, value) };
                batch.filled += 1;
            }
            let filled = batch.filled - start;
            drop(batch);
            stored += filled;
            if filled < room {
                break;
            }
        }
        stored
    }

    /// Moves `value` into the slot of `position`.
    ///
    /// # Safety
    /// There is room at `position`, and nothing in it.
    #[inline(always)]
    unsafe fn fill(&self, position: u64, value: T) {
        let index = self.slots.index(position);
        // SAFETY: there is room, so the slot is the writer's and empty.
        unsafe { self.slots.put(index, value) };
    }

    /// Publishes everything stored below `position`; or leaves that to
    /// [`EdgeControl::show`].
    #[inline(always)]
    fn publish(&mut self, position: u64) {
        self.position = position;
        if self.control.shows_together() {
            return self.control.fill_in(position);
        }
        // Release [T1]: the values are in the slots before the tail says so.
        let release = order("ring-tail", Ordering::Release, Ordering::Relaxed);
        let tail = &self.control.producer.tail;
        tail.store(word(position), release);
    }
}

/// Messages that were stored and will be published together, also when the
/// iterator panics that they came from.
struct Batch<'a, T> {
    writer: &'a mut Writer<T>,
    /// The position after the last of them.
    filled: u64,
}

impl<T> Drop for Batch<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.filled != self.writer.position {
            self.writer.publish(self.filled);
        }
    }
}

/// The end that takes.
pub(super) struct Reader<T> {
    pub(super) control: Shared<EdgeControl>,
    pub(super) slots: View<T>,
    /// The next position to take; what is below may not be published yet.
    position: u64,
    /// The tail as last read. Never ahead of the real one.
    tail_seen: u64,
    /// Whether that was the last one: the writer was gone.
    closed: bool,
}

impl<T> Reader<T> {
    /// The next message, its slot published as room.
    #[inline(always)]
    pub(super) fn receive(&mut self) -> Option<T> {
        let value = self.next()?;
        self.publish();
        Some(value)
    }

    /// The next message, its slot not yet published as room.
    #[inline(always)]
    pub(super) fn take(&mut self, fate: Fate) -> Option<T> {
        let value = self.next()?;
        if fate == Fate::Withheld {
            self.control.taken_side.withheld.add(1);
        }
        Some(value)
    }

    /// What was taken last and [withheld](Fate::Withheld) is delivered after all.
    #[inline]
    pub(super) fn deliver(&self) {
        let withheld = &self.control.taken_side.withheld;
        withheld.set(withheld.get() - 1);
    }

    /// Publishes everything taken as room.
    #[inline(always)]
    pub(super) fn publish(&self) {
        self.control.publish_alone(self.position);
    }

    /// The next message. Looks at the writer's cache line only when nothing is
    /// left of what was seen there.
    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        let at = self.position;
        if at == self.tail_seen && !self.look_for_more() {
            return None;
        }
        self.advance_to(at + 1);
        // SAFETY: the position is below a tail that was seen, and was not taken
        // before: its slot is the reader's and holds a value (C3).
        Some(unsafe { self.slots.take(self.slots.index(at)) })
    }

    /// The next position to take, and how many messages are known to be pending
    /// from there on; at least one if there is any.
    #[inline(always)]
    pub(super) fn pending(&mut self) -> (u64, u64) {
        if self.position == self.tail_seen {
            self.look_for_more();
        }
        (self.position, self.tail_seen - self.position)
    }

    /// Records that everything below `position` was taken.
    #[inline(always)]
    pub(super) fn advance_to(&mut self, position: u64) {
        self.position = position;
        self.record();
    }

    /// Shows the position to others. (A `Run` does so at its end; it may have
    /// been leaked.)
    #[inline(always)]
    pub(super) fn record(&self) {
        self.control.taken_side.taken.set(self.position);
    }

    /// Up to `max` messages: those seen already, or if that are fewer, those of
    /// now.
    #[inline]
    pub(super) fn run(&mut self, max: usize) -> Run<'_, T> {
        let at = self.position;
        if self.tail_seen - at < max as u64 {
            self.look_for_more();
        }
        Run {
            at,
            end: self.tail_seen.min(at.saturating_add(max as u64)),
            reader: self,
        }
    }

    /// Whether something is pending by the writer's tail of now.
    #[inline]
    fn look_for_more(&mut self) -> bool {
        // Acquire [T2]: the values below this tail are in their slots.
        let acquire = order("ring-tail-load", Ordering::Acquire, Ordering::Relaxed);
        let tail = self.control.producer.tail.load(acquire);
        self.tail_seen = position(tail);
        self.closed = is_closed(tail);
        self.position != self.tail_seen
    }

    /// Whether there will be no more messages, as the last look showed that
    /// found none.
    #[inline(always)]
    pub(super) fn has_ended(&self) -> bool {
        self.closed
    }
}

/// Messages that are taken one by one, and published as room together.
pub(super) struct Run<'a, T> {
    reader: &'a mut Reader<T>,
    /// The reader's position: kept here as well, so that no message waits for
    /// what was stored for the one before.
    at: u64,
    /// At most the tail that the reader saw.
    end: u64,
}

impl<T> Run<'_, T> {
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<T> {
        if self.at == self.end {
            return None;
        }
        let index = self.reader.slots.index(self.at);
        self.at += 1;
        // Each time, so that nothing is taken twice should this be leaked.
        self.reader.position = self.at;
        // SAFETY: the position is below a tail that was seen, and was not taken
        // before: its slot is the reader's and holds a value (C3).
        Some(unsafe { self.reader.slots.take(index) })
    }

    /// How many messages are left.
    pub(super) fn left(&self) -> usize {
        (self.end - self.at) as usize
    }
}

impl<T> Drop for Run<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.reader.record();
        self.reader.publish();
    }
}
