//! What an engine's report says of edges, nodes and workers, for JSON.

use serde::Serialize;
use tidegate::engine;

/// The account of one edge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct EdgeReport {
    /// `node:port->node:port`.
    pub(crate) id: String,
    /// `block`, `drop`, `latest` or `coalesce`.
    pub(crate) policy: String,
    /// How many messages it holds.
    pub(crate) capacity: u64,
    /// Sends that were accepted, whatever became of the message.
    pub(crate) sent: u64,
    /// Messages the consumer took.
    pub(crate) delivered: u64,
    /// Messages refused because the edge was full.
    pub(crate) dropped: u64,
    /// Messages that made room for newer ones.
    pub(crate) evicted: u64,
    /// Messages merged into the one before.
    pub(crate) coalesced: u64,
    /// Messages that were too old when their turn came.
    pub(crate) expired: u64,
    /// Messages on the edge.
    pub(crate) in_flight: u64,
    /// Messages given up when the engine stopped.
    pub(crate) discarded: u64,
}

impl From<&engine::EdgeReport> for EdgeReport {
    fn from(edge: &engine::EdgeReport) -> Self {
        let ledger = &edge.ledger;
        Self {
            id: edge.id.clone(),
            policy: edge.policy.to_string(),
            capacity: edge.capacity as u64,
            sent: ledger.sent,
            delivered: ledger.delivered,
            dropped: ledger.dropped,
            evicted: ledger.evicted,
            coalesced: ledger.coalesced,
            expired: ledger.expired,
            in_flight: ledger.in_flight,
            discarded: ledger.discarded,
        }
    }
}

impl From<&engine::NodeReport> for NodeReport {
    fn from(node: &engine::NodeReport) -> Self {
        Self {
            name: node.path.clone(),
            messages: node.messages,
            ticks: node.ticks,
            faults: node.errors + node.panics,
        }
    }
}

impl From<&engine::WorkerReport> for WorkerReport {
    fn from(worker: &engine::WorkerReport) -> Self {
        Self {
            index: worker.index as u64,
            core: worker.pinning.core().map(|core| core as u64),
        }
    }
}

#[cfg(test)]
impl EdgeReport {
    /// With a different number in each account.
    pub(crate) fn example() -> Self {
        Self {
            id: "a:out->b:in".to_owned(),
            policy: "latest".to_owned(),
            capacity: 8,
            sent: 28,
            delivered: 1,
            dropped: 2,
            evicted: 3,
            coalesced: 4,
            in_flight: 5,
            discarded: 6,
            expired: 7,
        }
    }

    /// Whether what was sent is what became of it.
    pub(crate) fn balances(&self) -> bool {
        let accounted = [
            self.delivered,
            self.dropped,
            self.evicted,
            self.coalesced,
            self.expired,
            self.in_flight,
            self.discarded,
        ];
        accounted.iter().map(|&n| u128::from(n)).sum::<u128>() == u128::from(self.sent)
    }
}

/// What one node did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct NodeReport {
    /// Its name, with the path of the subgraphs it is in.
    pub(crate) name: String,
    /// Messages it handled.
    pub(crate) messages: u64,
    /// Ticks it handled.
    pub(crate) ticks: u64,
    /// Errors and panics in its hooks.
    pub(crate) faults: u64,
}

/// Where one worker ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct WorkerReport {
    /// Its number, from 0.
    pub(crate) index: u64,
    /// The core it was pinned to; `null` when pinning failed.
    pub(crate) core: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_balances_only_when_every_message_is_accounted_for() {
        assert!(EdgeReport::example().balances());
        for delta in [-1_i64, 1] {
            let mut lost = EdgeReport::example();
            lost.sent = lost.sent.wrapping_add_signed(delta);
            assert!(!lost.balances());
        }
        let mut overflowing = EdgeReport::example();
        overflowing.delivered = u64::MAX;
        assert!(!overflowing.balances());
    }
}
