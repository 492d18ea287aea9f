//! What is wrong, in words: the lines on top of the screen.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tidegate::edge::PolicyKind;
use tidegate::observe::inspect::ServedPhase;
use tidegate::sched::NodeState;

use crate::format::{list, number, percent, span};
use crate::view::{EdgeRow, NodeRow, View, WorkerRow};

/// Which share of a node's ticks may be late before it is worth a line.
const LATE_SHARE: f64 = 0.05;

/// What kind of trouble, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Messages are not accounted for.
    Ledger,
    /// A node fails, or failed and is not called any more.
    Fault,
    /// Something waits, and nothing is done about it.
    Stuck,
    /// An edge loses messages because its consumer is too slow, or gone.
    Loss,
    /// A node holds others back.
    Slow,
    /// Ticks begin late, or not at all.
    Late,
    /// A node was paused by somebody.
    Paused,
    /// An edge gives up old messages for new ones, as it was told to.
    Evicts,
    /// It happened earlier, not in this interval.
    Before,
}

impl Kind {
    /// Whether somebody should look at it now.
    pub(crate) const fn is_alarming(self) -> bool {
        !matches!(self, Self::Paused | Self::Evicts | Self::Before)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ledger => "LEDGER",
            Self::Fault => "FAULT",
            Self::Stuck => "STUCK",
            Self::Loss => "LOSS",
            Self::Slow => "SLOW",
            Self::Late => "LATE",
            Self::Paused => "PAUSED",
            Self::Evicts => "EVICTS",
            Self::Before => "BEFORE",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// The nodes it is about, by index; likewise edges and workers.
    #[serde(skip)]
    pub(crate) nodes: Vec<usize>,
    #[serde(skip)]
    pub(crate) edges: Vec<usize>,
    #[serde(skip)]
    pub(crate) workers: Vec<usize>,
    /// How bad, among those of the same kind.
    #[serde(skip)]
    weight: f64,
}

impl Finding {
    fn new(kind: Kind, weight: f64, text: String) -> Self {
        Self {
            kind,
            text,
            nodes: Vec::new(),
            edges: Vec::new(),
            workers: Vec::new(),
            weight,
        }
    }

    fn node(mut self, node: usize) -> Self {
        self.nodes.push(node);
        self
    }

    fn edges(mut self, edges: impl IntoIterator<Item = usize>) -> Self {
        self.edges.extend(edges);
        self
    }
}

/// Everything wrong in `view`. First the worst of each kind, then the second
/// of each, and so on: few lines show as many kinds as there are.
pub(crate) fn findings(view: &View) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(ledgers(view));
    for (index, node) in view.nodes.iter().enumerate() {
        found.extend(fault(node).map(|finding| finding.node(index)));
        // What is held back is late because of it.
        if !is_held(view, index) {
            found.extend(late(node).map(|finding| finding.node(index)));
        }
        found.extend(bottleneck(view, index));
    }
    found.extend(deadlock(view));
    for (index, edge) in view.edges.iter().enumerate() {
        found.extend(loss(view, edge).map(|finding| finding.edges([index])));
    }
    found.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.weight.total_cmp(&a.weight)));
    let mut ranked: Vec<(usize, Finding)> = Vec::with_capacity(found.len());
    for finding in found {
        let rank = match ranked.last() {
            Some((rank, last)) if last.kind == finding.kind => rank + 1,
            _ => 0,
        };
        ranked.push((rank, finding));
    }
    ranked.sort_by_key(|(rank, finding)| (!finding.kind.is_alarming(), *rank));
    ranked.into_iter().map(|(_, finding)| finding).collect()
}

/// A ledger that does not balance although nothing moves any more.
fn ledgers(view: &View) -> Option<Finding> {
    let broken = |edge: &EdgeRow| !edge.ledger.is_balanced();
    let edges: Vec<_> = (0..view.edges.len())
        .filter(|&edge| broken(&view.edges[edge]))
        .collect();
    let (&first, true) = (edges.first()?, view.phase == ServedPhase::Stopped) else {
        return None;
    };
    let text = format!(
        "{} edges do not balance at rest, {}: messages are not accounted for",
        edges.len(),
        view.edges[first].id
    );
    Some(Finding::new(Kind::Ledger, edges.len() as f64, text).edges(edges))
}

