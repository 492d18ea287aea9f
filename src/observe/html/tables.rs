//! The tables of edges, nodes and workers.

use core::cmp::Reverse;
use core::time::Duration;

use maud::{Markup, html};

use crate::engine::{EdgeReport, NodeReport, WorkerReport};
use crate::observe::HistogramSnapshot;
use crate::observe::figures::{grouped, span};

use super::charts;
use super::trouble::Severity;

/// All edges, those with trouble first. `depths` are by edge, over time.
pub(super) fn edges(edges: &[EdgeReport], depths: &[Vec<usize>]) -> Markup {
    let mut order: Vec<_> = edges.iter().enumerate().collect();
    order.sort_by_key(|(_, edge)| Reverse(Severity::of_edge(edge)));
    let heads = [
        "edge",
        "policy",
        "band",
        "depth",
        "most",
        "capacity",
        "over time",
        "sent",
        "delivered",
        "lost",
        "dead letters",
        "superseded",
        "waits",
        "blocked",
        "age p50",
        "p99",
        "max",
    ];
    let rows = order.into_iter().map(|(index, edge)| {
        let ledger = &edge.ledger;
        html! {
            tr class=[Severity::of_edge(edge).class()] {
                (id(&edge.id))
                td class="text" { (edge.policy) }
                td class="text" { (edge.band) }
                (count(edge.depth as u64))
                (maybe_count(edge.high_water.map(|most| most as u64)))
                (count(edge.capacity as u64))
                td { @if let Some(depths) = depths.get(index).filter(|depths| depths.len() > 1) {
                    (charts::spark(depths, edge.capacity))
                } }
                (count(ledger.sent))
                (count(ledger.delivered))
                (alarm(ledger.lost()))
                (alarm(ledger.dead_letters))
                (count(ledger.evicted + ledger.coalesced))
                (count(edge.waits))
                (maybe_span(edge.blocked))
                (quantiles(edge.queue_age.as_ref()))
            }
        }
    });
    table(&heads, rows)
}

/// All nodes, those with trouble first.
pub(super) fn nodes(nodes: &[NodeReport]) -> Markup {
    let mut order: Vec<_> = nodes.iter().collect();
    order.sort_by_key(|node| Reverse(Severity::of_node(node)));
    let heads = [
        "node",
        "worker",
        "state",
        "messages",
        "activations",
        "execution p50",
        "p99",
        "max",
        "end to end p99",
        "ticks",
        "late",
        "missed",
        "errors",
        "panics",
        "overruns",
        "restarts",
        "held back",
        HOP,
    ];
    let rows = order.into_iter().map(|node| {
        let way = node.end_to_end.as_ref();
        let age = way.filter(|way| !way.age.is_empty());
        let age = age.map(|way| way.age.quantile(0.99));
        let hop = way.and_then(|way| way.slowest_hop.as_ref());
        html! {
            tr class=[Severity::of_node(node).class()] {
                td { (node.path) }
                (count(node.worker as u64))
                td class="text" { (node.state) }
                (count(node.messages))
                (count(node.activations))
                (quantiles(node.execution.as_ref()))
                (maybe_span(age))
                (count(node.ticks))
                (count(node.late_ticks))
                (count(node.missed_ticks))
                (alarm(node.errors))
                (alarm(node.panics))
                (alarm(node.overruns))
                (count(node.restarts))
                (count(node.parked))
                @match hop {
                    Some(hop) => (id(&hop.edge)),
                    None => td {},
                }
            }
        }
    });
    table(&heads, rows)
}

/// All workers.
pub(super) fn workers(workers: &[WorkerReport]) -> Markup {
    let heads = [
        "worker",
        "pinning",
        "scheduling",
        "control",
        "high",
        "normal",
        "parks",
        "asleep",
        "busy",
        "loop p50",
        "p99",
        "max",
        "wake p50",
        "p99",
        "max",
    ];
    let rows = workers.iter().map(|worker| {
        html! {
            tr {
                td { "worker " (worker.index) }
                td class="text" { (worker.pinning) }
                td class="text" { (worker.scheduling) }
                @for picks in worker.picks { (count(picks)) }
                (count(worker.parks))
                (maybe_span(worker.asleep))
                (maybe_span(worker.busy))
                (quantiles(worker.loop_latency.as_ref()))
                (quantiles(worker.wake_latency.as_ref()))
            }
        }
    });
    table(&heads, rows)
}

/// The heads of columns that hold text.
const TEXTS: [&str; 6] = ["policy", "band", "state", "pinning", "scheduling", HOP];
const HOP: &str = "slowest hop on the way here";

fn table(heads: &[&str], rows: impl ExactSizeIterator<Item = Markup>) -> Markup {
    html! {
        div class="table" {
            @if rows.len() > 10 {
                input class="filter" type="search" placeholder="filter" aria-label="filter";
            }
            div class="scroll" {
                table {
                    thead { tr { @for head in heads {
                        th class=[TEXTS.contains(head).then_some("text")] { (head) }
                    } } }
                    tbody { @for row in rows { (row) } }
                }
            }
        }
    }
}

/// An edge's id, which may be broken between its ends.
fn id(id: &str) -> Markup {
    html! { td class="text id" { (ends(id)) } }
}

/// An edge's id as two pieces, each of which stays whole.
pub(super) fn ends(id: &str) -> Markup {
    let (from, to) = id.split_once('>').unwrap_or((id, ""));
    html! { span { (from) ">" } wbr; span { (to) } }
}

fn count(count: u64) -> Markup {
    html! { td data-v=(count) class=[(count == 0).then_some("soft")] { (grouped(count)) } }
}

fn maybe_count(value: Option<u64>) -> Markup {
    value.map_or_else(absent, count)
}

/// A count that should be zero.
fn alarm(value: u64) -> Markup {
    if value == 0 {
        return count(value);
    }
    html! { td data-v=(value) { span class="bad" { (grouped(value)) } } }
}

fn maybe_span(value: Option<Duration>) -> Markup {
    match value {
        Some(value) => html! { td data-v=(value.as_nanos()) { (span(value)) } },
        None => absent(),
    }
}

/// Three cells: median, 99th percentile, maximum.
fn quantiles(histogram: Option<&HistogramSnapshot>) -> Markup {
    let histogram = histogram.filter(|histogram| !histogram.is_empty());
    html! {
        (maybe_span(histogram.map(|histogram| histogram.quantile(0.5))))
        (maybe_span(histogram.map(|histogram| histogram.quantile(0.99))))
        (maybe_span(histogram.map(|histogram| histogram.max())))
    }
}

/// Not measured.
fn absent() -> Markup {
    html! { td data-v="-1" class="soft" { "–" } }
}
