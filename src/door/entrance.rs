//! The handle to send through.

use core::fmt;
use core::task::{Poll, Waker};

use crate::edge::{self, Monitor, Sent};
use crate::message::Message;
use crate::node::{OutputEndpoint, SendOutcome};

use super::error::{SendError, SendFailure};
use super::frame::Frame;

/// Sends messages into an engine, from any thread.
///
/// Had from [`Engine::take_entrance`](crate::engine::Engine::take_entrance).
/// There is one handle to a door, and a call needs it exclusively: that is what
/// makes the edge a single-producer ring. As long as it exists the engine
/// expects more messages from it; dropping it, or [`close`](Self::close), ends
/// the input behind it, once that has received what is pending.
///
/// From the moment the engine begins to shut down every send comes back as
/// [`Closed`](SendFailure::Closed). What was accepted before goes through the
/// graph, or is counted as discarded when the shutdown times out.
///
/// ```
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("sink");
/// let sum = graph.add("sum", builtin::sink(|_: u64| {}))?;
/// graph.expose_input("numbers", sum.input(|n| &n.input))?;
/// let mut engine = Engine::builder(graph).entrance("numbers", Edge::block(2)).stepping()?;
/// let mut numbers = engine.take_entrance::<u64>("numbers")?;
///
/// numbers.try_send(1)?;
/// numbers.try_send(2)?;
/// let refused = numbers.try_send(3).unwrap_err();
/// assert!(refused.is_full());
/// engine.run_until_idle(10);
/// numbers.try_send_message(refused.message)?; // it was handed back
/// numbers.close();
/// engine.run_until_idle(10);
/// assert!(engine.shutdown(10).is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Entrance<T: Send + 'static> {
    // First: it closes the edge before the end below is dropped.
    pub(super) frame: Frame,
    end: OutputEndpoint<T>,
}

impl<T: Send + 'static> Entrance<T> {
    pub(super) fn new(frame: Frame, end: OutputEndpoint<T>) -> Self {
        Self { frame, end }
    }

    /// Sends a payload as a data message with a trace of its own; its origin
    /// is now, by the engine's clock.
    ///
    /// # Errors
    /// [`SendError`] hands the message back, see [`SendFailure`].
    ///
    /// # Panics
    /// Only when the merge function of a Coalesce edge does: the message then
    /// counts as dropped. And when the `Drop` of a payload does that was
    /// evicted or dropped for this one.
    ///
    /// # Real-time
    /// Wait-free, and allocates nothing. Reads the clock. Besides the send
    /// itself four read-modify-writes at most on words that no other thread
    /// touches in a steady flow; waking a worker that sleeps is a system call.
    pub fn try_send(&mut self, payload: T) -> Result<SendOutcome, SendError<T>> {
        self.try_send_message(Message::new(payload))
    }

    /// As [`try_send`](Self::try_send), for a whole message. A trace id and an
    /// origin it already has stay.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    ///
    /// # Panics
    /// As [`try_send`](Self::try_send).
    pub fn try_send_message(&mut self, message: Message<T>) -> Result<SendOutcome, SendError<T>> {
        self.offer(message).map(outcome)
    }

    /// The same. What is evicted or dropped comes back: its drop may do
    /// anything, and the engine waits for who is inside the door.
    pub(super) fn offer(&mut self, message: Message<T>) -> Offered<T> {
        offer(&mut self.frame, &mut self.end, message)
    }

    /// Sends what is in `kept`, if there is room. If not, the message stays
    /// there, and `waker` is woken when it is time to look again.
    ///
    /// # Panics
    /// When nothing is kept.
    pub(super) fn poll_send(
        &mut self,
        waker: &Waker,
        kept: &mut Option<Message<T>>,
    ) -> Poll<Offered<T>> {
        let Some(mut message) = kept.take() else {
            unreachable!("polled after it was sent");
        };
        loop {
            message = match self.offer(message) {
                Err(error) if error.is_full() => error.message,
                done => return Poll::Ready(done),
            };
            if !self.wait_for_room(waker) {
                continue;
            }
            *kept = Some(message);
            return Poll::Pending;
        }
    }

    /// Has `waker` woken when there is room, or never will be again. `false`:
    /// look again now.
    pub(super) fn wait_for_room(&mut self, waker: &Waker) -> bool {
        let frame = &mut self.frame;
        frame.register(waker);
        let waits = frame.edge.wait_for_room(1) && !frame.door().gate.is_closed();
        if waits {
            frame.hold();
        }
        waits
    }

    /// Nobody waits for room any more. The waker of who did, for the caller to
    /// drop.
    pub(super) fn stop_waiting(&mut self) -> Option<Waker> {
        self.frame.release()
    }

    /// The waker of who waits for room, for the caller to drop; unless it is
    /// registered anew, nobody is woken.
    pub(super) fn take_waker(&self) -> Option<Waker> {
        self.frame.take_waker()
    }

    /// Whether nothing will ever come in again: the engine shuts down or has
    /// ended, or the node behind the door has. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.frame.door().gate.is_closed() || self.end.producer.is_closed()
    }

    /// How many messages wait behind the door; the node may be taking some at
    /// this moment. Wait-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end.producer.len()
    }

    /// Whether no message waits behind the door. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the door holds at the moment. Wait-free.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.end.producer.capacity()
    }

    /// A view of the edge, its ledger included, that stays when the engine and
    /// the handle are gone. It changes nothing: the capacity is for
    /// [`EngineHandle::set_edge_capacity`](crate::engine::EngineHandle::set_edge_capacity).
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.end.producer.monitor().of_an_engine()
    }

    /// Whether a message would find room, or nobody to wait for it.
    pub(super) fn has_room(&self) -> bool {
        self.frame.edge.room() > 0
    }

    /// Closes the door, while the handle stays; as
    /// [`stop_waiting`](Self::stop_waiting).
    pub(super) fn end(&mut self) -> Option<Waker> {
        self.frame.close()
    }

    /// Nothing more comes: the same as dropping the handle. The node behind the
    /// door receives what is pending, then its input has ended.
    pub fn close(self) {}
}

