//! Quarantines that keep the edges: dead letters, and release.

use std::collections::BTreeMap;

use tidegate::engine::{ControlError, SteppedEngine, StopReason};
use tidegate::graph::{ConnectError, Edge, Subgraph};
use tidegate::node::{FaultPolicy, NodeOptions, Quarantine, Tick, builtin};
use tidegate::sched::NodeState;
use tidegate::time::ManualClock;

use super::common::{Lab, Log, MANY, PATIENCE, Probe, eat, feed, relay, wait_until};
use super::{MS, advance, dead_letters, faulty, options, state};

pub(super) const IN: &str = "source:out->faulty:in";
pub(super) const GRAVE: &str = "faulty:in!->grave:in";

fn open() -> NodeOptions {
    options(FaultPolicy::Quarantine { after: 1 }).quarantine(Quarantine::Open)
}

/// A source, a node that panics at number 9, a sink.
pub(super) fn lab(eaten: &Log<u64>, messages: u64) -> Lab {
    let mut lab = Lab::new();
    lab.add("source", feed(messages));
    lab.add_with("faulty", faulty(|number| number == 9), open());
    lab.add("sink", eat(eaten));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    lab
}

/// Balanced, and as the probes counted, but for what a stand-in took.
pub(super) fn assert_balanced(report: &tidegate::engine::Report) {
    assert!(report.is_balanced(), "{report}");
    assert!(
        report
            .snapshot
            .edges
            .iter()
            .all(|edge| edge.ledger.in_flight == 0)
    );
}

#[test]
fn what_a_quarantined_node_would_have_received_is_dropped_and_counted() {
    let eaten = Log::new();
    let mut lab = lab(&eaten, 100);
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "all inputs have ended");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..9).collect::<Vec<_>>());
    let ledger = report.edge(IN).unwrap().ledger;
    assert_eq!(
        (ledger.sent, ledger.delivered, ledger.dead_letters),
        (100, 10, 90)
    );
    assert!(
        ledger.to_string().ends_with(" + dead letters 90"),
        "{ledger}"
    );
    let node = report.node("faulty").unwrap();
    assert_eq!((node.messages, node.state), (10, NodeState::Quarantined));
    assert_eq!(report.node("source").unwrap().state, NodeState::Finished);
    assert!(report.to_string().contains("dead letters"), "{report}");
}

#[test]
fn dead_letters_go_to_the_edge_that_was_chosen_and_keep_their_headers() {
    for edge in [Edge::block(2), Edge::drop_newest(2)] {
        let (eaten, buried) = (Log::new(), Log::new());
        let mut lab = lab(&eaten, 100);
        lab.add("grave", eat(&buried));
        let graph = &mut lab.graph;
        graph
            .dead_letters_by_name("faulty:in", "grave:in", edge)
            .unwrap();
        let mut engine = lab.stepping();
        engine.run_until_idle(MANY);
        let report = engine.shutdown(MANY);
        assert_balanced(&report);
        assert_eq!(dead_letters(&report, IN), 90);
        let grave = report.edge(GRAVE).unwrap().ledger;
        assert_eq!(grave.sent, 90, "as many as were taken");
        assert_eq!(grave.delivered + grave.dropped, 90);
        let buried = buried.take();
        assert_eq!(buried.len() as u64, grave.delivered);
        assert!(buried.iter().all(|number| (10..100).contains(number)));
        assert!(buried.is_sorted(), "in order");
    }
}

#[test]
fn a_full_edge_for_dead_letters_holds_the_producer_back_and_loses_nothing() {
    let eaten = Log::new();
    let mut lab = lab(&eaten, 1_000);
    // Serves nothing before it is resumed.
    let buried = Log::new();
    lab.add("grave", eat(&buried));
    let edge = Edge::block(3);
    lab.graph
        .dead_letters_by_name("faulty:in", "grave:in", edge)
        .unwrap();
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("grave").unwrap();
    engine.run_until_idle(MANY);
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.edge(GRAVE).unwrap().depth, 3);
    assert_eq!(snapshot.edge(IN).unwrap().depth, 4, "backpressure");
    handle.resume("grave").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert_balanced(&report);
    assert_eq!(buried.take(), (10..1_000).collect::<Vec<_>>());
}

