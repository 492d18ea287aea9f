//! What a port is, apart from the field it lives in.

use alloc::boxed::Box;
use core::any::{Any, TypeId, type_name};
use core::fmt;
use core::time::Duration;

use crate::edge::{self, EdgeControl, EdgeError, Merge, Policy, PolicyKind};
use crate::message::Message;
use crate::sync::Shared;
use crate::util::Name;

use super::output::OutputEndpoint;
use super::stand_in::{Bury, bury};

/// Which way a port faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The node receives here.
    Input,
    /// The node sends here.
    Output,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
        })
    }
}

/// Looks at a payload on its way into an edge and may refuse it, saying why.
///
/// A plain function, so that any schema library can be called from it. It runs
/// on the sending worker for each message.
pub type Validator<T> = fn(&T) -> Result<(), &'static str>;

/// The policy and capacity of an edge that leaves the choice to its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortDefault {
    /// Block, Drop or Latest (Coalesce needs a merge function, which only an
    /// edge can give).
    pub policy: PolicyKind,
    /// How many messages the edge holds.
    pub capacity: usize,
}

/// The description of a port: direction, name, payload type and options.
#[derive(Clone)]
pub struct PortSpec {
    pub(crate) direction: Direction,
    pub(crate) name: Name,
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) optional: bool,
    pub(crate) fan_out: u32,
    pub(crate) credited: bool,
    pub(crate) passive: bool,
    pub(crate) default: Option<PortDefault>,
    /// The [`Validator`] of the payload type, erased.
    pub(crate) validator: Option<ErasedValidator>,
    /// Of an output that the graph added: the input whose dead letters leave
    /// here.
    pub(crate) dead_letters_of: Option<usize>,
    pub(crate) bury: Bury,
    pub(crate) make_edge: MakeEdge,
    pub(crate) edge_footprint: fn(max_capacity: usize, policy: PolicyKind) -> usize,
}

impl PortSpec {
    pub(crate) fn new<T: Send + 'static>(direction: Direction, name: Name) -> Self {
        Self {
            direction,
            name,
            type_id: TypeId::of::<T>(),
            type_name: type_name::<T>(),
            optional: false,
            fan_out: 1,
            credited: true,
            passive: false,
            default: None,
            validator: None,
            dead_letters_of: None,
            bury: bury::<T>,
            make_edge: make_edge::<T>,
            edge_footprint: |max_capacity, policy| {
                // What cannot be made needs no memory: validation says so.
                edge::memory_for::<Message<T>>(policy, max_capacity).unwrap_or(0)
            },
        }
    }

    /// A port of another thread that this one can be connected to.
    pub(crate) fn facing(&self) -> Self {
        Self {
            direction: match self.direction {
                Direction::Input => Direction::Output,
                Direction::Output => Direction::Input,
            },
            optional: false,
            fan_out: 1,
            credited: true,
            passive: false,
            default: None,
            validator: None,
            ..self.clone()
        }
    }

    /// The output for the dead letters of this input, which has the given index.
    pub(crate) fn for_dead_letters(&self, index: usize, name: Name) -> Self {
        Self {
            direction: Direction::Output,
            name,
            optional: true,
            dead_letters_of: Some(index),
            ..self.facing()
        }
    }

    /// Which way the port faces.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The port's name, unique among the node's ports of this direction.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The payload type, as the compiler writes it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Whether the graph is complete without an edge here.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        self.optional
    }

    /// How many messages at most the node sends here for each message it
    /// handles; for outputs.
    #[must_use]
    pub const fn fan_out(&self) -> u32 {
        self.fan_out
    }

    /// What an edge that leaves the choice to its ports becomes here.
    #[must_use]
    pub const fn default(&self) -> Option<PortDefault> {
        self.default
    }
}

impl fmt::Debug for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.direction, self.name, self.type_name)
    }
}

pub(crate) type ErasedValidator = alloc::sync::Arc<dyn Any + Send + Sync>;

/// A policy without its payload type: a merge function is a boxed
/// `Merge<Message<T>>`.
pub(crate) enum ErasedPolicy {
    Block,
    Drop,
    Latest,
    Coalesce(Box<dyn Any + Send>),
}

/// Both ends of a new edge, erased, and what they share.
pub(crate) struct EdgeParts {
    pub(crate) control: Shared<EdgeControl>,
    /// An `OutputEndpoint<T>`.
    pub(crate) producer: Box<dyn Any + Send>,
    /// A `Consumer<Message<T>>`.
    pub(crate) consumer: Box<dyn Any + Send>,
}

pub(crate) type MakeEdge = fn(
    capacity: usize,
    max_capacity: usize,
    policy: ErasedPolicy,
    max_age: Option<Duration>,
    input_validator: Option<&ErasedValidator>,
) -> Result<EdgeParts, EdgeError>;

fn make_edge<T: Send + 'static>(
    capacity: usize,
    max_capacity: usize,
    policy: ErasedPolicy,
    max_age: Option<Duration>,
    input_validator: Option<&ErasedValidator>,
) -> Result<EdgeParts, EdgeError> {
    let policy = match policy {
        ErasedPolicy::Block => Policy::Block,
        ErasedPolicy::Drop => Policy::Drop,
        ErasedPolicy::Latest => Policy::Latest,
        ErasedPolicy::Coalesce(merge) => match merge.downcast::<Merge<Message<T>>>() {
            Ok(merge) => Policy::Coalesce(*merge),
            Err(_) => return Err(EdgeError::ForeignMerge),
        },
    };
    let (producer, consumer) = edge::channel_aged(capacity, max_capacity, policy, max_age)?;
    let validator = input_validator.and_then(|v| v.downcast_ref::<Validator<T>>().copied());
    Ok(EdgeParts {
        control: consumer.control().clone(),
        producer: Box::new(OutputEndpoint {
            producer,
            validator,
        }),
        consumer: Box::new(consumer),
    })
}
