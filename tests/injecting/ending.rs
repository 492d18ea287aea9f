//! Injecting into what ends: the node's other inputs, the engine.

use std::thread;
use std::time::Duration;

use tidegate::engine::{EngineHandle, InjectFailure, StopReason};
use tidegate::graph::Edge;

use crate::common::{Count, Lab, Log, MANY, PATIENCE, feed, feed_forever, wait_until};
use crate::{EDGE, assert_injected, both, inject_into};

#[test]
fn an_injectable_input_keeps_no_node_alive_whose_other_inputs_have_ended() {
    for injected in 0..3_u64 {
        let (mut lab, seen) = (Lab::new(), Log::new());
        lab.add("source", feed(5)).add("node", both(&seen));
        lab.connect("source:out", "node:in", Edge::block(8));
        inject_into(&mut lab, "node:control", 4);
        let mut engine = lab.stepping();
        let handle = engine.handle();
        for number in 0..injected {
            handle.inject("node:control", number).unwrap();
        }
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested(), "every node has finished");
        let error = handle.inject("node:control", 9_u64).unwrap_err();
        assert!(matches!(error.failure, InjectFailure::NodeEnded { .. }));
        let report = engine.shutdown(MANY);
        assert_eq!(report.reason, StopReason::Completed);
        lab.assert_conserved(&report);
        assert_injected(&report, [injected, injected, 0]);
        assert_eq!(seen.len() as u64, 5 + injected);
    }
}

#[test]
fn a_node_that_is_injected_into_alone_works_until_the_shutdown() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    lab.add("node", both(&seen));
    inject_into(&mut lab, "node:control", 4);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    for round in 0..3_u64 {
        engine.run_until_idle(MANY);
        assert!(!engine.shutdown_requested());
        handle.inject("node:control", round).unwrap();
    }
    // The last one waits when the shutdown begins, and is drained.
    let report = engine.shutdown(MANY);
    assert_eq!(seen.take(), [0, 1, 2]);
    lab.assert_conserved(&report);
    assert_injected(&report, [3, 3, 0]);
}

#[test]
fn what_a_shutdown_without_a_drain_finds_is_discarded() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    lab.add("node", both(&seen));
    inject_into(&mut lab, "node:control", 4);
    let engine = lab.engine().batch(1).stepping().unwrap();
    let handle = engine.handle();
    let last = [1_u64, 2].map(|n| handle.inject("node:control", n).unwrap())[1];
    let report = engine.shutdown(0);
    lab.assert_conserved(&report);
    let ledger = report.edge(EDGE).unwrap().ledger;
    assert_eq!((ledger.sent, ledger.discarded), (2, 1), "{ledger}");
    let lost = handle.wait_taken(last, PATIENCE).unwrap_err();
    assert!(lost.lost && lost.number == 2, "{lost}");
}

/// Injects until the engine stops; how many were accepted.
fn inject_until_it_stops(handle: &EngineHandle, follows: &Count) -> u64 {
    let mut accepted = 0;
    loop {
        match handle.inject("node:control", accepted) {
            Ok(injected) => {
                accepted += 1;
                if follows.get() == 1 {
                    let taken = handle.wait_taken(injected, PATIENCE);
                    if let Ok(taken) = taken {
                        assert!((1..=taken.latest).contains(&taken.earliest));
                    }
                }
            }
            Err(error) => match error.failure {
                InjectFailure::Full { .. } => thread::yield_now(),
                InjectFailure::Stopped => return accepted,
                other => panic!("{other}"),
            },
        }
    }
}

#[test]
fn many_threads_inject_under_load_and_each_message_has_one_fate() {
    for drained in [true, false] {
        let (mut lab, seen) = (Lab::new(), Log::new());
        lab.add_on(0, "source", feed_forever());
        lab.add_on(1, "node", both(&seen));
        lab.connect("source:out", "node:in", Edge::block(64));
        inject_into(&mut lab, "node:control", 8);
        let engine = lab.engine().workers(2).start().unwrap();
        let follows = Count::default();
        follows.set(1);
        let handles = [0; 3].map(|_| engine.handle());
        let (report, accepted) = thread::scope(|scope| {
            let inject = |handle| {
                let follows = follows.clone();
                scope.spawn(move || inject_until_it_stops(handle, &follows))
            };
            let threads = handles.each_ref().map(inject);
            let snapshot = || handles[0].snapshot();
            let injected = || snapshot().edge(EDGE).unwrap().ledger.delivered;
            let most = if cfg!(miri) { 20 } else { 200 };
            wait_until("they inject", || injected() > most);
            follows.set(0);
            let timeout = if drained { PATIENCE } else { Duration::ZERO };
            let report = engine.shutdown(timeout);
            let accepted = threads.into_iter().map(|it| it.join().unwrap());
            (report, accepted.sum::<u64>())
        });
        lab.assert_conserved(&report);
        let ledger = report.edge(EDGE).unwrap().ledger;
        assert_eq!(ledger.sent, accepted);
        assert_eq!(ledger.delivered + ledger.discarded, accepted, "{ledger}");
        assert!(!drained || ledger.discarded == 0, "{ledger}");
    }
}