fn fault(node: &NodeRow) -> Option<Finding> {
    let path = &node.path;
    let counts = format!("{} errors, {} panics", node.errors, node.panics);
    let (kind, text) = match node.state {
        NodeState::Quarantined => (
            Kind::Fault,
            format!("{path} is quarantined: not called any more, its inputs closed ({counts})"),
        ),
        NodeState::Restarting => (
            Kind::Fault,
            format!(
                "{path} waits for its replacement ({counts}, {} restarts)",
                node.restarts
            ),
        ),
        _ if node.fault_rate > 0.0 => (
            Kind::Fault,
            format!(
                "{path} fails {}/s and goes on ({counts})",
                number(node.fault_rate)
            ),
        ),
        _ if node.faults() > 0 => (
            Kind::Before,
            format!(
                "{path} failed earlier ({counts}, {} restarts)",
                node.restarts
            ),
        ),
        _ => return None,
    };
    // A node that is gone is worse than one that goes on.
    let gone = f64::from(u8::from(node.state == NodeState::Quarantined)) * 1e12;
    Some(Finding::new(kind, gone + node.fault_rate, text))
}

fn late(node: &NodeRow) -> Option<Finding> {
    if node.late_rate <= node.ticks_rate * LATE_SHARE {
        return None;
    }
    let lateness = node.lateness.map_or_else(String::new, |lateness| {
        format!("; one in a hundred by {} or more", span(lateness.p99))
    });
    let text = format!(
        "{} begins {} ticks/s late or not at all, and serves {}{lateness}",
        node.path,
        number(node.late_rate),
        number(node.ticks_rate)
    );
    Some(Finding::new(Kind::Late, node.late_rate, text))
}

/// What waits for the node at `index`, if it is the one to blame: a node that
/// itself waits for room downstream is not.
fn bottleneck(view: &View, index: usize) -> Option<Finding> {
    let node = &view.nodes[index];
    let pressing: Vec<usize> = (0..view.edges.len())
        .filter(|&edge| {
            let edge = &view.edges[edge];
            edge.consumer == Some(index) && (edge.holds_back() || edge.dropped_rate > 0.0)
        })
        .collect();
    if node.state == NodeState::Paused {
        let into = view
            .edges
            .iter()
            .filter(|edge| edge.consumer == Some(index));
        let pending: usize = into.map(|edge| edge.depth).sum();
        let text = format!("{} is paused; {pending} messages wait for it", node.path);
        let finding = Finding::new(Kind::Paused, pending as f64, text);
        return Some(finding.node(index).edges(pressing));
    }
    let fullest = pressing
        .iter()
        .map(|&edge| &view.edges[edge])
        .max_by(|a, b| {
            (a.waits_rate + a.dropped_rate).total_cmp(&(b.waits_rate + b.dropped_rate))
        })?;
    if node.state != NodeState::Active || is_held(view, index) {
        return None;
    }
    let worker = &view.workers[node.worker];
    if stands_still(view, worker) {
        let text = format!(
            "worker {} has called nobody for {}, and {} messages wait for {}: a handler does not \
             return",
            node.worker,
            span(Duration::from_secs_f64(view.interval_seconds)),
            fullest.depth,
            node.path
        );
        let mut finding = Finding::new(Kind::Stuck, fullest.depth as f64, text);
        finding.workers.push(node.worker);
        return Some(finding.node(index).edges(pressing));
    }
    let mut producers: Vec<&str> = pressing
        .iter()
        .filter(|&&edge| view.edges[edge].holds_back())
        .map(|&edge| view.edges[edge].producer_in(view))
        .collect();
    producers.dedup();
    let effect = if producers.is_empty() {
        format!("too slow for {}", fullest.producer_in(view))
    } else {
        format!("holds back {}", list(&producers))
    };
    let text = format!(
        "{} {effect}: takes {} msg/s{}; {} has {} of {}",
        node.path,
        number(fullest.delivered_rate),
        why_slow(view, node),
        fullest.id,
        fullest.depth,
        fullest.capacity
    );
    let weight = node.load.unwrap_or(0.0);
    Some(
        Finding::new(Kind::Slow, weight, text)
            .node(index)
            .edges(pressing),
    )
}

