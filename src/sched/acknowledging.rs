//! How a worker says that a change is in force, and since when.
//!
//! Each change of the [live settings](super::config) has a version. A worker
//! that takes over a version pushes an [`Ack`] for it, and for those before
//! that it had not taken over, into a queue whose other end the handles have.
//! What it did before is visible to who pops that.
//!
//! # Why the queue is never full
//!
//! The handles empty all queues before each change, under the lock that puts
//! changes in order. Between two of these moments one version comes into
//! force. So a worker takes over at most two times: the version that was in
//! force, and the one after. Each time it pushes at most [`KEPT`].

use crate::time::Timestamp;

use super::config::{KEPT, LiveConfig};
use super::core::Core;

/// Places in the queue from a worker to the handles.
pub(crate) const ACKS: usize = 2 * KEPT;

/// A worker works by this version of the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ack {
    pub(crate) version: u64,
    /// When it took it over.
    pub(crate) at: Timestamp,
    /// How many activations the worker had made by then.
    pub(crate) activations: u64,
    /// How many there had been of the node that the change is about, if it is
    /// about one that is on this worker.
    pub(crate) of_node: Option<u64>,
}

impl Core {
    /// Says that `config` is in force here, since `now`.
    pub(super) fn acknowledge(&mut self, config: &LiveConfig, now: Timestamp) {
        let activations = self.shared.worker_stats[self.index()].activations();
        let kept = config.version.saturating_sub(KEPT as u64);
        for version in self.acknowledged.max(kept) + 1..=config.version {
            let about = config.about[version as usize % KEPT];
            let mut cells = self.local.cells.iter();
            let cell = cells.find(|cell| Some(cell.plan_index) == about);
            let ack = Ack {
                version,
                at: now,
                activations,
                of_node: cell.map(|cell| cell.stats.activations.get()),
            };
            // There is room, see the module's text.
            let pushed = self.links.acks.push(ack);
            debug_assert!(pushed.is_ok(), "a queue that cannot be full");
        }
        self.acknowledged = config.version;
    }
}
