//! Tee and merge.

use std::error::Error;
use std::sync::{Arc, mpsc};

use tidegate::graph::{Edge, Subgraph};
use tidegate::harness::NodeHarness;
use tidegate::node::{Input, Node, Ports, builtin};

use super::{Leaver, TestResult, collector, payloads, run};

/// A payload that says how many clones of it there are.
type Counted = Arc<u32>;

#[test]
fn every_branch_of_a_tee_gets_every_message_and_the_last_one_the_original() -> TestResult {
    let original: Counted = Arc::new(7);
    let mut harness = NodeHarness::new(builtin::tee::<Counted>(3))?;
    harness.feed("in", [Arc::clone(&original)])?;
    harness.run();
    let mut messages = Vec::new();
    for branch in ["out0", "out1", "out2"] {
        messages.push(harness.output::<Counted>(branch)?.try_recv()?);
    }
    assert!(messages.iter().all(|m| m.header() == messages[0].header()));
    // Ours and one per branch: the tee cloned twice, not three times, and
    // kept none.
    assert_eq!(Arc::strong_count(&original), 4);
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn a_tee_skips_branches_whose_consumers_have_gone_and_ends_with_the_last() -> TestResult {
    let mut graph = Subgraph::new("g");
    let (sink, received) = collector();
    let source = graph.add("source", builtin::source_iter(0..50_u32))?;
    let tee = graph.add("tee", builtin::tee(2))?;
    let leaver = graph.add("leaver", Leaver::<u32>::default())?;
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
        graph.add(&format!("leaver{branch}"), Leaver::<u32>::default())?;
        let (from, to) = (format!("tee:out{branch}"), format!("leaver{branch}:in"));
        graph.connect_by_name(&from, &to, Edge::block(4))?;
    }
    run(graph)?;
    Ok(())
}

#[test]
fn a_tee_makes_no_clones_for_branches_whose_consumers_have_gone() -> TestResult {
    /// Reports each clone.
    struct Cloned(mpsc::Sender<()>);
    impl Clone for Cloned {
        fn clone(&self) -> Self {
            // The receiver outlives the engine.
            let _ = self.0.send(());
            Self(self.0.clone())
        }
    }
    let (sender, clones) = mpsc::channel();
    let mut graph = Subgraph::new("g");
    let items = (0..50).map(move |_| Cloned(sender.clone()));
    graph.add("source", builtin::source_iter(items))?;
    graph.add("tee", builtin::tee::<Cloned>(2))?;
    graph.add("leaver", Leaver::<Cloned>::default())?;
    graph.add("sink", builtin::sink(|_: Cloned| ()))?;
    graph.connect_by_name("source:out", "tee:in", Edge::block(4))?;
    graph.connect_by_name("tee:out0", "leaver:in", Edge::block(4))?;
    graph.connect_by_name("tee:out1", "sink:in", Edge::block(4))?;
    run(graph)?;
    // The edge to the leaver takes 4 before it is full; what follows is sent
    // after the leaver has gone, which the first message after that finds out.
    let made = clones.try_iter().count();
    assert!((1..=5).contains(&made), "{made} clones");
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

/// Inputs with so many of `0, 1, 2, …` each, tagged with their number, merged.
fn merged(lengths: &[u32], batch: u32) -> Result<Vec<(usize, u32)>, Box<dyn Error>> {
    let mut harness = NodeHarness::builder(builtin::merge::<(usize, u32)>(lengths.len()))
        .output("out", Edge::block(256))
        .engine(move |engine| engine.batch(batch))
        .build()?;
    for (input, &length) in lengths.iter().enumerate() {
        harness.feed(&format!("in{input}"), (0..length).map(|item| (input, item)))?;
    }
    harness.run();
    let received = harness.collect("out")?;
    assert!(harness.finish().is_balanced());
    Ok(received)
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
    // end in the middle of a round.
    let received = merged(&[30, 30, 30], 5)?;
    let mut counts = [0_i32; 3];
    for (input, _) in received {
        counts[input] += 1;
        let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
        assert!(spread <= 1, "{counts:?}");
    }
    assert_eq!(counts, [30; 3]);
    Ok(())
}
