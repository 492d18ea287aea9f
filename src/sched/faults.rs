//! Faults: a hook that returned an error or panicked.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::any::Any;
use core::fmt;
use core::time::Duration;

use crate::node::{NodeError, NodeResult};
use crate::time::Timestamp;
use crate::util::catch;

/// Which hook of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hook {
    /// [`Node::on_start`](crate::node::Node::on_start)
    Start,
    /// [`Node::on_message`](crate::node::Node::on_message)
    Message,
    /// [`Node::on_tick`](crate::node::Node::on_tick)
    Tick,
    /// [`Node::on_stop`](crate::node::Node::on_stop)
    Stop,
    /// All that one activation calls, against the node's
    /// [budget](crate::node::NodeOptions::budget).
    Activation,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "on_start",
            Self::Message => "on_message",
            Self::Tick => "on_tick",
            Self::Stop => "on_stop",
            Self::Activation => "an activation",
        })
    }
}

/// What a fault led to, by the node's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consequence {
    /// Nothing: the node goes on.
    WentOn,
    /// It is not called any more, or not before it is released.
    Quarantined,
    /// It is to be replaced, at once or after a back-off; or given up, if it was
    /// replaced too often within its window.
    Restarted,
    /// Its subgraph decides.
    Escalated,
    /// It is not called any more, and the engine shuts down.
    Stopped,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WentOn => "went on",
            Self::Quarantined => "quarantined",
            Self::Restarted => "to be restarted",
            Self::Escalated => "escalated",
            Self::Stopped => "the engine stops",
        })
    }
}

/// What went wrong, unformatted: a worker passes it on as it is, the
/// supervisor makes a text of it.
pub(crate) enum FaultCause {
    Error(NodeError),
    Panic(Box<dyn Any + Send>),
    /// It took too long.
    Overrun {
        took: Duration,
        budget: Duration,
    },
}

impl FaultCause {
    /// Formats the cause; never on a worker.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Error(error) => error.to_string(),
            Self::Overrun { took, budget } => {
                format!("took {took:?}, though its budget is {budget:?}")
            }
            Self::Panic(payload) => {
                let text = payload
                    .downcast_ref::<&'static str>()
                    .copied()
                    .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                match text {
                    Some(text) => format!("panicked: {text}"),
                    None => "panicked with a payload that is not text".into(),
                }
            }
        }
    }
}

/// A fault on its way from a worker to the supervisor.
pub(crate) struct FaultRecord {
    /// The node's index in the plan.
    pub(crate) node: usize,
    pub(crate) hook: Hook,
    pub(crate) at: Timestamp,
    pub(crate) cause: FaultCause,
    pub(crate) consequence: Consequence,
}

/// Runs a hook; an error or a panic in it comes back as the cause.
///
/// A panic leaves the node's own state as it was at that moment. That is why
/// the default policy quarantines a node that panicked; what belongs to the
/// engine is consistent again, because edges and context restore themselves
/// while unwinding.
#[inline]
pub(crate) fn run_hook(hook: impl FnOnce() -> NodeResult) -> Result<(), FaultCause> {
    match catch(hook) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(FaultCause::Error(error)),
        Err(payload) => Err(FaultCause::Panic(payload)),
    }
}

#[cfg(all(test, feature = "std"))] // nothing else catches a panic
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_hook_comes_back_with_its_text() {
        let cause = run_hook(|| panic!("broken {}", 7)).unwrap_err();
        assert_eq!(cause.describe(), "panicked: broken 7");
    }

    #[test]
    fn a_panic_payload_that_is_not_text_is_described_as_such() {
        let cause = run_hook(|| std::panic::panic_any(5_u8)).unwrap_err();
        assert!(cause.describe().contains("not text"));
    }
}
