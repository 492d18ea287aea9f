//! What placement needs to know beforehand, and what can be wrong with it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::graph::entry::NodeEntry;
use crate::graph::issue::{Issue, IssueCode};
use crate::graph::placement::Costs;

use super::PlanSettings;

/// Explicit placement names workers that exist.
pub(super) fn check_workers(nodes: &[NodeEntry], workers: usize, issues: &mut Vec<Issue>) {
    for entry in nodes {
        if let Some(worker) = entry.options.worker.filter(|&worker| worker >= workers) {
            issues.push(Issue::new(
                IssueCode::NoSuchWorker,
                &entry.path,
                format!("it is placed on worker {worker}, but there are {workers}, counted from 0"),
                "place it on another, or give the engine more workers",
            ));
        }
    }
}

/// Costs name nodes that exist.
pub(super) fn check_costs(nodes: &[NodeEntry], costs: Option<&Costs>, issues: &mut Vec<Issue>) {
    let Some(costs) = costs else { return };
    let known: BTreeSet<_> = nodes.iter().map(|entry| entry.path.as_str()).collect();
    for (path, _) in costs.iter().filter(|(path, _)| !known.contains(path)) {
        issues.push(Issue::new(
            IssueCode::UnknownCost,
            path,
            "there is no such node, but a cost for it",
            "take the costs from a run of this graph",
        ));
    }
}

/// What each node costs; `None` when nobody says anything about it. That all
/// cost nothing, as in a snapshot from before the first activation, says nothing
/// either.
pub(super) fn costs(nodes: &[NodeEntry], settings: &PlanSettings<'_>) -> Option<Vec<u64>> {
    let costs = given_costs(nodes, settings)?;
    costs.iter().any(|&cost| cost > 0).then_some(costs)
}

fn given_costs(nodes: &[NodeEntry], settings: &PlanSettings<'_>) -> Option<Vec<u64>> {
    if let Some(costs) = settings.costs {
        let other = costs.of_others();
        let cost = |entry: &NodeEntry| costs.get(&entry.path).unwrap_or(other);
        return Some(nodes.iter().map(cost).collect());
    }
    let declared = nodes.iter().any(|entry| entry.options.cost.is_some());
    let cost = |entry: &NodeEntry| u64::from(entry.options.cost.unwrap_or(1));
    declared.then(|| nodes.iter().map(cost).collect())
}

/// Every worker can hold its nodes, and has some.
pub(super) fn check_loads(
    placed: &[usize],
    balanced: bool,
    settings: &PlanSettings<'_>,
    issues: &mut Vec<Issue>,
) {
    let mut loads = vec![0; settings.workers];
    for &worker in placed {
        loads[worker] += 1;
    }
    for (worker, &load) in loads.iter().enumerate() {
        let location = format!("worker {worker}");
        if load > settings.nodes_per_worker {
            let most = settings.nodes_per_worker;
            issues.push(Issue::new(
                IssueCode::WorkerFull,
                location,
                format!("it would run {load} nodes, but can hold {most}"),
                "give the engine more workers, or place fewer nodes here",
            ));
        } else if load == 0 {
            issues.push(Issue::new(
                IssueCode::IdleWorker,
                location,
                if balanced {
                    "no node is placed here: the others can do all the work"
                } else {
                    "no node is placed here (chains are kept together)"
                },
                "use fewer workers, place nodes here with NodeOptions::worker, \
                 or say what nodes cost with NodeOptions::cost",
            ));
        }
    }
}
