//! Having a node or a subgraph handle what it has, and come to rest.

use core::time::Duration;

use crate::sched::{LiveConfig, NodeState};

use super::EngineHandle;
use super::changes::alone;
use super::error::{ControlError, NotDrained};
use super::record::{Change, ControlRequest};

impl EngineHandle {
    /// Has a node, or all nodes of a subgraph, come to rest, with nothing left
    /// unhandled of what they had.
    ///
    /// From the moment when its worker takes this over, a node takes no more
    /// than what waits in its inputs by then, and what nodes of the same drain
    /// send it; sources produce nothing, and ticks wait. Then the node rests,
    /// in the state [`Drained`](NodeState::Drained), as if it were paused, until
    /// it is [resumed](Self::resume).
    ///
    /// When all have come to rest ([`wait_drained`](Self::wait_drained)):
    ///
    /// - Every message that was in their inputs when they took the drain over
    ///   was handled, and so was every message that followed from it between
    ///   them. None that came later was. On a Latest or Coalesce edge what came
    ///   later may have replaced what waited, or have been merged into it.
    /// - The edges between them are empty, but for those against the order of
    ///   the [plan](crate::graph::Plan) (feedback), which count as edges from
    ///   outside.
    /// - Edges from outside keep what came later, by their policies: the
    ///   producer of a Block edge waits when it is full. Resumed, they go on
    ///   with that; nothing is lost.
    ///
    /// A passive input is not waited for. A node whose Block edges behind it are
    /// full, and stay so, does not come to rest. Shutdown ends the drain.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::Stopped`].
    pub fn drain(&self, path: &str) -> Result<Change, ControlError> {
        let nodes = self.nodes(path);
        let request = ControlRequest::Drain { path: path.into() };
        self.change(request, alone(&nodes), || {
            let nodes = nodes?;
            Ok(move |config: &mut LiveConfig, version| {
                for node in nodes {
                    config.paused[node] = false;
                    config.drains[node] = version;
                }
            })
        })
    }

    /// The nodes of a drain that have not come to rest, by path; `None` when no
    /// node is in it any more, because of later calls. Waits for nobody.
    #[must_use]
    pub fn undrained(&self, drain: Change) -> Option<Vec<String>> {
        let blueprint = &self.control.blueprint;
        let shared = &blueprint.shared;
        let config = shared.config.load();
        let mut left = Vec::new();
        let mut any = false;
        for (index, node) in blueprint.nodes.iter().enumerate() {
            if config.drains[index] != drain.version() {
                continue;
            }
            any = true;
            let stats = &shared.node_stats[index];
            let state = NodeState::from_number(stats.state.get());
            let ended = matches!(state, NodeState::Finished | NodeState::Quarantined);
            if !ended && !stats.rest.is_for(drain.version()) {
                left.push(node.path.clone());
            }
        }
        any.then_some(left)
    }

    /// Waits until every node of a drain has come to rest, for at most
    /// `timeout` of the machine's time. A node that a later call paused or
    /// resumed is in the drain no more.
    ///
    /// Not in stepping mode, where the caller's own steps carry it out.
    ///
    /// # Errors
    /// [`NotDrained`] names the nodes that are still at work. The drain goes
    /// on; [`resume`](Self::resume) ends it.
    pub fn wait_drained(&self, drain: Change, timeout: Duration) -> Result<(), NotDrained> {
        let done = |left: &Option<Vec<String>>| left.as_ref().is_none_or(Vec::is_empty);
        let last = self.wait(timeout, || self.undrained(drain), done);
        match last {
            Some(left) if left.is_empty() => Ok(()),
            last => Err(NotDrained {
                version: drain.version(),
                stopped: self.has_stopped() && last.is_some(),
                nodes: last.unwrap_or_default(),
            }),
        }
    }
}
