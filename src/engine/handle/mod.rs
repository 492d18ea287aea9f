//! Changing and observing a running engine from any thread.

mod calls;
mod changes;
mod draining;
mod error;
mod quarantine;
mod record;

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::graph::Issue;
use crate::metrics::Recording;
#[cfg(feature = "tracing")]
use crate::sched::{LiveConfig, Phase};
use crate::sync::Mutex;

use super::artefacts::{ArtefactError, Artefacts, Occasion};
use super::blueprint::Blueprint;
use super::diagnosis::{Diagnosis, Stall};
use super::report::FaultReport;
use super::snapshot::Snapshot;

pub(crate) use calls::Calls;
pub(crate) use changes::check_batch;
pub use error::{ControlError, NotApplied, NotDrained};
pub use quarantine::Receipt;
pub(crate) use quarantine::{Answer, Request, Wish};
pub use record::{
    Acknowledgement, Applied, Change, ControlOutcome, ControlRecord, ControlRequest, KEPT_CALLS,
};

/// A handle on an engine: observes it, changes it, stops it.
///
/// Cheap to clone; works from any thread, and observes also after the engine
/// has stopped.
///
/// # Real-time
/// The calls lock among handles and allocate. The workers are told by mail and
/// take over plain values: they neither lock, wait, allocate nor free. What a
/// change replaces is freed by whoever makes the next one, never by a worker.
#[derive(Clone)]
pub struct EngineHandle {
    pub(crate) control: Arc<Control>,
}

/// What the handles of an engine share.
pub(crate) struct Control {
    pub(crate) blueprint: Arc<Blueprint>,
    /// How long a requested shutdown may drain.
    pub(crate) drain_timeout: Mutex<Duration>,
}

impl Control {
    pub(crate) fn new(blueprint: Arc<Blueprint>, drain_timeout: Duration) -> Self {
        Self {
            blueprint,
            drain_timeout: Mutex::new(drain_timeout),
        }
    }

    /// Asks for a shutdown that drains for at most `timeout`.
    pub(crate) fn request_shutdown(&self, timeout: Duration) {
        *lock(&self.drain_timeout) = timeout;
        self.blueprint.shared.request_shutdown();
    }
}

/// Locks; a panic of another holder left nothing half-done behind these locks.
#[cfg_attr(tidegate_rtsan, sanitize(realtime = "blocking"))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> crate::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl EngineHandle {
    /// The graph's name.
    #[must_use]
    pub fn graph(&self) -> &str {
        &self.control.blueprint.name
    }

    /// What validation found in the graph that does not keep it from running.
    #[must_use]
    pub fn warnings(&self) -> &[Issue] {
        &self.control.blueprint.warnings
    }

    /// The faults described so far but for the first `known` of them, and how
    /// many there were besides that are not described.
    #[must_use]
    pub fn faults_after(&self, known: usize) -> (Vec<FaultReport>, u64) {
        let faults = lock(&self.control.blueprint.faults);
        let new = faults.reports.get(known..).unwrap_or_default();
        (new.to_vec(), faults.more)
    }

    /// The stalls reported so far but for the first `known` of them, and how
    /// many there were besides that are not described. See
    /// [`EngineBuilder::stall_after`](super::EngineBuilder::stall_after).
    #[must_use]
    pub fn stalls_after(&self, known: usize) -> (Vec<Stall>, u64) {
        let stalls = lock(&self.control.blueprint.stalls);
        let new = stalls.reports.get(known..).unwrap_or_default();
        (new.to_vec(), stalls.more)
    }

    /// Who waits for whom, and why: see [`Diagnosis`]. Asks the workers who is
    /// ready, and waits for their answers for 50 ms at most; in stepping mode
    /// nobody is asked, see
    /// [`SteppedEngine::diagnosis`](super::SteppedEngine::diagnosis).
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        self.control.blueprint.diagnosis()
    }

    /// Writes a directory below `parent` with all that is known at the moment,
    /// as the engine does by itself when something goes wrong; where. `why`
    /// becomes its first line. Works after the engine has stopped, too. See
    /// [`EngineBuilder::artefacts`](super::EngineBuilder::artefacts).
    ///
    /// # Errors
    /// [`ArtefactError`]; the engine does not notice.
    pub fn write_artefacts(
        &self,
        parent: impl AsRef<Path>,
        why: &str,
    ) -> Result<PathBuf, ArtefactError> {
        let blueprint = &self.control.blueprint;
        blueprint.write_artefacts(parent.as_ref(), Occasion::Request, why, None)
    }

    /// What the engine has written by itself so far.
    #[must_use]
    pub fn artefacts(&self) -> Artefacts {
        self.control.blueprint.artefacts.artefacts()
    }

    /// Reads all counters, stopping nobody.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.control.blueprint.snapshot()
    }

    /// What the flight recorders hold at the moment, or held when the engine
    /// stopped; `None` when they are off, see
    /// [`EngineBuilder::recorder`](super::EngineBuilder::recorder). Stops
    /// nobody.
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        self.control.blueprint.recording()
    }

    /// Asks the engine to shut down; it drains for at most `timeout`, then
    /// discards. Returns at once; [`Engine::wait`](super::Engine::wait) gives
    /// the report. Asked again while it drains, the latest timeout holds,
    /// counted from the beginning of the shutdown.
    pub fn request_shutdown(&self, timeout: Duration) {
        let blueprint = &self.control.blueprint;
        let at = blueprint.clock.now();
        lock(&blueprint.calls).note(at, ControlRequest::Shutdown { timeout }, Ok(None));
        self.control.request_shutdown(timeout);
    }

    /// The phase that the engine is in, or was in when it ended.
    #[cfg(feature = "tracing")]
    pub(crate) fn phase(&self) -> Phase {
        self.control.blueprint.shared.phase()
    }

    /// A copy of the settings in force.
    #[cfg(feature = "tracing")]
    pub(crate) fn config(&self) -> LiveConfig {
        LiveConfig::clone(&self.control.blueprint.shared.config.load())
    }
}
