//! What must hold after any run of any graph.

use proptest::{prop_assert, prop_assert_eq};

use tidegate::edge::{Ledger, PolicyKind};
use tidegate::engine::{NodeReport, Report};
use tidegate::node::SendOutcome;

use super::build::{EdgeRecord, NodeRecord, Rig};
use super::layout::Kind;
use super::log::Received;
use super::prop_support::Verdict;

/// Everything that the logs of the nodes and the report say about each other.
pub(crate) fn holds(rig: &Rig, report: &Report) -> Verdict {
    prop_assert!(report.is_balanced(), "{}", report);
    prop_assert_eq!(report.snapshot.edges.len(), rig.edges.len());
    prop_assert_eq!(report.snapshot.nodes.len(), rig.nodes.len());
    for edge in &rig.edges {
        let Some(reported) = report.edge(&edge.id) else {
            prop_assert!(false, "{} is missing in {}", edge.id, report);
            return Ok(());
        };
        counted(edge, &reported.ledger, report)?;
        in_order(edge, &reported.ledger, report.drained)?;
    }
    for (index, node) in rig.nodes.iter().enumerate() {
        let Some(reported) = report.node(&node.path) else {
            prop_assert!(false, "{} is missing in {}", node.path, report);
            return Ok(());
        };
        let inputs = rig.edges.iter().filter(|edge| edge.to == index);
        let delivered = inputs.filter_map(|edge| report.edge(&edge.id));
        let delivered = delivered.map(|edge| edge.ledger.delivered).sum();
        node_agrees(node, reported, delivered)?;
    }
    Ok(())
}

/// The ledger of an edge is what its two nodes counted.
fn counted(edge: &EdgeRecord, ledger: &Ledger, report: &Report) -> Verdict {
    let id = &edge.id;
    prop_assert_eq!(ledger.in_flight, 0, "{}", id);
    prop_assert_eq!((ledger.merge_panics, ledger.drop_panics), (0, 0), "{}", id);
    if report.drained && !edge.may_close_early {
        prop_assert_eq!(ledger.discarded, 0, "{} was drained\n{}", id, report);
    }
    let lost = [ledger.dropped, ledger.evicted, ledger.coalesced];
    let may_lose = match edge.policy {
        PolicyKind::Block => [false; 3],
        PolicyKind::Drop => [true, false, false],
        PolicyKind::Latest => [false, true, false],
        PolicyKind::Coalesce => [false, false, true],
    };
    for (count, may) in lost.into_iter().zip(may_lose) {
        prop_assert!(may || count == 0, "{}: {}", id, ledger);
    }
    if let Some(received) = &edge.received {
        prop_assert_eq!(ledger.delivered, received.entries().len() as u64, "{}", id);
    }
    if let Some(sent) = &edge.sent {
        let sent = sent.entries();
        let count = |outcome| sent.iter().filter(|&&sent| sent == Some(outcome)).count() as u64;
        let surplus = sent.len() as u64 - ledger.sent;
        let may_be_left = !report.drained || edge.may_close_early;
        if sent.iter().any(Option::is_none) && may_be_left {
            // The last one may wait in its node for room that never came, or
            // have met a closed edge.
            prop_assert!(surplus <= 1, "{}: {} too many", id, surplus);
            return Ok(());
        }
        prop_assert_eq!(surplus, 0, "{}: {}", id, ledger);
        if sent.iter().all(Option::is_some) {
            prop_assert_eq!(ledger.dropped, count(SendOutcome::Dropped), "{}", id);
            prop_assert_eq!(ledger.coalesced, count(SendOutcome::Coalesced), "{}", id);
            // After a shrink one send evicts several.
            prop_assert!(ledger.evicted >= count(SendOutcome::Replaced), "{}", id);
        }
    }
    Ok(())
}

/// What was received is what was sent, in that order, less what the policy
/// takes away.
fn in_order(edge: &EdgeRecord, ledger: &Ledger, drained: bool) -> Verdict {
    let (Some(sent), Some(received)) = (&edge.sent, &edge.received) else {
        return Ok(());
    };
    let (sent, received) = (sent.entries(), received.entries());
    let id = &edge.id;
    let mut next = 0;
    for Received { packet, .. } in &received {
        prop_assert!(
            !packet.disordered,
            "{}: merged out of order: {:?}",
            id,
            packet
        );
        prop_assert!(packet.first >= next, "{}: {:?} after {}", id, packet, next);
        let skipped = next..packet.first;
        let may_skip = match edge.policy {
            PolicyKind::Block | PolicyKind::Coalesce => false,
            PolicyKind::Latest => true,
            PolicyKind::Drop => skipped
                .clone()
                .all(|number| matches!(sent[number as usize], None | Some(SendOutcome::Dropped))),
        };
        prop_assert!(
            may_skip || skipped.is_empty(),
            "{}: {:?} is missing",
            id,
            skipped
        );
        prop_assert!(edge.policy == PolicyKind::Coalesce || packet.first == packet.last);
        next = packet.last + 1;
    }
    prop_assert!(next <= sent.len() as u64, "{}: more received than sent", id);
    let complete = drained && !edge.may_close_early && edge.policy != PolicyKind::Drop;
    prop_assert!(
        !complete || next == ledger.sent,
        "{}: the newest is missing",
        id
    );
    Ok(())
}

fn node_agrees(node: &NodeRecord, reported: &NodeReport, delivered: u64) -> Verdict {
    let NodeRecord { path, counts, .. } = node;
    if !node.is_source {
        prop_assert_eq!(reported.messages, delivered, "{}", path);
    }
    if !matches!(node.kind, Kind::Tee | Kind::Merge) {
        prop_assert_eq!(reported.messages, counts.handled.get(), "{}", path);
    }
    if node.kind == Kind::Station {
        prop_assert_eq!(reported.ticks, counts.ticks.get(), "{}", path);
        prop_assert_eq!(reported.errors, counts.errors.get(), "{}", path);
    }
    prop_assert_eq!(reported.panics, counts.panics.get(), "{}", path);
    Ok(())
}
