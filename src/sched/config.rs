//! What can be changed while the engine runs.

use alloc::vec::Vec;
use core::time::Duration;

use crate::band::Band;
use crate::node::Tick;

use super::bands::Weights;

/// The most messages an activation may be allowed to handle.
pub(crate) const MAX_BATCH: u32 = 1 << 16;

/// Of so many changes it is known what each was about: of the latest.
pub(crate) const KEPT: usize = 64;

/// One version of the live settings, shared with the workers as a
/// [`Published`](super::published::Published) value.
///
/// The control side puts a changed copy in force and tells the workers by mail;
/// a worker takes over what concerns it as plain values, so that nothing on its
/// hot path is shared, and [acknowledges](super::acknowledging) the version.
#[derive(Clone, Debug)]
pub(crate) struct LiveConfig {
    /// Counts up with each change.
    pub(crate) version: u64,
    /// By version modulo [`KEPT`]: the node, in the plan's order, that the
    /// change is about, if it is about one alone.
    pub(crate) about: [Option<usize>; KEPT],
    pub(crate) weights: Weights,
    /// Messages an activation may handle.
    pub(crate) batch: u32,
    /// The global cadence; zero for none.
    pub(crate) tick: Duration,
    /// By edge, in the plan's order.
    pub(crate) edge_bands: Vec<Band>,
    /// By edge, in the plan's order; valid for that edge.
    pub(crate) edge_capacities: Vec<usize>,
    /// By node, in the plan's order.
    pub(crate) node_ticks: Vec<Tick>,
    /// By node, in the plan's order.
    pub(crate) paused: Vec<bool>,
    /// By node, in the plan's order: the version of the drain that it is in; 0
    /// for none.
    pub(crate) drains: Vec<u64>,
}

impl LiveConfig {
    /// The cadence of a node in nanoseconds; zero for none.
    pub(crate) fn interval_of(&self, node: usize) -> u64 {
        let interval = match self.node_ticks[node] {
            Tick::Never => Duration::ZERO,
            Tick::Global => self.tick,
            Tick::Every(interval) => interval,
        };
        crate::time::saturating_nanos(interval)
    }
}
