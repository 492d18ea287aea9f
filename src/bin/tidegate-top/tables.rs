//! What the tables hold, and in which order.

use tidegate::observe::inspect::ServedPhase;

use crate::format::{bar, count, number, percent, span};
use crate::options::Sort;
use crate::table::{Column, NAME, NOTHING, Row, Table, left, right};
use crate::trouble::Kind;
use crate::view::{EdgeRow, NodeRow, Spread, View, WorkerRow};

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

/// A column, and what stands in it.
type Field<T> = (Column, fn(&T) -> String);

/// A table whose rows have these fields.
fn table<'a, T: 'a>(
    title: &'static str,
    rows: impl IntoIterator<Item = &'a T>,
    unfiltered: usize,
    trouble: fn(&T) -> Option<Kind>,
    fields: &[Field<T>],
) -> Table {
    let rows = rows.into_iter().map(|row| Row {
        cells: fields.iter().map(|(_, cell)| cell(row)).collect(),
        trouble: trouble(row),
    });
    Table {
        title,
        name: NAME,
        columns: fields.iter().map(|(column, _)| *column).collect(),
        rows: rows.collect(),
        unfiltered,
    }
}

/// The key that rows are sorted by: the 99th percentile of `time`, `loss`, or
/// `rate`.
fn sort_key(sort: Sort, time: Option<Spread>, loss: u64, rate: f64) -> f64 {
    match sort {
        Sort::Time => time.map_or(0.0, |spread| spread.p99.as_secs_f64()),
        Sort::Loss => loss as f64,
        _ => rate,
    }
}

pub(crate) fn nodes(view: &View, choice: &Choice) -> Table {
    let key = |n: &NodeRow| sort_key(choice.sort, n.execution, n.faults(), n.messages_rate);
    let chosen = choice.choose(&view.nodes, |node| &node.path, |node| node.trouble, key);
    let fields: [Field<NodeRow>; 15] = [
        (left("", 18, 9), |n| n.path.clone()),
        (left("", 6, 9), |n| mark(n.trouble)),
        (left("state", 11, 8), |n| n.state.to_string()),
        (right("wk", 2, 7), |n| n.worker.to_string()),
        (right("msg/s", 6, 8), |n| number(n.messages_rate)),
        (right("load", 4, 7), |n| optional(n.load, percent)),
        (right("p50", 6, 6), |n| p50(n.execution)),
        (right("p99", 6, 8), |n| p99(n.execution)),
        (right("max", 6, 5), |n| max(n.execution)),
        (right("faults", 6, 8), |n| count(n.faults())),
        (right("overruns", 8, 2), |n| count(n.overruns)),
        (right("restarts", 8, 2), |n| count(n.restarts)),
        (right("held/s", 6, 5), |n| number(n.held_rate)),
        (right("late/s", 6, 4), |n| number(n.late_rate)),
        (right("e2e p99", 7, 3), |n| p99(n.end_to_end)),
    ];
    let trouble = |node: &NodeRow| node.trouble;
    table("NODES", chosen, view.nodes.len(), trouble, &fields)
}

/// The ways that messages take to the sinks, the slowest one first.
pub(crate) fn paths(view: &View) -> Table {
    let mut sinks: Vec<_> = (view.nodes.iter())
        .filter_map(|node| Some((node.end_to_end?, node.slowest_hop.as_ref()?, node)))
        .collect();
    sinks.sort_by_key(|(age, ..)| core::cmp::Reverse(age.p99));
    let unfiltered = sinks.len();
    let rows = sinks.into_iter().map(|(age, hop, node)| Row {
        cells: vec![
            node.path.clone(),
            span(age.p50),
            span(age.p99),
            span(age.max),
            hop.clone(),
        ],
        trouble: None,
    });
    Table {
        title: "END TO END",
        name: NAME,
        columns: vec![
            left("", 18, 9),
            right("p50", 6, 8),
            right("p99", 6, 8),
            right("max", 6, 7),
            left("slowest hop", 34, 9),
        ],
        rows: rows.collect(),
        unfiltered,
    }
}

