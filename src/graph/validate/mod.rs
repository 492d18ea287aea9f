//! The checks that need the whole graph. Pure: they look and report.

mod doors;
mod edges;
mod exposures;
mod names;
mod nodes;
mod ports;
#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests;
mod wiring;

use alloc::vec::Vec;

use super::issue::Issue;
use super::subgraph::Subgraph;

use wiring::Wiring;

/// Whether something around the graph may connect what it exposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// It may be nested.
    Part,
    /// An engine is built from it.
    Whole,
}

/// Every issue of a graph that may be nested.
pub(super) fn part(graph: &Subgraph) -> Vec<Issue> {
    check(graph, Extent::Part)
}

/// Every issue of a graph that an engine is built from.
pub(super) fn whole(graph: &Subgraph) -> Vec<Issue> {
    check(graph, Extent::Whole)
}

fn check(graph: &Subgraph, extent: Extent) -> Vec<Issue> {
    let mut issues = Vec::new();
    names::check(graph, &mut issues);
    let wiring = Wiring::of(graph, &mut issues);
    exposures::check(&wiring, &mut issues);
    ports::check(&wiring, extent, &mut issues);
    edges::check(&wiring, &mut issues);
    nodes::check(graph, &mut issues);
    issues
}
