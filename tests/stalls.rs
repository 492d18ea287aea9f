//! Who waits for whom: what a diagnosis and a stall report name.

#![allow(clippy::disallowed_types)]

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, eat, feed, feed_forever, relay, wait_until};
use tidegate::engine::{BuildError, Cause, Doing, EngineHandle, Stall, Standing};
use tidegate::graph::Edge;
use tidegate::sched::NodeState;
use tidegate::time::ManualClock;

/// A stall's time: much longer than any turn, much shorter than our patience.
const LIMIT: Duration = Duration::from_millis(40);

/// Takes in what is new before what comes back to it, and sends all of it round
/// once more: it cannot but fill the circle in the end.
fn circulate() -> Probe {
    let mut kept = None;
    Probe::new().uncredited().on_message(move |io, cx| {
        loop {
            if let Some(number) = kept
                && io.output.send(cx, number).is_err()
            {
                return Ok(()); // it is called again
            }
            kept = io.input.recv(cx).or_else(|| io.control.recv(cx));
            if kept.is_none() {
                return Ok(());
            }
        }
    })
}

/// `source -> first -> second -> first`, which locks itself.
fn circle() -> Lab {
    let mut lab = Lab::new();
    lab.add("source", feed_forever());
    lab.add("first", circulate()).add("second", relay());
    lab.connect("source:out", "first:in", Edge::block(4));
    lab.connect("first:out", "second:in", Edge::block(2));
    lab.connect("second:out", "first:control", Edge::block(2));
    lab
}

fn deadlock() -> Cause {
    Cause::Cycle {
        nodes: vec!["first".into(), "second".into()],
        edges: vec![
            "first:out->second:in".into(),
            "second:out->first:control".into(),
        ],
    }
}

fn paused(node: &str) -> Cause {
    Cause::State {
        node: node.into(),
        state: NodeState::Paused,
    }
}

/// A sink that does not return from its first message before it is told to.
fn stubborn() -> (Probe, Sender<()>) {
    let (release, gate): (_, Receiver<()>) = channel();
    let mut first = true;
    let sink = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            if std::mem::take(&mut first) {
                gate.recv_timeout(PATIENCE)?;
            }
        }
        Ok(())
    });
    (sink, release)
}

/// The first stall with such a cause, once it is reported. A machine that stands
/// still may make others before.
#[track_caller]
fn stall_with(handle: &EngineHandle, is_it: impl Fn(&Cause) -> bool) -> Stall {
    let mut found = None;
    wait_until("the stall is reported", || {
        let mut stalls = handle.stalls_after(0).0.into_iter();
        found = stalls.find(|stall| stall.causes.iter().any(&is_it));
        found.is_some()
    });
    found.expect("it was just found")
}

#[test]
fn a_deadlock_is_named_by_its_path_in_stepping_mode() {
    let mut lab = circle();
    let mut engine = lab.stepping();
    engine.run_until_idle(1_000);
    let diagnosis = engine.diagnosis();
    assert_eq!(diagnosis.causes, [deadlock()], "{diagnosis}");
    let text = diagnosis.to_string();
    assert!(text.contains("first -> second -> first"), "{text}");
    // The source waits for the circle, and is no part of it.
    let wait = diagnosis
        .waits
        .iter()
        .find(|wait| wait.producer == "source");
    let wait = wait.expect("it is blocked");
    assert_eq!(
        wait.standing,
        Standing::Blocked {
            edge: "first:out->second:in".into()
        }
    );
    assert!(wait.blocked.is_some() && wait.pending == 4, "{text}");
    let report = engine.shutdown(100);
    assert!(!report.drained);
    lab.assert_conserved(&report);
}

#[test]
fn a_deadlock_is_named_by_its_path_on_threads() {
    let mut lab = circle();
    let engine = lab.engine().stall_after(LIMIT).start().unwrap();
    let stall = stall_with(&engine.handle(), |cause| *cause == deadlock());
    assert!(stall.lasting >= LIMIT, "{stall}");
    let report = engine.shutdown(Duration::ZERO);
    assert!(report.stalls.contains(&stall), "{report}");
    assert!(
        report.to_string().contains("stall: nothing moved for"),
        "{report}"
    );
    lab.assert_conserved(&report);
}

