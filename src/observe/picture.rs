//! Drawings of an engine with its figures, for Graphviz and Mermaid.
//!
//! The same shape as [`Plan::to_dot`](crate::graph::Plan::to_dot), taken from a
//! snapshot: how full each edge is, what it lost and how, what each node did,
//! and what is wrong. Colour means trouble, and nothing else: red for losses and
//! faults, orange for what is full or late, grey for what rests. What stands out
//! does so in words as well, so that a drawing in black and white says the same.
//!
//! ```
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//! use tidegate::observe::picture::Picture;
//!
//! let mut graph = Subgraph::new("numbers");
//! let numbers = graph.add("numbers", builtin::source_iter(1..=3))?;
//! let print = graph.add("print", builtin::sink(|_: i32| ()))?;
//! graph.connect(
//!     numbers.output(|n| &n.output),
//!     print.input(|n| &n.input),
//!     Edge::block(8),
//! )?;
//! let mut engine = Engine::builder(graph).stepping()?;
//! engine.run_until_idle(100);
//!
//! let handle = engine.handle();
//! let snapshot = handle.snapshot();
//! let dot = Picture::new(handle.graph(), &snapshot).to_dot();
//! assert!(dot.contains("messages: 3"));
//! # assert!(engine.shutdown(100).is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::edge::PolicyKind;
use crate::engine::{Difference, EdgeRates, EdgeReport, NodeRates, NodeReport, Snapshot};
use crate::graph::{Arrow, Drawing, Frame, Item, PLAIN};
use crate::sched::NodeState;

use super::figures::{grouped, span};

/// Of a node that failed, and an edge that loses what should arrive.
const BAD: &str = "#f4a6a0";
const LOSING: &str = "crimson";
/// Of a node that is held back, and an edge that is full.
const STRAINED: &str = "#ffe08a";
const FULL: &str = "darkorange";
/// Of a node that is not called any more, and meant not to be.
const RESTING: &str = "#e4e4e4";

/// A snapshot, to be drawn.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    graph: &'a str,
    snapshot: &'a Snapshot,
    rates: Option<Difference>,
}

impl<'a> Picture<'a> {
    /// A picture of the graph of this name as it was when the snapshot was
    /// taken.
    #[must_use]
    pub const fn new(graph: &'a str, snapshot: &'a Snapshot) -> Self {
        Self {
            graph,
            snapshot,
            rates: None,
        }
    }

    /// Shows rates since an earlier snapshot of the same engine beside the
    /// counts, and colours what an edge loses or a node suffers by what
    /// happened since then.
    #[must_use]
    pub fn since(mut self, earlier: &Snapshot) -> Self {
        self.rates = Some(self.snapshot.since(earlier));
        self
    }

    /// As a Graphviz graph.
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.drawing().to_dot()
    }

    /// As a Mermaid flowchart, with the same content.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.drawing().to_mermaid()
    }

    fn drawing(&self) -> Drawing {
        let frames = self.snapshot.workers.iter().map(|worker| Frame {
            label: format!("worker {}, {}", worker.index, worker.pinning),
            boxes: self.on_worker(worker.index).collect(),
        });
        let mut doors = Vec::new();
        let arrows = self.snapshot.edges.iter().enumerate();
        let arrows = arrows.map(|(index, edge)| {
            let door = edge.door().map(|name| {
                let index = self.snapshot.nodes.len() + doors.len();
                doors.push(Item {
                    index,
                    lines: vec![name.into()],
                    fill: None,
                });
                index
            });
            let rates = self.rates.as_ref().and_then(|rates| rates.edges.get(index));
            let losing = is_losing(edge, rates);
            Arrow {
                from: edge.producer.or(door).unwrap_or_default(),
                to: edge.consumer.or(door).unwrap_or_default(),
                lines: edge_lines(edge, rates),
                colour: match (losing, is_full(edge)) {
                    (true, _) => LOSING,
                    (false, true) => FULL,
                    (false, false) => PLAIN,
                },
                width: if losing || is_full(edge) { 3 } else { 1 },
            }
        });
        Drawing {
            title: self.graph.into(),
            frames: frames.collect(),
            arrows: arrows.collect(),
            doors,
        }
    }

    fn on_worker(&self, worker: usize) -> impl Iterator<Item = Item> {
        let nodes = self.snapshot.nodes.iter().enumerate();
        nodes
            .filter(move |(_, node)| node.worker == worker)
            .map(|(index, node)| {
                let rates = self.rates.as_ref().and_then(|rates| rates.nodes.get(index));
                Item {
                    index,
                    lines: node_lines(node, rates),
                    fill: node_fill(node, rates),
                }
            })
    }
}

