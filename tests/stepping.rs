//! Engines that their caller drives, as a program without `std` has them; run
//! with every set of features that has engines, on the library as it is compiled
//! then (`ci/no-std.sh`).

#![allow(clippy::disallowed_types)] // what is counted here is no part of the library

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use tidegate::Band;
use tidegate::edge::RecvError;
use tidegate::engine::{Engine, Level, Step, StopReason};
use tidegate::graph::{Edge, Subgraph};
use tidegate::harness::NodeHarness;
use tidegate::node::{
    Backoff, Context, FaultPolicy, Input, Node, NodeError, NodeOptions, NodeResult, Output, Ports,
    Quarantine, Tick, builtin,
};
use tidegate::observe::{EventKind, Recorder};
use tidegate::sched::NodeState;
use tidegate::time::{Clock, ManualClock, Timestamp};

type TestResult = Result<(), Box<dyn Error>>;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Passes numbers on; fails at 13.
#[derive(Default)]
struct Wary {
    numbers: Input<u64>,
    passed: Output<u64>,
}

impl Node for Wary {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("numbers", &mut self.numbers);
        ports.output("passed", &mut self.passed);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.numbers.recv(cx) {
            if *number == 13 {
                return Err(NodeError::new("thirteen"));
            }
            self.passed.send(cx, *number)?;
        }
        Ok(())
    }
}

/// Says at each tick what time it is.
#[derive(Default)]
struct Bell {
    strokes: Output<u64>,
}

impl Node for Bell {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("strokes", &mut self.strokes);
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let now = cx.now().as_nanos();
        self.strokes.send(cx, now)?;
        Ok(())
    }
}

/// A source, a tee, and an edge of each policy behind it.
fn every_policy() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("policies");
    graph.add("numbers", builtin::source_iter(0..1_000_u64))?;
    graph.add("tee", builtin::tee::<u64>(4))?;
    graph.connect_by_name("numbers:out", "tee:in", Edge::block(8))?;
    let newest = |pending: &mut u64, new| *pending = new;
    for (port, name, edge) in [
        ("tee:out0", "block", Edge::block(8)),
        ("tee:out1", "drop", Edge::drop_newest(3).band(Band::High)),
        ("tee:out2", "latest", Edge::latest(1)),
        ("tee:out3", "coalesce", Edge::coalesce(2, newest).into()),
    ] {
        graph.add(name, builtin::sink(|_: u64| {}))?;
        graph.connect_by_name(port, &format!("{name}:in"), edge)?;
    }
    Ok(graph)
}

#[test]
fn every_policy_flows_the_same_way_each_time_and_every_message_is_accounted_for() -> TestResult {
    let run = || -> Result<_, Box<dyn Error>> {
        let builder = Engine::builder(every_policy()?).clock(ManualClock::new());
        let mut engine = builder
            .seed(7)
            .recorder(Recorder::Full, 1 << 14)
            .stepping()?;
        let mut steps = Vec::new();
        loop {
            match engine.step() {
                Step::Idle { .. } => break,
                step => steps.push(step),
            }
        }
        let recording = engine.recording().ok_or("it is on")?;
        let activations = recording
            .events()
            .filter(|(_, event)| matches!(event.kind(), Some(EventKind::Activation { .. })));
        let activations = activations.count();
        assert!(engine.shutdown_requested(), "every node has finished");
        let report = engine.shutdown(10);
        assert!(report.is_balanced() && report.drained, "{report}");
        assert_eq!(report.reason, StopReason::Completed);
        Ok((steps, activations, report.to_string()))
    };
    let (steps, activations, text) = run()?;
    let called = |step: &&Step| matches!(step, Step::Activated { .. });
    assert_eq!(steps.iter().filter(called).count(), activations);
    assert!(activations > 500, "{activations}");
    assert_eq!(run()?, (steps, activations, text));
    Ok(())
}