#[test]
fn a_handler_that_does_not_return_is_named_and_so_is_who_waits_behind_it() {
    let mut lab = Lab::new();
    let (stubborn, release) = stubborn();
    lab.add_on(0, "source", feed_forever());
    lab.add_on(1, "slow", stubborn);
    lab.add_on(1, "victim", eat(&Log::new()));
    lab.add_on(0, "other", feed_forever());
    lab.connect("source:out", "slow:in", Edge::block(16));
    lab.connect("other:out", "victim:in", Edge::block(8));
    let engine = lab.engine().workers(2).stall_after(LIMIT).start().unwrap();
    let handle = engine.handle();
    let is_slow = |cause: &Cause| {
        matches!(cause, Cause::Handler { node, worker: 1, lasting }
            if node == "slow" && *lasting >= LIMIT)
    };
    let stall = stall_with(&handle, is_slow);
    let worker = &stall.diagnosis.workers[1];
    assert_eq!(worker.ready, None, "it could not answer: {stall}");
    assert!(matches!(&worker.doing, Doing::Calling { node, .. } if node == "slow"));
    let mut diagnosis = handle.diagnosis();
    wait_until(
        "both sources are blocked, and the other worker answers",
        || {
            diagnosis = handle.diagnosis();
            let blocked = diagnosis.waits.iter().filter(|it| it.blocked.is_some());
            blocked.count() == 2 && diagnosis.workers[0].ready.is_some()
        },
    );
    let wait = diagnosis
        .waits
        .iter()
        .find(|wait| wait.consumer == "victim");
    let Standing::Waiting {
        worker: 1, behind, ..
    } = &wait.unwrap().standing
    else {
        panic!("{diagnosis}");
    };
    assert_eq!(behind.as_deref(), Some("slow"));
    release.send(()).unwrap();
    let report = engine.shutdown(PATIENCE);
    assert!(report.drained, "{report}");
    lab.assert_conserved(&report);
}

