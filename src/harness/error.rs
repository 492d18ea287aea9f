//! What can go wrong in a harness.

use alloc::string::String;
use alloc::vec::Vec;

use crate::door::{DoorError, SendFailure};
use crate::engine::BuildError;
use crate::graph::AddError;
use crate::node::Direction;

/// Why a harness could not be made, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// The node declares ports that cannot stand.
    #[error(transparent)]
    Node(#[from] AddError),
    /// The engine refuses the node, its edges or the settings.
    #[error(transparent)]
    Engine(#[from] BuildError),
    /// The node has no such port, or it was left without an edge.
    #[error("the node has no {direction} {name:?} with an edge; it has: {}", list(.known))]
    UnknownPort {
        /// Where it was looked for.
        direction: Direction,
        /// What was asked for.
        name: String,
        /// The ports of this direction that have one.
        known: Vec<String>,
    },
    /// The port is for another payload type.
    #[error(
        "the {direction} {name} is for payloads of type {payload}, not {requested}; ask for that type"
    )]
    PayloadType {
        /// Which way the port faces.
        direction: Direction,
        /// The port.
        name: String,
        /// Its payload type.
        payload: &'static str,
        /// What was asked for.
        requested: &'static str,
    },
    /// The outer end of the port is not here any more.
    #[error("the outer end of the {direction} {name} was taken before; use what was taken")]
    Taken {
        /// Which way the port faces.
        direction: Direction,
        /// The port.
        name: String,
    },
    /// An input did not take a payload.
    #[error("the input {input} took {fed} payloads, then no more: {failure}")]
    Refused {
        /// The port.
        input: String,
        /// How many it took in this call.
        fed: usize,
        /// Why it did not take the next one.
        failure: SendFailure,
    },
}

impl HarnessError {
    /// What a door says about a port facing this way.
    pub(super) fn at(direction: Direction, error: DoorError) -> Self {
        match error {
            DoorError::Unknown { name, known, .. } => Self::UnknownPort {
                direction,
                name,
                known,
            },
            DoorError::PayloadType {
                name,
                payload,
                requested,
            } => Self::PayloadType {
                direction,
                name,
                payload,
                requested,
            },
            DoorError::Taken(name) => Self::Taken { direction, name },
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}