fn node_lines(node: &NodeReport, rates: Option<&NodeRates>) -> Vec<String> {
    let messages = grouped(node.messages);
    let mut lines = vec![
        node.path.clone(),
        format!(
            "messages: {messages}{}",
            per_second(rates.map(|r| r.messages))
        ),
    ];
    if let Some(slow) = slow(node, rates) {
        lines.push(format!("p99: {}", span(slow)));
    }
    let mut say = |count: u64, what: &str| {
        if count > 0 {
            lines.push(format!("{what}: {}", grouped(count)));
        }
    };
    say(node.ticks, "ticks");
    say(node.late_ticks, "LATE ticks");
    say(node.missed_ticks, "MISSED ticks");
    say(node.errors, "ERRORS");
    say(node.panics, "PANICS");
    say(node.overruns, "OVERRUNS");
    say(node.restarts, "restarts");
    say(node.parked, "held back");
    if node.state != NodeState::Active {
        lines.push(node.state.to_string());
    }
    lines
}

/// How long one activation in a hundred takes at least, if that is measured.
fn slow(node: &NodeReport, rates: Option<&NodeRates>) -> Option<Duration> {
    let recent = rates.and_then(|rates| rates.execution.as_ref());
    let execution = recent.or(node.execution.as_ref())?;
    (!execution.is_empty()).then(|| execution.quantile(0.99))
}

fn node_fill(node: &NodeReport, rates: Option<&NodeRates>) -> Option<&'static str> {
    let (faulty, late) = match rates {
        Some(rates) => (rates.faults > 0.0, rates.late_or_missed_ticks > 0.0),
        None => (
            node.errors + node.panics > 0,
            node.late_ticks + node.missed_ticks > 0,
        ),
    };
    if faulty || node.state == NodeState::Quarantined {
        Some(BAD)
    } else if late || node.state == NodeState::Restarting {
        Some(STRAINED)
    } else if node.state == NodeState::Finished || node.state.is_put_to_rest() {
        Some(RESTING)
    } else {
        None
    }
}

fn edge_lines(edge: &EdgeReport, rates: Option<&EdgeRates>) -> Vec<String> {
    let ledger = &edge.ledger;
    let full = if is_full(edge) { " FULL" } else { "" };
    let mut lines = vec![
        ports(&edge.id),
        format!(
            "{} {} of {}{full}, {}",
            edge.policy, edge.depth, edge.capacity, edge.band
        ),
        format!(
            "sent: {}{}",
            grouped(ledger.sent),
            per_second(rates.map(|r| r.sent))
        ),
    ];
    let losses = [
        (ledger.dropped, rates.map(|r| r.dropped), "DROPPED"),
        (ledger.expired, None, "EXPIRED"),
        (ledger.discarded, None, "DISCARDED"),
        (ledger.dead_letters, None, "DEAD LETTERS"),
        (ledger.evicted, rates.map(|r| r.evicted), "evicted"),
        (ledger.coalesced, rates.map(|r| r.coalesced), "coalesced"),
    ];
    for (count, rate, what) in losses {
        if count > 0 {
            let share = share(count, ledger.sent);
            let rate = per_second(rate);
            lines.push(format!("{what}: {} ({share}){rate}", grouped(count)));
        }
    }
    lines
}

/// The ports of an edge, from its id `path:port->path:port`, where a door is
/// `>door` or `door>`. A name contains neither `:` nor `>`, so there is one way
/// to read it.
fn ports(id: &str) -> String {
    let port = |end: &str| end.rsplit(':').next().unwrap_or_default().to_owned();
    match id.trim_matches('>').split_once("->") {
        Some((from, to)) => format!("{} -> {}", port(from), port(to)),
        None => id.into(),
    }
}

/// A rate behind a count, when it is known.
fn per_second(rate: Option<f64>) -> String {
    rate.map_or_else(String::new, |rate| {
        format!(", {}/s", grouped((rate + 0.5) as u64))
    })
}

/// `count` of `all` in percent, never 0 % of something or 100 % of less.
fn share(count: u64, all: u64) -> String {
    let percent = 100.0 * count as f64 / all.max(1) as f64;
    if percent < 1.0 {
        "<1 %".into()
    } else if count < all && percent > 99.0 {
        ">99 %".into()
    } else {
        format!("{percent:.0} %")
    }
}

/// Whether the producer is held back, or the next message dropped. A full edge
/// of the other two policies is at work as intended.
fn is_full(edge: &EdgeReport) -> bool {
    let waits = matches!(edge.policy, PolicyKind::Block | PolicyKind::Drop);
    waits && edge.depth >= edge.capacity
}

/// Whether messages are lost that nothing newer stands for.
fn is_losing(edge: &EdgeReport, rates: Option<&EdgeRates>) -> bool {
    let dropping = match rates {
        Some(rates) => rates.dropped > 0.0,
        None => edge.ledger.dropped > 0,
    };
    dropping || edge.ledger.expired + edge.ledger.discarded > 0
}

