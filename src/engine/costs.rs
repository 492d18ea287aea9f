//! What a run says about the costs of its nodes.

use core::time::Duration;

use crate::graph::Costs;

use super::snapshot::{NodeReport, Snapshot};

/// Nanoseconds that each node kept its worker busy: the mean of its timed
/// activations, times all of them.
///
/// A node of which no activation was timed counts for the mean over all
/// nodes. With metrics off, every activation counts alike.
impl From<&Snapshot> for Costs {
    fn from(snapshot: &Snapshot) -> Self {
        let timed = |node: &NodeReport| {
            let execution = node.execution.as_ref()?;
            (!execution.is_empty()).then(|| (execution.sum(), execution.count()))
        };
        let (sum, count) = snapshot
            .nodes
            .iter()
            .filter_map(timed)
            .fold((Duration::ZERO, 0), |(sum, count), (more, times)| {
                (sum + more, count + times)
            });
        let overall = if count == 0 {
            (Duration::from_nanos(1), 1)
        } else {
            (sum, count)
        };
        let cost = |node: &NodeReport| {
            let (sum, count) = timed(node).unwrap_or(overall);
            let nanos = sum.as_nanos() * u128::from(node.activations) / u128::from(count);
            u64::try_from(nanos).unwrap_or(u64::MAX)
        };
        let nodes = snapshot.nodes.iter();
        nodes.map(|node| (node.path.as_str(), cost(node))).collect()
    }
}
