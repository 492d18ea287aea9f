//! Changing and observing a running engine from any thread.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::band::Band;
use crate::edge::EdgeError;
use crate::graph::Issue;
use crate::metrics::Recording;
use crate::node::Tick;
#[cfg(feature = "tracing")]
use crate::sched::Phase;
use crate::sched::{LiveConfig, MAX_BATCH, Weights};
use crate::sync::{Mutex, seeded_bug};

use super::artefacts::{ArtefactError, Artefacts, Occasion};
use super::blueprint::Blueprint;
use super::diagnosis::{Diagnosis, Stall};
use super::report::FaultReport;
use super::snapshot::Snapshot;

/// A change that cannot be made. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No node has this path.
    #[error("there is no node {path:?}; the nodes are: {known}")]
    UnknownNode {
        /// What was asked for.
        path: String,
        /// The paths that exist.
        known: String,
    },
    /// No edge has this id.
    #[error("there is no edge {id:?}; the edges are: {known}")]
    UnknownEdge {
        /// What was asked for.
        id: String,
        /// The ids that exist.
        known: String,
    },
    /// The edge cannot have this capacity.
    #[error("edge {id}: {error}")]
    Capacity {
        /// The edge.
        id: String,
        /// What is wrong.
        error: EdgeError,
    },
    /// The edge could not hold what its producer may send for one message.
    #[error(
        "edge {id}: capacity {capacity} is below the fan-out of {fan_out} that its producer \
         declares, which would wait for ever; choose at least {fan_out}"
    )]
    BelowFanOut {
        /// The edge.
        id: String,
        /// What was asked for.
        capacity: usize,
        /// What the producer may send for one message.
        fan_out: usize,
    },
    /// The batch is not within its range.
    #[error("a batch of {0} messages cannot be used; choose 1 to {MAX_BATCH}")]
    Batch(u32),
    /// A cadence without length.
    #[error("a tick interval of zero cannot be used; give a longer one, or Tick::Never")]
    ZeroTick,
}

/// A handle on an engine: observes it, changes it, stops it.
///
/// Cheap to clone; works from any thread, also after the engine has stopped
/// (changes then have no effect). Changes are validated, then take effect at
/// the next turn of each worker.
///
/// # Real-time
/// The calls lock among handles and allocate. The workers are told by mail and
/// take over plain values: they neither lock, wait, allocate nor free.
#[derive(Clone)]
pub struct EngineHandle {
    pub(crate) control: Arc<Control>,
}

/// What the handles of an engine share.
pub(crate) struct Control {
    pub(crate) blueprint: Arc<Blueprint>,
    /// How long a requested shutdown may drain.
    pub(crate) drain_timeout: Mutex<Duration>,
    /// Settings that a worker may still refer to: freed here, not there.
    retired: Mutex<Vec<Arc<LiveConfig>>>,
}

impl Control {
    pub(crate) fn new(blueprint: Arc<Blueprint>, drain_timeout: Duration) -> Self {
        Self {
            blueprint,
            drain_timeout: Mutex::new(drain_timeout),
            retired: Mutex::new(Vec::new()),
        }
    }

    /// Asks for a shutdown that drains for at most `timeout`.
    pub(crate) fn request_shutdown(&self, timeout: Duration) {
        *lock(&self.drain_timeout) = timeout;
        self.blueprint.shared.request_shutdown();
    }

    /// Puts changed settings in force.
    fn change(&self, change: impl FnOnce(&mut LiveConfig)) {
        let shared = &self.blueprint.shared;
        let mut retired = lock(&self.retired);
        let mut config = LiveConfig::clone(&shared.config.load());
        config.version += 1;
        change(&mut config);
        retired.push(shared.config.swap(Arc::new(config)));
        // This list holds one reference: with no other, nobody reads it, and
        // nobody can begin to, because it is not current any more.
        retired.retain(|old| Arc::strong_count(old) > 1);
        if !seeded_bug("change-unannounced") {
            shared.command_all();
        }
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
        self.control.request_shutdown(timeout);
    }

