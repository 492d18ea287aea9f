//! The half of a handle that does not depend on the payload type.

use alloc::sync::Arc;
use core::task::Waker;

use crate::message::{Header, Lineage};
use crate::node::{Direction, TraceIds};
use crate::sched::{Address, Door, EdgeHandle, EdgeStats, Shared};
use crate::time::{Clock, Timestamp};

#[cfg(feature = "std")]
use super::wait::ThreadWaker;

/// A handle's ties to its engine. When it is dropped the edge is closed, and
/// the node behind the door is told; so it is dropped before the end of the
/// edge, which is closed then for whoever looks.
pub(crate) struct Frame {
    pub(crate) shared: Arc<Shared>,
    /// The door, by index in `shared`.
    pub(crate) door: usize,
    /// The node behind it.
    pub(crate) node: Address,
    pub(crate) edge: EdgeHandle,
    pub(crate) stats: Arc<EdgeStats>,
    /// What is sent does not make the node ready.
    pub(crate) passive: bool,
    /// The edge has watermarks.
    pub(crate) watched: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) traces: TraceIds,
    /// Sends until one is timed; none without metrics.
    pub(crate) countdown: u32,
    #[cfg(feature = "std")]
    pub(crate) thread: ThreadWaker,
    /// A waker may be registered at the door.
    pub(crate) waiting: bool,
}

impl Frame {
    /// The bytes of a door in a built engine, apart from its edge.
    pub(crate) const fn footprint() -> usize {
        size_of::<Self>() + size_of::<Door>()
    }

    pub(super) fn door(&self) -> &Door {
        &self.shared.doors[self.door]
    }

    /// Has the node's worker look at the node.
    pub(super) fn tell(&self) {
        self.shared.mailboxes[self.node.worker].notify(self.node.node);
    }

    /// Leaves the gate.
    pub(super) fn leave(&self) {
        if self.door().gate.leave() {
            self.shared.call_supervisor();
        }
    }

    /// Fills in what the header of a message lacks that comes in now.
    pub(super) fn normalise(&mut self, header: &mut Header) {
        let now = self.clock.now();
        let traces = &mut self.traces;
        header.normalise(&Lineage::NONE, || now, || traces.fresh());
        self.time(now);
    }

    /// Now and then marks the next message, to learn how long it waits.
    fn time(&mut self, now: Timestamp) {
        let Some(stride) = self.shared.observation.metrics.stride() else {
            return;
        };
        match self.countdown.checked_sub(1) {
            Some(left) => self.countdown = left,
            None => {
                self.countdown = stride.get() - 1;
                self.edge.mark_next(now);
                self.stats.producer.see_depth(self.edge.len());
            }
        }
    }

    /// A message was taken out: notes how long it had waited, if it was timed.
    pub(super) fn age(&self) {
        if self.edge.is_mark_passed()
            && let Some(sent) = self.edge.take_mark()
            && let Some(age) = &*self.stats.queue_age
        {
            age.record(self.clock.now().since(sent).as_nanos() as u64);
        }
    }

    /// Somebody is about to wait here, and will be woken.
    pub(super) fn register(&mut self, waker: &Waker) {
        self.waiting = true;
        self.door().waker.register(waker);
    }

    /// Somebody waits here for room.
    pub(super) fn hold(&self) {
        let stats = &self.stats.producer;
        stats.see_depth(self.edge.len());
        if stats.held_since().is_none() {
            stats.hold(self.clock.now());
        }
    }

    /// The waker of who waits here: from now on nobody wakes it, unless it is
    /// registered again.
    pub(super) fn take_waker(&self) -> Option<Waker> {
        let waker = self.waiting.then(|| self.door().waker.take());
        waker.flatten()
    }

    /// Nobody waits here any more: no worker is to wake who did, nor to free
    /// what is left of it. That is the caller's: its drop may do anything.
    pub(super) fn release(&mut self) -> Option<Waker> {
        if !self.waiting {
            return None;
        }
        // At an exit it is the node that may be held.
        let stats = &self.stats.producer;
        if self.door().direction == Direction::Input
            && let Some(since) = stats.held_since()
        {
            stats.release(since, self.clock.now());
        }
        let waker = self.take_waker();
        self.waiting = false;
        waker
    }

    /// Closes the edge, for good. From then on nobody enters an entrance, nor
    /// waits here; as [`release`](Self::release).
    pub(super) fn close(&mut self) -> Option<Waker> {
        let waited = self.release();
        self.depart();
        waited
    }

    fn depart(&self) {
        let Door {
            direction, gate, ..
        } = self.door();
        match direction {
            Direction::Input => {
                // Once it is shut the engine is not to be disturbed: then the
                // producer closes the edge by itself, when it is dropped.
                if !gate.enter_if_open() {
                    return;
                }
                self.edge.close_producer();
                self.tell();
            }
            Direction::Output => {
                gate.enter();
                if self.edge.close_consumer() {
                    self.tell();
                }
            }
        }
        if gate.depart() {
            self.shared.call_supervisor();
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        drop(self.close());
    }
}
