//! Hooks that fail, panic, and spoil things on the way.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Count, Io, Lab, Log, MANY, PATIENCE, Probe, eat, feed};
use tidegate::engine::{Report, StopReason};
use tidegate::graph::Edge;
use tidegate::node::{
    Context, FaultPolicy, Node, NodeError, NodeOptions, NodeResult, Output, Ports, Tick,
};
use tidegate::sched::{Hook, NodeState};
use tidegate::time::ManualClock;

const TICK: Tick = Tick::Every(Duration::from_millis(1));

/// How a hook fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Error,
    Panic,
}

impl Way {
    fn fail(self) -> NodeResult {
        match self {
            Self::Error => Err(NodeError::new("out of order")),
            Self::Panic => panic!("out of order"),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Error => "out of order",
            Self::Panic => "panicked: out of order",
        }
    }
}

/// A node that passes numbers on, and fails in this hook whenever `fails` says
/// so for the number of its call.
fn faulty(hook: Hook, way: Way, fails: impl Fn(u64) -> bool + Clone + Send + 'static) -> Probe {
    let failing = |at: Hook| {
        let (fails, mut calls) = (fails.clone(), 0);
        move || {
            calls += 1;
            if at == hook && fails(calls) {
                way.fail()
            } else {
                Ok(())
            }
        }
    };
    let (mut start, mut message) = (failing(Hook::Start), failing(Hook::Message));
    let (mut tick, mut stop) = (failing(Hook::Tick), failing(Hook::Stop));
    Probe::new()
        .on_start(move |_, _| start())
        .on_message(move |io: &mut Io<u64>, cx: &mut Context<'_>| {
            while let Some(number) = io.input.recv(cx) {
                message()?;
                io.output.send(cx, number)?;
            }
            Ok(())
        })
        .on_tick(TICK, move |_, _| tick())
        .on_stop(move |_, _| stop())
}

fn options(policy: FaultPolicy) -> NodeOptions {
    NodeOptions::new().on_error(policy).on_panic(policy)
}

/// A faulty node in a chain, and a chain beside it that must not notice.
struct Bench {
    lab: Lab,
    eaten: Log<u64>,
    beside: Log<u64>,
    clock: ManualClock,
}

const MESSAGES: u64 = 200;

impl Bench {
    fn new(add: impl FnOnce(&mut Lab)) -> Self {
        let mut bench = Self {
            lab: Lab::new(),
            eaten: Log::new(),
            beside: Log::new(),
            clock: ManualClock::new(),
        };
        let lab = &mut bench.lab;
        lab.add("source", feed(MESSAGES));
        add(lab);
        lab.add("sink", eat(&bench.eaten));
        lab.connect("source:out", "faulty:in", Edge::block(4));
        lab.connect("faulty:out", "sink:in", Edge::block(4));
        lab.add("other", feed(MESSAGES));
        lab.add("beside", eat(&bench.beside));
        lab.connect("other:out", "beside:in", Edge::block(4));
        bench
    }

    /// Runs with three ticks and shuts down.
    fn run(mut self) -> (Report, Vec<u64>) {
        let builder = self.lab.engine().clock(self.clock.clone());
        let mut engine = builder.stepping().unwrap();
        engine.step();
        for _ in 0..3 {
            self.clock.advance(Duration::from_millis(1));
            engine.run_until_idle(30);
        }
        engine.run_until_idle(MANY);
        let report = engine.shutdown(MANY);
        self.lab.assert_conserved(&report);
        assert!(report.drained, "{report}");
        assert_eq!(self.beside.take(), (0..MESSAGES).collect::<Vec<_>>());
        (report, self.eaten.take())
    }
}

const HOOKS: [Hook; 4] = [Hook::Start, Hook::Message, Hook::Tick, Hook::Stop];
const WAYS: [Way; 2] = [Way::Error, Way::Panic];

#[test]
fn a_fault_in_any_hook_is_counted_and_reported_and_the_rest_goes_on() {
    for hook in HOOKS {
        for way in WAYS {
            let bench = Bench::new(|lab| {
                let node = faulty(hook, way, |call| call == 1);
                lab.add_with("faulty", node, options(FaultPolicy::Continue));
            });
            let (report, eaten) = bench.run();
            let node = report.node("faulty").unwrap();
            let (errors, panics) = if way == Way::Error { (1, 0) } else { (0, 1) };
            assert_eq!(
                (node.errors, node.panics),
                (errors, panics),
                "{hook} {way:?}"
            );
            assert_eq!(report.faults.len(), 1, "{hook} {way:?}");
            let fault = &report.faults[0];
            assert_eq!((fault.node.as_str(), fault.hook), ("faulty", hook));
            assert_eq!(fault.message, way.text());
            // The message whose handler failed went no further.
            let lost = u64::from(hook == Hook::Message);
            assert_eq!(
                eaten,
                (lost..MESSAGES).collect::<Vec<_>>(),
                "{hook} {way:?}"
            );
        }
    }
}

