//! From one plain ring to the next, many messages in one loop.
//!
//! A message at a time, each step asks anew which kind of ring it has, whether
//! something is pending, whether there is room, and keeps its positions in
//! memory. Here all of that is asked once; what is left for each message is to
//! move it, and to publish it.

use super::consumer::Consumer;
use super::control::word;
use super::producer::Producer;
use super::ring::{Room, Writer};
use super::slots::View;
use crate::sync::{AtomicU64, Ordering, order};

/// Takes up to `most` messages from `consumer` while `go_on` says so, and
/// stores in `producer` what `derive` makes of each, if anything. Each result
/// shows at once, or [together](super::showing) with others; the room that was
/// taken is published as after [`Consumer::take`].
///
/// How many were taken. None: one of the rings is not plain, or there is
/// nothing to take, no room, or no leave to go on; `take` and
/// [`Producer::send`] tell.
///
/// A panic in `derive` leaves both ends as they were at that moment; the
/// message it had is taken.
///
/// # Real-time
/// Wait-free. Never more than is known to be pending and to have room, so it
/// may end before `most` for either reason.
#[inline(always)]
pub(crate) fn transfer<T, U>(
    consumer: &mut Consumer<T>,
    producer: &mut Producer<U>,
    most: u32,
    mut go_on: impl FnMut() -> bool,
    mut derive: impl FnMut(T) -> Option<U>,
) -> u64 {
    let (Some(reader), Some(writer)) = (consumer.plain(), producer.plain()) else {
        return 0;
    };
    let Room::Available(room) = writer.room() else {
        return 0;
    };
    let (from, pending) = reader.pending();
    let most = u64::from(most).min(room).min(pending);
    let mut filled = Filled::new(writer);
    for at in from..from + most {
        if !go_on() {
            return at - from;
        }
        reader.advance_to(at + 1);
        // SAFETY: the position is pending and was not taken before: its slot is
        // the reader's and holds a value (C3).
        let value = unsafe { reader.slots.take(reader.slots.index(at)) };
        if let Some(derived) = derive(value) {
            // SAFETY: at most one message is stored for each that is taken, and
            // there was room for as many.
            unsafe { filled.store(derived) };
        }
    }
    most
}

/// A writer whose position is kept here for the time being; it gets it back
/// when this is dropped, also by a panic.
struct Filled<'a, T> {
    slots: &'a View<T>,
    tail: &'a AtomicU64,
    home: &'a mut u64,
    position: u64,
}

impl<'a, T> Filled<'a, T> {
    #[inline(always)]
    fn new(writer: &'a mut Writer<T>) -> Self {
        Self {
            slots: &writer.slots,
            tail: writer.control.own_tail(),
            position: writer.position,
            home: &mut writer.position,
        }
    }

    /// Stores a message, and publishes it where messages show one by one.
    ///
    /// # Safety
    /// There is room.
    #[inline(always)]
    unsafe fn store(&mut self, value: T) {
        // SAFETY: there is room, so the slot is the writer's and empty.
        unsafe { self.slots.put(self.slots.index(self.position), value) };
        self.position += 1;
        // Release [T1]: the value is in the slot before the tail says so.
        let release = order("transfer-tail", Ordering::Release, Ordering::Relaxed);
        self.tail.store(word(self.position), release);
    }
}

impl<T> Drop for Filled<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.home = self.position;
    }
}
