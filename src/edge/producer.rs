//! The sending end.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use super::control::EdgeControl;
use super::error::SendError;
use super::merge::Merge;
use super::monitor::Monitor;
use super::policy::Sent;
use super::ring::Room;
use super::{exchange, ring};
use crate::sync::Shared;

/// The sending end of an edge. Dropping it closes the edge: the consumer
/// receives what is pending, then
/// [`RecvError::Closed`](super::RecvError::Closed).
///
/// It can be moved to another thread, but there is only one of it, and only
/// one thread can use it at a time:
///
/// ```compile_fail,E0599
/// # use tidegate::edge::{Policy, channel};
/// let (producer, _consumer) = channel::<u8>(1, Policy::Block)?;
/// let second = producer.clone();
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
///
/// ```compile_fail,E0277
/// # use tidegate::edge::{Policy, channel};
/// fn share<S: Sync>(_: &S) {}
/// let (producer, _consumer) = channel::<u8>(1, Policy::Block)?;
/// share(&producer);
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
///
/// ```
/// # use tidegate::edge::{Policy, channel};
/// fn give_away<S: Send>(_: &S) {}
/// let (producer, _consumer) = channel::<u8>(1, Policy::Block)?;
/// give_away(&producer);
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
pub struct Producer<T> {
    side: Side<T>,
    not_sync: PhantomData<Cell<()>>,
}

enum Side<T> {
    Block(ring::Writer<T>),
    Drop(ring::Writer<T>),
    Latest(exchange::Writer<T>),
    Coalesce(exchange::Writer<T>, Merge<T>),
}

impl<T> Producer<T> {
    const fn new(side: Side<T>) -> Self {
        Self {
            side,
            not_sync: PhantomData,
        }
    }

    pub(super) const fn block(ring: ring::Writer<T>) -> Self {
        Self::new(Side::Block(ring))
    }

    pub(super) const fn drop_newest(ring: ring::Writer<T>) -> Self {
        Self::new(Side::Drop(ring))
    }

    pub(super) const fn latest(ring: exchange::Writer<T>) -> Self {
        Self::new(Side::Latest(ring))
    }

    pub(super) const fn coalesce(ring: exchange::Writer<T>, merge: Merge<T>) -> Self {
        Self::new(Side::Coalesce(ring, merge))
    }

    /// Sends a message, by the edge's policy.
    ///
    /// What comes back says what happened, and hands back every payload that
    /// did not stay: an evicted or dropped one in [`Sent`], one that was not
    /// sent in [`SendError`].
    ///
    /// # Errors
    /// [`SendError::Full`] on a full `Block` edge, [`SendError::Closed`] when
    /// the consumer is gone. The message then counts as not sent.
    ///
    /// # Panics
    /// Only when the merge function of a `Coalesce` edge does. The pending
    /// message then stays pending as the merge function left it, the new one
    /// counts as dropped, and the edge works on. (An engine catches this and
    /// still notifies the consumer.)
    ///
    /// # Real-time
    /// Wait-free, never allocates. On `Block` and `Drop` a load, a store and
    /// no read-modify-write; the consumer's cache line is looked at only when
    /// the room last seen there is used up. On `Latest` and `Coalesce` at most
    /// one compare-and-swap, when full. After a `Latest` edge's capacity has
    /// shrunk, one send evicts all that is too much, before it stores the new
    /// message; a panic in the `Drop` of those is caught and counted.
    #[inline(always)]
    pub fn send(&mut self, value: T) -> Result<Sent<T>, SendError<T>> {
        match &mut self.side {
            Side::Block(ring) => match ring.room() {
                Room::Available(_) => Ok(store(ring, value)),
                Room::Full => Err(SendError::Full(value)),
                Room::Closed => Err(SendError::Closed(value)),
            },
            Side::Drop(ring) => match ring.room() {
                Room::Available(_) => Ok(store(ring, value)),
                Room::Full => {
                    ring.control.sent_side.dropped.add(1);
                    Ok(Sent::Dropped(value))
                }
                Room::Closed => Err(SendError::Closed(value)),
            },
            Side::Latest(ring) => send_latest(ring, value),
            Side::Coalesce(ring, merge) => send_coalesce(ring, merge, value),
        }
    }

    /// The ring of a `Block` or `Drop` edge.
    #[inline(always)]
    pub(super) const fn plain(&mut self) -> Option<&mut ring::Writer<T>> {
        match &mut self.side {
            Side::Block(ring) | Side::Drop(ring) => Some(ring),
            Side::Latest(_) | Side::Coalesce(..) => None,
        }
    }

