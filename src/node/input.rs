//! The receiving end of an edge, as a field of a node.

use core::fmt;

use crate::edge::Consumer;
use crate::message::Message;

use super::context::Context;
use super::ports::UNDECLARED;

/// A node's input port for payloads of type `T`.
///
/// Starts without an edge; the engine attaches one when the graph is built.
pub struct Input<T: Send + 'static> {
    pub(crate) consumer: Option<Consumer<Message<T>>>,
    /// [`UNDECLARED`] before the port is declared.
    pub(crate) index: usize,
    pub(crate) credited: bool,
}

impl<T: Send + 'static> Input<T> {
    /// A port without an edge.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            consumer: None,
            index: UNDECLARED,
            credited: true,
        }
    }

    /// Takes the oldest message, or `None` when this activation should end:
    ///
    /// - the input is empty (or has no edge);
    /// - the activation's batch is used up;
    /// - a higher band has something ready on this worker, and this activation
    ///   handled at least one message already;
    /// - a Block output of the node lacks room for what it may send for one
    ///   more message;
    /// - the node [drains](crate::engine::EngineHandle::drain), and what waited
    ///   here has been taken.
    ///
    /// On an edge with a [maximum age](crate::graph::Edge::max_age) older messages
    /// are dropped on the way, and count as expired.
    ///
    /// Whatever the reason, the node is called again when there is more to do.
    /// The message's trace id and origin become those of what the node sends
    /// next.
    ///
    /// # Real-time
    /// Wait-free. Neither allocates nor reads the clock. On a Latest edge whose
    /// producer is faster several times in a row it gives up after a fixed
    /// number of tries; the node is then called again.
    #[inline(always)]
    pub fn recv(&mut self, cx: &mut Context<'_>) -> Option<Message<T>> {
        if !cx.admits(self.credited, self.index) {
            return None;
        }
        let consumer = self.consumer.as_mut()?;
        let message = match consumer.take_stored() {
            Some(message) => message,
            None => {
                // In parts, so that the message above need not be in memory to
                // be the same as this one.
                let (header, payload) = take_slowly(consumer, cx)?.into_parts();
                Message::from_parts(header, payload)
            }
        };
        cx.received(message.header());
        Some(message)
    }

    /// How many messages wait here. The producer may add more concurrently.
    #[must_use]
    pub fn len(&self) -> usize {
        self.consumer.as_ref().map_or(0, Consumer::len)
    }

    /// Whether nothing waits here. The producer may change that concurrently.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an edge is attached.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.consumer.is_some()
    }
}

/// Takes a message that is not just the next one in a plain ring; there may be
/// none.
#[inline(never)]
fn take_slowly<T>(consumer: &mut Consumer<Message<T>>, cx: &Context<'_>) -> Option<Message<T>> {
    match consumer.max_age() {
        None => consumer.take(),
        Some(max_age) => consumer.take_young(|message| message.header().age(cx.now()) > max_age),
    }
}

impl<T: Send + 'static> Default for Input<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> fmt::Debug for Input<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("connected", &self.is_connected())
            .field("len", &self.len())
            .finish()
    }
}
