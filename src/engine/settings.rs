//! What an engine can be told before it is built.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;

use crate::door::{Frame, Inlet};
use crate::graph::{Costs, Edge, Plan, PlanSettings, PlannedNode, Subgraph};
use crate::metrics::{Metrics, Observation, Recorder};
use crate::node::{Direction, Tick};
use crate::sched::{
    Core, IdleStrategy, KEPT, LiveConfig, MAX_NODES, Weights, available_cores, nameable_cores,
    node_footprint,
};
use crate::time::counter::{self, Reading};
use crate::time::{Clock, OrdinaryClock};

use super::artefacts::Folder;
use super::error::BuildError;
use super::handle::{EngineHandle, check_batch};
use super::prepared::PreparedEngine;
use super::reading;
use super::real_time::RealTime;
use super::stepping::SteppedEngine;
use super::wards::Ward;

/// The most workers an engine can have.
pub const MAX_WORKERS: usize = 256;

/// Settings of an engine, each with a default; made by [`Engine::builder`](super::Engine::builder).
///
/// ```
/// use std::time::Duration;
///
/// use tidegate::engine::Engine;
/// use tidegate::sched::{IdleStrategy, Weights};
/// # use tidegate::graph::{Edge, Subgraph};
/// # let mut graph = Subgraph::new("settings");
/// # graph.add("source", tidegate::node::builtin::source_iter(0..9))?;
/// # graph.add("sink", tidegate::node::builtin::sink(|_: i32| {}))?;
/// # graph.connect_by_name("source:out", "sink:in", Edge::block(8))?;
///
/// let engine = Engine::builder(graph)
///     .workers(2)
///     .batch(16)
///     .weights(Weights::new(8, 2, 1)?)
///     .tick(Duration::from_millis(1))
///     .idle(IdleStrategy::Yield)
///     .memory_budget(1 << 20)
///     .start()?;
/// # assert!(engine.wait().is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct EngineBuilder {
    graph: Subgraph,
    pub(super) settings: Settings,
}

pub(crate) struct Settings {
    pub(super) workers: usize,
    pub(super) costs: Option<Costs>,
    pub(super) cores: Option<Vec<usize>>,
    pub(super) pin: bool,
    pub(super) real_time: RealTime,
    pub(super) tick: Option<Duration>,
    pub(super) batch: u32,
    pub(super) weights: Weights,
    pub(super) idle: IdleStrategy,
    pub(super) clock: Arc<dyn Clock>,
    /// Whether that is the machine's.
    pub(super) machine_time: bool,
    pub(super) seed: u64,
    pub(super) memory_budget: Option<usize>,
    pub(super) drain_timeout: Duration,
    pub(super) observation: Observation,
    pub(super) artefacts: Folder,
    pub(super) stall_after: Option<Duration>,
    pub(super) stepped: bool,
    pub(super) on_built: Option<Box<dyn FnOnce(EngineHandle) + Send>>,
}

impl EngineBuilder {
    pub(super) fn new(graph: Subgraph) -> Self {
        Self {
            graph,
            settings: Settings {
                workers: 1,
                costs: None,
                cores: None,
                pin: true,
                real_time: RealTime::new(),
                tick: None,
                batch: 8,
                weights: Weights::default(),
                idle: IdleStrategy::default(),
                clock: Arc::new(OrdinaryClock::new()),
                machine_time: true,
                seed: 0,
                memory_budget: None,
                drain_timeout: Duration::from_secs(5),
                observation: Observation::default(),
                artefacts: Folder::default(),
                stall_after: None,
                stepped: false,
                on_built: None,
            },
        }
    }