#[test]
fn a_node_that_has_room_again_and_waits_for_its_worker_is_in_no_deadlock() {
    let (enter, entered) = channel();
    let (go, may_go) = channel::<()>();
    let (release, gate) = channel::<()>();
    let (open, first) = channel::<()>();
    let taker = Probe::new().uncredited().on_message(|io, cx| {
        while io.control.recv(cx).is_some() {}
        while let Some(number) = io.input.recv(cx) {
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    let mut waits = true;
    let giver = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            if std::mem::take(&mut waits) {
                first.recv_timeout(PATIENCE)?;
            }
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    let slow = Probe::new()
        .on_start(|_, cx| {
            cx.rearm();
            Ok(())
        })
        .on_message(move |_, cx| {
            if may_go.try_recv().is_err() {
                cx.rearm();
                return Ok(());
            }
            enter.send(())?;
            gate.recv_timeout(PATIENCE)?;
            Ok(())
        });
    let mut lab = Lab::new();
    lab.add_on(0, "source", feed(5)).add_on(0, "slow", slow);
    lab.add_on(0, "taker", taker).add_on(1, "giver", giver);
    lab.connect("source:out", "taker:in", Edge::block(8));
    lab.connect("taker:out", "giver:in", Edge::block(4));
    lab.connect("giver:out", "taker:control", Edge::block(1));
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    // One of five messages is left when the edge to the giver is full.
    wait_until("the taker is held", || {
        let snapshot = handle.snapshot();
        snapshot.edge("taker:out->giver:in").unwrap().waits == 1
    });
    go.send(()).unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    // The giver makes room, and is held itself. The taker's worker does not
    // learn of either.
    open.send(()).unwrap();
    // Before that, a look at one edge after the other might find both held.
    wait_until("the giver is held", || {
        let snapshot = handle.snapshot();
        snapshot.edge("giver:out->taker:control").unwrap().waits == 1
    });
    let is_cycle = |cause: &Cause| matches!(cause, Cause::Cycle { .. });
    let is_slow = |cause: &Cause| matches!(cause, Cause::Handler { node, .. } if node == "slow");
    wait_until("the giver waits for the handler beside the taker", || {
        let diagnosis = handle.diagnosis();
        assert!(!diagnosis.causes.iter().any(is_cycle), "{diagnosis}");
        let mut waits = diagnosis.waits.iter();
        waits.any(|wait| wait.producer == "giver" && wait.blocked.is_some())
            && diagnosis.causes.iter().any(is_slow)
    });
    release.send(()).unwrap();
    let report = engine.shutdown(PATIENCE);
    assert!(report.drained, "{report}");
    lab.assert_conserved(&report);
}

#[test]
fn a_paused_consumer_is_reported_once_for_each_pause() {
    let mut lab = Lab::new();
    lab.add("source", feed_forever());
    lab.add("relay", relay()).add("sink", eat(&Log::new()));
    lab.connect("source:out", "relay:in", Edge::block(4));
    lab.connect("relay:out", "sink:in", Edge::block(4));
    let engine = lab.engine().stall_after(LIMIT).start().unwrap();
    let handle = engine.handle();
    let pauses = || {
        let (stalls, more) = handle.stalls_after(0);
        assert_eq!(more, 0);
        // A machine that stands still may make others.
        let causes = stalls.iter().flat_map(|stall| &stall.causes);
        causes.filter(|cause| **cause == paused("sink")).count()
    };
    for round in 1..=3 {
        handle.pause("sink").unwrap();
        wait_until("the pause is reported", || pauses() == round);
        // It is looked at on and on, and not reported again.
        let before = handle.diagnosis();
        wait_until("some looks have passed", || {
            let waits = handle.diagnosis().waits;
            waits
                .iter()
                .any(|wait| wait.unmoved > before.waits[0].unmoved + LIMIT)
        });
        assert_eq!(pauses(), round);
        let taken = handle.snapshot().node("sink").unwrap().messages;
        handle.resume("sink").unwrap();
        wait_until("the sink goes on for some looks", || {
            let sink = handle.snapshot().node("sink").unwrap().messages;
            sink > taken && handle.diagnosis().causes.is_empty()
        });
        std::thread::park_timeout(LIMIT);
    }
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
}

#[test]
fn a_paused_consumer_is_what_a_whole_chain_waits_for() {
    let clock = ManualClock::new();
    let mut lab = Lab::new();
    lab.add("source", feed(100));
    lab.add("relay", relay()).add("sink", eat(&Log::new()));
    lab.connect("source:out", "relay:in", Edge::block(4));
    lab.connect("relay:out", "sink:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    let _ = engine.diagnosis();
    clock.advance(Duration::from_secs(3));
    let diagnosis = engine.diagnosis();
    assert_eq!(diagnosis.causes, [paused("sink")], "{diagnosis}");
    let told = [
        "sink is paused; resume it",
        "relay is blocked on relay:out->sink:in for 3.0 s (4 of 4 pending), \
         none taken for 3.0 s: sink is paused",
        "source is blocked on source:out->relay:in for 3.0 s (4 of 4 pending), \
         none taken for 3.0 s: relay is blocked on relay:out->sink:in",
        "worker 0 is idle; nobody is ready",
    ];
    let text = diagnosis.to_string();
    for line in told {
        assert!(text.contains(line), "{line:?} in\n{text}");
    }
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let diagnosis = engine.diagnosis();
    assert!(diagnosis.causes.is_empty() && diagnosis.waits.is_empty());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn the_ready_sets_are_told_with_their_bands() {
    let mut lab = Lab::new();
    lab.add("source", feed(100));
    lab.add("relay", relay()).add("sink", eat(&Log::new()));
    lab.connect("source:out", "relay:in", Edge::block(64));
    let urgent = Edge::block(64).band(tidegate::Band::High);
    lab.connect("relay:out", "sink:in", urgent);
    let mut engine = lab.engine().batch(1).stepping().unwrap();
    // The source has sent, and the relay as well.
    engine.run_until_idle(2);
    let diagnosis = engine.diagnosis();
    let ready = diagnosis.workers[0].ready.as_ref().expect("it answered");
    let ready: Vec<_> = ready.iter().map(|it| (it.node.as_str(), it.band)).collect();
    use tidegate::Band::{High, Normal};
    assert_eq!(ready, [("sink", High), ("source", Normal)], "{diagnosis}");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_node_that_leaves_its_messages_alone_is_named_with_the_edge() {
    let clock = ManualClock::new();
    let picky = Probe::new().on_message(|io, cx| {
        while io.input.recv(cx).is_some() {}
        Ok(())
    });
    let mut lab = Lab::new();
    lab.add("source", feed(2))
        .add("other", feed(1))
        .add("picky", picky);
    lab.connect("source:out", "picky:control", Edge::block(4));
    lab.connect("other:out", "picky:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(20);
    let _ = engine.diagnosis();
    engine.run_until_idle(20);
    clock.advance(Duration::from_secs(1));
    let diagnosis = engine.diagnosis();
    let untaken = Cause::Untaken {
        node: "picky".into(),
        edge: "source:out->picky:control".into(),
    };
    assert_eq!(diagnosis.causes, [untaken], "{diagnosis}");
    let report = engine.shutdown(0);
    lab.assert_conserved(&report);
}

#[test]
fn a_stall_after_no_time_is_refused() {
    let mut lab = circle();
    let error = lab.engine().stall_after(Duration::ZERO).start().err();
    assert!(matches!(error, Some(BuildError::ZeroStall)), "{error:?}");
}
