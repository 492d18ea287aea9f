//! What nodes tell the test around the engine.

use tidegate::message::TraceId;
use tidegate::node::SendOutcome;
use tidegate::time::Timestamp;

use super::common::{Count, Log};
use super::packet::Packet;

/// The messages that were sent over an edge. `None`: the node that sends it
/// does not learn what became of it.
pub(crate) type SentLog = Log<Option<SendOutcome>>;

/// The messages that were received from an edge.
pub(crate) type ReceivedLog = Log<Received>;

/// A message with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) packet: Packet,
    pub(crate) trace: Option<TraceId>,
    pub(crate) origin: Option<Timestamp>,
}

/// What a node counts itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeCounts {
    /// Messages received and turns used.
    pub(crate) handled: Count,
    pub(crate) ticks: Count,
    pub(crate) errors: Count,
    pub(crate) panics: Count,
    /// Sends that met a full Block edge, which credit is to prevent.
    pub(crate) refused: Count,
}
