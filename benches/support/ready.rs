//! Nodes that are ready all the time.

use tidegate::engine::{Engine, SteppedEngine};
use tidegate::graph::Subgraph;
use tidegate::node::{Context, Node, NodeResult, Ports};

const SOUND: &str = "the graph is sound";

/// A node that is always ready and does nothing.
struct Restless;

impl Node for Restless {
    fn ports(&mut self, _: &mut Ports<'_>) {}

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }
}

/// So many of them on one worker, each called three times so far.
pub(crate) fn restless(nodes: usize) -> SteppedEngine {
    let mut graph = Subgraph::new("ready");
    for index in 0..nodes {
        graph.add(&format!("node{index}"), Restless).expect(SOUND);
    }
    let mut engine = Engine::builder(graph).stepping().expect(SOUND);
    engine.run_until_idle(3 * nodes);
    let snapshot = engine.snapshot();
    assert!(
        snapshot.nodes.iter().all(|node| node.activations == 3),
        "each is called as often as any other: {snapshot}"
    );
    engine
}
