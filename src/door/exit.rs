//! The handle to receive from.

use core::fmt;
use core::task::{Poll, Waker};

use crate::edge::{Consumer, Monitor, RecvError};
use crate::message::Message;

use super::frame::Frame;

/// Receives messages from an engine, on any thread.
///
/// Had from [`Engine::take_exit`](crate::engine::Engine::take_exit). There is
/// one handle to a door, and a call needs it exclusively: that is what makes
/// the edge a single-consumer ring. Dropping it, or [`close`](Self::close),
/// tells the node behind it that nobody wants its messages: its sends come back
/// as [`Closed`](crate::node::SendFailure::Closed).
///
/// When the engine has ended, what it left here can still be received; after
/// that comes [`Closed`](RecvError::Closed).
///
/// ```
/// use tidegate::edge::RecvError;
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("source");
/// let numbers = graph.add("numbers", builtin::source_iter(1..=3_u64))?;
/// graph.expose_output("numbers", numbers.output(|n| &n.output))?;
/// let mut engine = Engine::builder(graph).exit("numbers", Edge::block(8)).stepping()?;
/// let mut numbers = engine.take_exit::<u64>("numbers")?;
///
/// assert_eq!(numbers.try_recv().unwrap_err(), RecvError::Empty); // not yet
/// engine.run_until_idle(10);
/// for number in 1..=3 {
///     assert_eq!(*numbers.try_recv()?, number);
/// }
/// assert_eq!(numbers.try_recv().unwrap_err(), RecvError::Closed); // never again
/// assert!(engine.shutdown(10).is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Exit<T: Send + 'static> {
    // First: it closes the edge before the end below is dropped.
    pub(super) frame: Frame,
    end: Consumer<Message<T>>,
}

impl<T: Send + 'static> Exit<T> {
    pub(super) fn new(frame: Frame, end: Consumer<Message<T>>) -> Self {
        Self { frame, end }
    }

    /// Takes the oldest message.
    ///
    /// # Errors
    /// [`RecvError::Empty`] when none is there at the moment,
    /// [`RecvError::Closed`] when none will ever be: the node behind the door
    /// or the engine has ended, and everything was received.
    ///
    /// # Real-time
    /// Allocates nothing. Wait-free, but on a Latest edge lock-free: it starts
    /// over when the node evicts the very message it goes after. Three
    /// read-modify-writes, on words that the engine reads or writes only when
    /// it waits for room or shuts down; waking a worker that sleeps is a system
    /// call. An empty door is two loads. With a
    /// [maximum age](crate::graph::Edge::max_age) it reads the clock, and drops
    /// what is too old.
    pub fn try_recv(&mut self) -> Result<Message<T>, RecvError> {
        let frame = &self.frame;
        while frame.edge.has_pending() {
            frame.door().gate.enter();
            let message = take(frame, &mut self.end);
            if frame.edge.publish() {
                frame.tell();
            }
            frame.leave();
            if let Some(message) = message {
                frame.age();
                return Ok(message);
            }
        }
        Err(if frame.edge.has_ended() {
            RecvError::Closed
        } else {
            RecvError::Empty
        })
    }

    /// Takes the oldest message. If there is none, `waker` is woken when it is
    /// time to look again. Never [`RecvError::Empty`].
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Result<Message<T>, RecvError>> {
        loop {
            match self.try_recv() {
                Err(RecvError::Empty) => {}
                done => {
                    self.stop_waiting();
                    return Poll::Ready(done);
                }
            }
            self.frame.register(waker);
            if !self.frame.edge.ask() && !self.frame.edge.has_ended() {
                return Poll::Pending;
            }
        }
    }

    /// Nobody waits here any more.
    pub(super) fn stop_waiting(&mut self) {
        drop(self.frame.release());
    }

    /// How many messages wait here; the node may be sending more at this
    /// moment. Wait-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end.len()
    }

    /// Whether no message waits here. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the node behind the door, or the engine, has ended. Messages may
    /// still wait here. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end.is_closed()
    }

    /// A view of the edge, its ledger included, that stays when the engine and
    /// the handle are gone. It changes nothing, as
    /// [`Entrance::monitor`](super::Entrance::monitor).
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.end.monitor().of_an_engine()
    }

    /// Nobody wants more: the same as dropping the handle. What waits here is
    /// dropped, and counts as discarded.
    pub fn close(self) {}
}

/// The oldest message that is not too old.
fn take<T>(frame: &Frame, end: &mut Consumer<Message<T>>) -> Option<Message<T>> {
    let Some(max_age) = end.max_age() else {
        return end.take();
    };
    let now = frame.clock.now();
    end.take_young(|message| message.header().age(now) > max_age)
}

impl<T: Send + 'static> fmt::Debug for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
