//! The receiving end.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::control::EdgeControl;
use super::error::RecvError;
use super::exchange::{self, Popped};
use super::ledger::Fate;
use super::monitor::Monitor;
use super::ring;
use crate::sync::{Shared, seeded_bug};
use crate::util::drop_quietly;

/// The receiving end of an edge. Dropping it closes the edge: sends fail from
/// then on, and what is pending is dropped and counted as discarded.
///
/// It can be moved to another thread, but there is only one of it, and only
/// one thread can use it at a time:
///
/// ```compile_fail,E0599
/// # use tidegate::edge::{Policy, channel};
/// let (_producer, consumer) = channel::<u8>(1, Policy::Block)?;
/// let second = consumer.clone();
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
///
/// ```compile_fail,E0277
/// # use tidegate::edge::{Policy, channel};
/// fn share<S: Sync>(_: &S) {}
/// let (_producer, consumer) = channel::<u8>(1, Policy::Block)?;
/// share(&consumer);
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
///
/// ```
/// # use tidegate::edge::{Policy, channel};
/// fn give_away<S: Send>(_: &S) {}
/// let (_producer, consumer) = channel::<u8>(1, Policy::Block)?;
/// give_away(&consumer);
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
pub struct Consumer<T> {
    side: Side<T>,
    /// How old a message may be that is delivered; for nodes and doors, which
    /// [take](Consumer::take_young) accordingly.
    max_age: Option<Duration>,
    not_sync: PhantomData<Cell<()>>,
}

enum Side<T> {
    Ring(ring::Reader<T>),
    /// The same ring with a look at each message before it is delivered: so
    /// that the others need not ask whether there is to be one.
    Aged(ring::Reader<T>),
    Exchange(exchange::Reader<T>),
}

impl<T> Consumer<T> {
    const fn new(side: Side<T>, max_age: Option<Duration>) -> Self {
        Self {
            side,
            max_age,
            not_sync: PhantomData,
        }
    }

    pub(super) const fn ring(reader: ring::Reader<T>, max_age: Option<Duration>) -> Self {
        let side = match max_age {
            None => Side::Ring(reader),
            Some(_) => Side::Aged(reader),
        };
        Self::new(side, max_age)
    }

    pub(super) const fn exchange(reader: exchange::Reader<T>, max_age: Option<Duration>) -> Self {
        Self::new(Side::Exchange(reader), max_age)
    }

    /// Receives the oldest pending message. Its room is the producer's at
    /// once.
    ///
    /// While the producer of a `Coalesce` edge merges into the only pending
    /// message, that one is not there to be received: the edge is `Empty`
    /// until the send returns.
    ///
    /// # Errors
    /// [`RecvError::Empty`] when nothing is pending, [`RecvError::Closed`]
    /// when in addition the producer is gone.
    ///
    /// # Real-time
    /// Never allocates. Wait-free, but on `Latest` edges lock-free: it starts
    /// over when the producer evicts the very message it goes after, which
    /// takes a send each time.
    #[inline(always)]
    pub fn recv(&mut self) -> Result<T, RecvError> {
        match &mut self.side {
            Side::Ring(ring) | Side::Aged(ring) => match ring.receive() {
                Some(value) => Ok(value),
                None => Err(nothing(ring.has_ended())),
            },
            Side::Exchange(ring) => match next_exchanged(ring, Fate::Delivered) {
                Some(value) => Ok(value),
                None => Err(nothing(ring.control.has_ended())),
            },
        }
    }

