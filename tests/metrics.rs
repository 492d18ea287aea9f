//! What an engine measures and records of itself, against numbers computed by
//! hand: stepped, with the manual clock, so that time passes only in handlers
//! and between steps, as the test says.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Lab, MANY, PATIENCE, Probe, feed, relay, wait_until};
use tidegate::Band;
use tidegate::engine::{Snapshot, SteppedEngine};
use tidegate::graph::Edge;
use tidegate::node::Tick;
use tidegate::observe::{EventKind, HistogramSnapshot, Metrics, Outcome, Recorder, RunPhase};
use tidegate::sched::NodeState;
use tidegate::time::ManualClock;

const FIRST: &str = "source:out->stage:in";
const SECOND: &str = "stage:out->sink:in";

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A source that sends one number per tick and takes 10 µs for it, a stage that
/// takes 3 µs and a sink that takes 5 µs; a tick each millisecond.
fn line(lab: &mut Lab, clock: &ManualClock) {
    let time = clock.clone();
    lab.add(
        "source",
        Probe::new().on_tick(Tick::Global, move |io, cx| {
            io.output.send(cx, 1)?;
            time.advance(micros(10));
            Ok(())
        }),
    );
    let time = clock.clone();
    lab.add(
        "stage",
        Probe::new().on_message(move |io, cx| {
            while let Some(number) = io.input.recv(cx) {
                io.output.send(cx, number)?;
                time.advance(micros(3));
            }
            Ok(())
        }),
    );
    let time = clock.clone();
    lab.add(
        "sink",
        Probe::new().on_message(move |io, cx| {
            while io.input.recv(cx).is_some() {
                time.advance(micros(5));
            }
            Ok(())
        }),
    );
    lab.connect("source:out", "stage:in", Edge::block(4));
    lab.connect("stage:out", "sink:in", Edge::block(1));
}

fn start(lab: &mut Lab, clock: &ManualClock, metrics: Metrics, level: Recorder) -> SteppedEngine {
    let builder = lab.engine().clock(clock.clone()).tick(micros(1_000));
    let builder = builder.metrics(metrics).recorder(level, 64);
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    engine
}

/// These durations, in order, and no others.
#[track_caller]
fn assert_holds(histogram: &Option<HistogramSnapshot>, micros_in_order: &[u64]) {
    let histogram = histogram.as_ref().expect("metrics are on");
    let sum = micros_in_order.iter().sum();
    assert_eq!(histogram.count(), micros_in_order.len() as u64);
    assert_eq!(histogram.sum(), micros(sum));
    let ends = [micros_in_order.first(), micros_in_order.last()];
    let ends = ends.map(|end| micros(end.copied().unwrap_or(0)));
    assert_eq!([histogram.min(), histogram.max()], ends);
}

