//! The options of nodes.

use alloc::vec::Vec;

use crate::graph::entry::{NodeEntry, is_within};
use crate::graph::issue::{Issue, IssueCode};
use crate::graph::subgraph::Subgraph;
use crate::node::{FaultPolicy, Tick};

pub(super) fn check(graph: &Subgraph, issues: &mut Vec<Issue>) {
    for entry in graph.nodes() {
        tick(entry, issues);
        fault_policy(entry, "an error", entry.options.on_error, issues);
        fault_policy(entry, "a panic", entry.options.on_panic, issues);
        fault_policy(entry, "an overrun", entry.options.on_overrun, issues);
    }
    for group in graph
        .groups()
        .iter()
        .filter(|group| group.policy.restarts())
    {
        let members = graph.nodes().iter();
        let members = members.filter(|entry| is_within(&entry.path, &group.path));
        for entry in members.filter(|entry| entry.factory.is_none()) {
            issues.push(Issue::new(
                IssueCode::NoFactory,
                &entry.path,
                "its subgraph restarts all of its nodes together, but this one has no factory",
                "add it with Subgraph::add_restartable",
            ));
        }
    }
}

fn tick(entry: &NodeEntry, issues: &mut Vec<Issue>) {
    let tick = entry.options.tick.unwrap_or(entry.table.tick);
    if matches!(tick, Tick::Every(interval) if interval.is_zero()) {
        issues.push(Issue::new(
            IssueCode::ZeroTick,
            &entry.path,
            "the tick interval is zero",
            "give it a length, or use Tick::Never",
        ));
    }
    let portless = entry.table.inputs.is_empty() && entry.table.outputs.is_empty();
    if portless && tick == Tick::Never {
        issues.push(Issue::new(
            IssueCode::NothingToDo,
            &entry.path,
            "the node has neither ports nor a tick, so nothing ever calls it",
            "declare its ports or its tick in Node::ports, or remove it",
        ));
    }
}

fn fault_policy(entry: &NodeEntry, fault: &str, policy: FaultPolicy, issues: &mut Vec<Issue>) {
    match policy {
        FaultPolicy::Quarantine { after: 0 } => issues.push(Issue::new(
            IssueCode::ZeroQuarantine,
            &entry.path,
            format!("after {fault} the node is quarantined at fault 0, before any happened"),
            "use after: 1 for the first fault",
        )),
        FaultPolicy::Restart { .. } if entry.factory.is_none() => issues.push(Issue::new(
            IssueCode::NoFactory,
            &entry.path,
            format!("after {fault} the node is to be restarted, but it has no factory"),
            "add it with Subgraph::add_restartable",
        )),
        _ => {}
    }
}