    /// Sends a message if that needs no decision: the edge is a `Block` or
    /// `Drop` one, and has room. Otherwise hands it back, for
    /// [`Producer::send`]. Inlined into every sending node; wait-free.
    #[inline(always)]
    pub(crate) fn try_store(&mut self, value: T) -> Result<(), T> {
        if let Side::Block(ring) | Side::Drop(ring) = &mut self.side
            && let Room::Available(_) = ring.room()
        {
            let _stored = store(ring, value);
            return Ok(());
        }
        Err(value)
    }

    /// Sends messages until the iterator ends or the edge cannot take another
    /// one; how many were sent.
    ///
    /// `Block` and `Drop` edges stop when full, without dropping anything and
    /// without taking another item from the iterator: pass `&mut iterator` to
    /// go on later. `Latest` and `Coalesce` edges take everything; evicted
    /// messages are dropped as the sends go along. All stop when the consumer
    /// is gone.
    ///
    /// # Panics
    /// When the iterator, the merge function or the `Drop` of an evicted
    /// message does; what was sent before is sent.
    ///
    /// # Real-time
    /// Wait-free per message, as [`Producer::send`]. `Block` and `Drop` edges
    /// publish the whole batch with one store, so the consumer's cache misses
    /// once per batch.
    ///
    /// ```
    /// use tidegate::edge::{Policy, channel};
    ///
    /// let (mut producer, mut consumer) = channel(4, Policy::Block)?;
    /// let mut numbers = 0..6;
    /// assert_eq!(producer.send_batch(&mut numbers), 4);
    /// assert!(consumer.drain(3).eq(0..3));
    /// assert_eq!(producer.send_batch(&mut numbers), 2);
    /// # Ok::<(), tidegate::edge::EdgeError>(())
    /// ```
    pub fn send_batch(&mut self, values: impl IntoIterator<Item = T>) -> usize {
        let mut values = values.into_iter();
        if let Side::Block(ring) | Side::Drop(ring) = &mut self.side {
            return ring.store_all(&mut values) as usize;
        }
        let mut sent = 0;
        while !self.is_closed()
            && let Some(value) = values.next()
        {
            if self.send(value).is_err() {
                break;
            }
            sent += 1;
        }
        sent
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

    /// How many messages are pending; the consumer may be taking some at this
    /// moment. Wait-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.control().len()
    }

    /// Whether no message is pending. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the consumer is gone. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.control().consumer_closed()
    }

    /// A view of the edge for other threads.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.control())
    }

    /// Closes the edge; the same as dropping the producer.
    pub fn close(self) {}

    /// The type-erased half of the edge, for the scheduler.
    pub(crate) fn control(&self) -> &Shared<EdgeControl> {
        match &self.side {
            Side::Block(ring) | Side::Drop(ring) => &ring.control,
            Side::Latest(ring) | Side::Coalesce(ring, _) => &ring.control,
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.control().close_producer();
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("policy", &self.control().policy())
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// Stores one message on a ring that has room.
#[inline(always)]
fn store<T>(ring: &mut ring::Writer<T>, value: T) -> Sent<T> {
    // SAFETY: the callers have just found room.
    unsafe { ring.store(value) };
    Sent::Stored
}

/// A send on a `Latest` edge. Out of line, as the next: so that the few
/// instructions for the plain ring can be inlined into the caller.
#[inline(never)]
fn send_latest<T>(ring: &mut exchange::Writer<T>, value: T) -> Result<Sent<T>, SendError<T>> {
    let Ok(capacity) = u64::try_from(ring.control.limit()) else {
        return Err(SendError::Closed(value));
    };
    Ok(match ring.push_latest(value, capacity) {
        None => Sent::Stored,
        Some(evicted) => {
            ring.control.sent_side.evicted.add(1);
            Sent::Replaced(evicted)
        }
    })
}

/// A send on a `Coalesce` edge.
#[inline(never)]
fn send_coalesce<T>(
    ring: &mut exchange::Writer<T>,
    merge: &Merge<T>,
    value: T,
) -> Result<Sent<T>, SendError<T>> {
    let Ok(capacity) = u64::try_from(ring.control.limit()) else {
        return Err(SendError::Closed(value));
    };
    Ok(if ring.push_coalesce(value, capacity, merge) {
        Sent::Coalesced
    } else {
        Sent::Stored
    })
}
