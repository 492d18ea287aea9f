//! What the tables hold, and in which order.

use tidegate::observe::inspect::ServedPhase;

use crate::format::{bar, count, number, percent, span};
use crate::options::Sort;
use crate::table::{NAME, NOTHING, Row, Table, left, right};
use crate::trouble::Kind;
use crate::view::{EdgeRow, NodeRow, Spread, View};

/// What to show, in which order.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// Names contain this.
    pub(crate) filter: String,
    pub(crate) sort: Sort,
}

impl Choice {
    fn admits(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    /// The rows that are admitted, in order.
    fn choose<'a, T>(
        &self,
        all: &'a [T],
        name: impl Fn(&T) -> &str,
        trouble: impl Fn(&T) -> Option<Kind>,
        key: impl Fn(&T) -> f64,
    ) -> Vec<&'a T> {
        let mut rows: Vec<&T> = all.iter().filter(|row| self.admits(name(row))).collect();
        match self.sort {
            Sort::Flow => {}
            // None is the best, so it goes last.
            Sort::Trouble => rows.sort_by_key(|row| {
                let kind = trouble(row);
                (kind.is_none(), kind)
            }),
            Sort::Rate | Sort::Time | Sort::Loss => {
                rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
            }
        }
        rows
    }
}

pub(crate) fn nodes(view: &View, choice: &Choice) -> Table {
    let key = |node: &NodeRow| match choice.sort {
        Sort::Time => node
            .execution
            .map_or(0.0, |spread| spread.p99.as_secs_f64()),
        Sort::Loss => node.faults() as f64,
        _ => node.messages_rate,
    };
    let chosen = choice.choose(&view.nodes, |node| &node.path, |node| node.trouble, key);
    let rows = chosen.into_iter().map(|node| Row {
        cells: vec![
            node.path.clone(),
            mark(node.trouble),
            node.state.to_string(),
            node.worker.to_string(),
            number(node.messages_rate),
            optional(node.load, percent),
            p50(node.execution),
            p99(node.execution),
            max(node.execution),
            count(node.faults()),
            count(node.restarts),
            number(node.held_rate),
            number(node.late_rate),
            p99(node.end_to_end),
        ],
        trouble: node.trouble,
    });
    Table {
        title: "NODES",
        name: NAME,
        columns: vec![
            left("", 18, 9),
            left("", 6, 9),
            left("state", 11, 8),
            right("wk", 2, 7),
            right("msg/s", 6, 8),
            right("load", 4, 7),
            right("p50", 6, 6),
            right("p99", 6, 8),
            right("max", 6, 5),
            right("faults", 6, 8),
            right("restarts", 8, 2),
            right("held/s", 6, 5),
            right("late/s", 6, 4),
            right("e2e p99", 7, 3),
        ],
        rows: rows.collect(),
        unfiltered: view.nodes.len(),
    }
}

pub(crate) fn edges(view: &View, choice: &Choice) -> Table {
    let key = |edge: &EdgeRow| match choice.sort {
        Sort::Time => edge
            .queue_age
            .map_or(0.0, |spread| spread.p99.as_secs_f64()),
        Sort::Loss => edge.lost() as f64,
        _ => edge.sent_rate,
    };
    let chosen = choice.choose(&view.edges, |edge| &edge.id, |edge| edge.trouble, key);
    let rows = chosen.into_iter().map(|edge| Row {
        cells: vec![
            edge.id.clone(),
            mark(edge.trouble),
            edge.policy.to_string(),
            edge.band.to_string(),
            bar(edge.depth, edge.capacity, 8),
            format!("{}/{}", edge.depth, edge.capacity),
            optional(edge.high_water, |high| high.to_string()),
            number(edge.sent_rate),
            number(edge.lost_rate()),
            count(edge.lost()),
            number(edge.coalesced_rate),
            number(edge.waits_rate),
            p99(edge.queue_age),
        ],
        trouble: edge.trouble,
    });
    Table {
        title: "EDGES",
        name: NAME,
        columns: vec![
            left("", 18, 9),
            left("", 6, 9),
            left("policy", 8, 8),
            left("band", 7, 3),
            left("fill", 8, 5),
            right("depth", 7, 8),
            right("high", 5, 2),
            right("sent/s", 6, 8),
            right("lost/s", 6, 8),
            right("lost", 6, 4),
            right("merged/s", 8, 2),
            right("waits/s", 7, 3),
            right("age p99", 7, 6),
        ],
        rows: rows.collect(),
        unfiltered: view.edges.len(),
    }
}

pub(crate) fn workers(view: &View) -> Table {
    let rows = view.workers.iter().map(|worker| {
        let all = worker.activations_rate();
        let share = |band: usize| match all {
            0.0 => NOTHING.to_owned(),
            all => percent(worker.picks_rate[band] / all),
        };
        Row {
            cells: vec![
                format!("worker {}", worker.index),
                mark(worker.trouble),
                worker.core.clone(),
                optional(worker.idle, percent),
                number(all),
                share(0),
                share(1),
                share(2),
                number(worker.parks_rate),
                optional(worker.runnable, |runnable| runnable.to_string()),
                p50(worker.loop_latency),
                p99(worker.loop_latency),
                p99(worker.wake_latency),
            ],
            trouble: worker.trouble,
        }
    });
    Table {
        title: "WORKERS",
        name: NAME,
        columns: vec![
            left("", 14, 9),
            left("", 6, 9),
            right("core", 4, 8),
            right("idle", 5, 9),
            right("calls/s", 7, 9),
            right("control", 7, 8),
            right("high", 5, 8),
            right("normal", 6, 8),
            right("sleeps/s", 8, 5),
            right("ready", 5, 4),
            right("loop p50", 8, 3),
            right("loop p99", 8, 6),
            right("wake p99", 8, 6),
        ],
        rows: rows.collect(),
        unfiltered: view.workers.len(),
    }
}

