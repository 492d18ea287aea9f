//! What the flight recorder keeps, against what happened.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, feed, feed_forever, wait_until};
use tidegate::engine::SteppedEngine;
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeError, NodeOptions};
use tidegate::observe::{EventKind, Metrics, Outcome, Recorder, Recording, RunPhase};
use tidegate::sched::{IdleStrategy, NodeState};
use tidegate::time::{ManualClock, Timestamp};

/// Room for every event of a run of these tests.
const ENOUGH: usize = 4_096;

fn kinds(recording: &Recording) -> Vec<EventKind> {
    assert_eq!(recording.lost(), 0);
    let kinds = recording.events().map(|(_, event)| event.kind());
    kinds.map(|kind| kind.expect("a known kind")).collect()
}

/// A sink whose every message is a fault.
fn fails() -> Probe {
    Probe::new().on_message(|io, cx| match io.input.recv(cx) {
        Some(_) => Err(NodeError::new("it did not work")),
        None => Ok(()),
    })
}

#[test]
fn every_change_of_a_nodes_state_is_recorded_when_it_happened() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    lab.add("source", feed(3));
    let policy = NodeOptions::new().on_error(FaultPolicy::Restart { limit: 1 });
    lab.add_restartable("faulty", fails, policy);
    lab.connect("source:out", "faulty:in", Edge::block(4));
    let builder = lab.engine().clock(clock.clone());
    let builder = builder.recorder(Recorder::Lifecycle, ENOUGH);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    let millis = |engine: &mut SteppedEngine, steps| {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(steps);
    };
    handle.pause("faulty").unwrap();
    millis(&mut engine, MANY); // 1: the source finishes, as it has sent everything
    handle.resume("faulty").unwrap();
    millis(&mut engine, MANY); // 2: a fault and a restart, a fault too many
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let recording = handle.recording().unwrap();
    let states: Vec<_> = recording
        .events()
        .filter_map(|(_, event)| match event.kind() {
            Some(EventKind::State { node, state }) => {
                Some((event.at().as_nanos() / 1_000_000, node, state))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (1, 1, NodeState::Paused),
        (1, 0, NodeState::Finished),
        (2, 1, NodeState::Active),
        (2, 1, NodeState::Restarting),
        (2, 1, NodeState::Active),
        (2, 1, NodeState::Quarantined),
    ];
    assert_eq!(states, expected);
    let faults = kinds(&recording).into_iter();
    let faults = faults.filter(|kind| matches!(kind, EventKind::Fault { node: 1, .. }));
    assert_eq!(faults.count(), 2);
}

#[test]
fn a_pause_that_a_shutdown_ends_is_recorded_with_its_end() {
    let mut lab = Lab::new();
    lab.add("source", feed_forever());
    let builder = lab.engine().recorder(Recorder::Lifecycle, ENOUGH);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    handle.pause("source").unwrap();
    engine.run_until_idle(MANY);
    lab.assert_conserved(&engine.shutdown(MANY));
    let kinds = kinds(&handle.recording().unwrap());
    let position = |wanted| kinds.iter().position(|&kind| kind == wanted);
    let state = |state| position(EventKind::State { node: 0, state });
    let draining = position(EventKind::Phase(RunPhase::Draining));
    assert!(state(NodeState::Paused) < draining, "{kinds:?}");
    assert!(draining < state(NodeState::Active), "{kinds:?}");
}

/// How many messages of this outcome were recorded.
fn sum(kinds: &[EventKind], wanted: Outcome) -> u64 {
    let counts = kinds.iter().map(|kind| match kind {
        EventKind::Send {
            outcome, messages, ..
        } if *outcome == wanted => u64::from(*messages),
        _ => 0,
    });
    counts.sum()
}

#[test]
fn what_is_recorded_of_sends_adds_up_to_the_ledger() {
    let edges: [(&str, Edge); 4] = [
        ("block", Edge::block(3)),
        ("drop", Edge::drop_newest(3)),
        ("latest", Edge::latest(3)),
        (
            "coalesce",
            Edge::coalesce(3, |kept: &mut u64, new| *kept += new).into(),
        ),
    ];
    for (policy, edge) in edges {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        // More than its credit, so that a Block edge refuses some.
        lab.add(
            "source",
            Probe::new().eager().on_message(|io, cx| {
                let sent = (0..4).all(|number| io.output.send(cx, number).is_ok());
                assert!(sent || io.output.port.is_connected());
                Ok(())
            }),
        );
        lab.add("sink", common::eat(&eaten));
        lab.connect("source:out", "sink:in", edge);
        let builder = lab.engine().recorder(Recorder::Full, ENOUGH);
        let mut engine = builder.stepping().unwrap();
        engine.run_until_idle(40);
        let kinds = kinds(&engine.recording().unwrap());
        let ledger = engine.snapshot().edges[0].ledger;
        lab.assert_conserved(&engine.shutdown(40));
        let sums = [
            Outcome::Stored,
            Outcome::Replaced,
            Outcome::Dropped,
            Outcome::Coalesced,
        ]
        .map(|outcome| sum(&kinds, outcome));
        let accepted = ledger.sent - ledger.evicted - ledger.dropped - ledger.coalesced;
        let expected = [accepted, ledger.evicted, ledger.dropped, ledger.coalesced];
        assert_eq!(sums, expected, "{policy}: {ledger}");
        assert_eq!(sum(&kinds, Outcome::Refused) > 0, policy == "block");
    }
}

#[test]
fn sends_to_several_edges_are_told_each() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(5));
    lab.add(
        "twice",
        Probe::new().on_message(|io, cx| {
            while let Some(number) = io.input.recv(cx) {
                io.output.send(cx, number)?;
                io.second.send(cx, number)?;
            }
            Ok(())
        }),
    );
    lab.add("first", common::eat(&eaten));
    lab.add("second", common::eat(&eaten));
    lab.connect("source:out", "twice:in", Edge::block(8));
    lab.connect("twice:out", "first:in", Edge::block(8));
    lab.connect("twice:second", "second:in", Edge::block(8));
    let builder = lab.engine().recorder(Recorder::Full, ENOUGH);
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    let recording = engine.recording().unwrap();
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let mut sent = [0; 3];
    let mut traces = [None; 3];
    for kind in kinds(&recording) {
        if let EventKind::Send {
            edge,
            outcome,
            messages,
            trace,
        } = kind
        {
            assert_eq!(outcome, Outcome::Stored);
            sent[edge] += messages;
            traces[edge] = trace;
        }
    }
    assert_eq!(sent, [5; 3]);
    assert!(traces[0].is_some());
    assert_eq!(traces, [traces[0]; 3], "one trace all the way");
}

