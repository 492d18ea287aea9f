//! Changing and observing a running engine from any thread.

mod calls;
mod changes;
mod draining;
mod error;
mod injecting;
mod quarantine;
mod record;
#[cfg(feature = "std")]
mod waiting;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::graph::Issue;
use crate::metrics::Recording;
#[cfg(feature = "tracing")]
use crate::sched::{LiveConfig, Phase};
use crate::sync::{Mutex, lock};

use super::blueprint::Blueprint;
use super::diagnosis::{Diagnosis, Stall};
use super::report::FaultReport;
use super::snapshot::Snapshot;

pub(crate) use calls::Calls;
pub(crate) use changes::check_batch;
pub use error::{ControlError, NotApplied, NotDrained};
pub(crate) use injecting::Injectable;
pub use injecting::{InjectError, InjectFailure, Injected, NotTaken};
pub use quarantine::Receipt;
pub(crate) use quarantine::{Answer, Request, Wish};
pub use record::{
    Acknowledgement, Applied, Change, ControlOutcome, ControlRecord, ControlRequest, KEPT_CALLS,
    Taken,
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
/// Without `std` the locks spin, and so may a worker that takes a change over: a
/// handle is not for interrupt handlers there.
///
/// ```
/// use std::time::Duration;
///
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// # let mut graph = Subgraph::new("changing");
/// # let mut next = 0_u64;
/// # let source = builtin::source(move || { next += 1; Some(next) });
/// # graph.add("numbers", source)?;
/// # graph.add("sum", builtin::sink(|_: u64| {}))?;
/// graph.connect_by_name("numbers:out", "sum:in", Edge::block(8).max_capacity(64))?;
/// let engine = Engine::builder(graph).start()?;
/// let handle = engine.handle(); // for another thread, say
///
/// let change = handle.set_edge_capacity("numbers:out->sum:in", 64)?;
/// handle.wait_applied(change, Duration::from_secs(5))?; // in force on every worker
/// assert!(handle.set_edge_capacity("numbers:out->sum:in", 65).is_err());
///
/// handle.pause("sum")?;
/// handle.resume("sum")?;
/// assert_eq!(handle.calls().len(), 4); // the refused one as well
/// assert!(engine.shutdown(Duration::from_secs(5)).is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
