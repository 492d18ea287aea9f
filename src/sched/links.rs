//! How the scheduler sees the edges of a node, and where nodes live.

use alloc::sync::Arc;

use crate::band::Band;
use crate::edge::{EdgeControl, Fates};

use super::edge_stats::EdgeStats;

/// What the scheduler holds of an edge.
pub(crate) type EdgeHandle = crate::sync::Shared<EdgeControl>;

/// Where a node lives: which worker, and at which index there. Or a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) worker: usize,
    pub(crate) node: usize,
}

impl Address {
    /// No worker: the other end of the edge is a door.
    const OUTSIDE: usize = usize::MAX;

    /// Of the door with this index in [`Shared`](super::shared::Shared).
    pub(crate) const fn of_door(index: usize) -> Self {
        Self {
            worker: Self::OUTSIDE,
            node: index,
        }
    }

    /// The door's index, if it is one.
    pub(crate) const fn door(self) -> Option<usize> {
        if self.worker == Self::OUTSIDE {
            Some(self.node)
        } else {
            None
        }
    }
}

/// The consuming side of an edge.
#[derive(Debug)]
pub(crate) struct InputLink {
    pub(crate) edge: EdgeHandle,
    /// The edge's index in the plan.
    pub(crate) edge_index: usize,
    pub(crate) band: Band,
    pub(crate) credited: bool,
    /// What arrives does not make the node ready.
    pub(crate) passive: bool,
    /// It keeps no node alive whose other inputs have ended: a passive input, and
    /// one that handles inject into.
    pub(crate) secondary: bool,
    /// The producer is on another worker, or outside.
    pub(crate) remote: bool,
    pub(crate) producer: Address,
    /// The engine's handles are the producer.
    pub(crate) injects: bool,
    /// The producer's index in the plan; `None` for a door.
    pub(crate) source: Option<usize>,
    /// The index of the port.
    pub(crate) port: usize,
    /// While the node drains: where the input is shut, see
    /// [`resting`](super::resting).
    pub(crate) cut: u64,
    pub(crate) stats: Arc<EdgeStats>,
}

impl InputLink {
    /// Whether this worker looks for messages here, and asks to be told only
    /// before it stops looking. What is urgent is to interrupt a batch, which
    /// only being told can do.
    #[inline(always)]
    pub(crate) fn is_polled(&self) -> bool {
        self.remote && !self.passive && self.band == Band::Normal
    }

    /// After the input was found empty: asks to be told at once, if it is not
    /// polled. Whether something is there after all.
    #[inline(never)]
    pub(super) fn asks(&self) -> bool {
        self.band > Band::Normal && self.edge.ask()
    }

    /// Whether nothing more comes from here that keeps the node alive.
    #[inline(always)]
    pub(super) fn has_ended(&self) -> bool {
        self.edge.has_ended() || (self.secondary && self.may_be_left())
    }

    /// Whether a node may end in spite of this input: what waits in a passive one
    /// keeps it no longer than the producer, what was injected is handled first.
    #[inline(never)]
    fn may_be_left(&self) -> bool {
        if self.passive {
            self.injects || self.edge.producer_closed()
        } else {
            !self.edge.has_pending()
        }
    }
}

/// The producing side of an edge.
#[derive(Debug)]
pub(crate) struct OutputLink {
    pub(crate) edge: EdgeHandle,
    /// The bit of the port's index.
    pub(crate) port: u64,
    /// The edge's index in the plan.
    pub(crate) edge_index: usize,
    pub(crate) band: Band,
    /// It leads to a passive input.
    pub(crate) passive: bool,
    /// It stores or refuses, and nothing else: a Block edge.
    pub(crate) lossless: bool,
    pub(crate) consumer: Address,
    pub(crate) stats: Arc<EdgeStats>,
    /// What the journal says about this edge already.
    pub(crate) noted: Fates,
}

/// A Block output, which must have room before the node is called.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) edge: EdgeHandle,
    /// The edge's index in the plan.
    pub(crate) edge_index: usize,
    /// How many messages a call may send for one that it handles; at least 1.
    pub(crate) fan_out: u64,
    pub(crate) stats: Arc<EdgeStats>,
    /// The consumer's position as last read; never ahead of the real one.
    pub(crate) head_seen: core::cell::Cell<u64>,
}

impl Gate {
    /// Whether so many messages surely can be handled.
    #[inline(always)]
    pub(super) fn has_room_for(&self, messages: u32) -> bool {
        let sends = u64::from(messages) * self.fan_out;
        self.edge.has_room_for(sends, &self.head_seen)
    }

    /// Whether one message can be handled.
    pub(super) fn has_room(&self) -> bool {
        self.edge.room() as u64 >= self.fan_out
    }
}
