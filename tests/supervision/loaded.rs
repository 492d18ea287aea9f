//! Faults of every kind while messages flow: the engine goes on, the ledger is
//! exact, the report names what happened.

use std::sync::mpsc::{Receiver, channel};

use tidegate::engine::StopReason;
use tidegate::graph::Edge;
use tidegate::node::{Backoff, Direction, FaultPolicy, NodeOptions, Quarantine};
use tidegate::sched::{Hook, NodeState};

use super::common::{Io, Lab, Log, PATIENCE, Probe, eat, feed, wait_until};
use super::{MS, faulty, options};

/// Passes numbers on, and holds its worker up once.
fn slow(gate: Receiver<()>) -> Probe {
    let mut gate = Some(gate);
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(number) = io.input.recv(cx) {
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

#[test]
fn the_engine_goes_on_under_load_whatever_fails_and_the_report_names_it() {
    let (mut lab, eaten, buried) = (Lab::new(), Log::new(), Log::new());
    let restart = options(FaultPolicy::Restart { limit: u32::MAX });
    let restart = restart.backoff(Backoff::new(MS / 4).factor(1));
    let open_quarantine = options(FaultPolicy::Quarantine { after: 1 });
    let open_quarantine = open_quarantine.quarantine(Quarantine::Open);
    let (open, gate) = channel();
    // Each stage of the chain fails in a way of its own.
    lab.add_on(0, "source", feed(u64::MAX));
    lab.add_restartable("first", || faulty(|n| n % 500 == 499), restart.worker(1));
    let budget = NodeOptions::new().worker(1).budget(MS);
    lab.add_with("slow", slow(gate), budget);
    let second = open_quarantine.worker(0);
    lab.add_restartable("second", || faulty(|n| n % 700 == 699), second);
    let third = options(FaultPolicy::Continue).worker(1);
    lab.add_with("third", faulty(|n| n % 300 == 299), third);
    lab.add_on(0, "sink", eat(&eaten));
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
        ["first", "second", "third"]
            .iter()
            .all(|path| panics(path) >= 1)
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
    released.wait().unwrap();
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
    assert!(
        named("first", Hook::Message, "out of order at 499"),
        "{report}"
    );
    assert!(
        named("second", Hook::Message, "out of order at 699"),
        "{report}"
    );
    assert!(
        named("third", Hook::Message, "out of order at 299"),
        "{report}"
    );
    assert!(named("slow", Hook::Activation, "budget is 1ms"), "{report}");
    let delivered = report.edge("third:out->sink:in").unwrap().ledger.delivered;
    assert_eq!(delivered, eaten.take().len() as u64);
}
