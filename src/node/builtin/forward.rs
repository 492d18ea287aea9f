//! Sending on without losing anything, and names of numbered ports.

use core::fmt::Write;

use crate::message::Message;
use crate::node::{Context, NodeError, NodeResult, Output, SendError, SendFailure};
use crate::util::MAX_NAME;

/// What became of a message that was sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Forwarded {
    /// It is on its way, or there was none.
    Done,
    /// The edge is full: the message is kept, and the node is called again
    /// when there is room.
    Kept,
    /// The consumer has gone, and nothing can be sent here any more.
    Closed,
}

impl Forwarded {
    /// Ends an activation that cannot go on sending: the node finishes when
    /// nothing can be sent any more.
    #[cold]
    pub(super) fn stop(self, cx: &mut Context<'_>) -> NodeResult {
        if self == Self::Closed {
            cx.finish();
        }
        Ok(())
    }
}

/// Sends `message`, and puts it into `kept` when the edge is full.
///
/// That happens only to a node that sends more than it declares: within its
/// credit it meets no full Block edge. Keeping the message costs nothing, and
/// makes the promise that nothing is lost independent of that.
///
/// # Errors
/// When a validator refuses the payload; the message is then dropped.
#[inline(always)]
pub(super) fn forward<T: Send + 'static>(
    cx: &mut Context<'_>,
    output: &mut Output<T>,
    kept: &mut Option<Message<T>>,
    message: Message<T>,
) -> Result<Forwarded, NodeError> {
    match output.send_message(cx, message) {
        Ok(_) => Ok(Forwarded::Done),
        Err(error) => keep(error, kept),
    }
}

/// Puts a message that met a full edge into `kept`.
///
/// # Errors
/// As [`forward`].
#[cold]
pub(super) fn keep<T>(
    error: SendError<T>,
    kept: &mut Option<Message<T>>,
) -> Result<Forwarded, NodeError> {
    match error.failure {
        SendFailure::Full => {
            *kept = Some(error.message);
            Ok(Forwarded::Kept)
        }
        SendFailure::Closed => Ok(Forwarded::Closed),
        SendFailure::Refused(_) => Err(error.into()),
    }
}

/// Tries again to send what an earlier call kept.
///
/// # Errors
/// As [`forward`].
#[inline(always)]
pub(super) fn forward_kept<T: Send + 'static>(
    cx: &mut Context<'_>,
    output: &mut Output<T>,
    kept: &mut Option<Message<T>>,
) -> Result<Forwarded, NodeError> {
    if kept.is_none() {
        return Ok(Forwarded::Done);
    }
    forward_again(cx, output, kept)
}

#[cold]
fn forward_again<T: Send + 'static>(
    cx: &mut Context<'_>,
    output: &mut Output<T>,
    kept: &mut Option<Message<T>>,
) -> Result<Forwarded, NodeError> {
    match kept.take() {
        None => Ok(Forwarded::Done),
        Some(message) => forward(cx, output, kept, message),
    }
}

/// `out0`, `in12` and the like, without a heap.
pub(super) fn numbered(prefix: &str, number: usize) -> heapless::String<MAX_NAME> {
    let mut name = heapless::String::new();
    // A prefix of a few letters and any `usize` fit; a name that did not would
    // be cut, and refused as a duplicate when the node is added.
    let _ = write!(name, "{prefix}{number}");
    name
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::edge::{Consumer, Policy, channel};
    use crate::node::output::OutputEndpoint;
    use crate::node::{Activation, Host, TraceIds};
    use crate::sync::AtomicU64;
    use crate::time::ManualClock;

    /// A worker that has nothing to say.
    struct Quiet;

    impl Host for Quiet {
        fn admits(&self, _: usize) -> bool {
            true
        }

        fn preempts(&mut self) -> bool {
            false
        }

        fn notify_now(&mut self, _: u64) {}
    }

    fn in_context<R>(call: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let (mail, clock) = (AtomicU64::new(0), ManualClock::new());
        let (mut traces, mut host) = (TraceIds::new(0, 0), Quiet);
        let activation = Activation::default();
        call(&mut Context::new(
            activation,
            &mail,
            &clock,
            &mut traces,
            &mut host,
        ))
    }

    /// An output with a Block edge of this capacity.
    fn output(capacity: usize) -> (Output<u8>, Consumer<Message<u8>>) {
        let (producer, consumer) = channel(capacity, Policy::Block).unwrap();
        let mut output = Output::new();
        output.end = Some(OutputEndpoint {
            producer,
            validator: None,
        });
        (output, consumer)
    }

    #[test]
    fn a_message_that_meets_a_full_edge_is_kept_and_sent_later_as_it_was() {
        let (mut output, mut consumer) = output(1);
        let mut kept = None;
        in_context(|cx| {
            let mut send = |message| forward(cx, &mut output, &mut kept, message).unwrap();
            assert_eq!(send(Message::new(1)), Forwarded::Done);
            assert_eq!(send(Message::control(2).with_schema(9)), Forwarded::Kept);
            let again = forward_kept(cx, &mut output, &mut kept).unwrap();
            assert_eq!(again, Forwarded::Kept, "there is still no room");
            assert_eq!(consumer.recv().map(Message::into_payload), Ok(1));
            let again = forward_kept(cx, &mut output, &mut kept).unwrap();
            assert_eq!(again, Forwarded::Done);
            assert!(kept.is_none());
            let second = consumer.recv().unwrap();
            assert_eq!((*second, second.header().schema()), (2, 9));
        });
    }

    #[test]
    fn a_closed_edge_is_not_an_error() {
        let (mut output, consumer) = output(1);
        drop(consumer);
        let mut kept = None;
        let sent = in_context(|cx| forward(cx, &mut output, &mut kept, Message::new(1)));
        assert_eq!(sent.unwrap(), Forwarded::Closed);
        assert!(kept.is_none());
    }

    #[test]
    fn numbered_names_fit_even_for_the_largest_number() {
        assert_eq!(numbered("out", 0), "out0");
        let longest = format!("out{}", usize::MAX);
        assert_eq!(numbered("out", usize::MAX).as_str(), longest);
    }
}
