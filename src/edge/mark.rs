//! Timing a message on its way through an edge.
//!
//! Messages carry no time of their own sending: the clock would cost more than
//! the edge. Instead the producer now and then marks the next message that it
//! will send with the present moment, and the consumer finds the mark when it
//! has taken that message. One message at a time is marked.
//!
//! # Protocol
//!
//! Positions count messages from 1 here: that of the marked one is in `marked`,
//! that of the last mark that the consumer was through with in `freed`. While
//! they are equal nothing is marked, and the mark is the producer's; else it is
//! the consumer's as soon as it has taken the message. Each is written by one
//! end, which remembers what it wrote.
//!
//! # Happens-before edges
//!
//! - **[U1→U2]** a freed position, to the producer that marks anew: the consumer
//!   has read the moment, so it may be overwritten.
//!
//! The other way needs none of its own: a mark is set before its message is
//! sent, so the message brings mark and moment along, by [T1→T2] of the control
//! block or [R1→A4] of the exchange ring.

use super::control::EdgeControl;
use crate::sync::{AtomicU64, Counter, Ordering, order};
use crate::time::Timestamp;

/// At most one message that is being timed.
#[derive(Debug)]
pub(crate) struct Mark {
    marked: AtomicU64,
    freed: AtomicU64,
    /// When the marked message was marked, in nanoseconds.
    moment: AtomicU64,
    /// What the producer last stored in `marked`.
    own_marked: Counter,
    /// What the consumer last stored in `freed`.
    own_freed: Counter,
    /// Exchange rings: the last marked message that was delivered, and not
    /// evicted. The consumer's.
    delivered: Counter,
}

impl Default for Mark {
    fn default() -> Self {
        Self {
            marked: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            moment: AtomicU64::new(0),
            own_marked: Counter::default(),
            own_freed: Counter::default(),
            delivered: Counter::default(),
        }
    }
}

impl Mark {
    /// Marks message `next`, which was not sent yet, unless another one is
    /// marked. Producer's thread. Wait-free.
    pub(crate) fn set(&self, next: u64, moment: Timestamp) {
        // Acquire [U2]: the consumer is through with the moment before.
        let acquire = order("mark-again", Ordering::Acquire, Ordering::Relaxed);
        if self.freed.load(acquire) != self.own_marked.get() {
            return;
        }
        // Relaxed, as in `show`: the message carries both along.
        self.moment.store(moment.as_nanos(), Ordering::Relaxed);
        self.show(next);
    }

    /// Takes the mark back when message `next`, which is not sent yet, has it.
    /// Producer's thread. Wait-free.
    pub(crate) fn retract(&self, next: u64) {
        if self.own_marked.get() == next {
            // Nobody has taken that message, so `freed` is as it was when the
            // mark was set.
            self.show(self.freed.load(Ordering::Relaxed));
        }
    }

    fn show(&self, marked: u64) {
        self.own_marked.set(marked);
        self.marked.store(marked, Ordering::Relaxed);
    }

    /// The message that was marked last, counted from 1, once the consumer is
    /// through with it; 0 before the first. What the consumer wrote down before
    /// it freed the mark is visible, and stays until the next one is set.
    /// Producer's thread. Wait-free.
    pub(crate) fn last_freed(&self) -> Option<u64> {
        let marked = self.own_marked.get();
        // Acquire [U2]: what the consumer wrote down before is visible.
        let acquire = order("mark-freed", Ordering::Acquire, Ordering::Relaxed);
        (self.freed.load(acquire) == marked).then_some(marked)
    }

    /// Whether the marked message is among those taken, evicted ones included.
    /// Consumer's thread. Wait-free.
    #[inline(always)]
    pub(crate) fn is_passed(&self, taken: u64) -> bool {
        // Relaxed: came with the message, or is of a later one.
        let marked = self.marked.load(Ordering::Relaxed);
        marked > self.own_freed.get() && marked <= taken
    }

    /// The moment of the marked message, which was passed; frees the mark.
    /// Consumer's thread. Wait-free.
    pub(crate) fn take(&self) -> Marked {
        // Relaxed, both: came with the message.
        let message = self.marked.load(Ordering::Relaxed);
        let moment = Timestamp::from_nanos(self.moment.load(Ordering::Relaxed));
        self.own_freed.set(message);
        // Release [U1]: the moment was read before the mark is free.
        let release = order("mark-free", Ordering::Release, Ordering::Relaxed);
        self.freed.store(message, release);
        Marked { message, moment }
    }