#[test]
fn quarantine_comes_with_the_given_fault_and_closes_the_inputs() {
    for way in WAYS {
        for after in [1, 3] {
            let bench = Bench::new(|lab| {
                let node = faulty(Hook::Message, way, |call| call % 10 == 0);
                let policy = FaultPolicy::Quarantine { after };
                lab.add_with("faulty", node, options(policy));
            });
            let (report, eaten) = bench.run();
            let node = report.node("faulty").unwrap();
            assert_eq!(node.state, NodeState::Quarantined);
            assert_eq!(node.errors + node.panics, u64::from(after));
            assert_eq!(node.messages, u64::from(after) * 10, "not called again");
            assert_eq!(
                eaten.len() as u64,
                u64::from(after) * 9,
                "what it sent arrives"
            );
            assert_eq!(report.node("source").unwrap().state, NodeState::Finished);
        }
    }
}

#[test]
fn a_node_that_faults_in_on_start_is_quarantined_before_any_message() {
    let bench = Bench::new(|lab| {
        let node = faulty(Hook::Start, Way::Panic, |_| true);
        lab.add("faulty", node);
    });
    let (report, eaten) = bench.run();
    let node = report.node("faulty").unwrap();
    assert_eq!((node.state, node.messages), (NodeState::Quarantined, 0));
    assert!(eaten.is_empty(), "{eaten:?}");
}

#[test]
fn stop_shuts_the_engine_down_and_drains_the_others() {
    for way in WAYS {
        for hook in [Hook::Message, Hook::Tick] {
            let mut lab = Lab::new();
            let (eaten, clock) = (Log::new(), ManualClock::new());
            let node = faulty(hook, way, |call| call == 2);
            lab.add("source", feed(MESSAGES));
            lab.add_with("faulty", node, options(FaultPolicy::Stop));
            lab.add("sink", eat(&eaten));
            lab.connect("source:out", "faulty:in", Edge::block(4));
            lab.connect("faulty:out", "sink:in", Edge::block(4));
            let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
            engine.step();
            while !engine.shutdown_requested() {
                clock.advance(Duration::from_millis(1));
                engine.step();
            }
            let report = engine.shutdown(MANY);
            lab.assert_conserved(&report);
            assert_eq!(report.reason, StopReason::Requested);
            assert_eq!(report.faults[0].hook, hook);
            assert_eq!(report.node("faulty").unwrap().state, NodeState::Quarantined);
        }
    }
}

#[test]
fn stop_on_threads_ends_the_wait() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let node = faulty(Hook::Message, Way::Panic, |call| call == 100);
    lab.add_on(0, "source", feed(u64::MAX));
    let policy = options(FaultPolicy::Stop).worker(1);
    lab.add_with("faulty", node, policy);
    lab.add_on(0, "sink", eat(&eaten));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..99).collect::<Vec<_>>());
    assert_eq!(report.faults[0].message, "panicked: out of order");
}

#[test]
fn a_restart_keeps_what_waits_in_the_input_and_is_limited() {
    for hook in [Hook::Message, Hook::Tick] {
        let instances = Count::default();
        let count = instances.clone();
        let bench = Bench::new(|lab| {
            let factory = move || {
                count.up();
                // Every instance fails at its 10th message, or at each tick.
                let fails = move |call| {
                    if hook == Hook::Message {
                        call == 10
                    } else {
                        true
                    }
                };
                faulty(hook, Way::Panic, fails)
            };
            let policy = options(FaultPolicy::Restart { limit: 2 });
            lab.add_restartable("faulty", factory, policy);
        });
        let (report, eaten) = bench.run();
        let node = report.node("faulty").unwrap();
        assert_eq!((node.restarts, node.panics), (2, 3), "{hook}");
        assert_eq!(node.state, NodeState::Quarantined, "after the limit");
        assert_eq!(instances.get(), 3);
        if hook == Hook::Message {
            // Of 30 handled, the three whose handlers panicked are missing.
            let expected: Vec<u64> = (0..30).filter(|n| n % 10 != 9).collect();
            assert_eq!(eaten, expected);
        }
    }
}

#[test]
fn a_restart_on_threads_loses_nothing_but_the_message_it_faulted_on() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_on(0, "source", feed(1_000));
    let policy = options(FaultPolicy::Restart { limit: u32::MAX }).worker(1);
    let factory = || faulty(Hook::Message, Way::Panic, |call| call == 100);
    lab.add_restartable("faulty", factory, policy);
    lab.add_on(0, "sink", eat(&eaten));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed);
    let expected: Vec<u64> = (0..1_000).filter(|n| n % 100 != 99).collect();
    assert_eq!(eaten.take(), expected);
    assert_eq!(report.node("faulty").unwrap().restarts, 10);
}