fn release(engine: &mut SteppedEngine, path: &str) {
    let done = engine.handle().release(path).unwrap();
    assert!(done.poll().is_none(), "not before a step");
    engine.run_until_idle(MANY);
    assert_eq!(done.poll(), Some(Ok(())));
}

#[test]
fn a_released_node_goes_on_with_what_arrives_from_then_on() {
    for restartable in [false, true] {
        let (eaten, clock) = (Log::new(), ManualClock::new());
        let mut lab = Lab::new();
        let mut next = 0;
        // One number per tick.
        let source = Probe::new().on_tick(Tick::Every(MS), move |io, cx| {
            io.output.send(cx, next)?;
            next += 1;
            Ok(())
        });
        lab.add("source", source);
        let mut made = 0;
        let factory = move || {
            made += 1;
            let mut calls = 0;
            let offset = 1_000 * (made - 1);
            Probe::new().on_message(move |io, cx| {
                while let Some(number) = io.input.recv(cx) {
                    calls += 1;
                    assert!(number != 3, "out of order");
                    io.output.send(cx, number + offset + 100 * calls)?;
                }
                Ok(())
            })
        };
        if restartable {
            lab.add_restartable("faulty", factory, open());
        } else {
            let mut factory = factory;
            lab.add_with("faulty", factory(), open());
        }
        lab.add("sink", eat(&eaten));
        lab.connect("source:out", "faulty:in", Edge::block(4));
        lab.connect("faulty:out", "sink:in", Edge::block(4));
        let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
        engine.run_until_idle(MANY);
        for _ in 0..6 {
            advance(&mut engine, &clock, MS);
        }
        assert_eq!(state(&engine, "faulty"), NodeState::Quarantined);
        assert_eq!(eaten.take(), [100, 201, 302]);
        release(&mut engine, "faulty");
        assert_eq!(state(&engine, "faulty"), NodeState::Active);
        for _ in 0..2 {
            advance(&mut engine, &clock, MS);
        }
        // A new one begins to count; the very node goes on counting.
        let expected = if restartable {
            [1106, 1207]
        } else {
            [506, 607]
        };
        assert_eq!(eaten.take(), expected);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(dead_letters(&report, IN), 2);
        let faulty = report.node("faulty").unwrap();
        assert_eq!(faulty.restarts, u64::from(restartable));
    }
}

#[test]
fn a_handle_quarantines_a_node_and_releases_it_again_and_again() {
    let (mut lab, eaten, buried) = (Lab::new(), Log::new(), Log::new());
    lab.add("source", feed(200));
    lab.add_with("faulty", relay(), open());
    lab.add("sink", eat(&eaten));
    lab.add("grave", eat(&buried));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    let graph = &mut lab.graph;
    let edge = Edge::block(2);
    graph
        .dead_letters_by_name("faulty:in", "grave:in", edge)
        .unwrap();
    let mut engine = lab.stepping();
    let handle = engine.handle();
    for _ in 0..5 {
        let quarantined = handle.quarantine("faulty").unwrap();
        engine.run_until_idle(10);
        assert_eq!(quarantined.poll(), Some(Ok(())));
        assert_eq!(quarantined.poll(), Some(Ok(())), "it stays so");
        let released = handle.release("faulty").unwrap();
        engine.run_until_idle(10);
        assert_eq!(released.poll(), Some(Ok(())));
    }
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert_balanced(&report);
    let (eaten, buried) = (eaten.take(), buried.take());
    assert!(!eaten.is_empty() && !buried.is_empty());
    let mut all = [eaten, buried].concat();
    all.sort_unstable();
    assert_eq!(
        all,
        (0..200).collect::<Vec<_>>(),
        "each went one of the two ways"
    );
}

#[test]
fn a_quarantined_source_is_silent_until_it_is_released() {
    let eaten = Log::new();
    let mut lab = Lab::new();
    lab.add_with("source", feed(20), open());
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let mut engine = lab.stepping();
    let done = engine.handle().quarantine("source").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(done.poll(), Some(Ok(())));
    assert!(eaten.take().is_empty());
    assert!(!engine.shutdown_requested(), "it keeps the engine");
    release(&mut engine, "source");
    engine.run_until_idle(MANY);
    assert_eq!(eaten.take(), (0..20).collect::<Vec<_>>());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed);
}