    /// How many threads run the nodes; 1 unless set.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// What nodes cost, so that workers get even shares of it: from a
    /// [`Snapshot`](super::Snapshot) of an earlier run, or as pairs of path and
    /// cost. Takes the place of what nodes
    /// [declare](crate::node::NodeOptions::cost); nodes that were placed
    /// explicitly stay there.
    ///
    /// The highest load is then at most 4/3 times the least possible (twice,
    /// when some nodes are placed explicitly), and among such placements one
    /// with few edges between workers is chosen, always the same one.
    /// [`Plan::load_of`] and [`Plan::crossing_edges`] say what became of it.
    ///
    /// ```
    /// use tidegate::engine::Engine;
    /// # use tidegate::graph::{Edge, Subgraph};
    /// # use tidegate::node::builtin;
    /// # fn graph() -> Result<Subgraph, Box<dyn std::error::Error>> {
    /// #     let mut graph = Subgraph::new("measured");
    /// #     let from = graph.add("from", builtin::source_iter(0..99_u64))?;
    /// #     let to = graph.add("to", builtin::sink(|_: u64| ()))?;
    /// #     graph.connect(
    /// #         from.output(|n| &n.output),
    /// #         to.input(|n| &n.input),
    /// #         Edge::block(8),
    /// #     )?;
    /// #     Ok(graph)
    /// # }
    /// let first = Engine::builder(graph()?).start()?.wait();
    /// let second = Engine::builder(graph()?).workers(2).costs(&first.snapshot);
    /// let second = second.prepare()?;
    /// for worker in 0..2 {
    ///     println!("worker {worker}: {:?} ns", second.plan().load_of(worker));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn costs(mut self, costs: impl Into<Costs>) -> Self {
        self.settings.costs = Some(costs.into());
        self
    }

    /// The core for each worker in turn; workers beyond the list are not
    /// pinned. Isolated cores can be named though a process does not use them
    /// by itself. Unless set, worker *i* goes to the *i*-th available core, and
    /// workers beyond the cores are not pinned.
    pub fn cores(mut self, cores: impl Into<Vec<usize>>) -> Self {
        self.settings.cores = Some(cores.into());
        self
    }

    /// Whether workers are pinned to cores; they are unless set to false.
    pub fn pin(mut self, pin: bool) -> Self {
        self.settings.pin = pin;
        self
    }

    /// What is asked of the kernel; nothing unless set. In
    /// [stepping mode](Self::stepping) the thread is the caller's: only the
    /// memory is locked then.
    pub fn real_time(mut self, real_time: RealTime) -> Self {
        self.settings.real_time = real_time;
        self
    }

    /// The global cadence; none unless set.
    pub fn tick(mut self, interval: Duration) -> Self {
        self.settings.tick = Some(interval);
        self
    }

    /// How many messages an activation may handle; 8 unless set.
    pub fn batch(mut self, messages: u32) -> Self {
        self.settings.batch = messages;
        self
    }

    /// How the bands share each worker; 4:2:1 unless set.
    pub fn weights(mut self, weights: Weights) -> Self {
        self.settings.weights = weights;
        self
    }

    /// What a worker does while nothing is ready; it sleeps after a short spin
    /// unless set.
    pub fn idle(mut self, idle: IdleStrategy) -> Self {
        self.settings.idle = idle;
        self
    }

    /// The clock; the machine's monotonic one unless set. (Without `std` one that
    /// stands still: give your own.)
    ///
    /// A sleeping worker wakes for a tick by the machine's time. With a
    /// [`ManualClock`](crate::time::ManualClock), use
    /// [stepping mode](Self::stepping).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.machine_time = (&clock as &dyn Any).is::<OrdinaryClock>();
        self.settings.clock = Arc::new(clock);
        self
    }

    /// The seed of the trace ids, of which the low 24 bits count; 0 unless set.
    ///
    /// Engines with the same seed make the same ids, and so do all that set none.
    /// Where traces of several runs come together, give each another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The most bytes the engine may allocate; no limit unless set.
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.settings.memory_budget = Some(bytes);
        self
    }

    /// How long a shutdown that a node asked for, or that comes because every
    /// node finished, may drain; 5 s unless set.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.settings.drain_timeout = timeout;
        self
    }

    /// What is measured besides counting; sampled durations unless set.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.settings.observation.metrics = metrics;
        self
    }

    /// What the flight recorder of each worker keeps, and how many events,
    /// rounded up to a power of two, of 32 bytes each; off unless set. Read by
    /// [`EngineHandle::recording`](super::EngineHandle::recording).
    pub fn recorder(mut self, level: Recorder, events: usize) -> Self {
        self.settings.observation.recorder = level;
        self.settings.observation.events = events;
        self
    }

    /// Opens the input that the graph exposes as `name` to other threads, over
    /// this edge: [`Engine::take_entrance`](super::Engine::take_entrance) has the handle. See
    /// [`door`](crate::door).
    ///
    /// That the graph exposes no such input, or that the edge does not fit it,
    /// is an issue when the engine is built.
    pub fn entrance(mut self, name: impl Into<String>, edge: impl Into<Edge>) -> Self {
        self.graph.open(Direction::Input, name.into(), edge.into());
        self
    }

    /// Opens the output that the graph exposes as `name` to other threads, over
    /// this edge: [`Engine::take_exit`](super::Engine::take_exit) has the handle. See
    /// [`door`](crate::door).
    ///
    /// That the graph exposes no such output, or that the edge does not fit it,
    /// is an issue when the engine is built.
    pub fn exit(mut self, name: impl Into<String>, edge: impl Into<Edge>) -> Self {
        self.graph.open(Direction::Output, name.into(), edge.into());
        self
    }

    /// Checks everything and lays out the plan, without starting.
    ///
    /// # Errors
    /// [`BuildError`] names what is wrong and what to do.
    pub fn prepare(self) -> Result<PreparedEngine, BuildError> {
        let Self {
            graph,
            mut settings,
        } = self;
        settings.check()?;
        let plan = Plan::new(
            graph,
            &PlanSettings {
                workers: settings.workers,
                costs: settings.costs.as_ref(),
                memory_budget: settings.memory_budget,
                worker_bytes: Core::footprint(),
                node_bytes: node_footprint() + Ward::footprint(),
                door_bytes: Frame::footprint(),
                inlet_bytes: Inlet::footprint(),
                observation: reading::bytes(settings.observation),
                nodes_per_worker: MAX_NODES,
                stack_bytes: settings.real_time.stack,
            },
        )?;
        let config = settings.live_config(&plan)?;
        Ok(PreparedEngine::new(plan, settings, config))
    }

    /// Builds the engine and starts its workers. Returns when `on_start` of
    /// every node has run; from then on no worker allocates.
    ///
    /// # Errors
    /// [`BuildError`] names what is wrong and what to do.
    #[cfg(feature = "std")]
    pub fn start(self) -> Result<super::Engine, BuildError> {
        self.prepare()?.start()
    }

    /// Builds the engine to be driven by the caller, on the caller's thread.
    /// There is nobody to look for stalls then:
    /// [`stall_after`](Self::stall_after) has no effect.
    ///
    /// # Errors
    /// [`BuildError`] names what is wrong and what to do.
    pub fn stepping(self) -> Result<SteppedEngine, BuildError> {
        self.prepare()?.stepping()
    }
}