#[test]
fn every_metric_of_a_scripted_run_is_what_was_computed_by_hand() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    line(&mut lab, &clock);
    let mut engine = start(&mut lab, &clock, Metrics::every_activation(), Recorder::Off);
    let handle = engine.handle();

    // 1,250 µs: the tick of 1,000 is served, 250 late. The message is sent then,
    // reaches the stage at 1,260 and the sink at 1,263.
    clock.advance(micros(1_250));
    engine.run_until_idle(MANY);
    let early = engine.snapshot();
    assert_eq!(early.taken_at.as_nanos(), 1_268_000);
    assert_eq!(early.sampling.map(|stride| stride.get()), Some(1));

    // 2,000 and 3,000 µs: two ticks on time. The sink is paused, so the second
    // message finds the edge to it full: the stage is held from 3,010 on.
    handle.pause("sink").unwrap();
    for until in [732, 987] {
        clock.advance(micros(until));
        engine.run_until_idle(MANY);
    }
    let held = engine.snapshot();
    assert_eq!(held.taken_at.as_nanos(), 3_010_000);
    assert_eq!((held.edges[0].depth, held.edges[1].depth), (1, 1));
    assert_eq!(held.edges[1].waits, 1);
    assert_eq!(held.nodes[1].parked, 1);

    // 3,500 µs: the sink goes on, takes its message, and the stage is free.
    clock.advance(micros(490));
    assert_eq!(
        engine.snapshot().edges[1].blocked,
        Some(micros(490)),
        "so far"
    );
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let late = engine.snapshot();
    assert_eq!(late.taken_at.as_nanos(), 3_513_000);

    let [source, stage, sink] = &late.nodes[..] else {
        panic!("three nodes");
    };
    assert_eq!([source.messages, stage.messages, sink.messages], [0, 3, 3]);
    assert_eq!(
        [source.activations, stage.activations, sink.activations],
        [3; 3]
    );
    assert_eq!(
        (source.ticks, source.late_ticks, source.missed_ticks),
        (3, 1, 0)
    );
    assert_eq!(source.max_lateness, micros(250));
    assert_holds(&source.lateness, &[0, 0, 250]);
    assert_holds(&source.execution, &[10, 10, 10]);
    assert_holds(&stage.execution, &[3, 3, 3]);
    assert_holds(&sink.execution, &[5, 5, 5]);
    assert!(stage.lateness.is_none(), "it has no cadence");
    assert!(
        [source, stage, sink]
            .iter()
            .all(|n| n.errors + n.panics == 0)
    );

    // The third message waited from 3,000 to 3,505 for the stage. The second one
    // was sent by the stage at 2,010, and the third at 3,505.
    assert_holds(&late.edges[0].queue_age, &[10, 10, 505]);
    assert_holds(&late.edges[1].queue_age, &[3, 3, 1_490]);
    assert_eq!(stage.queue_age, late.edges[0].queue_age);
    assert!(source.queue_age.is_none(), "nothing leads there");
    let end_to_end = sink.end_to_end.as_ref().expect("it is a sink");
    assert_holds(&Some(end_to_end.age.clone()), &[13, 508, 1_500]);
    let slowest = end_to_end.slowest_hop.as_ref().expect("there are two");
    assert_eq!((&*slowest.edge, &*slowest.node), (SECOND, "sink"));
    assert_eq!(
        (slowest.queued, slowest.execution),
        (micros(1_496) / 3, micros(5))
    );
    assert!(stage.end_to_end.is_none() && source.end_to_end.is_none());

    for edge in &late.edges {
        assert_eq!((edge.ledger.sent, edge.ledger.delivered), (3, 3));
        assert_eq!((edge.depth, edge.high_water), (0, Some(1)), "{}", edge.id);
    }
    assert_eq!((late.edges[0].waits, late.edges[1].waits), (0, 1));
    assert_eq!(late.edges[0].blocked, Some(Duration::ZERO));
    assert_eq!(late.edges[1].blocked, Some(micros(490)));

    let [worker] = &late.workers[..] else {
        panic!("one worker");
    };
    assert_eq!(worker.picks, [0, 0, 9]);
    assert_holds(&worker.loop_latency, &[3, 3, 3, 5, 5, 5, 10, 10, 10]);
    assert_eq!(worker.busy, Some(micros(54)));
    assert_eq!((worker.runnable, worker.parks), (Some(0), 0));
    assert_eq!(worker.asleep, Some(Duration::ZERO));
    assert_eq!(worker.running_since.map(|since| since.as_nanos()), Some(0));

    check_the_difference(&late, &early);
    lab.assert_conserved(&engine.shutdown(MANY));
}

/// From 1,268 to 3,513 µs: two more messages.
fn check_the_difference(late: &Snapshot, early: &Snapshot) {
    let difference = late.since(early);
    assert_eq!(difference.span, micros(2_245));
    let per_second = 2.0 / 0.002_245;
    let is = |rate: f64, expected: f64| (rate - expected).abs() < 1e-6;
    assert!(is(difference.edges[0].sent, per_second));
    assert!(is(difference.nodes[0].ticks, per_second));
    assert!(is(difference.workers[0].picks[2], 3.0 * per_second));
    let blocked = difference.edges[1].blocked_share.unwrap();
    assert!(is(blocked, 490.0 / 2_245.0));
    let idle = difference.workers[0].idle_share.unwrap();
    assert!(is(idle, 1.0 - 36.0 / 2_245.0));
    let age = difference.edges[0].queue_age.as_ref().unwrap();
    assert_eq!((age.count(), age.sum()), (2, micros(515)));
}

