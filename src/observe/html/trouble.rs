//! What is wrong with a run, in words.

use crate::edge::PolicyKind;
use crate::engine::{EdgeReport, NodeReport, Report};
use crate::observe::figures::{grouped, span};
use crate::sched::NodeState;

/// How much is wrong with an edge or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Fine,
    Strained,
    Bad,
}

impl Severity {
    /// The class of a table's row.
    pub(super) const fn class(self) -> Option<&'static str> {
        match self {
            Self::Fine => None,
            Self::Strained => Some("warn"),
            Self::Bad => Some("bad"),
        }
    }

    pub(super) fn of_edge(edge: &EdgeReport) -> Self {
        let ledger = &edge.ledger;
        let panics = ledger.merge_panics + ledger.drop_panics;
        if ledger.lost() + panics > 0 || !ledger.is_balanced() {
            Self::Bad
        } else if held_back(edge) {
            Self::Strained
        } else {
            Self::Fine
        }
    }

    pub(super) fn of_node(node: &NodeReport) -> Self {
        if node.errors + node.panics > 0 || node.state == NodeState::Quarantined {
            Self::Bad
        } else if node.late_ticks + node.missed_ticks > 0 {
            Self::Strained
        } else {
            Self::Fine
        }
    }
}

/// Whether the edge held its producer back for lack of room.
fn held_back(edge: &EdgeReport) -> bool {
    edge.policy == PolicyKind::Block && edge.waits > 0
}

/// How many such edges lead to this one, each into the producer of the next.
fn held_back_before(edges: &[EdgeReport], last: &EdgeReport) -> usize {
    let mut found = Vec::new();
    let mut producers: Vec<_> = last.producer.into_iter().collect();
    while let Some(node) = producers.pop() {
        for (index, edge) in edges.iter().enumerate() {
            if edge.consumer == Some(node) && held_back(edge) && !found.contains(&index) {
                found.push(index);
                producers.extend(edge.producer);
            }
        }
    }
    found.len()
}

/// Everything wrong, the worst first; at most `most` of each kind by name.
pub(super) fn sentences(report: &Report, most: usize) -> Vec<String> {
    let snapshot = &report.snapshot;
    let mut said = Vec::new();
    if !report.drained {
        said.push("The shutdown timed out: what was in flight was discarded.".into());
    }
    name(&mut said, most, &snapshot.edges, |edge| {
        (!edge.ledger.is_balanced()).then(|| {
            let ledger = &edge.ledger;
            (
                1,
                format!("The ledger of {} does NOT balance: {ledger}.", edge.id),
            )
        })
    });
    name(&mut said, most, &snapshot.nodes, |node| {
        let faults = node.errors + node.panics;
        (faults > 0).then(|| {
            let (errors, panics) = (grouped(node.errors), grouped(node.panics));
            let (path, state) = (&node.path, node.state);
            let text =
                format!("Node {path} failed (errors: {errors}, panics: {panics}); it is {state}.");
            (faults, text)
        })
    });
    name(&mut said, most, &snapshot.edges, |edge| {
        let lost = edge.ledger.lost();
        (lost > 0).then(|| {
            let share = 100.0 * lost as f64 / edge.ledger.sent.max(1) as f64;
            let sent = grouped(edge.ledger.sent);
            let (id, policy) = (&edge.id, edge.policy);
            let lost_text = grouped(lost);
            (
                lost,
                format!("Edge {id} ({policy}) lost {lost_text} of {sent} messages ({share:.1} %)."),
            )
        })
    });
    name(&mut said, most, &snapshot.edges, |edge| {
        // Of a row of such edges the last one tells whose fault it is.
        let next = || {
            snapshot
                .edges
                .iter()
                .filter(|next| edge.consumer.is_some() && next.producer == edge.consumer)
        };
        (held_back(edge) && !next().any(held_back)).then(|| {
            let (id, capacity, told) = (&edge.id, edge.capacity, grouped(edge.waits));
            let consumer = edge.consumer.and_then(|node| snapshot.nodes.get(node));
            let consumer = consumer.map_or("who receives there", |node| node.path.as_str());
            let blocked = edge
                .blocked
                .map(|blocked| format!(" for about {}", span(blocked)));
            let blocked = blocked.unwrap_or_default();
            let before = match held_back_before(&snapshot.edges, edge) {
                0 => String::new(),
                count => format!(", and so did {count} before it"),
            };
            let text = format!(
                "Edge {id} (capacity {capacity}) held its producer back {told} times{blocked}{before}: \
                 {consumer} is at times slower than what feeds it."
            );
            (edge.waits, text)
        })
    });
    name(&mut said, most, &snapshot.nodes, |node| {
        let late = node.late_ticks + node.missed_ticks;
        (late > 0).then(|| {
            let (late_text, missed) = (grouped(node.late_ticks), grouped(node.missed_ticks));
            let (path, worst) = (&node.path, span(node.max_lateness));
            let text = format!(
                "Node {path} ticked late {late_text} times, missed {missed} ticks; at worst {worst} late."
            );
            (late, text)
        })
    });
    said
}

/// Adds the sentences about some things, those of most weight first; how many
/// more there are beyond `most`.
fn name<T>(
    said: &mut Vec<String>,
    most: usize,
    things: &[T],
    sentence: impl Fn(&T) -> Option<(u64, String)>,
) {
    let mut found: Vec<_> = things.iter().filter_map(sentence).collect();
    found.sort_by_key(|(weight, _)| core::cmp::Reverse(*weight));
    let more = found.len().saturating_sub(most);
    said.extend(found.into_iter().take(most).map(|(_, text)| text));
    if more > 0 {
        said.push(format!(
            "… and {more} more like the last one: see the tables."
        ));
    }
}
