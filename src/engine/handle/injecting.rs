//! Injecting messages into a running graph, from any thread.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::any::type_name;
use core::fmt;

use crate::door::{InjectFailed, Inlet, SendFailure};
use crate::message::Message;
use crate::sched::Phase;
use crate::sync::{Mutex, lock, seeded_bug};

use super::EngineHandle;
use super::record::{ControlOutcome, ControlRecord, ControlRequest, Taken};
use crate::engine::blueprint::Blueprint;

/// An input that handles inject into.
pub(crate) struct Injectable {
    /// `path:port`.
    pub(crate) address: String,
    /// By index in the plan.
    pub(crate) node: usize,
    /// The payload type's name.
    pub(crate) payload: &'static str,
    pub(crate) inlet: Mutex<Inlet>,
}

/// The receipt of a message that was injected. See
/// [`EngineHandle::wait_taken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Injected {
    /// By index in the blueprint.
    pub(super) input: usize,
    pub(super) number: u64,
    /// The activations of the node that had begun before.
    before: u64,
}

impl Injected {
    /// Counts the messages that were injected into this input, from 1. They are
    /// taken in this order.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

/// Why a message was not injected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectFailure {
    /// No node has this input.
    #[error("there is no input {input:?}; the injectable ones are: {known}")]
    UnknownInput {
        /// What was asked for.
        input: String,
        /// The addresses that exist.
        known: String,
    },
    /// The graph was built without this.
    #[error(
        "nothing can be injected into {input}; declare it with Subgraph::injectable; the \
         injectable inputs are: {known}"
    )]
    NotInjectable {
        /// What was asked for.
        input: String,
        /// The addresses that can be injected into.
        known: String,
    },
    /// The input is for another payload type.
    #[error("{input} takes payloads of type {payload}, not {injected}; inject that type")]
    PayloadType {
        /// The input.
        input: String,
        /// Its payload type.
        payload: &'static str,
        /// What was to be injected.
        injected: &'static str,
    },
    /// The port's validator refused the payload, for this reason.
    #[error("{input}: a validator refused the payload: {reason}")]
    Refused {
        /// The input.
        input: String,
        /// What the validator said.
        reason: &'static str,
    },
    /// What was injected before has not been taken.
    #[error(
        "{input} is full: its node has not taken what was injected before; inject again later, \
         or declare a larger capacity"
    )]
    Full {
        /// The input.
        input: String,
    },
    /// The node has finished, or is quarantined.
    #[error("{input} is closed: its node has ended, or is quarantined for good")]
    NodeEnded {
        /// The input.
        input: String,
    },
    /// The engine takes no more messages.
    #[error("the engine shuts down or has stopped; nothing can be injected any more")]
    Stopped,
}

/// A message that was not injected, handed back with the reason. It does not
/// count as sent in the ledger.
#[derive(Clone, PartialEq, Eq)]
pub struct InjectError<T> {
    /// Why.
    pub failure: InjectFailure,
    /// The message; its trace id and origin may be filled in.
    pub message: Message<T>,
}

impl<T> fmt::Debug for InjectError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InjectError")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for InjectError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.failure, f)
    }
}

impl<T> core::error::Error for InjectError<T> {}

/// An injected message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "message {number} that was injected into {input} has not been taken: {}",
    if *lost {
        "its node has ended before, or the engine; it counts as discarded"
    } else {
        "its node is paused, or held up, or its worker has no core; wait longer"
    }
)]
#[non_exhaustive]
pub struct NotTaken {
    /// The input.
    pub input: String,
    /// Which of the messages that were injected there, from 1.
    pub number: u64,
    /// Whether it never will be.
    pub lost: bool,
}