    /// Receives up to `max` messages, of those that are pending at the moment:
    /// an iterator over them. (On `Latest` and `Coalesce` edges it also gives
    /// what is sent in the meantime, up to `max`.)
    ///
    /// # Real-time
    /// Each step as [`Consumer::recv`]. The room is published once, when the
    /// iterator is dropped: the producer's cache misses once per batch, and a
    /// producer that needs the room waits until then.
    #[inline]
    pub fn drain(&mut self, max: usize) -> Drain<'_, T> {
        Drain(match &mut self.side {
            Side::Ring(ring) | Side::Aged(ring) => Batch::Ring(ring.run(max)),
            Side::Exchange(ring) => Batch::Exchange(ring, max),
        })
    }

    /// Drops everything that is pending, counted as discarded; how much it
    /// was. A panic in the `Drop` of a message is caught and counted.
    ///
    /// # Real-time
    /// Lock-free: ends when it finds the edge empty, which a producer that
    /// goes on sending can put off.
    pub fn discard(&mut self) -> usize {
        let discarded = self.throw_away();
        if let Side::Ring(ring) | Side::Aged(ring) = &self.side {
            ring.publish();
        }
        discarded
    }

    /// As [`Consumer::discard`], without publishing the room: the scheduler
    /// does that ([`EdgeControl::publish`]).
    pub(crate) fn throw_away(&mut self) -> usize {
        if let Side::Ring(ring) | Side::Aged(ring) = &self.side {
            ring.record();
        }
        let mut discarded = 0;
        while let Some(value) = self.next(Fate::Withheld) {
            let counters = &self.control().taken_side;
            if !seeded_bug("discarded-uncounted") {
                counters.discarded.add(1);
            }
            if seeded_bug("discarded-leaks") {
                core::mem::forget(value);
                continue;
            }
            if !drop_quietly(value) {
                counters.drop_panics.add(1);
            }
            discarded += 1;
        }
        discarded
    }

    /// As [`Consumer::take`], in place of the node that it is for: the message
    /// counts as a dead letter. Lock-free, as [`Consumer::recv`].
    pub(crate) fn take_dead_letter(&mut self) -> Option<T> {
        let message = self.next(Fate::Withheld)?;
        if !seeded_bug("dead-letter-uncounted") {
            self.control().taken_side.dead_letters.add(1);
        }
        Some(message)
    }

    /// Takes the oldest pending message, without publishing its room: the
    /// scheduler does that once per activation ([`EdgeControl::publish`]).
    ///
    /// Wait-free. `None` may also mean that the producer of a `Latest` edge
    /// was faster several times: [`EdgeControl::has_pending`] tells.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        match &mut self.side {
            Side::Ring(ring) | Side::Aged(ring) => ring.take(Fate::Delivered),
            Side::Exchange(ring) => take_exchanged(ring),
        }
    }

    /// How old a message may be that is delivered, if there is a limit: then it
    /// is to be taken by [`Consumer::take_young`].
    #[inline(always)]
    pub(crate) const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// As [`Consumer::take`], of messages that are not too old: others are
    /// dropped, and count as expired. A panic in the `Drop` of a message is
    /// caught and counted.
    ///
    /// Wait-free: drops what was pending at the call, at most.
    pub(crate) fn take_young(&mut self, is_too_old: impl Fn(&T) -> bool) -> Option<T> {
        for _ in 0..self.len() {
            let message = self.next(Fate::Withheld)?;
            let counters = &self.control().taken_side;
            if !is_too_old(&message) {
                match &mut self.side {
                    Side::Ring(ring) | Side::Aged(ring) => ring.deliver(),
                    Side::Exchange(ring) => ring.deliver(),
                }
                return Some(message);
            }
            counters.expired.add(1);
            if !drop_quietly(message) {
                counters.drop_panics.add(1);
            }
        }
        None
    }

    /// The ring of a `Block` or `Drop` edge.
    #[inline(always)]
    pub(super) const fn plain(&mut self) -> Option<&mut ring::Reader<T>> {
        match &mut self.side {
            Side::Ring(ring) => Some(ring),
            Side::Aged(_) | Side::Exchange(_) => None,
        }
    }

    /// As [`Consumer::take`], of a plain ring; otherwise `None`, for a `take`
    /// to follow. Inlined into every receiving node.
    #[inline(always)]
    pub(crate) fn take_stored(&mut self) -> Option<T> {
        match &mut self.side {
            Side::Ring(ring) => ring.take(Fate::Delivered),
            Side::Aged(_) | Side::Exchange(_) => None,
        }
    }

    /// The capacity at the moment. Wait-free.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.control().capacity()
    }

    /// The capacity that memory was allocated for.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.control().max_capacity()
    }

    /// How many messages are pending; the producer may be sending more at
    /// this moment. Wait-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.control().len()
    }

    /// Whether no message is pending. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the producer is gone. Messages may still be pending. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.control().producer_closed()
    }

    /// A view of the edge for other threads.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.control())
    }

    /// Closes the edge; the same as dropping the consumer.
    pub fn close(self) {}

    /// The type-erased half of the edge, for the scheduler.
    #[inline(always)]
    pub(crate) fn control(&self) -> &Shared<EdgeControl> {
        match &self.side {
            Side::Ring(ring) | Side::Aged(ring) => &ring.control,
            Side::Exchange(ring) => &ring.control,
        }
    }

    /// The oldest pending message.
    #[inline]
    fn next(&mut self, fate: Fate) -> Option<T> {
        match &mut self.side {
            Side::Ring(ring) | Side::Aged(ring) => ring.take(fate),
            Side::Exchange(ring) => next_exchanged(ring, fate),
        }
    }
}

/// What receiving nothing means.
#[inline(always)]
fn nothing(ended: bool) -> RecvError {
    if ended {
        RecvError::Closed
    } else {
        RecvError::Empty
    }
}

/// One go at the next message of an exchange ring. Out of line, so that the few
/// instructions for the plain ring can be inlined into the caller.
#[inline(never)]
fn take_exchanged<T>(ring: &mut exchange::Reader<T>) -> Option<T> {
    match ring.pop(Fate::Delivered) {
        Popped::Message(value) => {
            ring.pass_mark();
            Some(value)
        }
        Popped::Empty | Popped::Contended => None,
    }
}

/// The next message of an exchange ring; goes after it until it is taken or
/// there is none.
#[inline]
fn next_exchanged<T>(ring: &mut exchange::Reader<T>, fate: Fate) -> Option<T> {
    loop {
        match ring.pop(fate) {
            Popped::Message(value) => return Some(value),
            Popped::Empty => return None,
            Popped::Contended => {}
        }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        // Nobody waits for room on an edge that is used alone; an engine has
        // closed the edge, and notified the producer, before.
        let _ = self.control().close_consumer();
        // What a producer stores that has not noticed yet is dropped along
        // with the slots.
        self.throw_away();
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("policy", &self.control().policy())
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// Receives a bounded number of messages; see [`Consumer::drain`].
#[must_use = "messages are received as the iterator is advanced"]
pub struct Drain<'a, T>(Batch<'a, T>);

enum Batch<'a, T> {
    Ring(ring::Run<'a, T>),
    /// With the number of messages that may still be received.
    Exchange(&'a mut exchange::Reader<T>, usize),
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Batch::Ring(run) => run.next(),
            Batch::Exchange(ring, left) => {
                *left = left.checked_sub(1)?;
                next_exchanged(ring, Fate::Delivered)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Batch::Ring(run) => (run.left(), Some(run.left())),
            Batch::Exchange(_, left) => (0, Some(*left)),
        }
    }
}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left", &self.size_hint())
            .finish_non_exhaustive()
    }
}
