//! Draining a node or a subgraph while the engine goes on.

mod common;

use std::time::Duration;

use common::{Count, Io, Lab, Log, MANY, PATIENCE, Probe, eat, feed_forever, relay, wait_until};
use tidegate::engine::{EngineHandle, Report, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Direction, NodeOptions, Tick, builtin};
use tidegate::sched::NodeState;

fn in_flight(handle: &EngineHandle, edge: &str) -> u64 {
    handle.snapshot().edge(edge).unwrap().ledger.in_flight
}

fn state(handle: &EngineHandle, node: &str) -> NodeState {
    handle.snapshot().node(node).unwrap().state
}

/// Drains in stepping mode; until then at most so many steps.
fn drain(engine: &mut SteppedEngine, path: &str, most: usize) {
    let drain = engine.handle().drain(path).unwrap();
    engine.run_until_idle(most);
    assert_eq!(engine.handle().undrained(drain), Some(vec![]), "{path}");
}

/// All that the first edge took was eaten, in order.
#[track_caller]
fn assert_all_in_order(eaten: &Log<u64>, report: &Report) {
    let sent = report.snapshot.edges[0].ledger.sent;
    assert!(eaten.take().into_iter().eq(0..sent), "{report}");
}

#[test]
fn a_drained_node_has_handled_what_waited_and_not_one_message_more() {
    // One that asks for each message, and one that asks for many at once.
    for whole in [false, true] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add("source", feed_forever());
        if whole {
            lab.graph.add("relay", builtin::map(|n: u64| n)).unwrap();
        } else {
            lab.add("relay", relay());
        }
        lab.add("sink", eat(&eaten));
        lab.connect("source:out", "relay:in", Edge::block(20));
        lab.connect("relay:out", "sink:in", Edge::block(64));
        let mut engine = lab.stepping();
        let handle = engine.handle();
        for round in 1..=3 {
            handle.pause("relay").unwrap();
            engine.run_until_idle(MANY);
            let waits = in_flight(&handle, "source:out->relay:in");
            assert_eq!(waits, 20);
            let before = eaten.len();
            let drain = handle.drain("relay").unwrap();
            assert_eq!(handle.undrained(drain), Some(vec!["relay".into()]));
            engine.run_until_idle(MANY);
            assert_eq!(handle.undrained(drain), Some(vec![]));
            assert_eq!(state(&handle, "relay"), NodeState::Drained);
            assert_eq!(eaten.len() - before, 20, "round {round}, whole {whole}");
            // What came meanwhile waits.
            assert_eq!(in_flight(&handle, "source:out->relay:in"), 20);
        }
        handle.resume("relay").unwrap();
        engine.run_until_idle(100);
        assert!(eaten.len() > 60);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_all_in_order(&eaten, &report);
    }
}

