//! What must be true after every run, whatever its schedule.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate::edge::PolicyKind;
use tidegate::engine::{EdgeReport, Report};
use tidegate::node::SendOutcome;
use tidegate::sched::NodeState;

use crate::journal::{Event, Journal};

/// An edge as the model laid it.
pub struct Wire {
    pub id: String,
    pub policy: PolicyKind,
    pub from: &'static str,
    pub output: usize,
    pub to: &'static str,
    pub input: usize,
}

/// Compares what an engine reports with what its nodes saw.
pub struct Audit {
    pub journal: Arc<Journal>,
    pub wires: Vec<Wire>,
    /// Whether capacities changed under way: then one send to a Latest edge may
    /// evict several messages.
    pub resized: bool,
    /// What the plan announced.
    pub memory_bytes: usize,
}

impl Audit {
    /// Checks the end of a run. Panics at the first thing that is wrong.
    pub fn check(&self, report: &Report) {
        let events = self.journal.events();
        let complaints = self.journal.complaints();
        assert!(complaints.is_empty(), "{complaints:?}");
        for wire in &self.wires {
            self.check_edge(wire, &events, report);
        }
        check_nodes(&events, report);
        check_order(&self.wires, &events, report);
        self.check_nothing_left();
        assert_eq!(report.memory_bytes, self.memory_bytes, "memory");
    }

    /// Every payload was dropped once, those that were never received
    /// included. Holds as soon as the engine is gone.
    pub fn check_nothing_left(&self) {
        assert_eq!(
            self.journal.misdropped(),
            0,
            "payloads leaked or dropped twice"
        );
    }

    fn check_edge(&self, wire: &Wire, events: &[Event], report: &Report) {
        let edge = report.edge(&wire.id).expect("an edge of this id");
        let (id, ledger) = (&wire.id, &edge.ledger);
        assert!(ledger.is_balanced(), "ledger of {id}: {ledger}");
        assert_eq!(ledger.in_flight, 0, "left in {id}: {ledger}");

        let sent: Vec<(u32, SendOutcome)> = events
            .iter()
            .filter_map(|event| match *event {
                Event::Sent {
                    node,
                    output,
                    serial,
                    outcome,
                } if (node, output) == (wire.from, wire.output) => Some((serial, outcome)),
                _ => None,
            })
            .collect();
        let received: Vec<(u32, u32)> = events
            .iter()
            .filter_map(|event| match *event {
                Event::Received {
                    node,
                    input,
                    first,
                    last,
                } if (node, input) == (wire.to, wire.input) => Some((first, last)),
                _ => None,
            })
            .collect();
        let outcomes = |wanted| {
            sent.iter()
                .filter(|&&(_, outcome)| outcome == wanted)
                .count()
        };
        assert_eq!(ledger.sent, sent.len() as u64, "sent on {id}");
        assert_eq!(ledger.delivered, received.len() as u64, "received on {id}");
        let sends = |outcome| outcomes(outcome) as u64;
        assert_eq!(
            ledger.dropped,
            sends(SendOutcome::Dropped),
            "dropped on {id}"
        );
        let merges = sends(SendOutcome::Coalesced);
        assert_eq!(ledger.coalesced, merges, "coalesced on {id}");
        let evictions = sends(SendOutcome::Replaced);
        if self.resized {
            assert!(ledger.evicted >= evictions, "evicted on {id}: {ledger}");
        } else {
            assert_eq!(ledger.evicted, evictions, "evicted on {id}");
        }
        let everything = report.drained && ends_by_itself(report, wire.to);
        if everything {
            assert_eq!(ledger.discarded, 0, "discarded on {id} though it drained");
        }
        // Dead letters leave gaps in what a node receives.
        if ledger.dead_letters == 0 {
            check_sequence(wire, &sent, &received, everything);
        }
    }
}

/// Whether this node was there, taking messages, to the end.
fn ends_by_itself(report: &Report, node: &str) -> bool {
    report.node(node).expect("a node of this name").state == NodeState::Active
}

/// FIFO, and no more lost than the policy allows. With `everything` the newest
/// message must have arrived.
fn check_sequence(
    wire: &Wire,
    sent: &[(u32, SendOutcome)],
    received: &[(u32, u32)],
    everything: bool,
) {
    let id = &wire.id;
    let serials: Vec<u32> = sent.iter().map(|&(serial, _)| serial).collect();
    let arrived: Vec<u32> = received.iter().map(|&(_, last)| last).collect();
    let in_order = |serials: &[u32]| serials.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(in_order(&serials), "sent on {id}: {serials:?}");
    assert!(in_order(&arrived), "received on {id}: {arrived:?}");
    match wire.policy {
        PolicyKind::Block => {
            assert!(
                serials.starts_with(&arrived),
                "{id}: {serials:?} became {arrived:?}"
            );
        }
        PolicyKind::Drop => {
            let stored: Vec<u32> = sent
                .iter()
                .filter(|&&(_, outcome)| outcome == SendOutcome::Stored)
                .map(|&(serial, _)| serial)
                .collect();
            assert!(
                stored.starts_with(&arrived),
                "{id}: {stored:?} became {arrived:?}"
            );
        }
        PolicyKind::Latest => {
            let known: BTreeSet<u32> = serials.iter().copied().collect();
            assert!(
                arrived.iter().all(|serial| known.contains(serial)),
                "{id}: {arrived:?}"
            );
        }
        PolicyKind::Coalesce => {
            // Each one stands for all that were sent since the one before.
            let mut rest = serials.as_slice();
            for &(first, last) in received {
                assert_eq!(
                    rest.first(),
                    Some(&first),
                    "{id}: {serials:?} became {received:?}"
                );
                let merged = rest.iter().position(|&serial| serial == last);
                rest = &rest[merged.expect("a serial that was sent") + 1..];
            }
        }
    }
    if everything && wire.policy != PolicyKind::Drop {
        assert_eq!(arrived.last(), serials.last(), "the newest on {id}");
    }
}