/// What the time of a node's worker goes to, if that was measured.
fn why_slow(view: &View, node: &NodeRow) -> String {
    let (Some(load), Some(execution)) = (node.load, node.execution) else {
        return String::new();
    };
    let busiest = view
        .nodes
        .iter()
        .filter(|other| other.worker == node.worker && other.path != node.path)
        .max_by(|a, b| a.load.unwrap_or(0.0).total_cmp(&b.load.unwrap_or(0.0)));
    match busiest {
        Some(other) if other.load.unwrap_or(0.0) > load.max(0.4) => format!(
            ", because worker {} is busy with {} ({})",
            node.worker,
            other.path,
            percent(other.load.unwrap_or(0.0).min(1.0))
        ),
        // So little time that the sample has not met the slow calls yet.
        _ if load < 0.25 => String::new(),
        _ => format!(
            ", {} a call, {} of worker {}",
            span(execution.mean),
            percent(load.min(1.0)),
            node.worker
        ),
    }
}

/// Whether the node itself waits for room downstream.
fn is_held(view: &View, node: usize) -> bool {
    view.edges
        .iter()
        .any(|edge| edge.producer == Some(node) && edge.holds_back())
}

/// Whether a worker called no node in the interval.
fn stands_still(view: &View, worker: &WorkerRow) -> bool {
    view.phase == ServedPhase::Running
        && view.interval_seconds > 0.0
        && worker.activations_rate() == 0.0
}

/// Every worker stands still, and whoever has work waits for room.
fn deadlock(view: &View) -> Option<Finding> {
    let full: Vec<usize> = (0..view.edges.len())
        .filter(|&edge| view.edges[edge].holds_back())
        .collect();
    let blameless = |&edge: &usize| {
        let consumer = view.edges[edge].consumer;
        consumer.is_some_and(|node| is_held(view, node))
    };
    if full.is_empty()
        || !full.iter().all(blameless)
        || !view.workers.iter().all(|worker| stands_still(view, worker))
    {
        return None;
    }
    let ids: Vec<&str> = full
        .iter()
        .map(|&edge| view.edges[edge].id.as_str())
        .collect();
    let text = format!(
        "nothing moves: every consumer of a full edge waits for room itself, at {}",
        list(&ids)
    );
    Some(Finding::new(Kind::Stuck, f64::MAX, text).edges(full))
}

fn loss(view: &View, edge: &EdgeRow) -> Option<Finding> {
    let consumer = edge.consumer_in(view);
    let id = &edge.id;
    let share = |rate: f64| percent((rate / edge.sent_rate.max(rate)).min(1.0));
    let (kind, text) = if edge.dropped_rate > 0.0 {
        let text = format!(
            "{id} drops {}/s ({}): {} takes only {} of {}/s, so its {} places fill up",
            number(edge.dropped_rate),
            share(edge.dropped_rate),
            consumer,
            number(edge.delivered_rate),
            number(edge.sent_rate),
            edge.capacity,
        );
        (Kind::Loss, text)
    } else if edge.expired_rate > 0.0 {
        let text = format!(
            "{id} lets {}/s expire ({}): they are too old when {consumer} comes to them",
            number(edge.expired_rate),
            share(edge.expired_rate),
        );
        (Kind::Loss, text)
    } else if edge.discarded_rate > 0.0 {
        let state = edge.consumer.map(|node| view.nodes[node].state.to_string());
        let text = format!(
            "{id} discards {}/s: {consumer} is {}",
            number(edge.discarded_rate),
            state.as_deref().unwrap_or("gone"),
        );
        (Kind::Loss, text)
    } else if edge.evicted_rate > 0.0 {
        let text = format!(
            "{id} keeps the newest {} as it should: {}/s evicted ({})",
            edge.capacity,
            number(edge.evicted_rate),
            share(edge.evicted_rate),
        );
        (Kind::Evicts, text)
    } else if edge.lost() > 0 && edge.policy != PolicyKind::Latest {
        let text = format!("{id} lost {} messages earlier", edge.lost());
        (Kind::Before, text)
    } else {
        return None;
    };
    Some(Finding::new(kind, edge.lost_rate(), text))
}

#[cfg(test)]
mod tests;