#[test]
fn each_input_from_outside_is_cut_where_it_was() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("data", feed_forever())
        .add("orders", feed_forever());
    let both = Probe::new().on_message(|io: &mut Io<u64>, cx: &mut Context<'_>| {
        while io.control.recv(cx).is_some() {}
        while let Some(message) = io.input.recv(cx) {
            io.output.send(cx, message)?;
        }
        Ok(())
    });
    lab.add("both", both).add("sink", eat(&eaten));
    lab.connect("data:out", "both:in", Edge::block(5));
    lab.connect("orders:out", "both:control", Edge::block(13));
    lab.connect("both:out", "sink:in", Edge::block(64));
    let taken = ["both:in", "both:control"].map(|port| lab.count(port));
    let mut engine = lab.engine().batch(64).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("both").unwrap();
    engine.run_until_idle(MANY);
    drain(&mut engine, "both", MANY);
    assert_eq!(taken.each_ref().map(Count::get), [5, 13]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

/// `source -> outer/{inner/a -> b -> c} -> sink`, on so many workers by turns.
fn nested(lab: &mut Lab, eaten: &Log<u64>, workers: usize) {
    let options = |worker: usize| NodeOptions::new().worker(worker % workers);
    let mut inner = Subgraph::new("inner");
    inner.add_with("a", relay(), options(1)).unwrap();
    inner.expose_later(Direction::Input, "in", "a:in");
    inner.expose_later(Direction::Output, "out", "a:out");
    let mut outer = Subgraph::new("outer");
    outer.nest(inner).unwrap();
    outer.add_with("b", relay(), options(0)).unwrap();
    outer
        .add_with("c", builtin::map(|n: u64| n), options(1))
        .unwrap();
    outer
        .connect_by_name("inner:out", "b:in", Edge::block(8))
        .unwrap();
    outer
        .connect_by_name("b:out", "c:in", Edge::block(8))
        .unwrap();
    outer.expose_later(Direction::Input, "in", "inner:in");
    outer.expose_later(Direction::Output, "out", "c:out");
    lab.add_on(0, "source", feed_forever());
    lab.graph.nest(outer).unwrap();
    lab.add_on(0, "sink", eat(eaten));
    lab.connect("source:out", "outer:in", Edge::block(16));
    lab.connect("outer:out", "sink:in", Edge::block(16));
}

#[test]
fn a_drained_subgraph_is_empty_inside_and_goes_on_where_it_was() {
    for workers in [1, 2] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        nested(&mut lab, &eaten, workers);
        let engine = lab.engine().workers(workers).start().unwrap();
        let handle = engine.handle();
        let inside = ["outer/inner/a", "outer/b", "outer/c"];
        let calls = || inside.map(|node| handle.snapshot().node(node).unwrap().activations);
        for _ in 0..if cfg!(miri) { 2 } else { 100 } {
            let so_far = eaten.len();
            wait_until("it goes on", || eaten.len() > so_far);
            let drain = handle.drain("outer").unwrap();
            handle.wait_drained(drain, PATIENCE).unwrap();
            let before = calls();
            for node in inside {
                assert_eq!(state(&handle, node), NodeState::Drained);
            }
            for edge in ["outer/inner/a:out->outer/b:in", "outer/b:out->outer/c:in"] {
                assert_eq!(in_flight(&handle, edge), 0, "{edge}");
            }
            wait_until("the source waits", || {
                in_flight(&handle, "source:out->outer/inner/a:in") == 16
            });
            assert_eq!(calls(), before);
            handle.resume("outer").unwrap();
        }
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert_all_in_order(&eaten, &report);
    }
}

#[test]
fn a_drained_source_produces_nothing_and_its_ticks_wait() {
    let (mut lab, eaten, ticks) = (Lab::new(), Log::new(), Count::default());
    let counts = ticks.clone();
    let source = feed_forever().on_tick(Tick::Every(Duration::from_nanos(1)), move |_, _| {
        counts.up();
        Ok(())
    });
    lab.add("source", source).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(8));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(50);
    let drained = handle.drain("source").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(handle.undrained(drained), Some(vec![]));
    let (sent, ticked) = (eaten.len(), ticks.get());
    assert!(sent > 0 && ticked > 0);
    engine.run_until_idle(100);
    assert_eq!((eaten.len(), ticks.get()), (sent, ticked));
    handle.resume("source").unwrap();
    engine.run_until_idle(50);
    assert!(eaten.len() > sent && ticks.get() > ticked);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn every_policy_keeps_its_books_at_a_drained_node() {
    let edges: [fn() -> Edge; 4] = [
        || Edge::block(4),
        || Edge::drop_newest(4),
        || Edge::latest(4),
        || Edge::coalesce(4, |pending: &mut u64, new: u64| *pending = new).into(),
    ];
    for edge in edges {
        for workers in [1, 2] {
            let (mut lab, eaten) = (Lab::new(), Log::new());
            lab.add_on(0, "source", feed_forever());
            lab.add_on(workers - 1, "sink", eat(&eaten));
            lab.connect("source:out", "sink:in", edge());
            let engine = lab.engine().workers(workers).start().unwrap();
            let handle = engine.handle();
            for _ in 0..if cfg!(miri) { 2 } else { 50 } {
                let so_far = eaten.len();
                wait_until("it goes on", || eaten.len() > so_far);
                let drain = handle.drain("sink").unwrap();
                handle.wait_drained(drain, PATIENCE).unwrap();
                let received = eaten.len();
                std::thread::yield_now();
                assert_eq!(eaten.len(), received);
                handle.resume("sink").unwrap();
            }
            let report = engine.shutdown(PATIENCE);
            lab.assert_conserved(&report);
        }
    }
}

