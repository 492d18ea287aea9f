//! Injecting into nodes that fail.

use tidegate::engine::InjectFailure;
use tidegate::graph::Edge;
use tidegate::node::{Context, FaultPolicy, NodeOptions, Quarantine};

use crate::common::{Io, Lab, Log, MANY, PATIENCE, Probe, feed_forever};
use crate::{EDGE, assert_injected, inject_into};

/// A node that fails when 13 is injected.
fn superstitious(seen: &Log<u64>) -> Probe {
    let seen = seen.clone();
    Probe::new().on_message(move |io: &mut Io<u64>, cx: &mut Context<'_>| {
        while let Some(number) = io.control.recv(cx) {
            assert!(number != 13, "thirteen");
            seen.push(number);
        }
        while io.input.recv(cx).is_some() {}
        Ok(())
    })
}

#[test]
fn a_node_that_a_fault_has_ended_takes_nothing_more_and_what_it_left_is_discarded() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    lab.add("source", feed_forever());
    lab.add("node", superstitious(&seen));
    lab.connect("source:out", "node:in", Edge::block(8));
    inject_into(&mut lab, "node:control", 4);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let receipts = [1_u64, 13, 3].map(|n| handle.inject("node:control", n).unwrap());
    engine.run_until_idle(100);
    let error = handle.inject("node:control", 4_u64).unwrap_err();
    assert!(matches!(error.failure, InjectFailure::NodeEnded { .. }));
    assert!(handle.taken(receipts[1]).is_some());
    assert_eq!(handle.taken(receipts[2]), None);
    let lost = handle.wait_taken(receipts[2], PATIENCE).unwrap_err();
    assert!(lost.lost, "{lost}");
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_injected(&report, [3, 2, 1]);
    assert_eq!(report.faults.len(), 1);
}

#[test]
fn an_open_quarantine_makes_dead_letters_of_what_is_injected_until_its_release() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    let options = NodeOptions::new().quarantine(Quarantine::Open);
    lab.add("source", feed_forever());
    lab.add_with("node", superstitious(&seen), options);
    lab.connect("source:out", "node:in", Edge::block(8));
    inject_into(&mut lab, "node:control", 4);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.inject("node:control", 13_u64).unwrap();
    engine.run_until_idle(100);
    let dead = handle.inject("node:control", 2_u64).unwrap();
    engine.run_until_idle(100);
    assert!(handle.taken(dead).is_some(), "in its place");
    let ledger = handle.snapshot().edge(EDGE).unwrap().ledger;
    assert_eq!((ledger.delivered, ledger.dead_letters), (1, 1));
    let release = handle.release("node").unwrap();
    engine.run_until_idle(100);
    assert_eq!(release.poll(), Some(Ok(())));
    handle.inject("node:control", 3_u64).unwrap();
    engine.run_until_idle(100);
    assert_eq!(seen.take(), [3]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_injected(&report, [3, 2, 0]);
}

#[test]
fn a_replacement_gets_what_was_injected_before() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    let options = NodeOptions::new().on_panic(FaultPolicy::Restart { limit: 9 });
    let made = seen.clone();
    lab.add("source", feed_forever());
    lab.add_restartable("node", move || superstitious(&made), options);
    lab.connect("source:out", "node:in", Edge::block(8));
    inject_into(&mut lab, "node:control", 8);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let receipts = [1_u64, 13, 2, 13, 3].map(|n| handle.inject("node:control", n).unwrap());
    engine.run_until_idle(100);
    assert_eq!(seen.take(), [1, 2, 3]);
    assert!(receipts.iter().all(|it| handle.taken(*it).is_some()));
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_injected(&report, [5, 5, 0]);
}
