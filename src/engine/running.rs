//! An engine on threads.

use alloc::sync::Arc;
use core::time::Duration;

use crate::door::{DoorError, Doors, Entrance, Exit};
use crate::graph::{Issue, Subgraph};
use crate::metrics::Recording;
use crate::sched::{Phase, lock_memory};
use crate::sync::thread::JoinHandle;

use super::crew::Crew;
use super::diagnosis::Diagnosis;
use super::error::BuildError;
use super::handle::{Control, EngineHandle};
use super::report::Report;
use super::settings::EngineBuilder;
use super::snapshot::Snapshot;
use super::supervisor::Supervisor;
use super::wiring::Wired;

/// A running engine.
///
/// Dropping it without [`shutdown`](Self::shutdown) or [`wait`](Self::wait)
/// shuts it down without draining, and waits for its threads.
///
/// ```
/// use std::time::Duration;
///
/// use tidegate::engine::{Engine, StopReason};
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("endless");
/// let mut next = 0_u64;
/// let source = builtin::source(move || {
///     next += 1;
///     Some(next)
/// });
/// let numbers = graph.add("numbers", source)?;
/// let sum = graph.add("sum", builtin::sink(|_: u64| {}))?;
/// graph.connect(numbers.output(|n| &n.output), sum.input(|n| &n.input), Edge::block(64))?;
///
/// let engine = Engine::builder(graph).start()?;
/// println!("{}", engine.snapshot()); // at any time, stopping nobody
/// let report = engine.shutdown(Duration::from_secs(1));
/// assert_eq!(report.reason, StopReason::Requested);
/// assert!(report.drained && report.is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping the engine stops it"]
pub struct Engine {
    control: Arc<Control>,
    supervisor: Option<JoinHandle<Option<Report>>>,
    doors: Doors,
}

impl Engine {
    /// Begins to build an engine that runs `graph`.
    pub fn builder(graph: Subgraph) -> EngineBuilder {
        EngineBuilder::new(graph)
    }

    /// Starts the threads; returns when every `on_start` is through.
    pub(super) fn launch(wired: Wired) -> Result<Self, BuildError> {
        let Wired {
            workers,
            supervision,
            control,
            settings,
            addresses,
            doors,
        } = wired;
        let shared = Arc::clone(&control.blueprint.shared);
        // All threads first, then the workers: a refused thread leaves nothing
        // half-started.
        let crew = Crew::spawn(&settings, &control.blueprint, &addresses)
            .inspect_err(|_| control.blueprint.end_listening())?;
        let (threads, watch) = crew.begin(workers);
        let supervisor = Supervisor {
            supervision,
            control: Arc::clone(&control),
            threads,
            addresses,
            stall_after: settings.stall_after,
        };
        if shared.start_failed() {
            return Err(BuildError::OnStart(supervisor.abandon()));
        }
        if settings.real_time.lock_memory {
            control.blueprint.memory_lock.set(lock_memory());
        }
        shared.enter(Phase::Running); // arrow 0
        Ok(Self {
            control,
            supervisor: Some(watch.begin(supervisor)),
            doors,
        })
    }

    /// The handle to send through the door that was opened as
    /// [`EngineBuilder::entrance`]. Once for each.
    ///
    /// # Errors
    /// [`DoorError`] names the doors there are, or the payload type.
    pub fn take_entrance<T: Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Entrance<T>, DoorError> {
        self.doors.take_entrance(name)
    }

    /// The handle to receive from the door that was opened as
    /// [`EngineBuilder::exit`]. Once for each.
    ///
    /// # Errors
    /// [`DoorError`] names the doors there are, or the payload type.
    pub fn take_exit<T: Send + 'static>(&mut self, name: &str) -> Result<Exit<T>, DoorError> {
        self.doors.take_exit(name)
    }

    /// A handle for any thread.
    #[must_use]
    pub fn handle(&self) -> EngineHandle {
        EngineHandle {
            control: Arc::clone(&self.control),
        }
    }

    /// What validation found in the graph that does not keep it from running.
    #[must_use]
    pub fn warnings(&self) -> &[Issue] {
        &self.control.blueprint.warnings
    }

    /// Reads all counters, stopping nobody.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.control.blueprint.snapshot()
    }

    /// What the flight recorders hold at the moment; `None` when they are off,
    /// see [`EngineBuilder::recorder`].
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        self.control.blueprint.recording()
    }

    /// Who waits for whom, and why: see [`Diagnosis`]. Asks the workers who is
    /// ready, and waits for their answers for 50 ms at most.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        self.control.blueprint.diagnosis()
    }

    /// Shuts down: sources and ticks rest, the edges drain for at most
    /// `timeout`, then what is left is discarded and counted; `on_stop` runs,
    /// consumers before producers; every thread is joined.
    ///
    /// A handler that never returns cannot be interrupted: this waits for it.
    pub fn shutdown(self, timeout: Duration) -> Report {
        self.control.request_shutdown(timeout);
        self.wait()
    }

    /// Waits until the engine stops: because every node has finished, or
    /// because a handle or a node asks for it.
    ///
    /// Handles of doors that nobody took are dropped: through an entrance of
    /// these nothing more can come.
    pub fn wait(mut self) -> Report {
        drop(core::mem::take(&mut self.doors));
        let report = self.supervisor.take().map(JoinHandle::join);
        match report {
            Some(Ok(Some(report))) => report,
            // A panic of the engine's own: hand it on rather than hide it.
            Some(Err(payload)) => std::panic::resume_unwind(payload),
            Some(Ok(None)) | None => unreachable!("a launched engine has its supervisor"),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(supervisor) = self.supervisor.take() {
            self.control.request_shutdown(Duration::ZERO);
            // A panic there has been reported by its thread.
            let _ = supervisor.join();
        }
    }
}
