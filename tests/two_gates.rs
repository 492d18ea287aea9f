//! A node that is held back by several edges at once.

use tidegate::engine::{Engine, Step};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports, builtin};

/// Sends every number to both outputs.
#[derive(Default)]
struct Both {
    input: Input<u32>,
    left: Output<u32>,
    right: Output<u32>,
}

impl Node for Both {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("left", &mut self.left);
        ports.output("right", &mut self.right);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.input.recv(cx) {
            self.left.send(cx, *number)?;
            self.right.send(cx, *number)?;
        }
        Ok(())
    }
}

#[test]
fn a_node_held_back_by_two_edges_goes_on_when_the_second_one_has_room() {
    let mut graph = Subgraph::new("two-gates");
    let source = graph
        .add("source", builtin::source_iter(0..20_u32))
        .unwrap();
    let both = graph.add("both", Both::default()).unwrap();
    let left = graph.add("left", builtin::sink(|_: u32| ())).unwrap();
    let right = graph.add("right", builtin::sink(|_: u32| ())).unwrap();
    graph
        .connect(
            source.output(|n| &n.output),
            both.input(|n| &n.input),
            Edge::block(32),
        )
        .unwrap();
    graph
        .connect(
            both.output(|n| &n.left),
            left.input(|n| &n.input),
            Edge::block(2),
        )
        .unwrap();
    graph
        .connect(
            both.output(|n| &n.right),
            right.input(|n| &n.input),
            Edge::block(2),
        )
        .unwrap();
    let mut engine = Engine::builder(graph).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("left").unwrap();
    handle.pause("right").unwrap();
    engine.run_until_idle(100);
    let parked = |engine: &tidegate::engine::SteppedEngine| {
        engine
            .snapshot()
            .edge("source:out->both:in")
            .unwrap()
            .ledger
            .in_flight
    };
    assert_eq!(parked(&engine), 18, "both edges hold two messages");
    handle.resume("left").unwrap();
    engine.run_until_idle(100);
    assert_eq!(parked(&engine), 18, "the right edge is still full");
    handle.resume("right").unwrap();
    engine.run_until_idle(100);
    assert_eq!(parked(&engine), 0);
    assert!(matches!(engine.step(), Step::Idle { .. }));
    let report = engine.shutdown(100);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(
        report
            .edge("both:right->right:in")
            .unwrap()
            .ledger
            .delivered,
        20
    );
}
