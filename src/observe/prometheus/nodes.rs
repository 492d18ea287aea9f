//! Families of figures per node.

use core::fmt;
use core::time::Duration;

use crate::engine::NodeReport;
use crate::metrics::HistogramSnapshot;
use crate::sched::NodeState;

use super::family::{Families, Labels};

/// A figure of a node.
type Count = fn(&NodeReport) -> u64;

/// How a hook can fail, and the count.
const FAULTS: [(&str, Count); 2] = [("error", |node| node.errors), ("panic", |node| node.panics)];

pub(super) fn encode(families: &mut Families<'_, '_>, nodes: &[NodeReport]) -> fmt::Result {
    let counts = |count: Count| nodes.iter().map(move |node| (labels(node), count(node)));
    let spans = |span: fn(&NodeReport) -> Duration| {
        nodes.iter().map(move |node| (labels(node), span(node)))
    };
    families.counters(
        "node_activations",
        "Visits of the worker to the node",
        counts(|node| node.activations),
    )?;
    families.counters(
        "node_messages",
        "Messages handled",
        counts(|node| node.messages),
    )?;
    families.counters("node_ticks", "Ticks served", counts(|node| node.ticks))?;
    families.counters(
        "node_late_ticks",
        "Ticks that began more than a tenth of their interval late",
        counts(|node| node.late_ticks),
    )?;
    families.counters(
        "node_missed_ticks",
        "Ticks skipped because their time had passed",
        counts(|node| node.missed_ticks),
    )?;
    families.seconds_gauges(
        "node_tick_lateness_max",
        "The worst lateness of a tick served",
        spans(|node| node.max_lateness),
    )?;
    let distributions = |of: fn(&NodeReport) -> Option<&HistogramSnapshot>| {
        nodes
            .iter()
            .filter_map(move |node| Some((labels(node), of(node)?)))
    };
    families.seconds_histograms(
        "node_tick_lateness",
        "How late ticks began",
        distributions(|node| node.lateness.as_ref()),
    )?;
    families.seconds_histograms(
        "node_execution",
        "How long activations took, of a sample",
        distributions(|node| node.execution.as_ref()),
    )?;
    families.seconds_histograms(
        "node_end_to_end",
        "How old messages were when this sink received them, of a sample",
        distributions(|node| Some(&node.end_to_end.as_ref()?.age)),
    )?;
    families.counters(
        "node_faults",
        "Hooks that returned an error or panicked, by which of the two",
        FAULTS.iter().flat_map(|&(kind, count)| {
            counts(count).map(move |(mut labels, count)| {
                labels.push(("kind", kind.into()));
                (labels, count)
            })
        }),
    )?;
    families.counters(
        "node_overruns",
        "Activations that took longer than the node's budget",
        counts(|node| node.overruns),
    )?;
    families.counters(
        "node_restarts",
        "Replacements from the node's factory",
        counts(|node| node.restarts),
    )?;
    families.counters(
        "node_parked",
        "Times the node was ready but lacked room downstream",
        counts(|node| node.parked),
    )?;
    families.gauges(
        "node_state",
        "1 for the state the node is in, 0 for the others",
        nodes.iter().flat_map(|node| {
            NodeState::ALL.map(|state| {
                let mut labels = labels(node);
                labels.push(("state", state.to_string().into()));
                (labels, u64::from(state == node.state))
            })
        }),
    )
}

fn labels(node: &NodeReport) -> Labels<'_> {
    vec![
        ("node", node.path.as_str().into()),
        ("worker", node.worker.to_string().into()),
    ]
}