#[test]
fn ticks_come_when_the_caller_moves_the_time() -> TestResult {
    let mut graph = Subgraph::new("bell");
    let ticking = NodeOptions::new().tick(Tick::Every(10 * MILLISECOND));
    let bell = graph.add_with("bell", Bell::default(), ticking)?;
    graph.expose_output("strokes", bell.output(|n| &n.strokes))?;
    let clock = ManualClock::new();
    let builder = Engine::builder(graph).exit("strokes", Edge::block(8));
    let mut engine = builder.clock(clock.clone()).stepping()?;
    let mut strokes = engine.take_exit::<u64>("strokes")?;
    engine.run_until_idle(10);
    assert_eq!(strokes.try_recv().unwrap_err(), RecvError::Empty);
    for stroke in 1..=3 {
        let Step::Idle {
            next_tick: Some(due),
        } = engine.step()
        else {
            return Err("there is nothing else to do".into());
        };
        clock.advance(due.since(clock.now()));
        engine.run_until_idle(10);
        assert_eq!(*strokes.try_recv()?, 10_000_000 * stroke);
    }
    assert!(engine.shutdown(10).is_balanced());
    Ok(())
}

#[test]
fn a_clock_of_ones_own_needs_nothing_but_the_present_moment() -> TestResult {
    /// Counts how often it is asked.
    #[derive(Clone, Default)]
    struct Asked(Arc<AtomicU64>);

    impl Clock for Asked {
        fn now(&self) -> Timestamp {
            Timestamp::from_nanos(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    let mut graph = Subgraph::new("asked");
    let numbers = graph.add("numbers", builtin::source_iter(0..9_u64))?;
    graph.expose_output("numbers", numbers.output(|n| &n.output))?;
    let clock = Asked::default();
    let builder = Engine::builder(graph).exit("numbers", Edge::block(16));
    let mut engine = builder.clock(clock.clone()).stepping()?;
    let mut numbers = engine.take_exit::<u64>("numbers")?;
    engine.run_until_idle(10);
    let first = numbers.try_recv()?;
    assert!(first.header().origin() < Some(clock.now()));
    drop(numbers);
    assert!(engine.shutdown(10).is_balanced());
    Ok(())
}

#[test]
fn what_waits_at_a_door_is_woken_by_the_steps_that_it_waits_for() -> TestResult {
    let mut graph = Subgraph::new("service");
    let double = graph.add("double", builtin::map(|n: u64| 2 * n))?;
    graph.expose_input("requests", double.input(|n| &n.input))?;
    graph.expose_output("results", double.output(|n| &n.output))?;
    let builder = Engine::builder(graph).entrance("requests", Edge::block(2));
    let mut engine = builder.exit("results", Edge::block(2)).stepping()?;
    let mut requests = engine.take_entrance::<u64>("requests")?;
    let mut results = engine.take_exit::<u64>("results")?;
    let mut task = Task::from_waker(Waker::noop());

    requests.try_send(1)?;
    requests.try_send(2)?;
    assert!(requests.try_send(3).unwrap_err().is_full());
    {
        let mut waiting = pin!(requests.send(3));
        assert!(waiting.as_mut().poll(&mut task).is_pending());
        engine.run_until_idle(10);
        assert!(matches!(waiting.poll(&mut task), Poll::Ready(Ok(_))));
    }
    // One of several tasks that send.
    let shared = requests.share();
    for number in 1..=3 {
        let Poll::Ready(result) = pin!(results.recv()).poll(&mut task) else {
            return Err("it is there".into());
        };
        assert_eq!(result.as_deref(), Some(&(2 * number)));
        engine.run_until_idle(10);
    }
    shared.try_send(4)?;
    shared.close();
    engine.run_until_idle(10);
    assert_eq!(*results.try_recv()?, 8);
    assert!(engine.shutdown_requested(), "nothing more can come");
    assert!(engine.shutdown(10).is_balanced());
    assert_eq!(results.try_recv().unwrap_err(), RecvError::Closed);
    Ok(())
}

#[test]
fn what_fails_is_quarantined_released_and_reported() -> TestResult {
    let mut graph = Subgraph::new("failing");
    let options = NodeOptions::new()
        .on_error(FaultPolicy::Quarantine { after: 1 })
        .quarantine(Quarantine::Open);
    let numbers = graph.add("numbers", builtin::source_iter(10_u64..))?;
    let wary = graph.add_restartable("wary", Wary::default, options)?;
    let sum = graph.add("sum", builtin::sink(|_: u64| {}))?;
    let (from, to) = (numbers.output(|n| &n.output), wary.input(|n| &n.numbers));
    graph.connect(from, to, Edge::block(16))?;
    let (from, to) = (wary.output(|n| &n.passed), sum.input(|n| &n.input));
    graph.connect(from, to, Edge::block(16))?;
    let mut engine = Engine::builder(graph).batch(1).stepping()?;
    let handle = engine.handle();
    engine.run_until_idle(50);
    let state = |node: &str| handle.snapshot().node(node).map(|node| node.state);
    assert_eq!(state("wary"), Some(NodeState::Quarantined));
    let receipt = handle.release("wary")?;
    assert!(receipt.poll().is_none(), "no step was made yet");
    engine.run_until_idle(50);
    assert!(matches!(receipt.poll(), Some(Ok(()))));
    assert_ne!(state("wary"), Some(NodeState::Quarantined));
    let report = engine.shutdown(100);
    assert!(report.is_balanced(), "{report}");
    let [fault] = &report.faults[..] else {
        return Err("it failed once".into());
    };
    assert_eq!((&*fault.node, &*fault.message), ("wary", "thirteen"));
    Ok(())
}

#[test]
fn a_restarted_node_waits_for_its_back_off_by_the_callers_clock() -> TestResult {
    let options = NodeOptions::new()
        .on_error(FaultPolicy::Restart { limit: 3 })
        .backoff(Backoff::new(5 * MILLISECOND));
    let mut harness = NodeHarness::restartable(Wary::default)
        .options(options)
        .build()?;
    harness.feed("numbers", [12_u64, 13, 14])?;
    harness.run();
    assert_eq!(harness.node().state, NodeState::Restarting);
    assert_eq!(harness.collect::<u64>("passed")?, [12]);
    harness.advance(5 * MILLISECOND);
    assert_eq!(harness.node().restarts, 1);
    assert_eq!(harness.collect::<u64>("passed")?, [14]);
    assert_eq!(harness.faults()[0].message, "thirteen");
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn changes_injections_and_watermarks_take_effect_at_the_next_step() -> TestResult {
    let mut graph = Subgraph::new("changing");
    let numbers = graph.add("numbers", builtin::source_iter(0..100_u64))?;
    let sum = graph.add("sum", builtin::sink(|_: u64| {}))?;
    let limit = graph.add("limit", builtin::sink(|_: u32| {}))?;
    let filling = Edge::block(8).max_capacity(64).watermarks(4, 16);
    graph.connect(
        numbers.output(|n| &n.output),
        sum.input(|n| &n.input),
        filling,
    )?;
    graph.injectable(limit.input(|n| &n.input), 4)?;
    let mut engine = Engine::builder(graph).stepping()?;
    let handle = engine.handle();
    let told = Arc::new(AtomicU64::new(0));
    let hard = Arc::clone(&told);
    handle.on_watermark(move |crossing| {
        if crossing.level == Level::Hard {
            hard.fetch_add(1, Ordering::Relaxed);
        }
    });
    let change = handle.set_edge_capacity("numbers:out->sum:in", 64)?;
    assert!(handle.set_edge_capacity("numbers:out->sum:in", 65).is_err());
    handle.pause("sum")?;
    let receipt = handle.inject("limit:in", 7_u32)?;
    assert!(!handle.acknowledgement(change).is_complete());
    engine.run_until_idle(1_000);
    assert!(handle.acknowledgement(change).is_complete());
    assert_eq!(handle.taken(receipt).map(|taken| taken.latest), Some(1));
    assert_eq!(told.load(Ordering::Relaxed), 1);
    let waiting = engine.diagnosis();
    assert_eq!(waiting.waits.len(), 1, "{waiting}");
    handle.resume("sum")?;
    let drain = handle.drain("sum")?;
    engine.run_until_idle(1_000);
    assert_eq!(handle.undrained(drain), Some(vec![]));
    handle.resume("sum")?;
    engine.run_until_idle(1_000);
    let report = engine.shutdown(1_000);
    assert!(report.is_balanced() && report.drained, "{report}");
    assert_eq!(handle.calls().len(), 7);
    Ok(())
}