#[test]
fn with_metrics_off_counters_go_on_and_the_rest_is_absent() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    line(&mut lab, &clock);
    let mut engine = start(&mut lab, &clock, Metrics::off(), Recorder::Off);
    clock.advance(micros(1_250));
    engine.run_until_idle(MANY);
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.sampling, None);
    assert_eq!(snapshot.nodes[2].messages, 1);
    assert_eq!(snapshot.nodes[0].max_lateness, micros(250));
    assert_eq!(snapshot.workers[0].picks, [0, 0, 3]);
    for node in &snapshot.nodes {
        assert!(node.execution.is_none() && node.lateness.is_none());
        assert!(node.end_to_end.is_none() && node.queue_age.is_none());
    }
    assert!(snapshot.edges.iter().all(|edge| edge.queue_age.is_none()));
    assert!(snapshot.edges.iter().all(|edge| edge.high_water.is_none()));
    assert!(snapshot.workers[0].loop_latency.is_none());
    assert!(engine.recording().is_none());
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn one_activation_in_a_stride_is_timed_and_stands_for_the_others() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    let time = clock.clone();
    let mut left = 40;
    lab.add(
        "source",
        Probe::new().eager().on_message(move |_, cx| {
            time.advance(micros(7));
            left -= 1;
            if left == 0 {
                cx.finish();
            }
            Ok(())
        }),
    );
    let builder = lab.engine().clock(clock.clone());
    let stride = std::num::NonZeroU32::new(10).unwrap();
    let builder = builder.metrics(Metrics::sampled(stride));
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.nodes[0].activations, 40);
    assert_holds(&snapshot.nodes[0].execution, &[7, 7, 7, 7]);
    assert_eq!(snapshot.workers[0].busy, Some(micros(40 * 7)));
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn an_edge_that_lost_messages_was_full_whatever_the_sample_saw() {
    let mut lab = Lab::new();
    lab.add("source", feed(20)).add("sink", relay());
    lab.connect("source:out", "sink:in", Edge::drop_newest(3));
    let mut engine = lab.engine().batch(8).stepping().unwrap();
    engine.run_until_idle(MANY);
    let snapshot = engine.snapshot();
    assert!(snapshot.edges[0].ledger.dropped > 0);
    assert_eq!(snapshot.edges[0].high_water, Some(3));
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn a_full_recorder_tells_the_run_in_order() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    line(&mut lab, &clock);
    let mut engine = start(&mut lab, &clock, Metrics::default(), Recorder::Full);
    clock.advance(micros(1_250));
    engine.run_until_idle(MANY);
    let recording = engine.recording().expect("it records");
    assert_eq!(recording.nodes, ["source", "stage", "sink"]);
    assert_eq!(recording.edges[0].id, FIRST);
    assert_eq!(
        (recording.edges[1].producer, recording.edges[1].consumer),
        (Some(1), Some(2))
    );
    assert_eq!((recording.level, recording.lost()), (Recorder::Full, 0));
    let told: Vec<_> = recording
        .events()
        .map(|(worker, event)| (worker, event.at().as_nanos() / 1_000, event.kind()))
        .collect();
    let trace = told.iter().find_map(|(_, _, kind)| match kind {
        Some(EventKind::Send { trace, .. }) => *trace,
        _ => None,
    });
    assert!(trace.is_some());
    let send = |edge| EventKind::Send {
        edge,
        outcome: Outcome::Stored,
        messages: 1,
        trace,
    };
    let activation = |node, messages, span, trace| EventKind::Activation {
        node,
        band: Band::Normal,
        messages,
        span: micros(span),
        trace,
    };
    let expected = [
        (0, EventKind::Change { version: 0 }),
        (0, EventKind::Phase(RunPhase::Running)),
        (
            1_250,
            EventKind::Tick {
                node: 0,
                lateness: micros(250),
                missed: 0,
            },
        ),
        (1_250, send(0)),
        (1_250, activation(0, 0, 10, None)),
        (1_260, send(1)),
        (1_260, activation(1, 1, 3, trace)),
        (1_263, activation(2, 1, 5, trace)),
    ];
    let expected: Vec<_> = expected
        .map(|(at, kind)| (0, at, Some(kind)))
        .into_iter()
        .collect();
    assert_eq!(told, expected);
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn a_lifecycle_recorder_keeps_what_is_rare() {
    let mut lab = Lab::new();
    lab.add("source", feed(100));
    lab.add(
        "sink",
        Probe::new().on_message(|io, cx| match io.input.recv(cx) {
            Some(7) => Err(tidegate::node::NodeError::new("not seven")),
            _ => Ok(()),
        }),
    );
    lab.connect("source:out", "sink:in", Edge::block(4));
    let builder = lab.engine().recorder(Recorder::Lifecycle, 16);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    engine.run_until_idle(10);
    handle.set_batch(3).unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    let recording = handle.recording().expect("it can be read after the end");
    let kinds: Vec<_> = recording.events().filter_map(|(_, e)| e.kind()).collect();
    let expected = [
        EventKind::Change { version: 0 },
        EventKind::Phase(RunPhase::Running),
        EventKind::Fault {
            node: 1,
            panicked: false,
        },
        EventKind::State {
            node: 0,
            state: NodeState::Finished,
        },
        EventKind::State {
            node: 1,
            state: NodeState::Finished,
        },
        EventKind::Change { version: 1 },
        EventKind::Phase(RunPhase::Draining),
        EventKind::Phase(RunPhase::Stopping),
    ];
    let sorted = |kinds: &[EventKind]| {
        let mut kinds: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(sorted(&kinds), sorted(&expected));
    lab.assert_conserved(&report);
}

#[test]
fn workers_measure_their_sleep_and_how_fast_they_wake() {
    let mut lab = Lab::new();
    lab.add_on(0, "source", feed(u64::MAX).fan_out(1));
    lab.add_on(1, "sink", common::eat(&common::Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(2));
    let builder = lab.engine().workers(2).recorder(Recorder::Lifecycle, 256);
    let idle = tidegate::sched::IdleStrategy::Park {
        spins: 0,
        yields: 0,
    };
    let engine = builder.idle(idle).start().unwrap();
    let handle = engine.handle();
    wait_until("a worker was woken from its sleep", || {
        let snapshot = handle.snapshot();
        let woken = |worker: &tidegate::engine::WorkerReport| {
            let latency = worker.wake_latency.as_ref().expect("metrics are on");
            latency.count() > 0 && worker.asleep > Some(Duration::ZERO)
        };
        snapshot.workers.iter().any(woken)
    });
    let report = engine.shutdown(PATIENCE);
    for worker in &report.snapshot.workers {
        let latency = worker.wake_latency.as_ref().expect("metrics are on");
        assert!(latency.count() <= worker.parks, "{worker:?}");
        assert!(latency.sum() <= worker.asleep.unwrap(), "{worker:?}");
    }
    let recording = handle.recording().unwrap();
    let slept = |(_, event): (usize, &tidegate::observe::Event)| {
        matches!(event.kind(), Some(EventKind::Wake { .. }))
    };
    assert!(recording.events().any(slept));
    lab.assert_conserved(&report);
}

#[test]
fn a_sleep_is_counted_while_it_lasts() {
    let (tell, told) = channel();
    let (go_on, gone_on) = channel::<()>();
    let mut lab = Lab::new();
    lab.add(
        "source",
        Probe::new()
            .on_start(|_, cx| {
                cx.rearm();
                Ok(())
            })
            .on_message(move |_, _| {
                let _ = tell.send(());
                let _ = gone_on.recv();
                Ok(())
            }),
    );
    let engine = lab.engine().metrics(Metrics::off()).start().unwrap();
    told.recv().unwrap();
    let parks = || engine.snapshot().workers[0].parks;
    let awake = parks();
    go_on.send(()).unwrap();
    // Nothing wakes it from the sleep that it falls into now.
    wait_until("the worker sleeps", || parks() > awake);
    lab.assert_conserved(&engine.shutdown(PATIENCE));
}

#[test]
fn a_worker_that_sleeps_is_idle_while_it_sleeps() {
    let mut lab = Lab::new();
    lab.add("sink", Probe::new());
    let engine = lab.engine().start().unwrap();
    let mut earlier = engine.snapshot();
    let mut in_a_row = 0;
    // Nothing wakes it for ever, once it sleeps: from then on it has slept all the
    // time between any two looks. (One pair alone might see a sleep end that was
    // longer than the time between them.)
    wait_until("the worker has slept all the time, again and again", || {
        let later = engine.snapshot();
        let rates = &later.since(&earlier).workers[0];
        let wholly = rates.asleep_share == Some(1.0) && rates.idle_share == Some(1.0);
        in_a_row = if wholly { in_a_row + 1 } else { 0 };
        earlier = later;
        in_a_row == 8
    });
    lab.assert_conserved(&engine.shutdown(PATIENCE));
}
