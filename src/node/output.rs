//! The sending end of an edge, as a field of a node.

use core::fmt;

use crate::edge::{self, Producer, Sent};
use crate::message::{Header, Message};

use super::context::Context;
use super::ports::UNDECLARED;
use super::spec::Validator;

/// A node's output port for payloads of type `T`.
///
/// Starts without an edge; the engine attaches one when the graph is built.
pub struct Output<T: Send + 'static> {
    pub(crate) end: Option<OutputEndpoint<T>>,
    pub(crate) validator: Option<Validator<T>>,
    /// The bit of the port's index; none before the port is declared.
    pub(crate) mask: u64,
}

/// What the engine attaches to an [`Output`].
pub(crate) struct OutputEndpoint<T: Send + 'static> {
    pub(crate) producer: Producer<Message<T>>,
    /// The validator of the input at the other end.
    pub(crate) validator: Option<Validator<T>>,
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendOutcome {
    /// It waits in the edge.
    Stored,
    /// The edge was full and its policy is Drop: this message was dropped.
    Dropped,
    /// It waits in the edge; the policy is Latest and the oldest message was
    /// evicted for it.
    Replaced,
    /// The edge was full and its policy is Coalesce: it was merged into the
    /// newest pending message.
    Coalesced,
    /// The port is optional and has no edge: the message was discarded.
    Unconnected,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SendFailure {
    /// A Block edge is full. The node is called again when it has room.
    #[error(
        "the edge is full; send at most the declared fan-out for each message, \
         or keep the message until the node is called again"
    )]
    Full,
    /// The consumer has gone: quarantined, finished or stopped.
    #[error("the consumer has closed the edge")]
    Closed,
    /// A validator refused the payload, for this reason.
    #[error("a validator refused the payload: {0}")]
    Refused(&'static str),
}

/// A message that was not sent, handed back with the reason. It does not count
/// as sent in the ledger.
///
/// Converts into a [`NodeError`](super::NodeError) by `?`.
///
/// ```
/// # use tidegate::graph::Edge;
/// # use tidegate::harness::NodeHarness;
/// use std::collections::VecDeque;
///
/// use tidegate::Message;
/// use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports, SendFailure};
///
/// /// Sends everything twice, which is more than it declares.
/// #[derive(Default)]
/// struct Twice {
///     numbers: Input<u64>,
///     pairs: Output<u64>,
///     kept: VecDeque<Message<u64>>,
/// }
///
/// impl Node for Twice {
///     # fn ports(&mut self, ports: &mut Ports<'_>) {
///     #     ports.input("numbers", &mut self.numbers);
///     #     ports.output("pairs", &mut self.pairs);
///     # }
///     // …
///     fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
///         loop {
///             // What came back before is sent first.
///             let Some(message) = self.kept.pop_front() else {
///                 let Some(message) = self.numbers.recv(cx) else { return Ok(()) };
///                 self.kept.extend([message.clone(), message]);
///                 continue;
///             };
///             match self.pairs.send_message(cx, message) {
///                 Ok(_) => {}
///                 Err(error) if error.failure == SendFailure::Full => {
///                     self.kept.push_front(error.message);
///                     return Ok(()); // called again when there is room
///                 }
///                 Err(error) => return Err(error.into()),
///             }
///         }
///     }
/// }
/// # let builder = NodeHarness::builder(Twice::default()).output("pairs", Edge::block(1));
/// # let mut harness = builder.build()?;
/// # harness.feed("numbers", [1_u64, 2])?;
/// # let mut seen = Vec::new();
/// # for _ in 0..8 {
/// #     harness.run();
/// #     seen.extend(harness.collect::<u64>("pairs")?);
/// # }
/// # assert_eq!(seen, [1, 1, 2, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SendError<T> {
    /// Why.
    pub failure: SendFailure,
    /// The message, as it would have been sent.
    pub message: Message<T>,
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.failure, f)
    }
}

