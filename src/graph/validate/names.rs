//! The graph's own name, and paths that are used twice.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::graph::issue::{Issue, IssueCode};
use crate::graph::subgraph::Subgraph;
use crate::util::Name;

pub(super) fn check(graph: &Subgraph, issues: &mut Vec<Issue>) {
    if Name::new(graph.name()).is_err() {
        issues.push(Issue::new(
            IssueCode::BadName,
            format!("{:?}", graph.name()),
            "this cannot be the name of a graph",
            "use 1 to 48 bytes without ':', '/', '>', white space or control characters",
        ));
    }
    if graph.nodes().is_empty() {
        issues.push(Issue::new(
            IssueCode::EmptyGraph,
            graph.name(),
            "there is no node",
            "add one with Subgraph::add",
        ));
    }
    let mut seen = BTreeSet::new();
    let mut reported = BTreeSet::new();
    for path in graph.paths() {
        if !seen.insert(path) && reported.insert(path) {
            issues.push(Issue::new(
                IssueCode::DuplicateNode,
                path,
                "more than one node or nested subgraph has this path",
                "rename all but one (Subgraph::nest_as renames a subgraph)",
            ));
        }
    }
}
