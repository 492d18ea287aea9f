//! What a handle learns about its changes: since when they are in force, and
//! what became of each call.

mod common;

use std::time::Duration;

use common::{Count, Lab, Log, MANY, PATIENCE, Probe, eat, feed, feed_forever, relay, wait_until};
use tidegate::Band;
use tidegate::engine::{ControlError, ControlOutcome, ControlRequest, KEPT_CALLS};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::Tick;
use tidegate::observe::{EventKind, Recorder};
use tidegate::sched::{NodeState, Weights};

const EDGE: &str = "source:out->sink:in";

/// A source without end and a sink, by a worker each.
fn pair(lab: &mut Lab, eaten: &Log<u64>, workers: usize) {
    lab.add_on(0, "source", feed_forever());
    lab.add_on(workers - 1, "sink", eat(eaten));
    lab.connect("source:out", "sink:in", Edge::block(8).max_capacity(64));
}

#[test]
fn a_change_says_from_which_activation_on_it_is_in_force() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    pair(&mut lab, &eaten, 1);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(10);
    let before = engine.snapshot();
    let pause = handle.pause("sink").unwrap();
    assert!(!handle.acknowledgement(pause).is_complete(), "not yet");
    engine.step();
    let acknowledged = handle.acknowledgement(pause);
    assert!(acknowledged.is_complete());
    let applied = acknowledged.workers[0].unwrap();
    let picks: u64 = before.workers[0].picks.iter().sum();
    assert_eq!(applied.activations, picks);
    let of_sink = before.node("sink").unwrap().activations;
    assert_eq!(acknowledged.of_node(), Some(of_sink));
    engine.run_until_idle(MANY);
    let after = engine.snapshot();
    assert_eq!(after.node("sink").unwrap().activations, of_sink);
    // A change that is about no node says so.
    let batch = handle.set_batch(3).unwrap();
    assert!(batch > pause);
    engine.step();
    assert_eq!(handle.acknowledgement(batch).of_node(), None);
    assert!(handle.acknowledgement(batch).is_complete());
    handle.resume("sink").unwrap();
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn once_a_pause_is_in_force_the_node_is_not_called_any_more() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    pair(&mut lab, &eaten, 2);
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    for _ in 0..50 {
        let so_far = eaten.len();
        wait_until("it runs", || eaten.len() > so_far);
        let pause = handle.pause("sink").unwrap();
        let acknowledged = handle.wait_applied(pause, PATIENCE).unwrap();
        let calls = || handle.snapshot().node("sink").unwrap().activations;
        assert_eq!(acknowledged.of_node(), Some(calls()));
        let received = eaten.len();
        std::thread::yield_now();
        assert_eq!(eaten.len(), received);
        assert_eq!(acknowledged.of_node(), Some(calls()));
        handle.resume("sink").unwrap();
    }
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
}

#[test]
fn a_worker_in_a_long_handler_is_named_as_the_one_that_is_waited_for() {
    let (held, go) = (Count::default(), Count::default());
    let (mut lab, holding, going) = (Lab::new(), held.clone(), go.clone());
    let sink = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            holding.set(1);
            while going.get() == 0 {
                std::thread::yield_now();
            }
        }
        Ok(())
    });
    lab.add_on(0, "source", feed(20));
    lab.add_on(1, "sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(8));
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    wait_until("the handler runs", || held.get() == 1);
    let change = handle.set_batch(2).unwrap();
    wait_until("the other worker has it", || {
        handle.acknowledgement(change).workers[0].is_some()
    });
    let late = handle.wait_applied(change, Duration::from_millis(1));
    go.set(1);
    let late = late.expect_err("worker 1 is in a handler");
    assert_eq!((late.workers.as_slice(), late.stopped), (&[1][..], false));
    assert!(late.to_string().contains("worker 1"), "{late}");
    handle.wait_applied(change, PATIENCE).unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
}

/// `outer/inner/a -> outer/b`, fed by `source`, into `sink`.
fn nested(lab: &mut Lab, eaten: &Log<u64>) {
    let mut inner = Subgraph::new("inner");
    inner.add("a", relay()).unwrap();
    inner.expose_later(tidegate::node::Direction::Input, "in", "a:in");
    inner.expose_later(tidegate::node::Direction::Output, "out", "a:out");
    let mut outer = Subgraph::new("outer");
    outer.nest(inner).unwrap();
    outer.add("b", relay()).unwrap();
    outer
        .connect_by_name("inner:out", "b:in", Edge::block(8))
        .unwrap();
    outer.expose_later(tidegate::node::Direction::Input, "in", "inner:in");
    outer.expose_later(tidegate::node::Direction::Output, "out", "b:out");
    lab.add("source", feed_forever());
    lab.graph.nest(outer).unwrap();
    lab.add("sink", eat(eaten));
    lab.connect("source:out", "outer:in", Edge::block(8));
    lab.connect("outer:out", "sink:in", Edge::block(8));
}

