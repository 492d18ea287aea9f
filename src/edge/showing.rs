//! Showing messages to a consumer on another core, many at a time.
//!
//! Each store to a tail that another core looks at costs a trip of its cache
//! line, and so does each line of slots that the other core comes for while it
//! is half full. A producer that shows every message by itself is followed
//! message by message, and both wait for lines most of the time. So when an
//! engine's edge leads to another worker, messages are only *filled in* at
//! first; the worker *shows* them together at the end of the activation that
//! sent them, which is when it tells their consumer, too.
//!
//! `filled` is the producer's position on such an edge, on a line that only the
//! producer's worker uses; `tail` is what the consumer may look at. Closing
//! shows what was filled in, so that nothing is left behind. Exchange rings show
//! by their cells and know no such delay.

use super::control::{CLOSED, EdgeControl, REFUSES, position, word};
use crate::sync::{AtomicU64, Ordering, mutant, order};

impl EdgeControl {
    /// From now on what is sent is seen when [`EdgeControl::show`] is called.
    /// Plain rings only; before either end is in use.
    pub(crate) fn show_together(&self) {
        // Relaxed: whoever uses the edge got it after this.
        self.together
            .store(!self.kind.exchanges(), Ordering::Relaxed);
    }

    /// Whether messages are shown together.
    #[inline(always)]
    pub(super) fn shows_together(&self) -> bool {
        // Relaxed: does not change while an end is in use.
        self.together.load(Ordering::Relaxed)
    }

    /// Everything below `position` is stored, and to be shown later. Producer's
    /// thread. Out of line, so that all others pay no more than a branch.
    #[cold]
    #[inline(never)]
    pub(super) fn fill_in(&self, position: u64) {
        // Relaxed: the producer's own.
        self.filled.store(word(position), Ordering::Relaxed);
    }

    /// Where the producer's position is stored with each message.
    #[inline(always)]
    pub(super) fn own_tail(&self) -> &AtomicU64 {
        if self.shows_together() {
            &self.filled
        } else {
            &self.producer.tail
        }
    }

    /// How many messages were stored so far, shown or not. Producer's thread.
    /// Wait-free.
    #[inline(always)]
    pub(crate) fn stored(&self) -> u64 {
        position(self.own_tail().load(Ordering::Relaxed)) // its own
    }

    /// Shows what was filled in. Producer's thread, at the end of an
    /// activation, before the consumer is told. Wait-free.
    pub(crate) fn show(&self) {
        let filled = self.own_tail().load(Ordering::Relaxed); // its own
        let tail = self.producer.tail.load(Ordering::Relaxed); // its own
        if position(tail) == position(filled) {
            return; // so it never touches the tail of an edge that was closed
        }
        // Release [T1]: the values are in the slots before the tail says so.
        let release = order("show-tail", Ordering::Release, Ordering::Relaxed);
        self.producer.tail.store(word(position(filled)), release);
    }

    /// Marks the producer as gone, for good, after the last message it sent.
    /// Should it try to send another one all the same (a node that has ended
    /// still has its `on_stop`), that is refused. Any thread that the
    /// producer's end was handed over to.
    pub(crate) fn close_producer(&self) {
        // Relaxed: for sends by this thread, or one that comes after it.
        self.limit.fetch_or(REFUSES, Ordering::Relaxed);
        if !mutant("close-without-show") {
            self.show();
        }
        // Release [T1]: who sees the end sees everything sent before it.
        let release = order("close-producer", Ordering::Release, Ordering::Relaxed);
        self.producer.tail.fetch_or(CLOSED, release);
    }
}
