//! The ready-made nodes, run step by step.

use std::error::Error;
use std::sync::{Arc, mpsc};

use tidegate::Message;
use tidegate::engine::{Engine, Report, Step, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::message::Kind;
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin,
};

type TestResult = Result<(), Box<dyn Error>>;

/// More steps than any of these graphs takes.
const MANY: usize = 10_000;

/// A sink that hands everything to a channel, and the channel's other end.
fn collector<T: Send + 'static>() -> (
    builtin::Sink<T, impl FnMut(Message<T>) + Send + 'static>,
    mpsc::Receiver<Message<T>>,
) {
    let (sender, received) = mpsc::channel();
    let sink = builtin::sink_messages(move |message| {
        // Nobody listens any more: then the message is not wanted either.
        let _ = sender.send(message);
    });
    (sink, received)
}

fn payloads<T: Copy>(received: &mpsc::Receiver<Message<T>>) -> Vec<T> {
    received.try_iter().map(|message| *message).collect()
}

/// Runs until nothing is ready, and shuts down; the ledger must be exact.
fn run(graph: Subgraph) -> Result<Report, Box<dyn Error>> {
    let mut engine = Engine::builder(graph).stepping()?;
    let steps = engine.run_until_idle(MANY);
    assert!(steps < MANY, "the graph never came to rest");
    Ok(finish(engine))
}

fn finish(engine: SteppedEngine) -> Report {
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    report
}

/// A consumer that finishes at its first message, without receiving it.
#[derive(Default)]
struct Leaver {
    input: Input<u32>,
}

impl Node for Leaver {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.finish();
        Ok(())
    }
}

#[test]
fn a_source_sends_every_item_in_order_and_finishes() -> TestResult {
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector();
    let source = graph.add("source", builtin::source_iter(0..100_u32))?;
    let sink = graph.add("sink", sink)?;
    // Smaller than a batch, so that the source has to wait for room.
    graph.connect(
        source.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::block(3),
    )?;
    let mut engine = Engine::builder(graph).stepping()?;
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "both nodes have finished");
    finish(engine);
    assert_eq!(payloads(&received), (0..100).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn a_source_produces_at_most_a_batch_per_activation() -> TestResult {
    let mut graph = Subgraph::new("g");
    let source = graph.add("source", builtin::source(|| Some(1_u32)))?;
    let sink = graph.add("sink", builtin::sink(|_: u32| ()))?;
    graph.connect(
        source.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::block(64),
    )?;
    let mut engine = Engine::builder(graph).batch(5).stepping()?;
    assert!(matches!(engine.step(), Step::Activated { node, .. } if node == "source"));
    assert_eq!(engine.snapshot().edges[0].ledger.sent, 5);
    finish(engine);
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
    let leaver = graph.add("leaver", Leaver::default())?;
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

/// A payload that says how many clones of it there are.
type Counted = Arc<u32>;

#[test]
fn every_branch_of_a_tee_gets_every_message_and_the_last_one_the_original() -> TestResult {
    let mut graph = Subgraph::new("g");
    let original: Counted = Arc::new(7);
    let source = graph.add("source", builtin::source_iter([Arc::clone(&original)]))?;
    let tee = graph.add("tee", builtin::tee::<Counted>(3))?;
    graph.connect(
        source.output(|n| &n.output),
        tee.input(|n| &n.input),
        Edge::block(4),
    )?;
    let mut ends = Vec::new();
    for branch in 0..3 {
        let (sink, received) = collector();
        let sink = graph.add(&format!("sink{branch}"), sink)?;
        graph.connect(
            tee.output(move |n| n.branch(branch)),
            sink.input(|n| &n.input),
            Edge::block(4),
        )?;
        ends.push(received);
    }
    run(graph)?;
    let messages: Vec<_> = ends.iter().flat_map(mpsc::Receiver::try_iter).collect();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|m| m.header() == messages[0].header()));
    // Ours and one per branch: the tee cloned twice, not three times, and
    // kept none.
    assert_eq!(Arc::strong_count(&original), 4);
    Ok(())
}