    /// Message `message` is delivered. Consumer's thread, for exchange rings.
    #[inline]
    pub(super) fn deliver(&self, message: u64) {
        // Relaxed: a mark is set before its message is sent, so it is visible
        // to who received that.
        if self.marked.load(Ordering::Relaxed) == message {
            self.delivered.set(message);
        }
    }
}

/// A marked message that the consumer has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// Counted from 1.
    pub(crate) message: u64,
    /// When it was marked.
    pub(crate) moment: Timestamp,
}

impl EdgeControl {
    /// Marks the next message to be sent with this moment, unless another one
    /// is marked. Producer's thread. Wait-free.
    pub(crate) fn mark_next(&self, moment: Timestamp) {
        self.mark.set(self.next_message(), moment);
    }

    /// Takes the mark back if the marked message was not sent after all.
    /// Producer's thread. Wait-free.
    pub(crate) fn unmark_unsent(&self) {
        self.mark.retract(self.next_message());
    }

    /// The last message that was marked and has been passed, see
    /// [`Mark::last_freed`].
    pub(crate) fn last_freed_mark(&self) -> Option<u64> {
        self.mark.last_freed()
    }

    /// Whether this message is marked, and the mark is not free yet. Producer's
    /// thread.
    pub(crate) fn is_marked(&self, message: u64) -> bool {
        self.mark.own_marked.get() == message && self.mark.last_freed().is_none()
    }

    /// The message that will be sent next, counted from 1.
    fn next_message(&self) -> u64 {
        self.stored() + 1
    }

    /// Whether the marked message was passed. Consumer's thread. Wait-free.
    #[inline(always)]
    pub(crate) fn is_mark_passed(&self) -> bool {
        self.mark.is_passed(self.taken_side.taken.get())
    }

    /// The moment of the marked message, which was passed, and frees the mark.
    /// `None` when the message had been evicted. Consumer's thread. Wait-free.
    pub(crate) fn take_mark(&self) -> Option<Timestamp> {
        let Marked { message, moment } = self.mark.take();
        let delivered = !self.policy().exchanges() || self.mark.delivered.get() == message;
        delivered.then_some(moment)
    }
}

#[cfg(all(test, feature = "alloc", not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::edge::{Policy, channel};

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn the_mark_comes_with_the_message_that_was_sent_next() {
        let (mut producer, mut consumer) = channel(4, Policy::Block).unwrap();
        let control = producer.control().clone();
        let _ = producer.send(1).unwrap();
        control.mark_next(at(70));
        let _ = producer.send(2).unwrap();
        control.mark_next(at(90));
        assert_eq!(consumer.recv(), Ok(1));
        assert!(!control.is_mark_passed());
        assert_eq!(consumer.recv(), Ok(2));
        assert!(control.is_mark_passed());
        assert_eq!(control.take_mark(), Some(at(70)), "the first mark stands");
        assert!(!control.is_mark_passed());
        control.mark_next(at(95));
        let _ = producer.send(3).unwrap();
        assert_eq!(consumer.recv(), Ok(3));
        assert_eq!(control.take_mark(), Some(at(95)));
    }

    #[test]
    fn a_message_that_was_not_sent_is_unmarked() {
        let (mut producer, mut consumer) = channel(4, Policy::Block).unwrap();
        let control = producer.control().clone();
        control.mark_next(at(1));
        control.unmark_unsent();
        let _ = producer.send(1).unwrap();
        assert_eq!(consumer.recv(), Ok(1));
        assert!(!control.is_mark_passed());
        control.mark_next(at(2));
        let _ = producer.send(2).unwrap();
        control.unmark_unsent();
        assert_eq!(consumer.recv(), Ok(2));
        assert_eq!(control.take_mark(), Some(at(2)), "it was sent");
    }

    #[test]
    fn an_evicted_message_has_no_age() {
        let (mut producer, mut consumer) = channel(1, Policy::Latest).unwrap();
        let control = producer.control().clone();
        control.mark_next(at(1));
        for number in 1..=3 {
            let _ = producer.send(number).unwrap();
        }
        assert_eq!(consumer.take(), Some(3));
        assert!(control.is_mark_passed());
        assert_eq!(control.take_mark(), None);
        control.mark_next(at(5));
        let _ = producer.send(4).unwrap();
        assert_eq!(consumer.take(), Some(4));
        assert_eq!(control.take_mark(), Some(at(5)));
    }
}
