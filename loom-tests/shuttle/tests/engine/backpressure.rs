//! Full Block edges hold their producers back; nobody sleeps for good, and
//! nothing is lost that the policy does not lose.

use tidegate::edge::PolicyKind;
use tidegate::engine::{Report, StopReason};
use tidegate::graph::Edge;

use crate::audit::{held_back, total};
use crate::harness::{Seen, explore};
use crate::plant::{Plant, source, stage};

const HELD: &str = "a producer was held back";

fn everything_arrived(report: &Report) {
    assert_eq!(report.reason, StopReason::Completed);
    assert!(report.drained);
    assert_eq!(total(report, |edge| edge.ledger.discarded), 0);
    let (sent, delivered) = (
        total(report, |edge| edge.ledger.sent),
        total(report, |edge| edge.ledger.delivered),
    );
    assert_eq!(sent, delivered);
}

/// One worker after the other, each edge with room for a single message.
pub fn chain(seen: &Seen) {
    let report = Plant::new(
        3,
        [source("source", 0, 4), stage("relay", 1), stage("sink", 2)],
    )
    .block("source", "relay", 1)
    .block("relay", "sink", 1)
    .run();
    everything_arrived(&report);
    assert_eq!(total(&report, |edge| edge.ledger.delivered), 8);
    seen.note(HELD, held_back(&report) > 0);
    let parks = report.snapshot.workers.iter().map(|worker| worker.parks);
    seen.note("a worker slept", parks.sum::<u64>() > 0);
}

/// The chain goes to the other worker and comes back.
pub fn there_and_back(seen: &Seen) {
    let report = Plant::new(
        2,
        [source("source", 0, 3), stage("relay", 1), stage("sink", 0)],
    )
    .block("source", "relay", 1)
    .block("relay", "sink", 2)
    .run();
    everything_arrived(&report);
    seen.note(HELD, held_back(&report) > 0);
}

/// A node with two full outputs goes on only when both have room, whichever
/// consumer is first.
pub fn diamond(seen: &Seen) {
    let stages = [
        source("source", 0, 4),
        stage("fork", 0),
        stage("left", 1),
        stage("right", 2),
        stage("join", 3),
    ];
    let report = Plant::new(4, stages)
        .block("source", "fork", 2)
        .block("fork", "left", 1)
        .block("fork", "right", 1)
        .block("left", "join", 1)
        .block("right", "join", 1)
        .run();
    everything_arrived(&report);
    seen.note(HELD, held_back(&report) > 0);
}

/// One source feeds an edge of each policy.
pub fn policies(seen: &Seen) {
    let stages = [
        source("source", 0, 5),
        stage("blocked", 1),
        stage("dropping", 1),
        stage("latest", 2),
        stage("coalesced", 2),
    ];
    let report = Plant::new(3, stages)
        .block("source", "blocked", 2)
        .edge("source", "dropping", PolicyKind::Drop, Edge::drop_newest(1))
        .edge("source", "latest", PolicyKind::Latest, Edge::latest(1))
        .coalesce("source", "coalesced", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    assert!(report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.sent), 20);
    seen.note("dropped", total(&report, |edge| edge.ledger.dropped) > 0);
    seen.note("evicted", total(&report, |edge| edge.ledger.evicted) > 0);
    seen.note(
        "coalesced",
        total(&report, |edge| edge.ledger.coalesced) > 0,
    );
}

#[test]
fn a_chain_of_full_edges_over_three_workers_moves_everything() {
    explore("chain", chain, &[HELD, "a worker slept"]);
}

#[test]
fn a_chain_that_comes_back_to_its_worker_moves_everything() {
    explore("there and back", there_and_back, &[HELD]);
}

#[test]
fn a_fork_over_two_full_edges_moves_everything() {
    explore("diamond", diamond, &[HELD]);
}

#[test]
fn every_policy_keeps_its_books_side_by_side() {
    explore("policies", policies, &["dropped", "evicted", "coalesced"]);
}