#[test]
fn a_subgraph_is_paused_and_resumed_with_all_that_is_nested_in_it() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    nested(&mut lab, &eaten);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let paused = |engine: &tidegate::engine::SteppedEngine| -> Vec<String> {
        let nodes = engine.snapshot().nodes.into_iter();
        let paused = nodes.filter(|node| node.state == NodeState::Paused);
        paused.map(|node| node.path).collect()
    };
    handle.pause("outer").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(paused(&engine), ["outer/inner/a", "outer/b"]);
    assert_eq!(eaten.len(), 0);
    handle.resume("outer/inner").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(paused(&engine), ["outer/b"]);
    handle.resume("outer").unwrap();
    engine.run_until_idle(100);
    assert!(eaten.len() > 0 && paused(&engine).is_empty());
    // A prefix of a name is no path.
    let error = handle.pause("oute").expect_err("there is no such thing");
    assert!(matches!(error, ControlError::UnknownNode { .. }));
    assert!(handle.pause("").is_err());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn every_call_is_recorded_with_what_became_of_it() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    pair(&mut lab, &eaten, 1);
    let mut engine = lab
        .engine()
        .recorder(Recorder::Lifecycle, 256)
        .stepping()
        .unwrap();
    let handle = engine.handle();
    let accepted = [
        handle.set_edge_band(EDGE, Band::High).unwrap(),
        handle.set_edge_capacity(EDGE, 16).unwrap(),
        handle.pause("sink").unwrap(),
        handle.resume("sink").unwrap(),
        handle.set_weights(Weights::default()).unwrap(),
        handle.set_batch(4).unwrap(),
        handle.set_tick(Duration::from_millis(1)).unwrap(),
        handle.set_node_tick("sink", Tick::Never).unwrap(),
    ];
    handle.pause(&"x".repeat(1 << 20)).unwrap_err();
    engine.step();
    let batch = handle.set_batch(5).unwrap();
    handle.request_shutdown(Duration::ZERO);
    let calls = handle.calls();
    assert!(calls.iter().map(|call| call.number).eq(1..=11));
    assert!(calls.is_sorted_by_key(|call| call.at));
    for (call, change) in calls.iter().zip(accepted) {
        let ControlOutcome::Accepted(acknowledged) = &call.outcome else {
            panic!("{call} is valid");
        };
        assert_eq!(acknowledged.change, change);
        assert!(acknowledged.is_complete(), "{call}");
    }
    assert_eq!(
        calls[2].request,
        ControlRequest::Pause {
            path: "sink".into()
        }
    );
    let refused = calls[8].to_string();
    assert!(matches!(calls[8].outcome, ControlOutcome::Refused(_)));
    assert!(refused.len() < 2_000, "{} bytes", refused.len());
    let ControlOutcome::Accepted(pending) = &calls[9].outcome else {
        panic!("{} is valid", calls[9]);
    };
    assert_eq!(
        (pending.change, pending.workers.as_slice()),
        (batch, &[None][..])
    );
    assert!(calls[9].to_string().contains("worker 0 not yet"));
    assert_eq!(calls[10].outcome, ControlOutcome::PassedOn);
    // The recorder has the last of those that came into force together.
    let recording = engine.recording().unwrap();
    let changes = recording.events().filter_map(|(_, event)| event.kind());
    let changes = changes.filter_map(|kind| match kind {
        EventKind::Change { version } => Some(version),
        _ => None,
    });
    assert!(changes.last() == Some(accepted[7].version()));
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn the_record_is_bounded_and_later_acknowledgements_answer_for_what_is_forgotten() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    pair(&mut lab, &eaten, 1);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let first = handle.set_batch(1).unwrap();
    for batch in 1..=3 * KEPT_CALLS as u32 {
        handle.set_batch(batch).unwrap();
    }
    assert!(!handle.acknowledgement(first).is_complete());
    engine.step();
    assert!(handle.acknowledgement(first).is_complete());
    let calls = handle.calls();
    assert_eq!(calls.len(), KEPT_CALLS);
    assert_eq!(calls.last().unwrap().number, 3 * KEPT_CALLS as u64 + 1);
    for call in &calls {
        let ControlOutcome::Accepted(acknowledged) = &call.outcome else {
            panic!("{call} is valid");
        };
        assert!(acknowledged.is_complete(), "{call}");
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_stopped_engine_refuses_changes_and_says_so() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    pair(&mut lab, &eaten, 1);
    let engine = lab.engine().start().unwrap();
    let handle = engine.handle();
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_eq!(handle.set_batch(3), Err(ControlError::Stopped));
    assert_eq!(handle.pause("sink"), Err(ControlError::Stopped));
    let call = handle.calls().pop().unwrap();
    assert!(call.to_string().contains("stopped"), "{call}");
}
