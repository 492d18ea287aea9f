//! Families of figures per edge.

use core::fmt;

use crate::edge::Ledger;
use crate::engine::EdgeReport;

use super::family::{Families, Labels};

/// A figure of a ledger.
type Count = fn(&Ledger) -> u64;

/// What can become of a message that is never delivered, and its count.
const FATES: [(&str, Count); 4] = [
    ("dropped", |ledger| ledger.dropped),
    ("evicted", |ledger| ledger.evicted),
    ("coalesced", |ledger| ledger.coalesced),
    ("discarded", |ledger| ledger.discarded),
];

pub(super) fn encode(families: &mut Families<'_, '_>, edges: &[EdgeReport]) -> fmt::Result {
    let counts = |count: Count| {
        edges
            .iter()
            .map(move |edge| (labels(edge), count(&edge.ledger)))
    };
    families.counters(
        "edge_sent",
        "Messages accepted by the edge",
        counts(|ledger| ledger.sent),
    )?;
    families.counters(
        "edge_delivered",
        "Messages received from the edge",
        counts(|ledger| ledger.delivered),
    )?;
    families.counters(
        "edge_lost",
        "Messages sent and never delivered, by what became of them",
        FATES.iter().flat_map(|&(fate, count)| {
            counts(count).map(move |(mut labels, count)| {
                labels.push(("fate", fate.into()));
                (labels, count)
            })
        }),
    )?;
    families.counters(
        "edge_merge_panics",
        "Merge functions that panicked",
        counts(|ledger| ledger.merge_panics),
    )?;
    families.counters(
        "edge_drop_panics",
        "Messages whose drop panicked inside the edge",
        counts(|ledger| ledger.drop_panics),
    )?;
    families.gauges(
        "edge_depth_messages",
        "Messages pending in the edge",
        counts(|ledger| ledger.in_flight),
    )?;
    families.gauges(
        "edge_capacity_messages",
        "Messages the edge can hold at present",
        edges
            .iter()
            .map(|edge| (labels(edge), edge.capacity as u64)),
    )?;
    families.gauges(
        "edge_band",
        "The band the edge is served in at present: 2 control, 1 high, 0 normal",
        edges
            .iter()
            .map(|edge| (labels(edge), edge.band.index() as u64)),
    )
}

fn labels(edge: &EdgeReport) -> Labels<'_> {
    vec![
        ("edge", edge.id.as_str().into()),
        ("policy", edge.policy.to_string().into()),
    ]
}
