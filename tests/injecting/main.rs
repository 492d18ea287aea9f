//! Messages that a handle injects into a running graph.

#[path = "../common/mod.rs"]
mod common;

mod building;
mod ending;
mod faults;
mod refused;

use std::time::Duration;

use common::{Io, Lab, Log, MANY, PATIENCE, Probe, eat, feed, feed_forever, relay};
use tidegate::engine::Report;
use tidegate::graph::{Edge, Subgraph};
use tidegate::message::Kind;
use tidegate::node::{Context, Direction, builtin};

/// The edge from handles to the input that most of these tests inject into.
const EDGE: &str = ">>handle->node:control";

/// Keeps what came in at `control` as it is, what came at `in` plus 1,000.
fn both(seen: &Log<u64>) -> Probe {
    let seen = seen.clone();
    Probe::new().on_message(move |io: &mut Io<u64>, cx: &mut Context<'_>| {
        while let Some(number) = io.control.recv(cx) {
            seen.push(number);
        }
        while let Some(number) = io.input.recv(cx) {
            seen.push(number + 1_000);
        }
        Ok(())
    })
}

/// A source that never ends, and a node behind it that can be injected into.
fn fed(lab: &mut Lab, seen: &Log<u64>, capacity: usize) {
    lab.add("source", feed_forever()).add("node", both(seen));
    lab.connect("source:out", "node:in", Edge::block(8));
    inject_into(lab, "node:control", capacity);
}

fn inject_into(lab: &mut Lab, input: &str, capacity: usize) {
    lab.graph.injectable_by_name(input, capacity).unwrap();
}

/// Of the edge from handles: sent, delivered, discarded.
#[track_caller]
fn assert_injected(report: &Report, [sent, delivered, discarded]: [u64; 3]) {
    let ledger = report.edge(EDGE).unwrap().ledger;
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!(
        (ledger.sent, ledger.delivered, ledger.discarded),
        (sent, delivered, discarded),
        "{ledger}"
    );
}

#[test]
fn what_is_injected_is_a_control_message_that_comes_before_all_else() {
    let (mut lab, kinds) = (Lab::new(), Log::new());
    let kept = kinds.clone();
    let node = Probe::new().on_message(move |io: &mut Io<u64>, cx: &mut Context<'_>| {
        while let Some(message) = io.control.port.recv(cx) {
            io.control.count.up();
            kept.push((*message, Some(message.header().kind()), cx.trace()));
        }
        while let Some(number) = io.input.recv(cx) {
            kept.push((number, None, cx.trace()));
        }
        Ok(())
    });
    lab.add("source", feed(3)).add("node", node);
    lab.connect("source:out", "node:in", Edge::block(8));
    inject_into(&mut lab, "node:control", 4);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("node").unwrap();
    engine.run_until_idle(MANY);
    let injected = handle.inject("node:control", 7_u64).unwrap();
    handle.resume("node").unwrap();
    engine.run_until_idle(MANY);
    let kinds = kinds.take();
    assert_eq!((kinds[0].0, kinds[0].1), (7, Some(Kind::Control)));
    assert!(kinds[0].2.is_some(), "it has a trace of its own");
    let data: Vec<_> = kinds[1..].iter().map(|(number, ..)| *number).collect();
    assert_eq!(data, [0, 1, 2]);
    assert_eq!(injected.number(), 1);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_injected(&report, [1, 1, 0]);
}

#[test]
fn a_receipt_says_which_activation_took_the_message() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    fed(&mut lab, &seen, 4);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let activations = || handle.snapshot().node("node").unwrap().activations;
    for round in 0..100_u64 {
        engine.run_until_idle(7);
        let (before, seen_before) = (activations(), seen.len());
        let injected = handle.inject("node:control", round).unwrap();
        assert_eq!(handle.taken(injected), None);
        while !seen.entries()[seen_before..].contains(&round) {
            engine.step();
        }
        let taken = handle.taken(injected).unwrap();
        assert_eq!((taken.earliest, taken.latest), (before + 1, before + 1));
        assert_eq!(activations(), before + 1);
    }
    // Of several that wait together it is known between which it was.
    engine.run_until_idle(7);
    let several = [1_u64, 2, 3].map(|number| handle.inject("node:control", number).unwrap());
    let before = activations();
    engine.run_until_idle(100);
    let taken = several.map(|injected| handle.taken(injected).unwrap());
    assert_eq!(
        (taken[0].earliest, taken[0].latest),
        (before + 1, before + 1)
    );
    for taken in taken {
        assert!(taken.earliest > before && taken.latest >= taken.earliest);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_injected(&report, [103, 103, 0]);
}

#[test]
fn a_nested_input_is_injected_into_by_its_path() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let mut inner = Subgraph::new("inner");
    inner.add("a", relay()).unwrap();
    // By the subgraph itself, and from outside through what it exposes.
    inner.injectable_by_name("a:in", 4).unwrap();
    inner.add("b", relay()).unwrap();
    inner.expose_later(Direction::Input, "b", "b:in");
    for port in ["a", "b"] {
        inner.expose_later(Direction::Output, port, format!("{port}:out"));
    }
    let mut outer = Subgraph::new("outer");
    outer.add("before", builtin::sink(|_: u64| ())).unwrap();
    outer.injectable_by_name("before:in", 1).unwrap();
    outer.nest(inner).unwrap();
    for port in ["a", "b"] {
        outer.expose_later(Direction::Output, port, format!("inner:{port}"));
    }
    outer.injectable_by_name("inner:b", 4).unwrap();
    lab.add("early", feed(1)).add("sink", eat(&eaten));
    lab.graph.add("late", builtin::sink(|_: u64| ())).unwrap();
    lab.graph.nest(outer).unwrap();
    lab.graph.add("merge", builtin::merge::<u64>(3)).unwrap();
    lab.connect("early:out", "merge:in0", Edge::block(4));
    lab.connect("outer:a", "merge:in1", Edge::block(4));
    lab.connect("outer:b", "merge:in2", Edge::block(4));
    lab.connect("merge:out", "sink:in", Edge::block(4));
    inject_into(&mut lab, "late:in", 1);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.inject("outer/inner/a:in", 10_u64).unwrap();
    handle.inject("outer/inner/b:in", 20_u64).unwrap();
    handle.inject("outer/before:in", 30_u64).unwrap();
    let error = handle.inject("outer/inner:b", 20_u64).unwrap_err();
    assert!(error.to_string().contains("outer/inner/b:in"), "{error}");
    engine.run_until_idle(MANY);
    let mut eaten = eaten.take();
    eaten.sort_unstable();
    assert_eq!(eaten, [0, 10, 20]);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
}

#[test]
fn a_paused_node_gets_what_was_injected_once_it_goes_on() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    fed(&mut lab, &seen, 2);
    let engine = lab.engine().start().unwrap();
    let handle = engine.handle();
    let pause = handle.pause("node").unwrap();
    handle.wait_applied(pause, PATIENCE).unwrap();
    let injected = handle.inject("node:control", 1_u64).unwrap();
    let late = handle.wait_taken(injected, Duration::from_millis(1));
    let late = late.unwrap_err();
    assert!(!late.lost && late.to_string().contains("paused"), "{late}");
    handle.resume("node").unwrap();
    let taken = handle.wait_taken(injected, PATIENCE).unwrap();
    assert_eq!(taken.earliest, taken.latest);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_injected(&report, [1, 1, 0]);
}