#[test]
fn only_what_can_be_released_is_released_and_the_error_says_why() {
    let eaten = Log::new();
    let mut lab = lab(&eaten, 100);
    lab.add("last", relay_to_nowhere());
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let unknown = handle.release("nobody").unwrap_err();
    assert!(
        matches!(unknown, ControlError::UnknownNode { .. }),
        "{unknown}"
    );
    let active = handle.release("sink").unwrap_err();
    assert!(
        active.to_string().contains("not quarantined but active"),
        "{active}"
    );
    let _ = handle.quarantine("last").unwrap();
    engine.run_until_idle(MANY);
    let closed = handle.release("last").unwrap_err();
    assert!(closed.to_string().contains("Quarantine::Open"), "{closed}");
    // Its inputs have ended: there is nothing to come back to.
    let late = handle.release("faulty").unwrap();
    engine.run_until_idle(MANY);
    assert!(matches!(
        late.poll(),
        Some(Err(ControlError::QuarantinedForGood { .. }))
    ));
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(
        handle.quarantine("sink").unwrap_err(),
        ControlError::Stopped
    );
}

fn relay_to_nowhere() -> Probe {
    Probe::new().on_tick(Tick::Never, |_, _| Ok(()))
}

#[test]
fn on_threads_a_node_comes_back_under_load_and_the_ledger_is_exact() {
    let (mut lab, eaten, buried) = (Lab::new(), Log::new(), Log::new());
    lab.add_on(0, "source", feed(u64::MAX));
    let node = open().worker(1);
    lab.add_restartable("faulty", || faulty(|number| number % 1_000 == 999), node);
    lab.add_on(0, "sink", eat(&eaten));
    lab.add_on(0, "grave", eat(&buried));
    lab.connect("source:out", "faulty:in", Edge::block(8));
    lab.connect("faulty:out", "sink:in", Edge::block(8));
    let edge = Edge::block(8);
    lab.graph
        .dead_letters_by_name("faulty:in", "grave:in", edge)
        .unwrap();
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    for round in 1..=5 {
        wait_until("it failed once more, and is buried", || {
            let snapshot = handle.snapshot();
            let node = snapshot.node("faulty").unwrap();
            node.panics == round && node.state == NodeState::Quarantined
        });
        let released = handle.release("faulty").unwrap();
        assert_eq!(released.wait(PATIENCE), Some(Ok(())));
    }
    let report = engine.shutdown(10_000 * MS);
    assert_balanced(&report);
    let ledger = report.edge(IN).unwrap().ledger;
    assert_eq!(
        ledger.delivered,
        eaten.take().len() as u64 + report.node("faulty").unwrap().panics
    );
    assert_eq!(ledger.dead_letters, report.edge(GRAVE).unwrap().ledger.sent);
    assert_eq!(ledger.dead_letters, buried.take().len() as u64);
}

#[test]
fn dead_letters_need_ports_of_one_type_and_one_edge_for_each_input() {
    let mut graph = Subgraph::new("typed");
    let numbers = graph
        .add("numbers", builtin::source_iter(0..9_u64))
        .unwrap();
    let sink = graph.add("sink", builtin::sink(|_: u64| ())).unwrap();
    let grave = graph.add("grave", builtin::sink(|_: u64| ())).unwrap();
    let _ = graph.add("texts", builtin::sink(|_: String| ())).unwrap();
    graph
        .connect(
            numbers.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::block(4),
        )
        .unwrap();
    let error = graph
        .dead_letters_by_name("sink:in", "texts:in", Edge::block(4))
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::TypeMismatch { .. }),
        "{error}"
    );
    let (of, to) = (sink.input(|n| &n.input), grave.input(|n| &n.input));
    graph.dead_letters(of, to, Edge::block(4)).unwrap();
    assert_eq!(ids(&graph), BTreeMap::from([("unconnected-port", 1)]));
    graph
        .dead_letters_by_name("sink:in", "grave:in", Edge::block(4))
        .unwrap();
    assert!(ids(&graph).contains_key("duplicate-edge"));
}

fn ids(graph: &Subgraph) -> BTreeMap<&'static str, usize> {
    let mut found = BTreeMap::new();
    for issue in graph.validate() {
        *found.entry(issue.code.as_str()).or_default() += 1;
    }
    found
}
