//! Structured logs of an engine, as [`tracing`] events.
//!
//! A [`LogObserver`] looks at an engine now and then, on a thread of its own or
//! whenever it is told to, and says what has changed since it looked last.
//! Workers format nothing and know nothing of it.
//!
//! | target | level | what |
//! |---|---|---|
//! | `tidegate::lifecycle` | info | phases, states of nodes, pinning, the report |
//! | `tidegate::lifecycle` | warn | doubts about the graph, a refused pin, a shutdown that had to discard |
//! | `tidegate::stall` | warn | messages that nobody moves, and why; artefacts that could not be written |
//! | `tidegate::fault` | warn | a hook that failed, a node quarantined or replaced, a merge or drop that panicked |
//! | `tidegate::policy` | warn | messages dropped or discarded, per edge |
//! | `tidegate::policy` | debug | messages evicted or merged, per edge; late and missed ticks, per node |
//! | `tidegate::change` | info | a setting that somebody changed, from what to what |
//!
//! Losses of one edge, and ticks of one node, come at most
//! [once per interval](LogObserver::interval) with the sum of what happened,
//! however many messages that were. What happened for a shorter time than
//! between two looks (a pause that was ended at once) may not be seen.
//!
//! What a flight recorder holds is told by [`say_recording`], at debug level:
//! each activation as an event or a span, with the trace id of its last message.
//!
//! Payloads are not in any of it. The text of a fault is what the node's author
//! wrote into the error or panic; [`LogObserver::fault_texts`] leaves it out.
//!
//! ```
//! use core::time::Duration;
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//! use tidegate::observe::log::LogObserver;
//!
//! let mut graph = Subgraph::new("numbers");
//! let numbers = graph.add("numbers", builtin::source_iter(1..=3))?;
//! let print = graph.add("print", builtin::sink(|_: i32| ()))?;
//! graph.connect(
//!     numbers.output(|n| &n.output),
//!     print.input(|n| &n.input),
//!     Edge::block(8),
//! )?;
//! let engine = Engine::builder(graph).start()?;
//! let log = LogObserver::new(engine.handle()).spawn(Duration::from_millis(100))?;
//! let report = engine.wait();
//! log.finish(&report);
//! # assert!(report.is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod changes;
mod losses;
mod recording;
mod stalls;
mod thread;

#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use core::time::Duration;

use ::tracing::{info, warn};

use crate::engine::{EngineHandle, FaultReport, Report, Snapshot};
use crate::sched::{LiveConfig, MemoryLock, NodeState, Phase, Pinning, Scheduling};
use crate::time::{Clock, MonotonicClock};

use losses::Losses;
use stalls::Stalls;

pub use recording::{Activations, say_recording};
pub use thread::LogThread;

/// Where events of each kind come from, to be filtered by.
mod target {
    pub(super) const LIFECYCLE: &str = "tidegate::lifecycle";
    pub(super) const FAULT: &str = "tidegate::fault";
    pub(super) const STALL: &str = "tidegate::stall";
    pub(super) const POLICY: &str = "tidegate::policy";
    pub(super) const CHANGE: &str = "tidegate::change";
    pub(super) const ACTIVATION: &str = "tidegate::activation";
    pub(super) const RECORDER: &str = "tidegate::recorder";
}

/// Says what an engine does, in [`tracing`] events.
pub struct LogObserver {
    handle: EngineHandle,
    clock: Box<dyn Clock>,
    fault_texts: bool,
    /// What was said already; nothing before the first look.
    said: Option<Said>,
    losses: Losses,
    /// How many of the engine's faults were said.
    faults: usize,
    more_faults: u64,
    stalls: Stalls,
}

/// The engine as the log knows it.
struct Said {
    phase: Phase,
    snapshot: Snapshot,
    config: LiveConfig,
}

impl LogObserver {
    /// An observer of the engine that this handle is of. It says nothing until
    /// it looks for the first time.
    #[must_use]
    pub fn new(handle: EngineHandle) -> Self {
        Self {
            handle,
            clock: Box::new(MonotonicClock::new()),
            fault_texts: true,
            said: None,
            losses: Losses::default(),
            faults: 0,
            more_faults: 0,
            stalls: Stalls::default(),
        }
    }

