//! Families of figures per edge.

use core::fmt;

use crate::edge::Ledger;
use crate::engine::EdgeReport;

use super::family::{Families, Labels};

/// A figure of a ledger.
type Count = fn(&Ledger) -> u64;

/// What can become of a message that is never delivered, and its count.
const FATES: [(&str, Count); 6] = [
    ("dropped", |ledger| ledger.dropped),
    ("evicted", |ledger| ledger.evicted),
    ("coalesced", |ledger| ledger.coalesced),
    ("expired", |ledger| ledger.expired),
    ("discarded", |ledger| ledger.discarded),
    ("dead_letter", |ledger| ledger.dead_letters),
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
    let gauges = |value: fn(&EdgeReport) -> Option<usize>| {
        let valued = move |edge| Some((labels(edge), value(edge)? as u64));
        edges.iter().filter_map(valued)
    };
    families.gauges(
        "edge_depth_messages",
        "Messages pending in the edge",
        gauges(|edge| Some(edge.depth)),
    )?;
    families.gauges(
        "edge_high_water_messages",
        "The most messages seen pending in the edge",
        gauges(|edge| edge.high_water),
    )?;
    families.gauges(
        "edge_capacity_messages",
        "Messages the edge can hold at present",
        gauges(|edge| Some(edge.capacity)),
    )?;
    families.gauges(
        "edge_band",
        "The band the edge is served in at present: 2 control, 1 high, 0 normal",
        gauges(|edge| Some(edge.band.index())),
    )?;
    families.counters(
        "edge_waits",
        "Times the producer was told to wait for room in the edge",
        edges.iter().map(|edge| (labels(edge), edge.waits)),
    )?;
    families.seconds_counters(
        "edge_blocked",
        "How long the edge held its producer back, estimated from a sample",
        edges
            .iter()
            .filter_map(|edge| Some((labels(edge), edge.blocked?))),
    )?;
    families.seconds_histograms(
        "edge_queue_age",
        "How long messages waited in the edge, of a sample",
        edges
            .iter()
            .filter_map(|edge| Some((labels(edge), edge.queue_age.as_ref()?))),
    )
}

fn labels(edge: &EdgeReport) -> Labels<'_> {
    vec![
        ("edge", edge.id.as_str().into()),
        ("policy", edge.policy.to_string().into()),
    ]
}
