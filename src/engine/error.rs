//! Why an engine could not be built or started.

use alloc::string::String;
use alloc::vec::Vec;

use crate::edge::EdgeError;
use crate::graph::PlanError;

use super::settings::MAX_WORKERS;

/// Why an engine could not be built or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The graph has errors, or does not fit the settings.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No workers, or too many.
    #[error("{0} workers cannot be used; choose 1 to {MAX_WORKERS}")]
    Workers(usize),
    /// Stepping mode runs on the caller's thread alone.
    #[error("stepping mode has one worker, not {0}; leave `workers` at 1")]
    SteppingWorkers(usize),
    /// A core this process cannot use.
    #[error("core {core} is not available; the available cores are {available:?}")]
    UnknownCore {
        /// What was asked for.
        core: usize,
        /// What there is.
        available: Vec<usize>,
    },
    /// More cores than workers were named.
    #[error("{cores} cores are named for {workers} workers; name at most one for each")]
    TooManyCores {
        /// How many cores were named.
        cores: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// A priority that threads cannot have.
    #[error("the priority {0} cannot be used; choose 1 to 99")]
    Priority(u8),
    /// A priority for a worker that does not exist.
    #[error("worker {worker} is to have a priority, but there are {workers}, counted from 0")]
    PriorityOfNobody {
        /// The worker that was named.
        worker: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// The batch is not within its range.
    #[error("a batch of {0} messages cannot be used; choose 1 to 65536")]
    Batch(u32),
    /// A global cadence without length.
    #[error("a global tick interval of zero cannot be used; give a longer one")]
    ZeroTick,
    /// A stall after no time at all.
    #[error("stalls after zero time cannot be told from work; give a longer time")]
    ZeroStall,
    /// Nodes tick at the global cadence, but the engine has none.
    #[error("node {node} ticks at the global cadence; set one with `tick`")]
    NoGlobalTick {
        /// One of those nodes.
        node: String,
    },
    /// An edge could not be made.
    #[error("edge {id}: {error}")]
    Edge {
        /// The edge.
        id: String,
        /// What is wrong.
        error: EdgeError,
    },
    /// A node declares other ports the second time it is asked.
    #[error("node {node} declares other ports than when it was added; declare the same each time")]
    ChangedPorts {
        /// The node.
        node: String,
    },
    /// The platform refused a thread.
    #[cfg(feature = "std")]
    #[error("thread {name} could not be started: {error}")]
    Thread {
        /// Which one.
        name: String,
        /// What the platform said.
        error: std::io::Error,
    },
    /// `on_start` of a node failed whose policy is to stop the engine.
    #[error("the engine did not start: {0}")]
    OnStart(String),
}
