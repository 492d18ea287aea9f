//! Activations that take longer than their node may.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};

use tidegate::engine::EngineHandle;
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeOptions};
use tidegate::observe::Metrics;
use tidegate::sched::{Consequence, Hook, NodeState};
use tidegate::time::{Clock, ManualClock, Timestamp};

use super::MS;
use super::common::{Count, Lab, Log, MANY, PATIENCE, Probe, eat, feed, wait_until};

/// A node that takes 3 ms for each number that is divisible by 10.
fn slow(clock: &ManualClock) -> Probe {
    let clock = clock.clone();
    Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            if number % 10 == 0 {
                clock.advance(3 * MS);
            }
            io.output.send(cx, number)?;
        }
        Ok(())
    })
}

fn run(options: NodeOptions, metrics: Metrics) -> (tidegate::engine::Report, Vec<u64>) {
    let (mut lab, eaten, clock) = (Lab::new(), Log::new(), ManualClock::new());
    lab.add("source", feed(40));
    lab.add_with("slow", slow(&clock), options);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "slow:in", Edge::block(4));
    lab.connect("slow:out", "sink:in", Edge::block(4));
    let builder = lab.engine().clock(clock).metrics(metrics).batch(1);
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    (report, eaten.take())
}

#[test]
fn an_overrun_is_counted_and_reported_and_the_node_goes_on() {
    for metrics in [Metrics::off(), Metrics::default()] {
        let (report, eaten) = run(NodeOptions::new().budget(2 * MS), metrics);
        assert_eq!(report.node("slow").unwrap().overruns, 4);
        assert_eq!(report.faults.len(), 4);
        for fault in &report.faults {
            assert_eq!(
                (fault.node.as_str(), fault.hook),
                ("slow", Hook::Activation)
            );
            assert_eq!(fault.message, "took 3ms, though its budget is 2ms");
            assert_eq!(fault.consequence, Consequence::WentOn);
        }
        assert_eq!(eaten.len(), 40);
    }
}

#[test]
fn what_stays_within_its_budget_is_not_reported() {
    let (report, _) = run(NodeOptions::new().budget(3 * MS), Metrics::off());
    assert_eq!(report.node("slow").unwrap().overruns, 0);
    assert!(report.faults.is_empty(), "{report}");
}

#[test]
fn after_the_report_comes_the_policy() {
    let policy = FaultPolicy::Quarantine { after: 2 };
    let options = NodeOptions::new().budget(2 * MS).on_overrun(policy);
    let (report, eaten) = run(options, Metrics::off());
    let node = report.node("slow").unwrap();
    assert_eq!((node.overruns, node.state), (2, NodeState::Quarantined));
    let consequences: Vec<_> = report.faults.iter().map(|f| f.consequence).collect();
    assert_eq!(
        consequences,
        [Consequence::WentOn, Consequence::Quarantined]
    );
    // At the latest one activation after the overrun.
    assert!((11..=12).contains(&eaten.len()), "{eaten:?}");
}

/// Counts how often it is read.
#[derive(Clone)]
struct Counting(Count);

impl Clock for Counting {
    fn wall_at_epoch(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn now(&self) -> Timestamp {
        self.0.up();
        Timestamp::from_nanos(self.0.get())
    }
}

#[test]
fn no_activation_reads_the_clock_more_than_once() {
    let reads = |options: NodeOptions| {
        let (mut lab, clock) = (Lab::new(), Counting(Count::default()));
        lab.add("source", feed(200));
        lab.add_with("node", eat(&Log::new()), options);
        lab.connect("source:out", "node:in", Edge::block(4));
        let builder = lab.engine().clock(clock.clone()).metrics(Metrics::off());
        let mut engine = builder.stepping().unwrap();
        let before = clock.0.get();
        engine.run_until_idle(MANY);
        let read = clock.0.get() - before;
        let nodes = engine.snapshot().nodes;
        let activations: u64 = nodes.iter().map(|node| node.activations).sum();
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        (read, activations, nodes.len() as u64)
    };
    let (without, _, _) = reads(NodeOptions::new());
    let (with, activations, _) = reads(NodeOptions::new().budget(Duration::MAX));
    assert!(with > without, "{with} {without}");
    // A few besides, for origins before the first message and for the end.
    assert!(
        with <= activations + 8,
        "{with} in {activations} activations"
    );
}

/// Passes numbers on; waits at the first one until the gate opens.
fn stuck(gate: Receiver<()>) -> Probe {
    let mut gate = Some(gate);
    Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            if let Some(gate) = gate.take() {
                gate.recv_timeout(PATIENCE)?;
            }
            io.output.send(cx, number)?;
        }
        Ok(())
    })
}

/// Whether a handler was reported that has not returned.
fn is_noticed(handle: &EngineHandle) -> bool {
    let (faults, _) = handle.faults_after(0);
    let mut messages = faults.iter().map(|fault| &fault.message);
    messages.any(|message| message.starts_with("still runs"))
}

/// `source -> stuck -> sink`, what has come to the sink, and what opens the gate.
fn stuck_lab() -> (Lab, Log<u64>, Sender<()>) {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let (open, gate) = channel();
    lab.add_on(0, "source", feed(20));
    let options = NodeOptions::new().worker(1).budget(MS);
    lab.add_with("stuck", stuck(gate), options);
    lab.add_on(0, "sink", eat(&eaten));
    lab.connect("source:out", "stuck:in", Edge::block(4));
    lab.connect("stuck:out", "sink:in", Edge::block(4));
    (lab, eaten, open)
}

#[test]
fn an_activation_that_does_not_come_back_is_reported_meanwhile() {
    let (mut lab, eaten, open) = stuck_lab();
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    wait_until("the supervisor has noticed", || is_noticed(&handle));
    assert_eq!(handle.snapshot().node("stuck").unwrap().overruns, 0);
    open.send(()).unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
    assert!(report.node("stuck").unwrap().overruns >= 1);
    let took = report
        .faults
        .iter()
        .find(|fault| fault.message.starts_with("took"));
    assert_eq!(took.unwrap().node, "stuck", "{report}");
    assert_eq!(eaten.take().len(), 20);
}

#[test]
fn an_activation_that_does_not_come_back_while_the_engine_drains_is_reported() {
    let (mut lab, _, open) = stuck_lab();
    // It begins when the engine drains: before, its node is paused.
    let pause = |handle: EngineHandle| drop(handle.pause("stuck"));
    let engine = lab.engine().workers(2).on_built(pause).start().unwrap();
    let handle = engine.handle();
    wait_until("messages wait", || {
        handle
            .snapshot()
            .edge("source:out->stuck:in")
            .unwrap()
            .depth
            == 4
    });
    assert!(!is_noticed(&handle));
    handle.request_shutdown(PATIENCE);
    wait_until("the supervisor has noticed", || is_noticed(&handle));
    open.send(()).unwrap();
    let report = engine.wait();
    assert!(report.drained, "{report}");
    lab.assert_conserved(&report);
}
