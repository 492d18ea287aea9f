//! Nodes that fail, panic, are quarantined or made anew, while others depend
//! on them.

use tidegate::engine::StopReason;
use tidegate::node::FaultPolicy;
use tidegate::sched::NodeState;

use crate::audit::total;
use crate::harness::{Seen, explore};
use crate::plant::{NEVER, Plant, source, stage};
use crate::stage::{Deed, When};

const DISCARDED: &str = "messages were discarded";

fn once(message: u32) -> When {
    When::AtMessages(message, message)
}

/// An error is counted and reported, and the node goes on.
pub fn error(seen: &Seen) {
    let stages = [
        source("source", 0, 4),
        stage("relay", 1)
            .on_fault(FaultPolicy::Continue)
            .does(once(2), Deed::Fail),
        stage("sink", 2),
    ];
    let report = Plant::new(3, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("relay").unwrap().errors, 1);
    assert_eq!(report.faults[0].message, "on purpose");
    assert_eq!(report.node("sink").unwrap().messages, 3);
    seen.note("ended", true);
}

/// A panicking node is quarantined at once: who sends to it gets its message
/// back and ends, who listens to it drains what there is and ends.
pub fn panic(seen: &Seen) {
    let stages = [
        source("source", 0, 6),
        stage("relay", 1).does(once(3), Deed::Panic),
        stage("sink", 2),
    ];
    let report = Plant::new(3, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    let relay = report.node("relay").unwrap();
    assert_eq!((relay.panics, relay.state), (1, NodeState::Quarantined));
    assert_eq!(report.faults[0].message, "panicked: on purpose");
    assert_eq!(report.node("sink").unwrap().messages, 2);
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// The second error is one too many.
pub fn quarantine(seen: &Seen) {
    let stages = [
        source("source", 0, 6),
        stage("sink", 1)
            .on_fault(FaultPolicy::Quarantine { after: 2 })
            .does(When::AtMessages(2, 9), Deed::Fail),
        stage("other", 1),
    ];
    let report = Plant::new(2, stages)
        .block("source", "sink", 1)
        .block("source", "other", 2)
        .run();
    let sink = report.node("sink").unwrap();
    assert_eq!((sink.errors, sink.state), (2, NodeState::Quarantined));
    assert_eq!(report.node("other").unwrap().messages, 6);
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// A restarted node goes on with what waits in its inputs.
pub fn restart(seen: &Seen) {
    let stages = [
        source("source", 0, 5),
        stage("relay", 1)
            .restartable(9)
            .does(When::AtMessages(2, 3), Deed::Panic),
        stage("sink", 0),
    ];
    let report = Plant::new(2, stages)
        .block("source", "relay", 2)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    let relay = report.node("relay").unwrap();
    assert_eq!((relay.restarts, relay.messages), (2, 5));
    assert_eq!(report.node("sink").unwrap().messages, 3);
    seen.note("ended", true);
}

/// A node that is restarted once too often is quarantined.
pub fn restart_limit(seen: &Seen) {
    let stages = [
        source("source", 0, 6),
        stage("sink", 1)
            .restartable(1)
            .does(When::AtMessages(1, 9), Deed::Fail),
    ];
    let report = Plant::new(2, stages).block("source", "sink", 1).run();
    let sink = report.node("sink").unwrap();
    assert_eq!((sink.restarts, sink.state), (1, NodeState::Quarantined));
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// A factory that panics ends the node; who waits for room there learns it.
pub fn broken_factory(seen: &Seen) {
    let stages = [
        source("source", 0, 9),
        stage("relay", 1)
            .restartable_once_broken()
            .does(once(2), Deed::Panic),
        stage("sink", 0),
    ];
    let report = Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    let relay = report.node("relay").unwrap();
    assert_eq!((relay.restarts, relay.state), (1, NodeState::Quarantined));
    assert_eq!(report.node("sink").unwrap().messages, 1);
    seen.note(
        "the source waited",
        report.node("source").unwrap().parked > 0,
    );
}

/// A source that panics half-way is made anew and goes on.
pub fn restarted_source(seen: &Seen) {
    let stages = [
        source("source", 0, 5)
            .restartable(3)
            .does(once(3), Deed::Panic),
        stage("sink", 1),
    ];
    let report = Plant::new(2, stages).block("source", "sink", 1).run();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("sink").unwrap().messages, 4);
    seen.note("ended", true);
}

/// A fault that stops the engine, while everything is in motion.
pub fn stop(seen: &Seen) {
    let stages = [
        source("source", 0, 9),
        stage("relay", 1)
            .on_fault(FaultPolicy::Stop)
            .does(once(2), Deed::Fail),
        stage("sink", 2),
    ];
    let report = Plant::new(3, stages)
        .block("source", "relay", 2)
        .block("relay", "sink", 1)
        .run();
    assert!(report.drained);
    assert_eq!(report.node("sink").unwrap().messages, 1);
    seen.note("on request", report.reason == StopReason::Requested);
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// A node is being made anew while the engine shuts down, at once or draining.
pub fn restart_against_shutdown(seen: &Seen) {
    for timeout in [std::time::Duration::ZERO, NEVER] {
        let stages = [
            source("source", 0, 5),
            stage("sink", 1)
                .restartable(9)
                .does(When::AtMessages(1, 9), Deed::Panic),
        ];
        let running = Plant::new(2, stages)
            .block("source", "sink", 2)
            .start()
            .unwrap();
        let report = running.shutdown(timeout);
        let sink = report.node("sink").unwrap();
        assert!(report.drained || timeout.is_zero());
        seen.note(
            "stopped before its replacement",
            sink.state == NodeState::Restarting,
        );
        seen.note("went on", sink.restarts > 1);
        seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
    }
}

/// Errors in `on_stop` are reported, and hold nobody up.
pub fn failing_stop(seen: &Seen) {
    let stages = [
        source("source", 0, 2),
        stage("relay", 1).does(When::OnStop, Deed::Fail),
        stage("sink", 0).does(When::OnStop, Deed::Panic),
    ];
    let report = Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.faults.len(), 2);
    assert_eq!(report.node("sink").unwrap().messages, 2);
    seen.note("ended", true);
}

#[test]
fn an_error_is_reported_and_the_node_goes_on() {
    explore("error", error, &["ended"]);
}

#[test]
fn a_panic_quarantines_and_both_neighbours_end() {
    explore("panic", panic, &[DISCARDED]);
}

#[test]
fn the_last_allowed_error_quarantines() {
    explore("quarantine", quarantine, &[DISCARDED]);
}

#[test]
fn a_restarted_node_goes_on_with_what_waits() {
    explore("restart", restart, &["ended"]);
}

#[test]
fn one_restart_too_many_quarantines() {
    explore("restart limit", restart_limit, &[DISCARDED]);
}

#[test]
fn a_broken_factory_ends_the_node_and_frees_who_waits() {
    explore("broken factory", broken_factory, &["the source waited"]);
}

#[test]
fn a_restarted_source_goes_on() {
    explore("restarted source", restarted_source, &["ended"]);
}

#[test]
fn a_fault_can_stop_the_engine() {
    explore("stop", stop, &["on request", DISCARDED]);
}

#[test]
fn a_restart_and_a_shutdown_may_meet() {
    let expected = ["stopped before its replacement", "went on", DISCARDED];
    explore(
        "restart against shutdown",
        restart_against_shutdown,
        &expected,
    );
}

#[test]
fn a_failing_stop_hook_holds_nobody_up() {
    explore("failing stop", failing_stop, &["ended"]);
}
