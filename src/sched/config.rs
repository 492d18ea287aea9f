//! What can be changed while the engine runs.

use core::time::Duration;

use crate::band::Band;
use crate::node::Tick;

use super::bands::Weights;

/// The most messages an activation may be allowed to handle.
pub(crate) const MAX_BATCH: u32 = 1 << 16;

/// One version of the live settings, shared with the workers through an
/// `ArcSwap`.
///
/// The control side makes a changed copy, swaps it in and tells the workers by
/// mail; a worker takes over what concerns it as plain values, so that nothing
/// on its hot path is shared. The control side keeps every version until no
/// worker refers to it, so that none is freed on a worker.
#[derive(Clone, Debug)]
pub(crate) struct LiveConfig {
    /// Counts up with each change.
    pub(crate) version: u64,
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