pub(crate) fn edges(view: &View, choice: &Choice) -> Table {
    let key = |e: &EdgeRow| sort_key(choice.sort, e.queue_age, e.lost(), e.sent_rate);
    let chosen = choice.choose(&view.edges, |edge| &edge.id, |edge| edge.trouble, key);
    let fields: [Field<EdgeRow>; 13] = [
        (left("", 18, 9), |e| e.id.clone()),
        (left("", 6, 9), |e| mark(e.trouble)),
        (left("policy", 8, 8), |e| e.policy.to_string()),
        (left("band", 7, 3), |e| e.band.to_string()),
        (left("fill", 8, 5), |e| bar(e.depth, e.capacity, 8)),
        (right("depth", 7, 8), |e| {
            format!("{}/{}", e.depth, e.capacity)
        }),
        (right("high", 5, 2), |e| {
            optional(e.high_water, |high| high.to_string())
        }),
        (right("sent/s", 6, 8), |e| number(e.sent_rate)),
        (right("lost/s", 6, 8), |e| number(e.lost_rate())),
        (right("lost", 6, 4), |e| count(e.lost())),
        (right("merged/s", 8, 2), |e| number(e.coalesced_rate)),
        (right("waits/s", 7, 3), |e| number(e.waits_rate)),
        (right("age p99", 7, 6), |e| p99(e.queue_age)),
    ];
    let trouble = |edge: &EdgeRow| edge.trouble;
    table("EDGES", chosen, view.edges.len(), trouble, &fields)
}

/// The share of a worker's activations that are of this band.
fn share(worker: &WorkerRow, band: usize) -> String {
    match worker.activations_rate() {
        0.0 => NOTHING.to_owned(),
        all => percent(worker.picks_rate[band] / all),
    }
}

pub(crate) fn workers(view: &View) -> Table {
    let fields: [Field<WorkerRow>; 13] = [
        (left("", 14, 9), |w| format!("worker {}", w.index)),
        (left("", 6, 9), |w| mark(w.trouble)),
        (right("core", 4, 8), |w| w.core.clone()),
        (right("idle", 5, 9), |w| optional(w.idle, percent)),
        (right("calls/s", 7, 9), |w| number(w.activations_rate())),
        (right("control", 7, 8), |w| share(w, 0)),
        (right("high", 5, 8), |w| share(w, 1)),
        (right("normal", 6, 8), |w| share(w, 2)),
        (right("sleeps/s", 8, 5), |w| number(w.parks_rate)),
        (right("ready", 5, 4), |w| {
            optional(w.runnable, |runnable| runnable.to_string())
        }),
        (right("loop p50", 8, 3), |w| p50(w.loop_latency)),
        (right("loop p99", 8, 6), |w| p99(w.loop_latency)),
        (right("wake p99", 8, 6), |w| p99(w.wake_latency)),
    ];
    let trouble = |worker: &WorkerRow| worker.trouble;
    table(
        "WORKERS",
        &view.workers,
        view.workers.len(),
        trouble,
        &fields,
    )
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
                // On a small screen only together: the sum stays one.
                ledger.expired + ledger.discarded + ledger.dead_letters,
                ledger.expired,
                ledger.dead_letters,
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
        total += edge.ledger;
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
            right("(expired)", 9, 3),
            right("(dead)", 7, 4),
        ],
        rows,
        unfiltered: view.edges.len() + 1,
    }
}

/// Each node, with the edges that leave it below.
pub(crate) fn graph(view: &View, choice: &Choice) -> Table {
    let mut rows = Vec::new();
    for (index, node) in view.nodes.iter().enumerate() {
        let out = view
            .edges
            .iter()
            .filter(|edge| edge.producer == Some(index));
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