impl<T: Send + 'static> Output<T> {
    /// A port without an edge.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            end: None,
            validator: None,
            mask: 0,
        }
    }

    /// Sends a payload as a data message that continues the trace of the
    /// message being handled (a fresh trace when none is).
    ///
    /// A node that sends at most its declared fan-out for each message it
    /// handles never meets a full Block edge.
    ///
    /// The consumer is told at the end of the activation, however many messages
    /// that sent; at once when the edge is in a higher band than the activation.
    /// On another worker it does not see a message on a Block or Drop edge
    /// before that: it waits while the rest of the batch is handled. Where that
    /// takes long, set the [batch](crate::engine::EngineBuilder::batch) to 1.
    ///
    /// # Errors
    /// [`SendError`] hands the message back, see [`SendFailure`].
    ///
    /// # Real-time
    /// Wait-free. Does not allocate. An evicted or dropped payload is dropped
    /// here, after the edge is consistent again: a payload that owns heap
    /// memory frees it here.
    #[inline(always)]
    pub fn send(&mut self, cx: &mut Context<'_>, payload: T) -> Result<SendOutcome, SendError<T>> {
        self.send_message(cx, Message::new(payload))
    }

    /// Sends a whole message. A trace id and an origin it already has stay;
    /// absent ones are filled in as [`send`](Self::send) does.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Real-time
    /// As [`send`](Self::send).
    #[inline(always)]
    pub fn send_message(
        &mut self,
        cx: &mut Context<'_>,
        mut message: Message<T>,
    ) -> Result<SendOutcome, SendError<T>> {
        cx.normalise(message.header_mut());
        let message = match self.unvalidated() {
            Some(producer) => match producer.try_store(message) {
                Ok(()) => {
                    cx.sent(self.mask);
                    return Ok(SendOutcome::Stored);
                }
                Err(message) => message,
            },
            None => message,
        };
        // In parts, so that the message above need not be in memory to be
        // handed over by reference.
        let (header, payload) = message.into_parts();
        self.send_slowly(cx, header, payload)
    }

    /// A send that is more than storing a message in a plain ring with room.
    #[inline(never)]
    fn send_slowly(
        &mut self,
        cx: &mut Context<'_>,
        header: Header,
        payload: T,
    ) -> Result<SendOutcome, SendError<T>> {
        let message = Message::from_parts(header, payload);
        let Some(end) = &mut self.end else {
            return Ok(SendOutcome::Unconnected);
        };
        let validators = [self.validator, end.validator];
        if let Err(reason) = validate(message.payload(), validators) {
            return Err(SendError {
                failure: SendFailure::Refused(reason),
                message,
            });
        }
        match end.producer.send(message) {
            Ok(Sent::Stored) => {
                cx.sent(self.mask);
                Ok(SendOutcome::Stored)
            }
            Ok(Sent::Dropped(_)) => {
                cx.full(self.mask);
                Ok(SendOutcome::Dropped)
            }
            Ok(Sent::Replaced(_)) => {
                cx.sent(self.mask);
                Ok(SendOutcome::Replaced)
            }
            Ok(Sent::Coalesced) => {
                cx.sent(self.mask);
                Ok(SendOutcome::Coalesced)
            }
            Err(edge::SendError::Full(message)) => {
                cx.refused(self.mask);
                Err(SendError {
                    failure: SendFailure::Full,
                    message,
                })
            }
            Err(edge::SendError::Closed(message)) => Err(SendError {
                failure: SendFailure::Closed,
                message,
            }),
        }
    }

    /// The port's index; [`UNDECLARED`] before it is declared.
    pub(crate) const fn index(&self) -> usize {
        if self.mask == 0 {
            UNDECLARED
        } else {
            self.mask.trailing_zeros() as usize
        }
    }

    /// The producer, if no validator has to be asked.
    #[inline(always)]
    pub(crate) const fn unvalidated(&mut self) -> Option<&mut Producer<Message<T>>> {
        match &mut self.end {
            Some(end) if self.validator.is_none() & end.validator.is_none() => {
                Some(&mut end.producer)
            }
            _ => None,
        }
    }

    /// Whether an edge is attached.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the consumer has closed the edge: nothing can be sent any more.
    /// False without an edge.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end
            .as_ref()
            .is_some_and(|end| end.producer.is_closed())
    }
}

/// Asks each validator in turn.
fn validate<T>(payload: &T, validators: [Option<Validator<T>>; 2]) -> Result<(), &'static str> {
    validators
        .into_iter()
        .flatten()
        .try_for_each(|validator| validator(payload))
}

impl<T: Send + 'static> Default for Output<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
