//! The graph of a case, and what flows through it.

use tidegate::edge::PolicyKind;
use tidegate::graph::Edge;
use tidegate::node::Direction;

use super::Case;
use super::common::{Io, Lab, Log, Probe};

/// The edge that the case is about.
pub(crate) const EDGE: &str = "stage:out->sink:in";

/// The edge before it, a short Block edge.
pub(crate) const BEFORE: &str = "source:out->stage:in";

/// How much that holds.
pub(crate) const BEFORE_CAPACITY: usize = 16;

/// A run of successive numbers, merged into one message: a single one unless
/// they were coalesced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) sum: u64,
}

impl Span {
    pub(crate) fn of(number: u64) -> Self {
        Self {
            first: number,
            last: number,
            sum: number,
        }
    }

    fn merge(&mut self, new: Self) {
        self.last = new.last;
        self.sum += new.sum;
    }
}

/// `>go->source -> stage -> sink`, by turns on the workers. What comes in at
/// `go` is the number up to which the source may send; at `end` it finishes.
pub(crate) fn plant(lab: &mut Lab, case: Case, end: u64, arrived: &Log<Span>) {
    let worker = |place| place % case.workers;
    lab.add_on(worker(0), "source", source(end));
    lab.add_on(worker(1), "stage", stage());
    lab.add_on(worker(2), "sink", sink(arrived));
    lab.connect("source:out", "stage:in", Edge::block(BEFORE_CAPACITY));
    lab.connect("stage:out", "sink:in", edge(case.policy, case.capacity));
    lab.graph
        .expose_later(Direction::Input, "go", "source:control");
}

fn edge(policy: PolicyKind, capacity: usize) -> Edge {
    match policy {
        PolicyKind::Block => Edge::block(capacity),
        PolicyKind::Drop => Edge::drop_newest(capacity),
        PolicyKind::Latest => Edge::latest(capacity),
        PolicyKind::Coalesce => Edge::coalesce(capacity, Span::merge).into(),
    }
}

/// Rests until it may send more.
fn source(end: u64) -> Probe<Span> {
    let (mut next, mut until) = (0, 0);
    Probe::carrying()
        .uncredited()
        .on_message(move |io: &mut Io<Span>, cx| {
            while let Some(more) = io.control.recv(cx) {
                until = more.last;
            }
            while next < until && cx.next_turn() {
                io.output.send(cx, Span::of(next))?;
                next += 1;
            }
            if next < until {
                cx.rearm();
            }
            if next == end {
                cx.finish();
            }
            Ok(())
        })
}

fn stage() -> Probe<Span> {
    Probe::carrying().on_message(|io: &mut Io<Span>, cx| {
        while let Some(span) = io.input.recv(cx) {
            io.output.send(cx, span)?;
        }
        Ok(())
    })
}

fn sink(arrived: &Log<Span>) -> Probe<Span> {
    let arrived = arrived.clone();
    Probe::carrying().on_message(move |io: &mut Io<Span>, cx| {
        while let Some(span) = io.input.recv(cx) {
            arrived.push(span);
        }
        Ok(())
    })
}
