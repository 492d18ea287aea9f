//! Why a change was refused, or is not in force.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::edge::EdgeError;
use crate::sched::{MAX_BATCH, NodeState};

/// A change that cannot be made. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No node and no subgraph has this path.
    #[error("there is no node {path:?}, nor a subgraph; the nodes are: {known}")]
    UnknownNode {
        /// What was asked for.
        path: String,
        /// The paths that exist.
        known: String,
    },
    /// No edge has this id.
    #[error("there is no edge {id:?}; the edges are: {known}")]
    UnknownEdge {
        /// What was asked for.
        id: String,
        /// The ids that exist.
        known: String,
    },
    /// The edge cannot have this capacity.
    #[error("edge {id}: {error}")]
    Capacity {
        /// The edge.
        id: String,
        /// What is wrong.
        error: EdgeError,
    },
    /// The edge could not hold what its producer may send for one message.
    #[error(
        "edge {id}: capacity {capacity} is below the fan-out of {fan_out} that its producer \
         declares, which would wait for ever; choose at least {fan_out}"
    )]
    BelowFanOut {
        /// The edge.
        id: String,
        /// What was asked for.
        capacity: usize,
        /// What the producer may send for one message.
        fan_out: usize,
    },
    /// The batch is not within its range.
    #[error("a batch of {0} messages cannot be used; choose 1 to {MAX_BATCH}")]
    Batch(u32),
    /// A cadence without length.
    #[error("a tick interval of zero cannot be used; give a longer one, or Tick::Never")]
    ZeroTick,
    /// There is no global cadence to tick at.
    #[error(
        "node {node} cannot tick at the global cadence, as the engine has none; \
         set one with `set_tick` first"
    )]
    NoGlobalTick {
        /// The node.
        node: String,
    },
    /// Only a quarantined node can be released.
    #[error("node {path} is not quarantined but {state}; there is nothing to release")]
    NotQuarantined {
        /// The node.
        path: String,
        /// What it is.
        state: NodeState,
    },
    /// The node's edges are closed.
    #[error(
        "node {path} cannot be released: its edges have closed; \
         choose Quarantine::Open for it, which keeps them until its inputs have ended"
    )]
    QuarantinedForGood {
        /// The node.
        path: String,
    },
    /// The node is on its way into a quarantine, or out of it.
    #[error("node {path} is just being quarantined or released; ask again")]
    Busy {
        /// The node.
        path: String,
    },
    /// The engine handles no more messages.
    #[error(
        "the engine has stopped, or is past handling messages; nothing can be changed any more"
    )]
    Stopped,
}

/// A change is not in force everywhere yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "change {version} is not in force on worker {}: {}",
    list(workers),
    if *stopped {
        "the engine stopped before"
    } else {
        "a handler runs there that does not return, or the worker has no core; wait longer"
    }
)]
#[non_exhaustive]
pub struct NotApplied {
    /// The change's version.
    pub version: u64,
    /// The workers that do not work by it yet, by index.
    pub workers: Vec<usize>,
    /// Whether the engine stopped before, so that they never will.
    pub stopped: bool,
}

/// A drain is not through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "drain {version} is not through: {}",
    if *stopped {
        "the engine stopped before".into()
    } else if nodes.is_empty() {
        "a later call took all its nodes out of it".into()
    } else {
        format!(
            "{} still at work; a Block edge behind may be full, or a handler running; wait \
             longer, or resume",
            nodes.join(", ")
        )
    }
)]
#[non_exhaustive]
pub struct NotDrained {
    /// The version of the change.
    pub version: u64,
    /// The nodes that have not come to rest, by path. None: a later call paused
    /// or resumed every node, or drains it anew.
    pub nodes: Vec<String>,
    /// Whether the engine stopped before. A shutdown ends every drain.
    pub stopped: bool,
}

fn list(workers: &[usize]) -> String {
    let workers: Vec<_> = workers.iter().map(usize::to_string).collect();
    workers.join(", ")
}
