//! Nodes with at most one input and one output.

use tidegate::Message;
use tidegate::engine::Step;
use tidegate::graph::{Edge, Subgraph};
use tidegate::harness::NodeHarness;
use tidegate::message::Kind;
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin,
};
use tidegate::sched::NodeState;

use super::{Leaver, TestResult, collector, payloads, run};

#[test]
fn a_source_sends_every_item_in_order_and_finishes() -> TestResult {
    // Smaller than a batch, so that the source has to wait for room.
    let mut harness = NodeHarness::builder(builtin::source_iter(0..100_u32))
        .output("out", Edge::block(3))
        .build()?;
    let mut received = Vec::new();
    while harness.run() > 0 {
        received.extend(harness.collect::<u32>("out")?);
    }
    assert!(received.into_iter().eq(0..100));
    assert_eq!(harness.node().state, NodeState::Finished);
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn a_source_produces_at_most_a_batch_per_activation() -> TestResult {
    let mut harness = NodeHarness::builder(builtin::source(|| Some(1_u32)))
        .engine(|engine| engine.batch(5))
        .build()?;
    assert!(matches!(harness.step(), Step::Activated { .. }));
    assert_eq!(harness.collect::<u32>("out")?.len(), 5);
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn a_source_goes_on_after_a_refused_payload() -> TestResult {
    #[derive(Default)]
    struct Picky {
        input: Input<u32>,
        output: Output<u32>,
    }
    impl Node for Picky {
        fn ports(&mut self, ports: &mut Ports<'_>) {
            ports
                .input("in", &mut self.input)
                .validator(|&n| if n == 3 { Err("three") } else { Ok(()) });
            ports.output("out", &mut self.output);
        }
        fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
            while let Some(message) = self.input.recv(cx) {
                self.output.send_message(cx, message)?;
            }
            Ok(())
        }
    }
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector::<u32>();
    graph.add("source", builtin::source_iter(0..6_u32))?;
    graph.add("picky", Picky::default())?;
    graph.add("sink", sink)?;
    graph.connect_by_name("source:out", "picky:in", Edge::block(8))?;
    graph.connect_by_name("picky:out", "sink:in", Edge::block(8))?;
    let report = run(graph)?;
    assert_eq!(payloads(&received), [0, 1, 2, 4, 5]);
    assert_eq!(report.node("source").map(|node| node.errors), Some(1));
    Ok(())
}

#[test]
fn map_filter_and_filter_map_keep_order_and_headers() -> TestResult {
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector();
    let mut next = 0;
    let source = builtin::source(move || {
        next += 1;
        (next <= 8).then_some(next)
    });
    let stamp = |message: Message<u32>| message.with_kind(Kind::Control).with_schema(7);
    let source = graph.add("source", source)?;
    let stamper = graph.add("stamper", Stamper::new(stamp))?;
    let even = graph.add("even", builtin::filter(|n: &u32| n.is_multiple_of(2)))?;
    let square = graph.add("square", builtin::map(|n: u32| u64::from(n * n)))?;
    let small = graph.add(
        "small",
        builtin::filter_map(|n: u64| u8::try_from(n * 5).ok()),
    )?;
    let sink = graph.add("sink", sink)?;
    let edge = || Edge::block(2);
    graph.connect(
        source.output(|n| &n.output),
        stamper.input(|n| &n.input),
        edge(),
    )?;
    graph.connect(
        stamper.output(|n| &n.output),
        even.input(|n| &n.input),
        edge(),
    )?;
    graph.connect(
        even.output(|n| &n.output),
        square.input(|n| &n.input),
        edge(),
    )?;
    graph.connect(
        square.output(|n| &n.output),
        small.input(|n| &n.input),
        edge(),
    )?;
    graph.connect(
        small.output(|n| &n.output),
        sink.input(|n| &n.input),
        edge(),
    )?;
    run(graph)?;
    let messages: Vec<_> = received.try_iter().collect();
    // 2, 4 and 6 squared times 5; 8 gives 320, which is no u8.
    assert_eq!(
        messages.iter().map(|message| **message).collect::<Vec<_>>(),
        [20, 80, 180]
    );
    for message in &messages {
        assert_eq!(message.header().kind(), Kind::Control);
        assert_eq!(message.header().schema(), 7);
        assert!(message.header().trace().is_some());
    }
    assert_ne!(messages[0].header().trace(), messages[1].header().trace());
    Ok(())
}

/// Changes whole messages.
struct Stamper<F> {
    input: Input<u32>,
    output: Output<u32>,
    change: F,
}

impl<F> Stamper<F> {
    fn new(change: F) -> Self {
        Self {
            input: Input::new(),
            output: Output::new(),
            change,
        }
    }
}

impl<F: FnMut(Message<u32>) -> Message<u32> + Send + 'static> Node for Stamper<F> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(message) = self.input.recv(cx) {
            let message = (self.change)(message);
            self.output.send_message(cx, message)?;
        }
        Ok(())
    }
}

#[test]
fn a_stage_finishes_when_its_consumer_has_gone_and_so_does_its_source() -> TestResult {
    let mut graph = Subgraph::new("g");
    let source = graph.add("source", builtin::source(|| Some(1_u32)))?;
    let stage = graph.add("stage", builtin::map(|n: u32| n))?;
    let leaver = graph.add("leaver", Leaver::<u32>::default())?;
    graph.connect(
        source.output(|n| &n.output),
        stage.input(|n| &n.input),
        Edge::block(4),
    )?;
    graph.connect(
        stage.output(|n| &n.output),
        leaver.input(|n| &n.input),
        Edge::block(4),
    )?;
    let report = run(graph)?;
    for node in &report.snapshot.nodes {
        assert_eq!((node.errors, node.panics), (0, 0), "{}", node.path);
    }
    Ok(())
}

#[test]
fn a_sink_that_panics_is_a_fault_and_not_the_end_of_the_engine() -> TestResult {
    let mut harness = NodeHarness::builder(builtin::sink(|n: u32| assert_ne!(n, 2, "two")))
        .options(NodeOptions::new().on_panic(FaultPolicy::Continue))
        .build()?;
    harness.feed("in", 0..4_u32)?;
    harness.run();
    let sink = harness.node();
    assert_eq!((sink.panics, sink.messages), (1, 4));
    assert!(harness.finish().is_balanced());
    Ok(())
}