pub(crate) fn ledger(view: &View, choice: &Choice) -> Table {
    let key = |edge: &EdgeRow| match choice.sort {
        Sort::Loss => edge.lost() as f64,
        _ => edge.ledger.sent as f64,
    };
    let chosen = choice.choose(&view.edges, |edge| &edge.id, |edge| edge.trouble, key);
    // While messages move, the figures of one edge are of different moments.
    let unbalanced = match view.phase {
        ServedPhase::Stopped => "!",
        _ => "~",
    };
    let cells = |name: &str, ledger: &tidegate::edge::Ledger| {
        let balance = if ledger.is_balanced() {
            "="
        } else {
            unbalanced
        };
        let mut cells = vec![name.to_owned(), count(ledger.sent), balance.to_owned()];
        cells.extend(
            [
                ledger.delivered,
                ledger.dropped,
                ledger.evicted,
                ledger.coalesced,
                ledger.in_flight,
                ledger.discarded,
            ]
            .map(count),
        );
        cells
    };
    let mut rows: Vec<Row> = chosen
        .iter()
        .map(|edge| Row {
            cells: cells(&edge.id, &edge.ledger),
            trouble: edge.trouble,
        })
        .collect();
    let mut total = tidegate::edge::Ledger::default();
    for edge in chosen {
        total.sent += edge.ledger.sent;
        total.delivered += edge.ledger.delivered;
        total.dropped += edge.ledger.dropped;
        total.evicted += edge.ledger.evicted;
        total.coalesced += edge.ledger.coalesced;
        total.in_flight += edge.ledger.in_flight;
        total.discarded += edge.ledger.discarded;
    }
    rows.push(Row {
        cells: cells("together", &total),
        trouble: None,
    });
    Table {
        title: "LEDGER",
        // The sum is understood only as a whole.
        name: 18,
        columns: vec![
            left("", 18, 9),
            right("sent", 7, 9),
            left("", 1, 9),
            right("delivered", 9, 8),
            right("dropped", 7, 8),
            right("evicted", 7, 8),
            right("merged", 7, 7),
            right("pending", 7, 7),
            right("discard", 7, 7),
        ],
        rows,
        unfiltered: view.edges.len() + 1,
    }
}

/// Each node, with the edges that leave it below.
pub(crate) fn graph(view: &View, choice: &Choice) -> Table {
    let mut rows = Vec::new();
    for (index, node) in view.nodes.iter().enumerate() {
        let out = view.edges.iter().filter(|edge| edge.producer == index);
        let out: Vec<&EdgeRow> = out.filter(|edge| choice.admits(&edge.id)).collect();
        if out.is_empty() && !choice.admits(&node.path) {
            continue;
        }
        rows.push(Row {
            cells: vec![
                node.path.clone(),
                mark(node.trouble),
                node.state.to_string(),
                String::new(),
                String::new(),
                number(node.messages_rate),
                String::new(),
                p99(node.execution),
            ],
            trouble: node.trouble,
        });
        rows.extend(out.into_iter().map(|edge| {
            // The node is named above: `port -> node:port` is left.
            let id = edge.id.strip_prefix(&node.path).unwrap_or(&edge.id);
            Row {
                cells: vec![
                    format!("  {}", id.trim_start_matches(':').replacen("->", " -> ", 1)),
                    mark(edge.trouble),
                    edge.policy.to_string(),
                    bar(edge.depth, edge.capacity, 8),
                    format!("{}/{}", edge.depth, edge.capacity),
                    number(edge.sent_rate),
                    number(edge.lost_rate()),
                    p99(edge.queue_age),
                ],
                trouble: edge.trouble,
            }
        }));
    }
    Table {
        title: "GRAPH",
        name: NAME,
        columns: vec![
            left("", 18, 9),
            left("", 6, 9),
            left("state", 11, 8),
            left("fill", 8, 6),
            right("depth", 7, 8),
            right("msg/s", 6, 8),
            right("lost/s", 6, 8),
            right("p99", 6, 7),
        ],
        rows,
        unfiltered: view.nodes.len() + view.edges.len(),
    }
}

fn mark(trouble: Option<Kind>) -> String {
    trouble.map_or_else(String::new, |kind| kind.to_string())
}

fn optional<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), text)
}

fn p50(spread: Option<Spread>) -> String {
    optional(spread, |spread| span(spread.p50))
}

fn p99(spread: Option<Spread>) -> String {
    optional(spread, |spread| span(spread.p99))
}

fn max(spread: Option<Spread>) -> String {
    optional(spread, |spread| span(spread.max))
}
