//! Having a node or a subgraph handle what it has, and come to rest.

use alloc::string::String;
use alloc::vec::Vec;

use crate::sched::{LiveConfig, NodeState};

use super::EngineHandle;
use super::changes::alone;
use super::error::ControlError;
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
    ///
    /// ```
    /// use tidegate::engine::Engine;
    /// use tidegate::graph::{Edge, Subgraph};
    /// use tidegate::node::builtin;
    /// use tidegate::sched::NodeState;
    ///
    /// # let mut graph = Subgraph::new("draining");
    /// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
    /// # graph.add("sum", builtin::sink(|_: u64| {}))?;
    /// graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
    /// let mut engine = Engine::builder(graph).stepping()?;
    /// engine.run_until_idle(1);
    /// let drain = engine.handle().drain("sum")?;
    /// engine.run_until_idle(100);
    /// assert_eq!(engine.handle().undrained(drain), Some(vec![]));
    /// assert_eq!(engine.snapshot().node("sum").unwrap().state, NodeState::Drained);
    /// // Replace what it writes to, say, and go on:
    /// engine.handle().resume("sum")?;
    /// engine.run_until_idle(100);
    /// # assert!(engine.shutdown(100).is_balanced());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
}
