//! The engine without threads: driven by its caller, step by step.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::band::Band;
use crate::door::{DoorError, Doors, Entrance, Exit};
use crate::metrics::Recording;
use crate::sched::{Address, Phase, Turn, Worker, lock_memory};
use crate::sync::thread;
use crate::time::Timestamp;

use super::artefacts::Occasion;
use super::blueprint::Blueprint;
use super::diagnosis::Diagnosis;
use super::ending::{await_senders, drop_nodes, quiescent, report};
use super::error::BuildError;
use super::handle::{Control, EngineHandle};
use super::report::{Report, StopReason};
use super::snapshot::Snapshot;
use super::supervision::Supervision;
use super::wiring::Wired;

/// An engine that runs on its caller's thread, one activation at a time.
///
/// The same worker, ready sets and edges as on a thread. With a
/// [`ManualClock`](crate::time::ManualClock) it is deterministic: the same
/// graph, inputs and calls give the same sequence of activations, messages and
/// headers. For tests, simulations, and callbacks with a deadline of their
/// own.
///
/// ```
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("numbers");
/// let numbers = graph.add("numbers", builtin::source_iter(1..=3))?;
/// let print = graph.add("print", builtin::sink(|n: i32| assert!(n <= 3)))?;
/// graph.connect(
///     numbers.output(|n| &n.output),
///     print.input(|n| &n.input),
///     Edge::block(8),
/// )?;
/// let mut engine = Engine::builder(graph).stepping()?;
/// engine.run_until_idle(100);
/// let report = engine.shutdown(100);
/// assert!(report.is_balanced());
/// assert_eq!(report.edge("numbers:out->print:in").unwrap().ledger.delivered, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SteppedEngine {
    worker: Worker,
    supervision: Supervision,
    control: Arc<Control>,
    addresses: Vec<Address>,
    doors: Doors,
    /// Last: when the nodes are gone.
    end: End,
}

/// Tells who waits at a door that the engine is gone, and lets go of who listens.
struct End(Arc<Blueprint>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.shared.shut_doors();
        self.0.shared.wake_doors();
        self.0.end_listening();
    }
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// This node was called, for something in this band.
    Activated {
        /// The node's path.
        node: String,
        /// The band it was picked from.
        band: Band,
    },
    /// This node was ready, but a Block output of it lacks room; it is called
    /// when there is some.
    Parked {
        /// The node's path.
        node: String,
    },
    /// Nothing is ready.
    Idle {
        /// When the next tick is due, if a node has a cadence, or the next
        /// restart that was put off.
        next_tick: Option<Timestamp>,
    },
}

impl SteppedEngine {
    /// Calls every `on_start`.
    pub(super) fn launch(wired: Wired) -> Result<Self, BuildError> {
        let Wired {
            mut workers,
            supervision,
            control,
            settings,
            addresses,
            doors,
        } = wired;
        let Some(worker) = workers.pop() else {
            return Err(BuildError::Workers(0));
        };
        let end = End(Arc::clone(&control.blueprint));
        let mut engine = Self {
            end,
            worker,
            supervision,
            control,
            addresses,
            doors,
        };
        let shared = Arc::clone(&engine.control.blueprint.shared);
        engine.worker.start_nodes();
        engine.supervision.attend();
        if shared.start_failed() {
            engine.stop_nodes();
            let failed = engine.supervision.failed_starts();
            drop_nodes(vec![engine.worker], &engine.addresses);
            return Err(BuildError::OnStart(failed));
        }
        if settings.real_time.lock_memory {
            engine.control.blueprint.memory_lock.set(lock_memory());
        }
        shared.enter(Phase::Running);
        Ok(engine)
    }

    /// Takes one step: at most one activation.
    pub fn step(&mut self) -> Step {
        self.attend_if_called();
        match self.turn() {
            Turn::Picked { node, band, called } => {
                let node = self.path(node);
                if called {
                    Step::Activated { node, band }
                } else {
                    Step::Parked { node }
                }
            }
            Turn::Idle { due } => {
                let dues = [due, self.supervision.next_due()];
                let next_tick = dues.into_iter().flatten().min();
                Step::Idle { next_tick }
            }
            Turn::Stopped => Step::Idle { next_tick: None },
        }
    }

    /// Takes steps until nothing is ready, or `most` have been taken (a source
    /// that never rests is always ready). How many were taken.
    pub fn run_until_idle(&mut self, most: usize) -> usize {
        // What was asked for between steps holds from the first one on.
        self.attend_if_called();
        (0..most)
            .position(|_| !matches!(self.turn(), Turn::Picked { .. }))
            .unwrap_or(most)
    }