    /// How long nothing more is said about the losses of an edge, or the ticks
    /// of a node, after something was; 1 s unless set.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.losses.set_interval(interval);
        self
    }

    /// Whether the texts of faults are said; they are unless set to false.
    #[must_use]
    pub const fn fault_texts(mut self, said: bool) -> Self {
        self.fault_texts = said;
        self
    }

    /// The clock that the interval is measured with; the machine's unless set.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Looks at the engine and says what has changed.
    ///
    /// # Real-time
    /// Reads counters, stopping nobody; allocates and does what the subscriber
    /// does. Not for a worker.
    pub fn look(&mut self) {
        let phase = self.handle.phase();
        let snapshot = self.handle.snapshot();
        let config = self.handle.config();
        self.say_faults();
        self.stalls.say(&self.handle);
        let graph = self.handle.graph();
        match &self.said {
            None => {
                say_first(&self.handle, &snapshot);
                say_phase(graph, phase);
            }
            Some(said) => {
                if said.phase != phase {
                    say_phase(graph, phase);
                }
                changes::say(graph, &said.config, &config, &snapshot);
                for (old, new) in said.snapshot.nodes.iter().zip(&snapshot.nodes) {
                    if old.state != new.state {
                        say_state(graph, &new.path, new.state);
                    }
                }
            }
        }
        self.losses.say(graph, &snapshot, self.clock.now());
        self.said = Some(Said {
            phase,
            snapshot,
            config,
        });
    }

    /// Looks for the last time, without waiting for any interval, and says how
    /// the engine ended.
    pub fn finish(mut self, report: &Report) {
        self.losses.set_interval(Duration::ZERO);
        self.look();
        let graph = self.handle.graph();
        let faults = report.faults.len() as u64 + report.more_faults;
        let took = report.shutdown_took.as_secs_f64();
        let balanced = report.is_balanced();
        if report.drained && balanced {
            info!(target: target::LIFECYCLE, graph, reason = ?report.reason,
                shutdown_seconds = took, faults, "engine stopped, everything handled");
        } else {
            warn!(target: target::LIFECYCLE, graph, reason = ?report.reason,
                shutdown_seconds = took, faults, balanced, drained = report.drained,
                "engine stopped with messages unhandled");
        }
    }

    fn say_faults(&mut self) {
        let graph = self.handle.graph();
        let (faults, more) = self.handle.faults_after(self.faults);
        self.faults += faults.len();
        for fault in &faults {
            let FaultReport { node, hook, at, .. } = fault;
            let at_ns = at.as_nanos();
            if self.fault_texts {
                warn!(target: target::FAULT, graph, node, %hook, at_ns,
                    error = fault.message, "node failed");
            } else {
                warn!(target: target::FAULT, graph, node, %hook, at_ns, "node failed");
            }
        }
        if more > self.more_faults {
            let count = more - self.more_faults;
            warn!(target: target::FAULT, graph, count, "more faults, not described");
            self.more_faults = more;
        }
    }
}

/// What is known before anything happens.
fn say_first(handle: &EngineHandle, snapshot: &Snapshot) {
    let graph = handle.graph();
    for warning in handle.warnings() {
        warn!(target: target::LIFECYCLE, graph, location = warning.location,
            code = ?warning.code, advice = warning.advice, "{}", warning.message);
    }
    for worker in &snapshot.workers {
        say_scheduling(graph, worker.index, worker.scheduling);
        let (worker, pinning) = (worker.index, worker.pinning);
        if let Pinning::Refused(core) = pinning {
            warn!(target: target::LIFECYCLE, graph, worker, core, "worker could not be pinned");
        } else {
            info!(target: target::LIFECYCLE, graph, worker, %pinning, "worker placed");
        }
    }
    say_memory(graph, snapshot.memory_lock);
}

fn say_scheduling(graph: &str, worker: usize, scheduling: Scheduling) {
    match scheduling {
        Scheduling::Ordinary => {}
        Scheduling::Granted(_) => {
            info!(target: target::LIFECYCLE, graph, worker, %scheduling, "worker has its priority");
        }
        Scheduling::Refused(..) | Scheduling::Unavailable(_) => {
            warn!(target: target::LIFECYCLE, graph, worker, %scheduling,
                "worker did not get its priority");
        }
    }
}

fn say_memory(graph: &str, memory: MemoryLock) {
    match memory {
        MemoryLock::NotAsked => {}
        MemoryLock::Locked => info!(target: target::LIFECYCLE, graph, "memory is locked"),
        MemoryLock::Refused(_) | MemoryLock::Unavailable => {
            warn!(target: target::LIFECYCLE, graph, %memory, "memory could not be locked");
        }
    }
}

fn say_phase(graph: &str, phase: Phase) {
    let phase = match phase {
        Phase::Starting => "starting",
        Phase::Running => "running",
        Phase::Draining => "draining",
        Phase::Stopping => "stopping",
    };
    info!(target: target::LIFECYCLE, graph, phase, "engine is {phase}");
}

fn say_state(graph: &str, node: &str, state: NodeState) {
    if matches!(state, NodeState::Quarantined | NodeState::Restarting) {
        warn!(target: target::FAULT, graph, node, %state, "node is {state}");
    } else {
        info!(target: target::LIFECYCLE, graph, node, %state, "node is {state}");
    }
}