impl EngineHandle {
    /// Puts a payload into an [injectable](crate::graph::Subgraph::injectable)
    /// input, written `path:port`, as a [Control](crate::message::Kind::Control)
    /// message of a trace of its own; its origin is now, by the engine's clock.
    /// The port's validator has its say first.
    ///
    /// It waits there like any message: in the Control band, before what waits in
    /// lower ones; while its node is paused; in the ledger of the edge
    /// `>>handle->path:port`. A node whose open quarantine began before it was
    /// taken gets it as a [dead letter](crate::graph::Subgraph::dead_letters). A
    /// shutdown drains it; what is left after its timeout counts as discarded.
    ///
    /// The returned receipt tells which activation took it, see
    /// [`wait_taken`](Self::wait_taken).
    ///
    /// ```
    /// use tidegate::engine::Engine;
    /// use tidegate::graph::Subgraph;
    /// use tidegate::node::builtin;
    ///
    /// let mut graph = Subgraph::new("g");
    /// let limit = graph.add("limit", builtin::sink(|most: u32| assert_eq!(most, 7)))?;
    /// graph.injectable(limit.input(|n| &n.input), 4)?;
    /// let mut engine = Engine::builder(graph).stepping()?;
    /// let handle = engine.handle();
    /// let receipt = handle.inject("limit:in", 7_u32)?;
    /// engine.run_until_idle(100);
    /// let taken = handle.taken(receipt).expect("it was called");
    /// assert_eq!((taken.earliest, taken.latest), (1, 1));
    /// # assert!(engine.shutdown(100).is_balanced());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InjectError`] hands the message back, see [`InjectFailure`].
    ///
    /// # Real-time
    /// Waits for no worker, and for other handles that inject into the same input
    /// no longer than their sends take; allocates for the record of the call. The
    /// worker is told as about a message at a [door](crate::door).
    pub fn inject<T: Send + 'static>(
        &self,
        input: &str,
        payload: T,
    ) -> Result<Injected, InjectError<T>> {
        self.inject_message(input, Message::control(payload))
    }

    /// As [`inject`](Self::inject), for a whole message. A trace id and an origin
    /// it already has stay.
    ///
    /// # Errors
    /// As [`inject`](Self::inject).
    pub fn inject_message<T: Send + 'static>(
        &self,
        input: &str,
        message: Message<T>,
    ) -> Result<Injected, InjectError<T>> {
        let blueprint = &self.control.blueprint;
        let injected = blueprint.inject(input, message);
        let outcome = match &injected {
            Ok(receipt) => ControlOutcome::Injected {
                receipt: *receipt,
                taken: None,
            },
            Err(error) => ControlOutcome::Refused(error.to_string()),
        };
        let input = input.into();
        let mut calls = lock(&blueprint.calls);
        let at = blueprint.clock.now();
        calls.note_outcome(at, ControlRequest::Inject { input }, outcome);
        injected
    }

    /// Which activation of its node took an injected message, once that has
    /// returned; `None` if it has not been taken. Waits for no worker.
    ///
    /// Taken is not handled: the node may have failed on it, or have been in an
    /// open quarantine, so that it became a dead letter. A
    /// [snapshot](Self::snapshot) has the node's state and faults, and the edge's
    /// [dead letters](crate::edge::Ledger::dead_letters).
    #[must_use]
    pub fn taken(&self, injected: Injected) -> Option<Taken> {
        self.control.blueprint.taken(injected)
    }
}

impl Blueprint {
    fn inject<T: Send + 'static>(
        &self,
        input: &str,
        message: Message<T>,
    ) -> Result<Injected, InjectError<T>> {
        let mut injectables = self.injectables.iter();
        let Some(index) = injectables.position(|it| it.address == input) else {
            let failure = self.no_injectable(input);
            return Err(InjectError { failure, message });
        };
        let Injectable {
            node,
            payload,
            inlet,
            ..
        } = &self.injectables[index];
        let before = self.shared.node_stats[*node].activations.get();
        let mut inlet = lock(inlet);
        match inlet.inject(message) {
            Ok(number) => Ok(Injected {
                input: index,
                number,
                before,
            }),
            Err(InjectFailed::PayloadType(message)) => Err(InjectError {
                failure: InjectFailure::PayloadType {
                    input: input.into(),
                    payload,
                    injected: type_name::<T>(),
                },
                message,
            }),
            Err(InjectFailed::Door(error)) => Err(InjectError {
                failure: self.failure(input.into(), error.failure, inlet.is_left()),
                message: error.message,
            }),
        }
    }

    /// `left`: the node takes nothing any more.
    fn failure(&self, input: String, failure: SendFailure, left: bool) -> InjectFailure {
        let left = left || seeded_bug("shut-gate-blames-the-node");
        match failure {
            SendFailure::Full => InjectFailure::Full { input },
            SendFailure::Refused(reason) => InjectFailure::Refused { input, reason },
            // The gate shuts before the phase says why.
            SendFailure::Closed if left && self.shared.phase() < Phase::Draining => {
                InjectFailure::NodeEnded { input }
            }
            SendFailure::Closed => InjectFailure::Stopped,
        }
    }

    fn no_injectable(&self, input: &str) -> InjectFailure {
        let injectables = self.injectables.iter();
        let known: Vec<_> = injectables.map(|it| it.address.as_str()).collect();
        let known = if known.is_empty() {
            "none".into()
        } else {
            known.join(", ")
        };
        let mut inputs = self.nodes.iter().flat_map(|node| &node.inputs);
        let exists = inputs.any(|it| it == input);
        let input = input.into();
        if exists {
            InjectFailure::NotInjectable { input, known }
        } else {
            InjectFailure::UnknownInput { input, known }
        }
    }

    pub(super) fn taken(&self, injected: Injected) -> Option<Taken> {
        let injectable = self.injectables.get(injected.input)?;
        let activations = || self.shared.node_stats[injectable.node].activations.get();
        let mut inlet = lock(&injectable.inlet);
        let (earliest, latest) = inlet.taken(injected.number, injected.before, activations)?;
        Some(Taken { earliest, latest })
    }

    /// Whether the message will never be taken.
    pub(super) fn is_lost(&self, injected: Injected) -> bool {
        let injectable = self.injectables.get(injected.input);
        injectable.is_none_or(|it| lock(&it.inlet).is_left())
    }

    /// The latest calls, the oldest first, and what became of them.
    pub(in crate::engine) fn call_records(&self) -> Vec<ControlRecord> {
        let mut records = lock(&self.calls).records();
        for record in &mut records {
            if let ControlOutcome::Injected { receipt, taken } = &mut record.outcome {
                *taken = self.taken(*receipt);
            }
        }
        records
    }
}
