//! Cadences: when ticks come, and what is late or missed.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, Seed, eat, feed, wait_until};
use tidegate::engine::{SteppedEngine, StopReason};
use tidegate::graph::Edge;
use tidegate::node::{NodeError, NodeOptions, Tick, TickInfo};
use tidegate::sched::NodeState;
use tidegate::time::{ManualClock, Timestamp};

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// A source that logs its ticks, and sends one number for each.
fn metronome(tick: Tick, ticks: &Log<TickInfo>) -> Probe {
    let ticks = ticks.clone();
    let mut next = 0;
    Probe::new().on_tick(tick, move |io, cx| {
        ticks.push(cx.tick().expect("this is a tick"));
        io.output.send(cx, next)?;
        next += 1;
        Ok(())
    })
}

/// An engine of one metronome and a sink behind it, whose cadences begin at 0.
fn metronome_engine(
    lab: &mut Lab,
    clock: &ManualClock,
    tick: Tick,
    ticks: &Log<TickInfo>,
) -> SteppedEngine {
    lab.add("metronome", metronome(tick, ticks));
    lab.add("sink", eat(&Log::new()));
    lab.connect("metronome:out", "sink:in", Edge::block(8));
    let builder = lab.engine().clock(clock.clone()).tick(millis(10));
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    engine
}

/// When these ticks were due, in microseconds.
fn due_micros(ticks: Vec<TickInfo>) -> Vec<u64> {
    let due = ticks.iter().map(|tick| tick.due.as_nanos() / 1_000);
    due.collect()
}

#[test]
fn global_and_own_cadences_run_side_by_side() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    let (global, own, declared) = (Log::new(), Log::new(), Log::new());
    lab.add("global", metronome(Tick::Global, &global));
    lab.add("own", metronome(Tick::Every(millis(4)), &own));
    // What is said when the node is added overrides what it declares.
    lab.add_with(
        "overridden",
        metronome(Tick::Every(millis(1)), &declared),
        NodeOptions::new().tick(Tick::Every(millis(5))),
    );
    lab.add("sink", eat(&Log::new()));
    lab.connect("global:out", "sink:in", Edge::block(8));
    let builder = lab.engine().clock(clock.clone()).tick(millis(10));
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    for _ in 0..20 {
        clock.advance(millis(1));
        engine.run_until_idle(MANY);
    }
    assert_eq!(due_micros(global.take()), [10_000, 20_000]);
    assert_eq!(
        due_micros(own.take()),
        [4_000, 8_000, 12_000, 16_000, 20_000]
    );
    assert_eq!(due_micros(declared.take()), [5_000, 10_000, 15_000, 20_000]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_tick_that_begins_a_tenth_of_its_interval_late_counts_as_late() {
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Every(millis(10)), &ticks);
    for (advance, lateness) in [(10_000, 0), (11_000, 1_000), (10_001, 1_001), (8_999, 0)] {
        clock.advance(Duration::from_micros(advance));
        engine.run_until_idle(MANY);
        let tick = ticks.take()[0];
        assert_eq!(tick.lateness, Duration::from_micros(lateness));
        assert_eq!(tick.missed, 0);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let node = report.node("metronome").unwrap();
    assert_eq!((node.ticks, node.late_ticks, node.missed_ticks), (4, 1, 0));
    assert_eq!(node.max_lateness, Duration::from_micros(1_001));
    assert_eq!(node.mean_lateness, Duration::from_nanos(500_250));
}

#[test]
fn ticks_whose_time_has_passed_are_skipped_and_counted_as_missed() {
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Every(millis(10)), &ticks);
    clock.advance(millis(47));
    engine.run_until_idle(MANY);
    let tick = ticks.take()[0];
    assert_eq!(tick.due, Timestamp::from_nanos(10_000_000));
    assert_eq!((tick.lateness, tick.missed), (millis(37), 3));
    clock.advance(millis(3));
    engine.run_until_idle(MANY);
    let tick = ticks.take()[0];
    assert_eq!((tick.lateness, tick.missed), (millis(0), 0), "no drift");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let node = report.node("metronome").unwrap();
    assert_eq!((node.ticks, node.late_ticks, node.missed_ticks), (2, 1, 3));
}

#[test]
fn ten_thousand_jittered_ticks_do_not_drift() {
    const INTERVAL: u64 = 1_000_000;
    let mut seed = Seed::new();
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Every(millis(1)), &ticks);
    let (mut served, mut missed, mut last) = (0, 0, 0);
    while served < 10_000 {
        clock.advance(Duration::from_nanos(seed.in_range(1..2 * INTERVAL)));
        engine.run_until_idle(MANY);
        for tick in ticks.take() {
            let due = tick.due.as_nanos();
            assert_eq!(due % INTERVAL, 0, "on the beat");
            assert!(due > last);
            last = due;
            served += 1;
            missed += tick.missed;
        }
    }
    assert!(missed > 0, "some advances skip a tick");
    let beats = (last / INTERVAL).abs_diff(served + missed);
    assert!(beats <= 1, "off by {beats}");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let node = report.node("metronome").unwrap();
    assert_eq!((node.ticks, node.missed_ticks), (served, missed));
}

