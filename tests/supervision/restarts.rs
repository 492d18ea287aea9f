//! Back-off, windows, and what comes after the last restart.

use std::time::Duration;

use tidegate::engine::{Step, SteppedEngine, StopReason};
use tidegate::graph::Edge;
use tidegate::node::{Backoff, FaultPolicy, GiveUp, NodeOptions};
use tidegate::sched::{Consequence, NodeState};
use tidegate::time::{ManualClock, Timestamp};

use super::common::{Lab, Log, MANY, eat, feed, feed_forever};
use super::{MS, advance, faulty, options, state};

const FAULTS: FaultPolicy = FaultPolicy::Restart { limit: 3 };

/// A source of so many numbers, a node that panics at each tenth, and a sink.
fn bench(messages: u64, options: NodeOptions) -> (Lab, Log<u64>, SteppedEngine, ManualClock) {
    let (mut lab, eaten, clock) = (Lab::new(), Log::new(), ManualClock::new());
    lab.add("source", feed(messages));
    lab.add_restartable("faulty", || faulty(|number| number % 10 == 9), options);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(MANY);
    (lab, eaten, engine, clock)
}

fn restarts(engine: &SteppedEngine) -> u64 {
    engine.snapshot().node("faulty").unwrap().restarts
}

fn due_at(time: Duration) -> Step {
    Step::Idle {
        next_tick: Some(Timestamp::EPOCH.after(time)),
    }
}

#[test]
fn each_restart_waits_longer_by_the_engines_clock_up_to_the_maximum() {
    let backoff = Backoff::new(10 * MS).maximum(25 * MS);
    let (lab, eaten, mut engine, clock) = bench(40, options(FAULTS).backoff(backoff));
    let mut at = Duration::ZERO;
    for (restart, wait) in [10, 20, 25].into_iter().enumerate() {
        assert_eq!(state(&engine, "faulty"), NodeState::Restarting);
        assert_eq!(engine.step(), due_at(at + wait * MS));
        advance(&mut engine, &clock, wait * MS - Duration::from_nanos(1));
        assert_eq!(
            restarts(&engine),
            restart as u64,
            "not a nanosecond too early"
        );
        advance(&mut engine, &clock, Duration::from_nanos(1));
        assert_eq!(restarts(&engine), restart as u64 + 1);
        at += wait * MS;
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(
        eaten.take(),
        (0..40).filter(|n| n % 10 != 9).collect::<Vec<_>>()
    );
}

#[test]
fn only_restarts_within_the_window_count() {
    let backoff = Backoff::new(MS);
    let with_window = options(FaultPolicy::Restart { limit: 2 })
        .backoff(backoff)
        .restart_window(10 * MS);
    let (lab, eaten, mut engine, clock) = bench(60, with_window);
    advance(&mut engine, &clock, MS);
    assert_eq!(restarts(&engine), 1);
    advance(&mut engine, &clock, 11 * MS);
    assert_eq!(restarts(&engine), 2);
    // The first one is too old to count by now, so the wait is the second's.
    advance(&mut engine, &clock, 2 * MS);
    assert_eq!(restarts(&engine), 3);
    let given_up = NodeState::Quarantined;
    assert_eq!(state(&engine, "faulty"), given_up, "two within 10 ms");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(
        eaten.take(),
        (0..40).filter(|n| n % 10 != 9).collect::<Vec<_>>()
    );
    let last = report.faults.last().unwrap();
    assert_eq!(last.consequence, Consequence::Quarantined);
    assert_eq!(report.faults[0].consequence, Consequence::Restarted);
}

#[test]
fn a_shutdown_ends_the_wait_and_loses_nothing_that_was_pending() {
    let backoff = Backoff::new(Duration::from_secs(3_600));
    let (lab, eaten, engine, _) = bench(15, options(FAULTS).backoff(backoff));
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert!(report.drained);
    let ledger = report.edge("source:out->faulty:in").unwrap().ledger;
    assert_eq!((ledger.delivered, ledger.discarded), (ledger.sent, 0));
    assert_eq!(eaten.take().len() as u64, ledger.sent - 1);
}

#[test]
fn giving_up_may_stop_the_engine_which_then_names_the_cause() {
    for window in [None, Some(1_000 * MS)] {
        let mut stops = options(FaultPolicy::Restart { limit: 1 }).give_up(GiveUp::Stop);
        if let Some(window) = window {
            stops = stops.restart_window(window);
        }
        let (lab, _, mut engine, _) = bench(30, stops);
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested());
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(report.reason, StopReason::Requested);
        let cause = report.cause.as_deref().unwrap();
        assert!(
            cause.contains("faulty") && cause.contains("at 19"),
            "{cause}"
        );
        assert_eq!(report.faults[1].consequence, Consequence::Stopped);
        assert!(report.to_string().contains(cause));
    }
}

#[test]
fn on_threads_the_supervisor_waits_and_the_worker_goes_on() {
    let (mut lab, eaten, beside) = (Lab::new(), Log::new(), Log::new());
    let backoff = Backoff::new(Duration::from_micros(200)).factor(1);
    let policy = options(FaultPolicy::Restart { limit: u32::MAX }).backoff(backoff);
    lab.add_on(0, "source", feed(100));
    lab.add_restartable("faulty", || faulty(|n| n % 10 == 9), policy.worker(1));
    lab.add_on(0, "sink", eat(&eaten));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    lab.connect("faulty:out", "sink:in", Edge::block(4));
    lab.add_on(1, "other", feed(1_000));
    lab.add_on(1, "beside", eat(&beside));
    lab.connect("other:out", "beside:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("faulty").unwrap().restarts, 10);
    assert_eq!(
        eaten.take(),
        (0..100).filter(|n| n % 10 != 9).collect::<Vec<_>>()
    );
    assert_eq!(beside.take().len(), 1_000);
}

#[test]
fn a_source_is_restarted_as_well() {
    let (mut lab, eaten, clock) = (Lab::new(), Log::new(), ManualClock::new());
    let mut made = 0;
    let policy = options(FAULTS).backoff(Backoff::new(MS));
    let factory = move || {
        made += 1;
        let broken = made == 1;
        feed_forever().on_start(move |_, _| {
            assert!(!broken, "the first one is broken");
            Ok(())
        })
    };
    lab.add_restartable("source", factory, policy);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(50);
    assert!(eaten.take().is_empty());
    clock.advance(MS);
    engine.run_until_idle(50);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert!(!eaten.take().is_empty());
}