impl Settings {
    /// Checks what needs no graph, and works out the cores.
    fn check(&mut self) -> Result<(), BuildError> {
        if !(1..=MAX_WORKERS).contains(&self.workers) {
            return Err(BuildError::Workers(self.workers));
        }
        self.real_time.check(self.workers)?;
        check_batch(self.batch).map_err(|_| BuildError::Batch(self.batch))?;
        if self.tick == Some(Duration::ZERO) {
            return Err(BuildError::ZeroTick);
        }
        if self.stall_after == Some(Duration::ZERO) {
            return Err(BuildError::ZeroStall);
        }
        match &self.cores {
            None => self.cores = Some(available_cores()),
            Some(cores) => {
                if cores.len() > self.workers {
                    return Err(BuildError::TooManyCores {
                        cores: cores.len(),
                        workers: self.workers,
                    });
                }
                let available = nameable_cores();
                if let Some(&core) = cores.iter().find(|core| !available.contains(core)) {
                    return Err(BuildError::UnknownCore { core, available });
                }
            }
        }
        if !self.pin {
            self.cores = None;
        }
        Ok(())
    }

    /// A first reading of the processor's counter beside the clock, if a full
    /// recorder can use the one in place of the other.
    pub(super) fn counting_since(&self) -> Option<Reading> {
        let counts = self.observation.recorder == Recorder::Full
            && self.machine_time
            && counter::is_steady();
        counts.then(|| Reading::of(&*self.clock))
    }

    /// The core for worker `index`, if it is to be pinned.
    pub(super) fn core_of(&self, index: usize) -> Option<usize> {
        self.cores.as_ref()?.get(index).copied()
    }

    fn live_config(&self, plan: &Plan) -> Result<LiveConfig, BuildError> {
        let node_ticks: Vec<Tick> = plan.nodes.iter().map(PlannedNode::tick).collect();
        if self.tick.is_none() {
            let waiting = node_ticks.iter().position(|&tick| tick == Tick::Global);
            if let Some(index) = waiting {
                return Err(BuildError::NoGlobalTick {
                    node: plan.nodes[index].path.clone(),
                });
            }
        }
        Ok(LiveConfig {
            version: 0,
            about: [None; KEPT],
            weights: self.weights,
            batch: self.batch,
            tick: self.tick.unwrap_or_default(),
            edge_bands: plan.edges.iter().map(|edge| edge.band).collect(),
            edge_capacities: plan.edges.iter().map(|edge| edge.capacity).collect(),
            paused: vec![false; plan.nodes.len()],
            drains: vec![0; plan.nodes.len()],
            node_ticks,
        })
    }
}