#[test]
fn a_drain_that_is_held_up_says_by_whom_and_completes_when_there_is_room() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    nested(&mut lab, &eaten, 2);
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    let pause = handle.pause("sink").unwrap();
    handle.wait_applied(pause, PATIENCE).unwrap();
    wait_until("everything is full", || {
        let mut edges = handle.snapshot().edges.into_iter();
        edges.all(|edge| edge.ledger.in_flight == edge.capacity as u64)
    });
    let drain = handle.drain("outer").unwrap();
    let late = handle.wait_drained(drain, Duration::from_millis(1));
    let late = late.expect_err("there is no room behind it");
    assert!(late.nodes.contains(&"outer/c".to_owned()), "{late}");
    handle.resume("sink").unwrap();
    handle.wait_drained(drain, PATIENCE).unwrap();
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
}

#[test]
fn a_later_call_takes_a_node_out_of_a_drain() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    nested(&mut lab, &eaten, 1);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(50);
    let first = handle.drain("outer").unwrap();
    engine.step();
    handle.resume("outer/inner").unwrap();
    engine.run_until_idle(MANY);
    // What b waited for from a counts as from outside now.
    assert_eq!(handle.undrained(first), Some(vec![]));
    assert_eq!(state(&handle, "outer/inner/a"), NodeState::Active);
    let second = handle.drain("outer").unwrap();
    assert_eq!(
        handle.undrained(first),
        None,
        "all nodes are in another drain"
    );
    engine.run_until_idle(MANY);
    assert_eq!(handle.undrained(second), Some(vec![]));
    handle.pause("outer").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(state(&handle, "outer/b"), NodeState::Paused);
    let error = handle
        .wait_drained(second, PATIENCE)
        .expect_err("it is paused");
    assert!(error.nodes.is_empty() && !error.stopped, "{error}");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(
        report
            .snapshot
            .edges
            .iter()
            .map(|it| it.ledger.discarded)
            .sum::<u64>(),
        0
    );
}

#[test]
fn feedback_counts_as_from_outside_and_holds_up_no_drain() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    // Each message goes round twice: to itself, and then on.
    let looped = Probe::new()
        .uncredited()
        .on_message(|io: &mut Io<u64>, cx: &mut Context<'_>| {
            while let Some(again) = io.control.recv(cx) {
                io.second.send(cx, again)?;
            }
            while let Some(message) = io.input.recv(cx) {
                io.output.send(cx, message)?;
            }
            Ok(())
        });
    lab.add("source", feed_forever());
    lab.add("looped", looped).add("sink", eat(&eaten));
    lab.connect("source:out", "looped:in", Edge::block(8));
    lab.connect("looped:out", "looped:control", Edge::drop_newest(64));
    lab.connect("looped:second", "sink:in", Edge::drop_newest(64));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(101);
    drain(&mut engine, "looped", MANY);
    assert_eq!(state(&handle, "looped"), NodeState::Drained);
    let so_far = eaten.len();
    handle.resume("looped").unwrap();
    engine.run_until_idle(101);
    assert!(eaten.len() > so_far);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_shutdown_ends_a_drain_and_empties_what_it_shut() {
    for workers in [1, 2] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        nested(&mut lab, &eaten, workers);
        let engine = lab.engine().workers(workers).start().unwrap();
        let handle = engine.handle();
        wait_until("it goes on", || eaten.len() > 10);
        let drain = handle.drain("outer").unwrap();
        handle.wait_drained(drain, PATIENCE).unwrap();
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert!(report.drained, "{report}");
        assert_all_in_order(&eaten, &report);
    }
}