    /// The handle to send through the door that was opened as
    /// [`EngineBuilder::entrance`](super::EngineBuilder::entrance). Once for each.
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
    /// [`EngineBuilder::exit`](super::EngineBuilder::exit). Once for each.
    ///
    /// # Errors
    /// [`DoorError`] names the doors there are, or the payload type.
    pub fn take_exit<T: Send + 'static>(&mut self, name: &str) -> Result<Exit<T>, DoorError> {
        self.doors.take_exit(name)
    }

    /// All handles that nobody has taken yet; dropped by whoever takes them.
    pub(crate) fn take_doors(&mut self) -> Doors {
        core::mem::take(&mut self.doors)
    }

    /// A handle, as of an engine with threads. Its requests take effect at the
    /// next step; a requested shutdown is
    /// [to be carried out](Self::shutdown_requested) by the caller.
    #[must_use]
    pub fn handle(&self) -> EngineHandle {
        EngineHandle {
            control: Arc::clone(&self.control),
        }
    }

    /// Reads all counters.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.control.blueprint.snapshot()
    }

    /// What the flight recorder holds; `None` when it is off, see
    /// [`EngineBuilder::recorder`](super::EngineBuilder::recorder).
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        self.control.blueprint.recording()
    }

    /// Who waits for whom, and why: see [`Diagnosis`]. Durations are by the
    /// engine's clock, from the first of several such calls that saw the same.
    #[must_use]
    pub fn diagnosis(&mut self) -> Diagnosis {
        self.tell_who_is_ready();
        self.control.blueprint.diagnosis()
    }

    /// As an observer would have asked for it.
    fn tell_who_is_ready(&self) {
        self.control.blueprint.shared.request_standings();
        self.worker.core.answer_standings();
    }

    /// Whether a node or a handle asked for shutdown, or every node has
    /// finished: time to call [`shutdown`](Self::shutdown).
    #[must_use]
    pub fn shutdown_requested(&self) -> bool {
        let shared = &self.control.blueprint.shared;
        shared.shutdown_requested() || shared.all_nodes_ended()
    }

    /// Shuts down: drains for at most `most` steps, then discards what is
    /// left; runs `on_stop`, consumers before producers. A look at another
    /// thread that is about to send or receive at a door counts as a step.
    pub fn shutdown(mut self, most: usize) -> Report {
        drop(self.take_doors());
        let shared = Arc::clone(&self.control.blueprint.shared);
        let reason = if shared.all_nodes_ended() && !shared.shutdown_requested() {
            StopReason::Completed
        } else {
            self.supervision.reason()
        };
        let begin = self.worker.clock().now();
        shared.shut_doors();
        shared.enter(Phase::Draining);
        let mut drained = false;
        for _ in 0..=most {
            // What comes in now the turn may still miss.
            let comes = !shared.entrances_are_quiet();
            if matches!(self.turn(), Turn::Picked { .. }) {
                continue;
            }
            drained = quiescent(&self.control.blueprint);
            if drained || !(comes || shared.expects_more()) {
                break;
            }
            thread::yield_now();
        }
        if !drained && most > 0 {
            let why = format!("the shutdown was not through after {most} steps");
            let blueprint = &self.control.blueprint;
            self.tell_who_is_ready();
            blueprint.keep_artefacts(Occasion::Timeout, &why, None);
        }
        self.stop_nodes();
        await_senders(&shared);
        let took = self.worker.clock().now().since(begin);
        drop_nodes(vec![self.worker], &self.addresses);
        self.supervision.end_of_watermarks();
        drop(self.end);
        report(self.supervision, reason, drained, took)
    }

    /// Calls every `on_stop`, consumers before producers.
    fn stop_nodes(&mut self) {
        self.control.blueprint.shared.enter(Phase::Stopping);
        self.turn();
        for address in self.addresses.iter().rev() {
            self.worker.stop_node(address.node);
        }
        self.supervision.attend();
        self.supervision.dismiss();
    }

    fn turn(&mut self) -> Turn {
        loop {
            let turn = self.worker.turn();
            self.attend_if_called();
            // What the supervisor sent may make somebody ready.
            if !matches!(turn, Turn::Idle { .. }) || self.worker.mail().is_empty() {
                return turn;
            }
        }
    }

    /// Does what the supervisor's thread would: if it was called, or something
    /// was put off until now.
    #[inline(always)]
    fn attend_if_called(&mut self) {
        let calls = &self.control.blueprint.shared.supervisor;
        if !calls.is_empty() || self.supervision.has_more_to_do() {
            self.attend();
        }
    }

    #[cold]
    fn attend(&mut self) {
        let calls = &self.control.blueprint.shared.supervisor;
        let called = !calls.is_empty();
        let due = self.supervision.next_due();
        if called {
            calls.drain(|_| ());
            self.tell_who_is_ready();
        }
        if called || due.is_some_and(|due| self.supervision.is_due(due)) {
            self.supervision.attend();
        }
        // After every step, so there is no time to look again at.
        let _ = self.supervision.look_at_watermarks();
    }

    /// There is one worker, so local indices are the plan's.
    fn path(&self, node: usize) -> String {
        self.control.blueprint.nodes[node].path.clone()
    }
}