#[test]
fn a_hold_is_recorded_with_how_long_it_was() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", feed(9));
    lab.add("sink", common::eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(2));
    let builder = lab.engine().clock(clock.clone());
    let builder = builder.recorder(Recorder::Full, ENOUGH);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    clock.advance(Duration::from_millis(7));
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let recording = engine.recording().unwrap();
    lab.assert_conserved(&engine.shutdown(MANY));
    let holds: Vec<_> = kinds(&recording)
        .into_iter()
        .filter(|kind| matches!(kind, EventKind::Block { .. } | EventKind::Rearm { .. }))
        .take(2)
        .collect();
    let after = Duration::from_millis(7);
    let expected = [
        EventKind::Block { edge: 0 },
        EventKind::Rearm { edge: 0, after },
    ];
    assert_eq!(holds, expected);
}

#[test]
fn activations_are_recorded_one_by_one_at_the_moments_of_the_engines_clock() {
    let (mut lab, moments) = (Lab::new(), Log::<Timestamp>::new());
    lab.add_on(0, "source", feed(500));
    let seen = moments.clone();
    let sink = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {}
        seen.push(cx.now());
        Ok(())
    });
    lab.add_on(1, "sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(4));
    // A sample would read the clock before the activation is stamped.
    let builder = lab.engine().workers(2).metrics(Metrics::off());
    let engine = builder.recorder(Recorder::Full, ENOUGH).start().unwrap();
    let handle = engine.handle();
    let report = engine.wait();
    lab.assert_conserved(&report);
    let recording = handle.recording().unwrap();
    assert_eq!(recording.lost(), 0);
    let mut activations = Vec::new();
    for (worker, event) in recording.events() {
        if let Some(EventKind::Activation { node, span, .. }) = event.kind() {
            assert_eq!(worker, node);
            let (begin, end) = (event.at(), event.at().after(span));
            assert!(end <= recording.taken_at, "{event:?}");
            activations.push((node, begin, end));
        }
    }
    for (node, what) in report.snapshot.nodes.iter().enumerate() {
        let own: Vec<_> = activations.iter().filter(|one| one.0 == node).collect();
        assert_eq!(own.len() as u64, what.activations, "{}", what.path);
        let apart = own.windows(2).all(|two| two[0].2 <= two[1].1);
        assert!(apart, "{own:?}");
    }
    // The handler asked for the time after the activation had been stamped, and
    // before the next one was. The stamps may come from the processor's counter:
    // so much may that be off.
    let off = Duration::from_micros(100);
    let own = activations.iter().filter(|one| one.0 == 1);
    let moments = moments.take();
    assert!(!moments.is_empty());
    for (position, (&(_, begin, end), &moment)) in own.zip(&moments).enumerate() {
        assert!(
            begin <= moment.after(off),
            "{position}: {begin:?} {moment:?}"
        );
        assert!(moment <= end.after(off), "{position}: {moment:?} {end:?}");
    }
}

#[test]
fn sleep_is_recorded_with_metrics_off() {
    let mut lab = Lab::new();
    lab.add("sink", Probe::new());
    let idle = IdleStrategy::Park {
        spins: 0,
        yields: 0,
    };
    let builder = lab.engine().idle(idle).metrics(Metrics::off());
    let builder = builder.recorder(Recorder::Lifecycle, ENOUGH);
    let engine = builder.start().unwrap();
    let handle = engine.handle();
    wait_until("the worker slept and was woken", || {
        handle.set_batch(3).unwrap();
        let recording = handle.recording().unwrap();
        let mut events = recording.events();
        events.any(|(_, event)| matches!(event.kind(), Some(EventKind::Wake { .. })))
    });
    lab.assert_conserved(&engine.shutdown(PATIENCE));
}