#[test]
fn a_tee_skips_branches_whose_consumers_have_gone_and_ends_with_the_last() -> TestResult {
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector();
    let source = graph.add("source", builtin::source_iter(0..50_u32))?;
    let tee = graph.add("tee", builtin::tee(2))?;
    let leaver = graph.add("leaver", Leaver::default())?;
    let sink = graph.add("sink", sink)?;
    graph.connect(
        source.output(|n| &n.output),
        tee.input(|n| &n.input),
        Edge::block(4),
    )?;
    graph.connect(
        tee.output(|n| n.branch(0)),
        leaver.input(|n| &n.input),
        Edge::block(4),
    )?;
    graph.connect(
        tee.output(|n| n.branch(1)),
        sink.input(|n| &n.input),
        Edge::block(4),
    )?;
    run(graph)?;
    assert_eq!(payloads(&received), (0..50).collect::<Vec<_>>());

    let mut graph = Subgraph::new("g");
    graph.add("source", builtin::source(|| Some(1_u32)))?;
    graph.add("tee", builtin::tee::<u32>(2))?;
    graph.connect_by_name("source:out", "tee:in", Edge::block(4))?;
    for branch in 0..2 {
        graph.add(&format!("leaver{branch}"), Leaver::default())?;
        let (from, to) = (format!("tee:out{branch}"), format!("leaver{branch}:in"));
        graph.connect_by_name(&from, &to, Edge::block(4))?;
    }
    run(graph)?;
    Ok(())
}

#[test]
fn a_branch_that_refuses_a_message_does_not_keep_it_from_the_others() -> TestResult {
    #[derive(Default)]
    struct Refusing {
        input: Input<u32>,
    }
    impl Node for Refusing {
        fn ports(&mut self, ports: &mut Ports<'_>) {
            ports.input("in", &mut self.input).validator(|_| Err("no"));
        }
    }
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector::<u32>();
    graph.add("source", builtin::source_iter(0..9_u32))?;
    graph.add("tee", builtin::tee::<u32>(2))?;
    graph.add("refusing", Refusing::default())?;
    graph.add("sink", sink)?;
    graph.connect_by_name("source:out", "tee:in", Edge::block(16))?;
    graph.connect_by_name("tee:out0", "refusing:in", Edge::block(16))?;
    graph.connect_by_name("tee:out1", "sink:in", Edge::block(16))?;
    let report = run(graph)?;
    assert_eq!(payloads(&received), (0..9).collect::<Vec<_>>());
    assert_eq!(report.node("tee").map(|node| node.errors), Some(9));
    Ok(())
}

/// `inputs` sources of `0, 1, 2, …` tagged with their number, merged.
fn merged(lengths: &[u32], batch: u32) -> Result<Vec<(usize, u32)>, Box<dyn Error>> {
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector();
    let merge = graph.add("merge", builtin::merge(lengths.len()))?;
    let sink = graph.add("sink", sink)?;
    for (input, &length) in lengths.iter().enumerate() {
        let items = (0..length).map(move |item| (input, item));
        let source = graph.add(&format!("source{input}"), builtin::source_iter(items))?;
        graph.connect(
            source.output(|n| &n.output),
            merge.input(move |n| n.input(input)),
            Edge::block(64),
        )?;
    }
    graph.connect(
        merge.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::block(64),
    )?;
    let mut engine = Engine::builder(graph).batch(batch).stepping()?;
    assert!(engine.run_until_idle(MANY) < MANY);
    assert!(engine.shutdown_requested(), "all nodes have finished");
    finish(engine);
    Ok(payloads(&received))
}

#[test]
fn a_merge_loses_nothing_and_keeps_the_order_of_each_input() -> TestResult {
    let lengths = [40, 3, 17];
    let received = merged(&lengths, 8)?;
    for (input, &length) in lengths.iter().enumerate() {
        let items: Vec<_> = received
            .iter()
            .filter(|(from, _)| *from == input)
            .map(|(_, item)| *item)
            .collect();
        assert_eq!(items, (0..length).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn a_merge_takes_from_its_inputs_in_turn_across_activations() -> TestResult {
    // A batch that is no multiple of the number of inputs, so that activations
    // end in the middle of a round. Each source fills its edge before the
    // merge is called for the first time or soon after.
    let received = merged(&[30, 30, 30], 5)?;
    let mut counts = [0_i32; 3];
    for (input, _) in received {
        counts[input] += 1;
        let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
        // Within a round at most 1 apart, plus the batch with which the first
        // source is ahead of the last.
        assert!(spread <= 1 + 5, "{counts:?}");
    }
    assert_eq!(counts, [30; 3]);
    Ok(())
}

#[test]
fn a_sink_that_panics_is_a_fault_and_not_the_end_of_the_engine() -> TestResult {
    let mut graph = Subgraph::new("g");
    let options = NodeOptions::new().on_panic(FaultPolicy::Continue);
    let source = graph.add("source", builtin::source_iter(0..4_u32))?;
    let sink = builtin::sink(|n: u32| assert_ne!(n, 2, "two"));
    let sink = graph.add_with("sink", sink, options)?;
    graph.connect(
        source.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::block(8),
    )?;
    let report = run(graph)?;
    let sink = report.node("sink").ok_or("no sink")?;
    assert_eq!((sink.panics, sink.messages), (1, 4));
    Ok(())
}
