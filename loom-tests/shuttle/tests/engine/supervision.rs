//! Nodes that are buried and come back, and subgraphs that are restarted as a
//! whole, while messages flow.

use shuttle::thread;

use tidegate::engine::{ControlError, Report, StopReason};
use tidegate::node::{Escalation, FaultPolicy};
use tidegate::sched::NodeState;

use crate::audit::total;
use crate::harness::{Seen, explore};
use crate::plant::{NEVER, Plant, Spec, source, stage};
use crate::stage::{Deed, When};

const CAME_BACK: &str = "the node came back";
const HELD: &str = "the stand-in was held back";
const BURIED: &str = "messages became dead letters";

fn once(message: u32) -> When {
    When::AtMessages(message, message)
}

/// A source, a relay whose dead letters go to a grave, and a sink.
fn buried_relay(relay: Spec) -> Plant {
    let stages = [
        source("source", 0, 6),
        relay,
        stage("grave", 0),
        stage("sink", 1),
    ];
    Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .dead_letters("relay", "grave", 1)
}

fn dead_letters(report: &Report) -> u64 {
    total(report, |edge| edge.ledger.dead_letters)
}

/// Each message is handled by the relay, or by the grave.
fn check_ways(report: &Report, seen: &Seen) {
    let messages = |node| report.node(node).unwrap().messages;
    assert_eq!(messages("grave"), dead_letters(report));
    let sent = report.edge("source:out0->relay:in0").unwrap().ledger.sent;
    assert_eq!(messages("relay") + messages("grave"), sent);
    seen.note(BURIED, dead_letters(report) > 0);
}

/// What a quarantined node would have received goes to its grave, over an edge
/// that holds one message.
pub fn buried(seen: &Seen) {
    let relay = stage("relay", 1).open().does(once(2), Deed::Panic);
    let report = buried_relay(relay).run();
    assert_eq!(report.reason, StopReason::Completed);
    let relay = report.node("relay").unwrap();
    assert_eq!((relay.messages, relay.state), (2, NodeState::Quarantined));
    assert_eq!(dead_letters(&report), 4);
    check_ways(&report, seen);
    seen.note(HELD, relay.parked > 0);
}

/// The node is released while its stand-in works, or before it is there.
pub fn released(seen: &Seen) {
    let relay = stage("relay", 1).open().does(once(2), Deed::Panic);
    let running = buried_relay(relay).start().unwrap();
    let handle = running.handle();
    let releasing = thread::spawn(move || {
        loop {
            match handle.release("relay") {
                Ok(asked) => return asked.wait(NEVER) == Some(Ok(())),
                Err(ControlError::NotQuarantined { .. }) => thread::yield_now(),
                Err(_) => return false,
            }
        }
    });
    let report = running.wait();
    let released = releasing.join().unwrap();
    let relay = report.node("relay").unwrap();
    assert_eq!(released, relay.state == NodeState::Finished);
    check_ways(&report, seen);
    seen.note(CAME_BACK, released && relay.messages > 2);
}

/// A source without a fault is quarantined and released by hand. Its stand-in
/// may still be on its way when it is ordered back.
pub fn by_hand(seen: &Seen) {
    let running = Plant::new(2, [source("source", 0, 3).open(), stage("sink", 1)])
        .block("source", "sink", 1)
        .start()
        .unwrap();
    let handle = running.handle();
    if let Ok(asked) = handle.quarantine("source") {
        assert_eq!(asked.wait(NEVER), Some(Ok(())));
        if let Ok(asked) = handle.release("source") {
            assert_eq!(asked.wait(NEVER), Some(Ok(())));
            seen.note(CAME_BACK, true);
        }
    }
    let report = running.wait();
    assert_eq!(report.node("sink").unwrap().messages, 3);
}

/// Three nodes on two workers that are restarted together when one of them
/// fails.
fn together() -> Plant {
    let escalates = |spec: Spec| spec.restartable(9).on_fault(FaultPolicy::Escalate);
    let stages = [
        escalates(source("source", 0, 5)),
        escalates(stage("relay", 1).does(once(3), Deed::Panic)),
        escalates(stage("sink", 0).does(once(2), Deed::Fail)),
    ];
    Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .on_escalation(Escalation::restart(9))
}

/// Two nodes of a subgraph fail, perhaps at the same time; what waits in its
/// edges waits for the new nodes.
pub fn restarted_together(seen: &Seen) {
    let report = together().run();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("relay").unwrap().messages, 5);
    assert_eq!(report.node("sink").unwrap().messages, 4);
    let restarts = report.node("relay").unwrap().restarts;
    assert!((1..=2).contains(&restarts), "{restarts}");
    seen.note("for both faults at once", restarts == 1);
    seen.note("once for each fault", restarts == 2);
}

/// The same while the engine shuts down.
pub fn together_against_shutdown(seen: &Seen) {
    for timeout in [std::time::Duration::ZERO, NEVER] {
        let running = together().start().unwrap();
        let report = running.shutdown(timeout);
        assert!(report.drained || timeout.is_zero());
        let restarts = |node: &str| report.node(node).unwrap().restarts;
        seen.note("restarted", restarts("source") > 0);
        seen.note("stopped before", restarts("source") == 0);
    }
}

/// Neither the node nor its subgraph has a remedy.
pub fn escalated(seen: &Seen) {
    let relay = stage("relay", 1).on_fault(FaultPolicy::Escalate);
    let stages = [
        source("source", 0, 9),
        relay.does(once(2), Deed::Fail),
        stage("sink", 0),
    ];
    let report = Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Escalated);
    assert!(
        report
            .cause
            .as_ref()
            .is_some_and(|cause| cause.contains("relay"))
    );
    assert_eq!(report.node("sink").unwrap().messages, 1);
    seen.note("drained", report.drained);
}

#[test]
fn dead_letters_are_neither_lost_nor_counted_twice() {
    explore("buried", buried, &[BURIED, HELD]);
}

#[test]
fn a_node_is_released_whenever_that_is_asked_for() {
    explore("released", released, &[BURIED, CAME_BACK]);
}

#[test]
fn a_node_comes_back_that_was_quarantined_by_hand() {
    explore("by hand", by_hand, &[CAME_BACK]);
}

#[test]
fn a_subgraph_is_restarted_whenever_its_nodes_fail() {
    let expected = ["for both faults at once", "once for each fault"];
    explore("together", restarted_together, &expected);
}

#[test]
fn a_restart_of_a_subgraph_and_a_shutdown_may_meet() {
    let expected = ["restarted", "stopped before"];
    explore(
        "together against shutdown",
        together_against_shutdown,
        &expected,
    );
}

#[test]
fn a_fault_that_nobody_takes_care_of_stops_the_engine() {
    explore("escalated", escalated, &["drained"]);
}
