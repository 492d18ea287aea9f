//! Control edges beside full data edges.

use tidegate::Band;
use tidegate::edge::PolicyKind;
use tidegate::engine::StopReason;
use tidegate::graph::Edge;

use crate::audit::held_back;
use crate::harness::{Seen, explore};
use crate::plant::{NEVER, Plant, source, stage};

const HELD: &str = "the relay was held back";

fn control(capacity: usize) -> Edge {
    Edge::block(capacity).band(Band::Control)
}

/// Two sources, one urgent, into one node on a third worker.
pub fn beside_data(seen: &Seen) {
    let stages = [
        source("commands", 0, 3),
        source("data", 1, 4),
        stage("sink", 2),
    ];
    let report = Plant::new(3, stages)
        .edge("commands", "sink", PolicyKind::Block, control(1))
        .block("data", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    let sink = report.node("sink").unwrap();
    assert_eq!(sink.messages, 7);
    let picks = report.snapshot.workers[2].picks;
    seen.note("picked for control", picks[0] > 0);
    seen.note("picked for data", picks[2] > 0);
}

/// A relay that is held back for good, because its consumer is paused, still
/// hears all its commands; then the consumer is resumed.
pub fn to_a_held_node(seen: &Seen) {
    let stages = [
        source("commands", 0, 3),
        source("data", 1, 4),
        stage("relay", 2).first_uncredited(),
        stage("sink", 1),
    ];
    let running = Plant::new(3, stages)
        .edge("commands", "relay", PolicyKind::Block, control(1))
        .block("data", "relay", 1)
        .block("relay", "sink", 1)
        .start()
        .unwrap();
    let handle = running.handle();
    handle.pause("sink").unwrap();
    let commands = "commands:out0->relay:in0";
    while handle.snapshot().edge(commands).unwrap().ledger.delivered < 3 {
        shuttle::thread::yield_now();
    }
    seen.note(HELD, handle.snapshot().node("relay").unwrap().parked > 0);
    handle.resume("sink").unwrap();
    let report = running.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("sink").unwrap().messages, 4);
}

/// A message in a higher band, sent within an activation to a node of the same
/// worker, ends the batch.
pub fn on_one_worker(seen: &Seen) {
    let stages = [source("source", 0, 6), stage("urgent", 0), stage("far", 1)];
    let running = Plant::new(2, stages)
        .edge("source", "urgent", PolicyKind::Block, control(2))
        .block("source", "far", 2)
        .start()
        .unwrap();
    let report = running.shutdown(NEVER);
    assert!(report.drained);
    seen.note("some was sent", report.node("urgent").unwrap().messages > 0);
    seen.note(HELD, held_back(&report) > 0);
}

#[test]
fn control_and_data_both_arrive_completely() {
    let expected = ["picked for control", "picked for data"];
    explore("beside data", beside_data, &expected);
}

#[test]
fn a_node_held_back_downstream_hears_its_commands() {
    explore("to a held node", to_a_held_node, &[HELD]);
}

#[test]
fn an_urgent_message_to_the_same_worker_ends_the_batch() {
    explore("on one worker", on_one_worker, &["some was sent", HELD]);
}
