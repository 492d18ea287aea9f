//! What can go wrong at a door.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::message::Message;
use crate::node::Direction;

/// Why a handle cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The engine was built without such a door.
    #[error(
        "there is no door to an exposed {direction} {name:?}; open one with \
         EngineBuilder::{}; the doors are: {}", method(.direction), list(.known)
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// An entrance leads to an input, an exit from an output.
        direction: Direction,
        /// The doors of this direction.
        known: Vec<String>,
    },
    /// The door is for another payload type.
    #[error(
        "the door {name} is for payloads of type {payload}, not {requested}; ask for that type"
    )]
    PayloadType {
        /// The door.
        name: String,
        /// Its payload type.
        payload: &'static str,
        /// What was asked for.
        requested: &'static str,
    },
    /// The handle was taken before; there is one.
    #[error(
        "the handle of the door {0} was taken before; pass it on, or open a door for each thread"
    )]
    Taken(String),
}

const fn method(direction: &Direction) -> &'static str {
    match direction {
        Direction::Input => "entrance",
        Direction::Output => "exit",
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// Why a message did not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SendFailure {
    /// The door's policy is Block, and there was no room; in a call with a
    /// timeout, all the time.
    #[error("the door is full; send again later, or wait with `send` or `send_timeout`")]
    Full,
    /// The engine shuts down or has ended, or the node behind the door has.
    #[error("the door is closed: the engine or the node behind it takes no more")]
    Closed,
    /// The port's validator refused the payload, for this reason.
    #[error("a validator refused the payload: {0}")]
    Refused(&'static str),
}

/// A message that did not come in, handed back with the reason. It does not
/// count as sent in the ledger.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T> {
    /// Why.
    pub failure: SendFailure,
    /// The message, with the trace id and origin that it got at the door. As it
    /// was given if it did not get that far: when a validator refused it, or
    /// others stood in line at a [`SharedEntrance`](super::SharedEntrance).
    pub message: Message<T>,
}

impl<T> SendError<T> {
    pub(super) const fn new(failure: SendFailure, message: Message<T>) -> Self {
        Self { failure, message }
    }

    /// Whether there was no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.failure == SendFailure::Full
    }

    /// Whether nothing will ever come in again.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.failure == SendFailure::Closed
    }

    /// The payload that did not come in.
    #[must_use]
    pub fn into_payload(self) -> T {
        self.message.into_payload()
    }
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

impl<T> core::error::Error for SendError<T> {}
