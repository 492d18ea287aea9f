//! Telling observers who is ready.
//!
//! The ready sets are plain words of their worker; nobody else may read them.
//! So an observer asks, and each worker copies them out at its next turn, in
//! the rare path that looks at the shared state. A worker that is held by a
//! handler cannot answer; of that one its last call is known, see
//! [`WorkerStats::calling`](super::stats::WorkerStats).

use crate::band::Band;
use crate::sync::Ordering;

use super::core::Core;
use super::shared::Shared;

impl Shared {
    /// Begins a request; its number. The workers learn of it by mail.
    pub(crate) fn request_standings(&self) -> u64 {
        // Relaxed: the mail, or being the worker's own thread, orders it.
        self.standings_requested.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the last request, or of the first one to come.
    pub(crate) fn last_request(&self) -> u64 {
        // Relaxed: see there.
        self.standings_requested.load(Ordering::Relaxed).max(1)
    }

    /// Whether the worker has answered this request, or a later one.
    pub(crate) fn has_answered(&self, worker: usize, request: u64) -> bool {
        // [standings]: acquires the copies of the worker's ready sets.
        let answered = &self.worker_stats[worker].answered;
        answered.load(Ordering::Acquire) >= request
    }

    /// In which band the node was ready when its worker answered last.
    pub(crate) fn answered_band(&self, node: usize) -> Option<Band> {
        let band = self.node_stats[node].answered_band.get().checked_sub(1)?;
        Band::ALL.into_iter().find(|it| it.index() as u64 == band)
    }
}

impl Core {
    /// Copies the ready sets out, if somebody has asked since the last time.
    pub(crate) fn answer_standings(&self) {
        // Relaxed: see the request.
        let requested = self.shared.standings_requested.load(Ordering::Relaxed);
        let answered = &self.shared.worker_stats[self.index()].answered;
        // Relaxed: its own.
        if answered.load(Ordering::Relaxed) == requested {
            return;
        }
        for (index, cell) in self.local.cells.iter().enumerate() {
            let band = self.local.ready.band_of(index);
            let number = band.map_or(0, |band| band.index() as u64 + 1);
            cell.stats.answered_band.set(number);
        }
        // [standings]: releases the copies.
        answered.store(requested, Ordering::Release);
    }
}