    /// Serves an edge in another band from now on.
    ///
    /// # Errors
    /// [`ControlError::UnknownEdge`].
    pub fn set_edge_band(&self, id: &str, band: Band) -> Result<(), ControlError> {
        let index = self.edge(id)?;
        self.control
            .change(|config| config.edge_bands[index] = band);
        Ok(())
    }

    /// Changes how many messages an edge holds, up to the maximum it was
    /// allocated for. Smaller than what is pending: a Latest edge evicts on
    /// its next sends, a Coalesce edge merges, a Block or Drop edge takes no
    /// more until drained.
    ///
    /// # Errors
    /// [`ControlError::UnknownEdge`], [`ControlError::Capacity`],
    /// [`ControlError::BelowFanOut`].
    pub fn set_edge_capacity(&self, id: &str, capacity: usize) -> Result<(), ControlError> {
        let index = self.edge(id)?;
        let edge = &self.control.blueprint.edges[index];
        if (1..edge.least_capacity).contains(&capacity) {
            return Err(ControlError::BelowFanOut {
                id: id.into(),
                capacity,
                fan_out: edge.least_capacity,
            });
        }
        let refuse = |error| ControlError::Capacity {
            id: id.into(),
            error,
        };
        edge.control.check_capacity(capacity).map_err(refuse)?;
        if seeded_bug("capacity-at-once") {
            let _ = edge.control.set_capacity(capacity);
        }
        self.control
            .change(|config| config.edge_capacities[index] = capacity);
        Ok(())
    }

    /// Stops calling a node; its inputs keep what arrives. Shutdown ends the
    /// pause, so that they can drain.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`].
    pub fn pause(&self, path: &str) -> Result<(), ControlError> {
        self.set_paused(path, true)
    }

    /// Calls a paused node again.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`].
    pub fn resume(&self, path: &str) -> Result<(), ControlError> {
        self.set_paused(path, false)
    }

    fn set_paused(&self, path: &str, paused: bool) -> Result<(), ControlError> {
        let index = self.node(path)?;
        self.control.change(|config| config.paused[index] = paused);
        Ok(())
    }

    /// Shares the workers among the bands by these weights.
    pub fn set_weights(&self, weights: Weights) {
        self.control.change(|config| config.weights = weights);
    }

    /// Lets an activation handle at most so many messages.
    ///
    /// # Errors
    /// [`ControlError::Batch`] for 0 and for more than 65,536.
    pub fn set_batch(&self, messages: u32) -> Result<(), ControlError> {
        check_batch(messages)?;
        self.control.change(|config| config.batch = messages);
        Ok(())
    }

    /// Changes the global cadence. Nodes on it begin the new one now.
    ///
    /// # Errors
    /// [`ControlError::ZeroTick`].
    pub fn set_tick(&self, interval: Duration) -> Result<(), ControlError> {
        if interval.is_zero() {
            return Err(ControlError::ZeroTick);
        }
        self.control.change(|config| config.tick = interval);
        Ok(())
    }

    /// Changes the cadence of one node.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::ZeroTick`].
    pub fn set_node_tick(&self, path: &str, tick: Tick) -> Result<(), ControlError> {
        if tick == Tick::Every(Duration::ZERO) {
            return Err(ControlError::ZeroTick);
        }
        let index = self.node(path)?;
        self.control
            .change(|config| config.node_ticks[index] = tick);
        Ok(())
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

    fn node(&self, path: &str) -> Result<usize, ControlError> {
        let blueprint = &self.control.blueprint;
        blueprint
            .node_index(path)
            .ok_or_else(|| ControlError::UnknownNode {
                path: path.into(),
                known: list(blueprint.nodes.iter().map(|node| node.path.as_str())),
            })
    }

    fn edge(&self, id: &str) -> Result<usize, ControlError> {
        let blueprint = &self.control.blueprint;
        blueprint
            .edge_index(id)
            .ok_or_else(|| ControlError::UnknownEdge {
                id: id.into(),
                known: list(blueprint.edges.iter().map(|edge| edge.id.as_str())),
            })
    }
}

pub(crate) fn check_batch(messages: u32) -> Result<(), ControlError> {
    if (1..=MAX_BATCH).contains(&messages) {
        Ok(())
    } else {
        Err(ControlError::Batch(messages))
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
