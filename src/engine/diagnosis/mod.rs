//! Who waits for whom, and why: for whoever looks at an engine that stands
//! still.
//!
//! A message that nobody takes waits for the node behind its edge. That node
//! may be held for lack of room in an edge of its own, and so on: at the end of
//! such a path stands what everybody on it waits for, the [`Cause`]. A path
//! that comes back to itself is a deadlock, and the cycle is its cause.

mod causes;
mod motion;
mod reading;
#[cfg(feature = "std")]
mod stall;
mod text;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::band::Band;
use crate::sched::NodeState;
use crate::time::Timestamp;

pub(crate) use motion::Motion;
#[cfg(feature = "std")]
pub(crate) use stall::StallDetector;

/// From here on a call of a node counts as long when nobody has set another
/// limit: a hundred times what a node of a real-time graph should take.
pub(crate) const LONG_CALL: Duration = Duration::from_millis(100);

/// Who waits for whom at some moment. Its `Display` is for people.
///
/// Like a [`Snapshot`](super::Snapshot), it is read while the workers go on:
/// each part of it is recent, but not all are of one moment. What is really
/// stuck does not change between two looks.
///
/// Durations are from the first of several looks that saw the same until this
/// one: they are what is known at least. Looks are taken by every call of
/// [`EngineHandle::diagnosis`](super::EngineHandle::diagnosis), by the
/// [stall detector](super::EngineBuilder::stall_after), and when a shutdown
/// begins to drain.
///
/// ```
/// # use tidegate::engine::Engine;
/// # use tidegate::graph::{Edge, Subgraph};
/// # use tidegate::node::builtin;
/// # let mut graph = Subgraph::new("held");
/// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
/// # graph.add("sum", builtin::sink(|_: u64| {}))?;
/// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
/// # let mut engine = Engine::builder(graph).stepping()?;
/// engine.handle().pause("sum")?;
/// engine.run_until_idle(100);
/// let text = engine.diagnosis().to_string();
/// assert!(text.contains("sum is paused; resume it"), "{text}");
/// # assert!(engine.shutdown(100).is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Diagnosis {
    /// When it was made, by the engine's clock.
    pub taken_at: Timestamp,
    /// What the messages wait for in the end; none when they merely wait for
    /// their turn.
    pub causes: Vec<Cause>,
    /// The edges in which messages wait, those first that nobody has moved for
    /// longest.
    pub waits: Vec<Wait>,
    /// By index.
    pub workers: Vec<WorkerStanding>,
}

/// What keeps messages from being handled.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cause {
    /// Each of these nodes waits for room in the edge to the next one, and the
    /// last one in the edge to the first: none of them will ever be called.
    Cycle {
        /// In the order of the edges.
        nodes: Vec<String>,
        /// The one from the first node to the second, and so on.
        edges: Vec<String>,
    },
    /// A handler has not returned for a while; nothing interrupts it, and the
    /// other nodes of its worker wait.
    Handler {
        /// Whose.
        node: String,
        /// Where it runs.
        worker: usize,
        /// For how long at least.
        lasting: Duration,
    },
    /// A node is not called in this state: it is paused, or waits for its
    /// replacement.
    State {
        /// Which node.
        node: String,
        /// Paused, draining, drained or restarting.
        state: NodeState,
    },
    /// A node is called, but does not take what waits for it.
    Untaken {
        /// Which node.
        node: String,
        /// Where messages wait.
        edge: String,
    },
    /// A node could be called, and is not. In stepping mode its caller takes no
    /// steps; on threads its worker does not get its core, or this library has
    /// an error.
    Uncalled {
        /// Which node.
        node: String,
        /// Who should call it.
        worker: usize,
    },
    /// A node waits for room in an exit, and nobody outside receives there.
    Unreceived {
        /// The exit.
        edge: String,
    },
}

/// An edge in which messages wait.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Wait {
    /// The edge's id.
    pub edge: String,
    /// Who sends; "the outside" at an entrance.
    pub producer: String,
    /// Who should receive; "the outside" at an exit.
    pub consumer: String,
    /// Messages that nobody has taken. Zero when the last ones are being
    /// handled.
    pub pending: usize,
    /// How many messages the edge holds.
    pub capacity: usize,
    /// How long nobody has taken any, at least.
    pub unmoved: Duration,
    /// How long the producer has been parked for lack of room here; `None`
    /// when it is not.
    pub blocked: Option<Duration>,
    /// What the consumer is doing.
    pub standing: Standing,
}

/// What a node is doing, or what keeps it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Standing {
    /// Its handler runs.
    Running {
        /// Where.
        worker: usize,
        /// For how long at least.
        lasting: Duration,
    },
    /// It may be called, when its worker comes to it.
    Waiting {
        /// Its worker.
        worker: usize,
        /// Whose handler runs there, if one does.
        behind: Option<String>,
        /// For how long that handler has run, at least.
        lasting: Duration,
    },
    /// It is parked until there is room in an edge behind it.
    Blocked {
        /// That edge.
        edge: String,
    },
    /// It is not called in this state.
    Resting {
        /// Which is not [`NodeState::Active`].
        state: NodeState,
    },
    /// It is no node, but whoever has the handle of an exit.
    Outside,
}

/// What a worker is doing.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WorkerStanding {
    /// Its number.
    pub worker: usize,
    /// What it does.
    pub doing: Doing,
    /// Its ready sets: who may be called, and from which band. `None` when it
    /// did not answer: a handler held it, or it handles no messages any more.
    pub ready: Option<Vec<ReadyNode>>,
}

/// What a worker is doing.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Doing {
    /// It has nothing to do.
    Idle,
    /// It calls this node, or has just called it.
    Calling {
        /// The node.
        node: String,
        /// Since this call began, at least.
        lasting: Duration,
    },
    /// It handles no more messages. This node's hook was called last.
    Stopping {
        /// The node.
        node: Option<String>,
    },
}

/// A node in a ready set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ReadyNode {
    /// The node's path.
    pub node: String,
    /// The band it will be picked from.
    pub band: Band,
}

/// Messages that nobody moved for as long as
/// [`EngineBuilder::stall_after`](super::EngineBuilder::stall_after) says.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Stall {
    /// How long the edge that stands longest has not moved, at least.
    pub lasting: Duration,
    /// What is new about it: the causes that were not reported yet.
    pub causes: Vec<Cause>,
    /// The whole picture.
    pub diagnosis: Diagnosis,
}