#[test]
fn a_tick_waits_while_the_node_is_parked_and_the_others_count_as_missed() {
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Every(millis(10)), &ticks);
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    for _ in 0..8 {
        clock.advance(millis(10));
        engine.run_until_idle(MANY);
    }
    assert_eq!(ticks.take().len(), 8, "until the edge is full");
    for _ in 0..5 {
        clock.advance(millis(10));
        assert!(engine.run_until_idle(MANY) <= 1, "it is parked once");
    }
    assert_eq!(ticks.len(), 0);
    handle.resume("sink").unwrap();
    clock.advance(millis(1));
    engine.run_until_idle(MANY);
    let tick = ticks.take()[0];
    assert_eq!(
        (tick.lateness, tick.missed),
        (millis(41), 4),
        "the oldest one"
    );
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let node = report.node("metronome").unwrap();
    assert_eq!((node.ticks, node.missed_ticks, node.errors), (9, 4, 0));
}

#[test]
fn a_cadence_can_be_changed_while_the_engine_runs() {
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Global, &ticks);
    let handle = engine.handle();
    let mut run = |span: u64| {
        for _ in 0..span {
            clock.advance(millis(1));
            engine.run_until_idle(MANY);
        }
        due_micros(ticks.take())
    };
    assert_eq!(run(25), [10_000, 20_000]);
    handle.set_tick(millis(3)).unwrap();
    // The change is taken over at the next turn, at 26 ms.
    assert_eq!(run(8), [29_000, 32_000]);
    handle
        .set_node_tick("metronome", Tick::Every(millis(5)))
        .unwrap();
    assert_eq!(run(8), [39_000]);
    handle.set_node_tick("metronome", Tick::Never).unwrap();
    assert_eq!(run(20), [0; 0]);
    handle.set_node_tick("metronome", Tick::Global).unwrap();
    assert_eq!(run(5), [65_000]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_change_of_one_cadence_leaves_the_beat_of_the_others() {
    let (mut lab, clock, ticks) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add(
        "other",
        Probe::new().on_tick(Tick::Every(millis(7)), |_, _| Ok(())),
    );
    let mut engine = metronome_engine(&mut lab, &clock, Tick::Every(millis(10)), &ticks);
    clock.advance(millis(9));
    engine.run_until_idle(MANY);
    let handle = engine.handle();
    handle
        .set_node_tick("other", Tick::Every(millis(3)))
        .unwrap();
    handle.set_batch(3).unwrap();
    clock.advance(millis(1));
    engine.run_until_idle(MANY);
    assert_eq!(due_micros(ticks.take()), [10_000]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn ticks_and_messages_reach_the_same_node() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    let list = eaten.clone();
    let sink = Probe::new()
        .on_message(move |io, cx| {
            assert!(cx.tick().is_none(), "outside ticks there is none");
            while let Some(number) = io.input.recv(cx) {
                list.push(number);
            }
            Ok(())
        })
        .on_tick(Tick::Every(millis(1)), |_, cx| {
            assert!(cx.tick().is_some());
            assert!(cx.trace().is_none());
            Ok(())
        });
    lab.add("source", feed(100)).add("sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(8));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.step();
    while !engine.shutdown_requested() {
        clock.advance(millis(1));
        engine.step();
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let sink = report.node("sink").unwrap();
    assert_eq!((sink.errors, sink.panics), (0, 0), "{report}");
    assert!(sink.ticks > 3);
    assert_eq!(sink.state, NodeState::Finished);
    assert_eq!(eaten.take(), (0..100).collect::<Vec<_>>());
}

#[test]
fn ticks_wake_a_sleeping_worker_in_real_time() {
    let (mut lab, ticks) = (Lab::new(), Log::new());
    lab.add("metronome", metronome(Tick::Every(millis(2)), &ticks));
    lab.add("sink", eat(&Log::new()));
    lab.connect("metronome:out", "sink:in", Edge::block(8));
    let engine = lab.engine().start().unwrap();
    wait_until("ten ticks have come", || ticks.len() >= 10);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Requested);
    for tick in ticks.take() {
        assert!(tick.lateness < PATIENCE);
    }
}

#[test]
fn a_tick_that_fails_takes_nothing_from_a_source_that_asked_for_another_call() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    let source = feed(20).on_tick(Tick::Every(millis(1)), |_, _| {
        Err(NodeError::new("out of order"))
    });
    lab.add("source", source);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let builder = lab.engine().clock(clock.clone()).batch(1);
    let mut engine = builder.stepping().unwrap();
    for _ in 0..10 {
        engine.run_until_idle(3);
        clock.advance(millis(1));
    }
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed, "{report}");
    assert!(report.node("source").unwrap().errors > 1, "{report}");
    assert_eq!(eaten.take(), (0..20).collect::<Vec<_>>());
}