/// What an attempt to send came to, with what it has pushed out.
pub(super) type Offered<T> = Result<Sent<Message<T>>, SendError<T>>;

/// Sends a message through a door that is ours.
pub(super) fn offer<T: Send + 'static>(
    frame: &mut Frame,
    end: &mut OutputEndpoint<T>,
    mut message: Message<T>,
) -> Offered<T> {
    if let Some(validator) = end.validator
        && let Err(reason) = validator(message.payload())
    {
        return Err(SendError::new(SendFailure::Refused(reason), message));
    }
    frame.normalise(message.header_mut());
    if !frame.door().gate.enter_if_open() {
        return Err(SendError::new(SendFailure::Closed, message));
    }
    let mut visit = Visit {
        frame,
        sent: true, // should the merge function panic
    };
    let result = end.producer.send(message);
    visit.sent = matches!(
        result,
        Ok(Sent::Stored | Sent::Replaced(_) | Sent::Coalesced)
    );
    drop(visit);
    result.map_err(|error| match error {
        edge::SendError::Full(message) => SendError::new(SendFailure::Full, message),
        edge::SendError::Closed(message) => SendError::new(SendFailure::Closed, message),
    })
}

/// What the sender is told. Drops what was pushed out.
pub(super) fn outcome<T>(sent: Sent<Message<T>>) -> SendOutcome {
    match sent {
        Sent::Stored => SendOutcome::Stored,
        Sent::Replaced(_) => SendOutcome::Replaced,
        Sent::Coalesced => SendOutcome::Coalesced,
        Sent::Dropped(_) => SendOutcome::Dropped,
    }
}

/// A stay inside the gate; ends also when a merge function panics.
struct Visit<'a> {
    frame: &'a Frame,
    /// Something new waits for the node.
    sent: bool,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let frame = self.frame;
        // Not only when nothing was sent: what was merged is no message of its
        // own, and the next one is not to be timed from here.
        frame.edge.unmark_unsent();
        if self.sent && !frame.passive && frame.edge.take_asked() {
            frame.tell();
        }
        if frame.watched && frame.stats.call_at.is_reached(frame.edge.len()) {
            frame.shared.call_supervisor();
        }
        frame.leave();
    }
}

impl<T: Send + 'static> fmt::Debug for Entrance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}
