//! Faults of every kind while messages flow: the engine goes on, the ledger is
//! exact, the report names what happened.

use std::sync::mpsc::{Receiver, channel};

use tidegate::engine::StopReason;
use tidegate::graph::Edge;
use tidegate::node::{Backoff, Direction, FaultPolicy, Quarantine};
use tidegate::sched::{Hook, NodeState};

use super::common::{Io, Lab, Log, PATIENCE, Probe, eat, wait_until};
use super::{MS, faulty, options};

/// A source without end that panics now and then.
fn faulty_source() -> Probe {
    let mut next = 0;
    Probe::new()
        .eager()
        .on_message(move |io: &mut Io<u64>, cx| {
            while cx.next_turn() {
                let number = next;
                next += 1;
                assert!(number % 1_000 != 123, "out of order at {number}");
                if io.output.send(cx, number).is_err() {
                    next = number;
                    break;
                }
            }
            Ok(())
        })
}

/// Passes numbers on, holds its worker up once, and panics now and then.
fn slow(gate: Receiver<()>) -> Probe {
    let mut gate = Some(gate);
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(number) = io.input.recv(cx) {
            assert!(number % 800 != 11, "out of order at {number}");
            if number > 100
                && let Some(gate) = gate.take()
            {
                gate.recv_timeout(PATIENCE)?;
            }
            io.output.send(cx, number)?;
        }
        Ok(())
    })
}

/// A sink that keeps what it receives, and panics now and then.
fn faulty_sink(eaten: &Log<u64>) -> Probe {
    let eaten = eaten.clone();
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(number) = io.input.recv(cx) {
            eaten.push(number);
            assert!(number % 250 != 7, "out of order at {number}");
        }
        Ok(())
    })
}

#[test]
fn the_engine_goes_on_under_load_whatever_fails_and_the_report_names_it() {
    let (mut lab, eaten, buried) = (Lab::new(), Log::new(), Log::new());
    let restart = options(FaultPolicy::Restart { limit: u32::MAX });
    let restart = restart.backoff(Backoff::new(MS / 4).factor(1));
    let open_quarantine = options(FaultPolicy::Quarantine { after: 1 });
    let open_quarantine = open_quarantine.quarantine(Quarantine::Open);
    let (open, gate) = channel();
    // Each node of the chain fails, and in a way of its own.
    let go_on = options(FaultPolicy::Continue);
    lab.add_with("source", faulty_source(), go_on.worker(0));
    lab.add_restartable("first", || faulty(|n| n % 500 == 499), restart.worker(1));
    let budget = go_on.worker(1).budget(MS);
    lab.add_with("slow", slow(gate), budget);
    let second = open_quarantine.worker(0);
    lab.add_restartable("second", || faulty(|n| n % 700 == 699), second);
    lab.add_with("third", faulty(|n| n % 300 == 299), go_on.worker(1));
    lab.add_with("sink", faulty_sink(&eaten), go_on.worker(0));
    lab.add_on(1, "grave", eat(&buried));
    let chain = ["source", "first", "slow", "second", "third", "sink"];
    for pair in chain.windows(2) {
        let (from, to) = (format!("{}:out", pair[0]), format!("{}:in", pair[1]));
        lab.connect(&from, &to, Edge::block(16));
    }
    let edge = Edge::block(16);
    let graph = &mut lab.graph;
    graph
        .dead_letters_by_name("second:in", "grave:in", edge)
        .unwrap();
    // A door into a node of its own, and one out of it.
    lab.add_on(0, "outside", super::common::relay());
    lab.graph.expose_later(Direction::Input, "in", "outside:in");
    lab.graph
        .expose_later(Direction::Output, "out", "outside:out");
    let builder = lab.engine().workers(2);
    let builder = builder
        .entrance("in", Edge::block(4))
        .exit("out", Edge::block(4));
    let mut engine = builder.start().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let exit = engine.take_exit::<u64>("out").unwrap();
    let handle = engine.handle();
    let panics = |path: &str| handle.snapshot().node(path).unwrap().panics;

    // The worker of four nodes is starved by one that does not come back.
    wait_until("the slow node was noticed", || {
        let (faults, _) = handle.faults_after(0);
        faults
            .iter()
            .any(|fault| fault.message.starts_with("still runs"))
    });
    open.send(()).unwrap();
    wait_until("each has panicked", || {
        chain.iter().all(|path| panics(path) >= 1)
    });
    // Doors are dropped with messages in them.
    for number in 0..4 {
        let _ = entrance.try_send(number);
    }
    drop(exit);
    drop(entrance);
    // A consumer is paused, and goes on.
    handle.pause("sink").unwrap();
    wait_until("backpressure reaches the source", || {
        let snapshot = handle.snapshot();
        snapshot.node("source").unwrap().state == NodeState::Active
            && snapshot.edge("third:out->sink:in").unwrap().depth == 16
            || snapshot.node("second").unwrap().state == NodeState::Quarantined
    });
    handle.resume("sink").unwrap();
    // A fault is counted before its consequence is drawn.
    wait_until("the second is quarantined", || {
        handle.snapshot().node("second").unwrap().state == NodeState::Quarantined
    });
    let released = handle.release("second").unwrap();
    assert_eq!(released.wait(PATIENCE), Some(Ok(())));
    let before = panics("first");
    wait_until("it goes on", || panics("first") > before + 1);
    let report = engine.shutdown(10_000 * MS);

    assert_eq!(report.reason, StopReason::Requested);
    assert!(report.is_balanced(), "{report}");
    for edge in &report.snapshot.edges {
        assert_eq!(edge.ledger.in_flight, 0, "{}\n{report}", edge.id);
    }
    let (first, second) = (
        report.node("first").unwrap(),
        report.node("second").unwrap(),
    );
    assert!(first.restarts >= 1 && second.restarts >= 1);
    assert!(report.node("slow").unwrap().overruns >= 1);
    let dead = report
        .edge("slow:out->second:in")
        .unwrap()
        .ledger
        .dead_letters;
    assert_eq!(dead, buried.take().len() as u64);
    let named = |node: &str, hook: Hook, text: &str| {
        let mut faults = report.faults.iter();
        faults.any(|f| f.node == node && f.hook == hook && f.message.contains(text))
    };
    for (node, number) in chain.into_iter().zip([123, 499, 11, 699, 299, 7]) {
        let text = format!("out of order at {number}");
        assert!(named(node, Hook::Message, &text), "{node}\n{report}");
    }
    assert!(named("slow", Hook::Activation, "budget is 1ms"), "{report}");
    let delivered = report.edge("third:out->sink:in").unwrap().ledger.delivered;
    assert_eq!(delivered, eaten.take().len() as u64);
}