/// A node that is restarted after a tick, while its producer is parked.
fn restart_while_the_producer_waits(factory: impl FnMut() -> Probe + Send + 'static) -> Report {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    lab.add("source", feed(MESSAGES));
    let policy = options(FaultPolicy::Restart { limit: 1 });
    lab.add_restartable("faulty", factory, policy);
    lab.connect("source:out", "faulty:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(engine.snapshot().node("source").unwrap().parked, 1);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "{}", engine.snapshot());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    report
}

/// Fails at its first tick, without having received.
fn fails_at_tick() -> Probe {
    Probe::new()
        .passive()
        .on_tick(TICK, |_, _| Way::Panic.fail())
}

#[test]
fn a_panicking_factory_quarantines_the_node_and_wakes_its_producer() {
    let mut calls = 0;
    let report = restart_while_the_producer_waits(move || {
        calls += 1;
        assert!(calls == 1, "the factory is broken");
        fails_at_tick()
    });
    let node = report.node("faulty").unwrap();
    assert_eq!((node.state, node.restarts), (NodeState::Quarantined, 1));
    assert_eq!(report.node("source").unwrap().state, NodeState::Finished);
    assert_eq!(report.snapshot.edges[0].ledger.discarded, 4);
}

/// Has one port more when it is made again.
struct Changing {
    probe: Probe,
    extra: Option<Output<u64>>,
}

impl Node for Changing {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        self.probe.ports(ports);
        if let Some(extra) = &mut self.extra {
            ports.output("extra", extra).optional();
        }
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        Node::on_tick(&mut self.probe, cx)
    }
}

#[test]
fn a_factory_that_makes_other_ports_quarantines_the_node_and_wakes_its_producer() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    lab.add("source", feed(MESSAGES));
    let mut made = 0;
    let factory = move || {
        made += 1;
        Changing {
            probe: fails_at_tick(),
            extra: (made > 1).then(Output::new),
        }
    };
    let policy = options(FaultPolicy::Restart { limit: 5 });
    lab.graph
        .add_restartable("faulty", factory, policy)
        .unwrap();
    lab.connect("source:out", "faulty:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(MANY);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "{}", engine.snapshot());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let node = report.node("faulty").unwrap();
    assert_eq!((node.state, node.restarts), (NodeState::Quarantined, 1));
}

#[test]
fn more_faults_than_can_be_described_are_counted_all_the_same() {
    let bench = Bench::new(|lab| {
        let node = faulty(Hook::Message, Way::Error, |_| true);
        lab.add_with("faulty", node, options(FaultPolicy::Continue));
    });
    let (report, eaten) = bench.run();
    assert!(eaten.is_empty(), "{eaten:?}");
    assert_eq!(report.node("faulty").unwrap().errors, MESSAGES);
    let worker = &report.snapshot.workers[0];
    let described = report.faults.len() as u64 + report.more_faults;
    assert_eq!(described + worker.lost_fault_reports, MESSAGES);
}

/// The end finds the node in its handler, which then panics: whether the
/// replacement still comes in time differs from round to round. (Shuttle's
/// `a_restart_and_a_shutdown_may_meet` explores when.)
#[test]
fn a_restart_that_the_end_overtakes_leaves_nothing_in_flight() {
    for _ in 0..50 {
        let mut lab = Lab::new();
        let (open, gate) = channel::<()>();
        let (tell, entered) = channel::<()>();
        let mut gate = Some((tell, gate));
        let factory = move || {
            let gate = gate.take();
            Probe::new().on_message(move |io, cx| {
                while io.input.recv(cx).is_some() {
                    if let Some((tell, gate)) = &gate {
                        tell.send(())?;
                        gate.recv_timeout(PATIENCE)?;
                        panic!("at the end");
                    }
                }
                Ok(())
            })
        };
        lab.add_on(0, "source", feed(5));
        let policy = options(FaultPolicy::Restart { limit: 1 }).worker(0);
        lab.add_restartable("faulty", factory, policy);
        lab.connect("source:out", "faulty:in", Edge::block(8));
        let engine = lab.engine().start().unwrap();
        entered.recv_timeout(PATIENCE).unwrap();
        engine.handle().request_shutdown(Duration::ZERO);
        open.send(()).unwrap();
        let report = engine.wait();
        lab.assert_conserved(&report);
        assert_eq!(report.node("faulty").unwrap().panics, 1, "{report}");
    }
}
