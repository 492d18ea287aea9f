//! What was asked through handles, and what became of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::band::Band;
use crate::node::Tick;
use crate::sched::Weights;
use crate::time::Timestamp;

use super::injecting::Injected;

/// How many of the latest calls are kept.
pub const KEPT_CALLS: usize = crate::sched::KEPT;

/// The receipt of a change that was accepted.
///
/// It takes effect at the next turn of each worker.
/// [`EngineHandle::wait_applied`](super::EngineHandle::wait_applied) waits for
/// that, [`acknowledgement`](super::EngineHandle::acknowledgement) looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    pub(super) version: u64,
}

impl Change {
    /// Counts up with every change of the engine that was accepted: the
    /// [`Change`](crate::observe::EventKind::Change) events of the flight
    /// recorders say the same number.
    #[must_use]
    pub const fn version(self) -> u64 {
        self.version
    }
}

/// Since when a worker works by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// When it took it over, by the engine's clock.
    pub at: Timestamp,
    /// How many activations the worker had made by then: the change is in force
    /// from the next one on.
    pub activations: u64,
    /// How many of them were of the node that the change is about; `None` when
    /// that is on another worker, or the change is not about one node.
    pub of_node: Option<u64>,
}

/// Where a change is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// Of which change.
    pub change: Change,
    /// By worker; `None` where it is not in force yet.
    ///
    /// Of a change that is not among the latest [`KEPT_CALLS`] calls any more:
    /// what is known of a later one.
    pub workers: Vec<Option<Applied>>,
}

impl Acknowledgement {
    /// Whether it is in force on every worker.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.workers.iter().all(Option::is_some)
    }

    /// The activations of the node that the change is about, before it was in
    /// force.
    #[must_use]
    pub fn of_node(&self) -> Option<u64> {
        let mut workers = self.workers.iter().flatten();
        workers.find_map(|applied| applied.of_node)
    }
}

/// What was asked through a handle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ControlRequest {
    /// To serve an edge in this band.
    EdgeBand {
        /// The edge.
        edge: String,
        /// The band.
        band: Band,
    },
    /// That an edge holds so many messages.
    EdgeCapacity {
        /// The edge.
        edge: String,
        /// How many.
        capacity: usize,
    },
    /// To pause a node or a subgraph.
    Pause {
        /// Its path.
        path: String,
    },
    /// To resume a node or a subgraph.
    Resume {
        /// Its path.
        path: String,
    },
    /// To drain a node or a subgraph.
    Drain {
        /// Its path.
        path: String,
    },
    /// To share the workers by these weights.
    Weights(Weights),
    /// That an activation handles at most so many messages.
    Batch(u32),
    /// That the global cadence is this.
    Tick(Duration),
    /// That the cadence of a node is this.
    NodeTick {
        /// Its path.
        path: String,
        /// The cadence.
        tick: Tick,
    },
    /// To inject a message. What was in it is not kept.
    Inject {
        /// The input.
        input: String,
    },
    /// To quarantine a node.
    Quarantine {
        /// Its path.
        path: String,
    },
    /// To release a node from its quarantine.
    Release {
        /// Its path.
        path: String,
    },
    /// To shut down, draining for at most so long.
    Shutdown {
        /// How long.
        timeout: Duration,
    },
}

impl fmt::Display for ControlRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EdgeBand { edge, band } => write!(f, "serve {edge} in band {band}"),
            Self::EdgeCapacity { edge, capacity } => write!(f, "let {edge} hold {capacity}"),
            Self::Pause { path } => write!(f, "pause {path}"),
            Self::Resume { path } => write!(f, "resume {path}"),
            Self::Drain { path } => write!(f, "drain {path}"),
            Self::Weights(weights) => write!(f, "share by {weights:?}"),
            Self::Batch(messages) => write!(f, "batches of {messages}"),
            Self::Tick(interval) => write!(f, "tick every {interval:?}"),
            Self::NodeTick { path, tick } => write!(f, "tick {path}: {tick:?}"),
            Self::Inject { input } => write!(f, "inject into {input}"),
            Self::Quarantine { path } => write!(f, "quarantine {path}"),
            Self::Release { path } => write!(f, "release {path}"),
            Self::Shutdown { timeout } => write!(f, "shut down within {timeout:?}"),
        }
    }
}

/// Which activation of its node took an injected message: one of these, counted
/// from 1. Both are the same, unless another message was injected before this one
/// was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// No earlier one.
    pub earliest: u64,
    /// No later one.
    pub latest: u64,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlOutcome {
    /// It was invalid; why.
    Refused(String),
    /// It is a change, which is in force as this says.
    Accepted(Acknowledgement),
    /// It was passed on to the supervisor.
    PassedOn,
    /// The message is in the edge, or was taken out of it.
    Injected {
        /// Which message it is.
        receipt: Injected,
        /// Which activation took it, if one has.
        taken: Option<Taken>,
    },
}

impl fmt::Display for ControlOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::PassedOn => f.write_str("passed on"),
            Self::Injected { taken: None, .. } => f.write_str("injected; not taken yet"),
            Self::Injected {
                taken: Some(Taken { earliest, latest }),
                ..
            } if earliest == latest => write!(f, "injected; taken in activation {latest}"),
            Self::Injected {
                taken: Some(Taken { earliest, latest }),
                ..
            } => write!(f, "injected; taken in activation {earliest} to {latest}"),
            Self::Accepted(Acknowledgement { change, workers }) => {
                write!(f, "change {}", change.version)?;
                for (worker, applied) in workers.iter().enumerate() {
                    match applied {
                        None => write!(f, "; worker {worker} not yet")?,
                        Some(applied) => write!(
                            f,
                            "; worker {worker} after {} activations",
                            applied.activations
                        )?,
                    }
                    if let Some(of_node) = applied.and_then(|applied| applied.of_node) {
                        write!(f, ", {of_node} of the node")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// A call through a handle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ControlRecord {
    /// Counts all calls that are recorded, from 1.
    pub number: u64,
    /// When it was made, by the engine's clock.
    pub at: Timestamp,
    /// What was asked.
    pub request: ControlRequest,
    /// What became of it.
    pub outcome: ControlOutcome,
}

impl fmt::Display for ControlRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            at,
            request,
            outcome,
        } = self;
        write!(f, "{number}\t{}\t{request}\t{outcome}", at.as_nanos())
    }
}