fn check_nodes(events: &[Event], report: &Report) {
    for node in &report.snapshot.nodes {
        let received = events.iter().filter(
            |event| matches!(event, Event::Received { node: name, .. } if *name == node.path),
        );
        let received = received.count() as u64;
        // A source's messages are its own.
        if received > 0 {
            assert_eq!(node.messages, received, "messages of {}", node.path);
        }
    }
    let (nodes, workers) = (&report.snapshot.nodes, &report.snapshot.workers);
    let activations: u64 = nodes.iter().map(|node| node.activations).sum();
    let picks: u64 = workers.iter().flat_map(|worker| worker.picks).sum();
    assert_eq!(activations, picks, "activations of nodes and of workers");
    let faults: u64 = nodes.iter().map(|node| node.errors + node.panics).sum();
    let lost: u64 = workers.iter().map(|worker| worker.lost_fault_reports).sum();
    let reported = report.faults.len() as u64 + report.more_faults;
    assert_eq!(faults, reported + lost, "faults counted and reported");
}

/// Every `on_start`, then messages, then every `on_stop`, consumers first.
fn check_order(wires: &[Wire], events: &[Event], report: &Report) {
    let traffic = || {
        events
            .iter()
            .enumerate()
            .filter(|(_, event)| event.is_traffic())
    };
    let stop_of = |name: &str| {
        events
            .iter()
            .position(|event| matches!(event, Event::Stopped(node) if *node == name))
    };
    for node in &report.snapshot.nodes {
        let is = |event: &Event, started: bool| match event {
            Event::Started(name) if started => *name == node.path,
            Event::Stopped(name) if !started => *name == node.path,
            _ => false,
        };
        let start = events.iter().position(|event| is(event, true));
        let start = start.unwrap_or_else(|| panic!("{} was never started", node.path));
        if let Some((first, event)) = traffic().next() {
            assert!(start < first, "{event:?} before {} was started", node.path);
        }
        let stops = events.iter().filter(|event| is(event, false)).count();
        match node.state {
            NodeState::Quarantined | NodeState::Restarting => assert!(stops <= 1),
            _ => assert_eq!(stops, 1, "{} was stopped {stops} times", node.path),
        }
        if let (Some(stop), Some((last, event))) = (stop_of(&node.path), traffic().next_back()) {
            assert!(last < stop, "{event:?} after {} was stopped", node.path);
        }
    }
    for wire in wires {
        if let (Some(consumer), Some(producer)) = (stop_of(wire.to), stop_of(wire.from)) {
            assert!(
                consumer < producer,
                "{} was stopped before {}",
                wire.from,
                wire.to
            );
        }
    }
}

/// How often the nodes of this engine were held back for lack of room.
pub fn held_back(report: &Report) -> u64 {
    report.snapshot.nodes.iter().map(|node| node.parked).sum()
}

/// The sum of one ledger column over all edges.
pub fn total(report: &Report, column: impl Fn(&EdgeReport) -> u64) -> u64 {
    report.snapshot.edges.iter().map(column).sum()
}

mod tests {
    use super::*;

    fn checked(policy: PolicyKind, sent: &[u32], received: &[(u32, u32)]) {
        let wire = Wire {
            id: "a->b".into(),
            policy,
            from: "a",
            output: 0,
            to: "b",
            input: 0,
        };
        let sent: Vec<_> = sent
            .iter()
            .map(|&serial| (serial, SendOutcome::Stored))
            .collect();
        check_sequence(&wire, &sent, received, true);
    }

    #[test]
    fn what_the_policies_allow_passes() {
        checked(PolicyKind::Block, &[1, 2], &[(1, 1), (2, 2)]);
        checked(PolicyKind::Latest, &[1, 2, 4], &[(2, 2), (4, 4)]);
        checked(PolicyKind::Coalesce, &[1, 2, 4], &[(1, 2), (4, 4)]);
    }

    #[test]
    #[should_panic = "received on a->b"]
    fn a_swapped_pair_is_noticed() {
        checked(PolicyKind::Latest, &[1, 2], &[(2, 2), (1, 1)]);
    }

    #[test]
    #[should_panic = "became"]
    fn a_gap_on_a_block_edge_is_noticed() {
        checked(PolicyKind::Block, &[1, 2, 3], &[(1, 1), (3, 3)]);
    }

    #[test]
    #[should_panic = "became"]
    fn a_gap_between_merged_messages_is_noticed() {
        checked(PolicyKind::Coalesce, &[1, 2, 3], &[(1, 1), (3, 3)]);
    }

    #[test]
    #[should_panic = "the newest"]
    fn a_missing_last_message_is_noticed() {
        checked(PolicyKind::Latest, &[1, 2], &[(1, 1)]);
    }
}