// A node of these panics.
#[cfg(all(test, feature = "std", not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::Band;
    use crate::engine::Engine;
    use crate::graph::{Edge, Subgraph};
    use crate::node::{FaultPolicy, NodeOptions, builtin};

    /// A source of six numbers, twice, into a lossy edge to a sink that is
    /// paused, and over a Control edge to one that panics.
    fn snapshot() -> Snapshot {
        let mut graph = Subgraph::new("plant");
        let source = graph.add("source", builtin::source_iter(0..6));
        let tee = graph.add("tee", builtin::tee::<i32>(2));
        let slow = graph.add("slow", builtin::sink(|_: i32| ()));
        let options = NodeOptions::new().on_panic(FaultPolicy::Continue);
        let faulty = builtin::sink(|n: i32| assert_ne!(n, 3));
        let faulty = graph.add_with("a\"faulty\"", faulty, options);
        let nodes = [source.map(|_| ()), tee.map(|_| ()), slow.map(|_| ())];
        assert!(nodes.iter().all(Result::is_ok) && faulty.is_ok());
        for (from, to, edge) in [
            ("source:out", "tee:in", Edge::block(8)),
            ("tee:out0", "slow:in", Edge::drop_newest(2)),
            (
                "tee:out1",
                "a\"faulty\":in",
                Edge::block(8).band(Band::Control),
            ),
        ] {
            graph.connect_by_name(from, to, edge).expect("free ports");
        }
        // Durations would differ from run to run.
        let engine = Engine::builder(graph).metrics(crate::metrics::Metrics::off());
        let mut engine = engine.stepping().expect("a sound graph");
        let handle = engine.handle();
        handle.pause("slow").expect("it is there");
        engine.run_until_idle(100);
        let snapshot = engine.snapshot();
        assert!(engine.shutdown(100).is_balanced());
        snapshot
    }

    #[test]
    fn a_dot_picture_shows_depths_losses_faults_and_states_in_words_and_colours() {
        assert_eq!(
            Picture::new("plant", &snapshot()).to_dot(),
            r##"digraph "plant" {
  rankdir=LR;
  labeljust=l;
  node [shape=box];
  subgraph cluster_0 {
    label="worker 0, unpinned";
    n0 [label="source\nmessages: 6\nfinished", style=filled, fillcolor="#e4e4e4"];
    n1 [label="tee\nmessages: 6\nfinished", style=filled, fillcolor="#e4e4e4"];
    n2 [label="slow\nmessages: 0\npaused", style=filled, fillcolor="#e4e4e4"];
    n3 [label="a\"faulty\"\nmessages: 6\nPANICS: 1\nfinished", style=filled, fillcolor="#f4a6a0"];
  }
  n0 -> n1 [label="out -> in\nblock 0 of 8, normal\nsent: 6", color=black];
  n1 -> n2 [label="out0 -> in\ndrop 2 of 2 FULL, normal\nsent: 6\nDROPPED: 4 (67 %)", color=crimson, penwidth=3];
  n1 -> n3 [label="out1 -> in\nblock 0 of 8, control\nsent: 6", color=black];
}
"##
        );
    }

    #[test]
    fn a_mermaid_picture_shows_the_same() {
        let snapshot = snapshot();
        let mermaid = Picture::new("plant", &snapshot).to_mermaid();
        for line in [
            r#"    n3["a#34;faulty#34;<br/>messages: 6<br/>PANICS: 1<br/>finished"]"#,
            "  style n3 fill:#f4a6a0",
            r#"  n1 -->|"out0 -#62; in<br/>drop 2 of 2 FULL, normal<br/>sent: 6<br/>DROPPED: 4 (67 %)"| n2"#,
            "  linkStyle 1 stroke:crimson,stroke-width:3px",
        ] {
            assert!(
                mermaid.lines().any(|found| found == line),
                "{line}\n{mermaid}"
            );
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_to_everything() {
        let shares = [(1, 1_000), (1, 2), (999_999, 1_000_000), (5, 5)];
        let texts = shares.map(|(count, all)| share(count, all));
        assert_eq!(texts, ["<1 %", "50 %", ">99 %", "100 %"]);
    }

    #[test]
    fn an_id_is_read_whatever_its_names_end_with() {
        assert_eq!(ports("a/b-:out-->c:in"), "out- -> in");
        assert_eq!(ports("no edge"), "no edge");
    }

    #[test]
    fn since_an_earlier_snapshot_rates_are_shown_and_old_trouble_loses_its_colour() {
        let mut earlier = snapshot();
        earlier.edges[0].ledger.sent = 2;
        earlier.nodes[0].messages = 0;
        let mut later = snapshot();
        (later.nodes[0].overruns, later.edges[0].ledger.dead_letters) = (2, 3);
        later.taken_at = earlier.taken_at.after(Duration::from_secs(2));
        let dot = Picture::new("plant", &later).since(&earlier).to_dot();
        assert!(dot.contains("messages: 6, 3/s"), "{dot}");
        assert!(dot.contains("sent: 6, 2/s"), "{dot}");
        // Dropped and panicked before, not since: told, not coloured.
        assert!(dot.contains("DROPPED: 4 (67 %), 0/s"), "{dot}");
        assert!(dot.contains("PANICS: 1"), "{dot}");
        assert!(dot.contains("OVERRUNS: 2"), "{dot}");
        assert!(dot.contains("DEAD LETTERS: 3 (50 %)"), "{dot}");
        assert!(!dot.contains(BAD) && !dot.contains(LOSING), "{dot}");
    }
}
