//! What one connection delivers.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::{EngineHandle, Snapshot};
use crate::sched::Phase;
use crate::time::Timestamp;

/// An engine at one moment, as another process sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reading {
    /// The graph's name.
    pub graph: String,
    /// The version of the library that the engine runs on.
    pub library: String,
    /// The process that the engine runs in.
    pub process: u32,
    /// When serving began, in nanoseconds since the Unix epoch. Together with
    /// `process` it tells two engines apart that are served at the same path
    /// one after the other.
    pub serving_since: u64,
    /// When this was read, after serving began. By the clock of the inspector,
    /// which runs on while an engine's own clock is driven by hand.
    pub read_at: Timestamp,
    /// How far the engine's life has gone.
    pub phase: ServedPhase,
    /// The bytes that were allocated before the start.
    pub memory_bytes: usize,
    /// The seed that trace ids are made of.
    pub seed: u64,
    /// All counters.
    pub snapshot: Snapshot,
}

/// The phase of an engine that is inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServedPhase {
    /// `on_start` of the nodes runs.
    Starting,
    /// Everything works.
    Running,
    /// Sources and ticks rest, the edges empty.
    Draining,
    /// Messages are not handled any more.
    Stopped,
}

impl fmt::Display for ServedPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        })
    }
}

impl From<Phase> for ServedPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Starting => Self::Starting,
            Phase::Running => Self::Running,
            Phase::Draining => Self::Draining,
            Phase::Stopping => Self::Stopped,
        }
    }
}

impl Reading {
    /// Reads the engine behind `handle`, at `read_at` after `serving_since`.
    pub(super) fn take(handle: &EngineHandle, serving_since: u64, read_at: Timestamp) -> Self {
        let blueprint = &handle.control.blueprint;
        Self {
            graph: handle.graph().to_owned(),
            library: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            serving_since,
            read_at,
            phase: blueprint.shared.phase().into(),
            memory_bytes: blueprint.memory_bytes,
            seed: blueprint.seed,
            snapshot: handle.snapshot(),
        }
    }

    /// Whether every node and worker that is named by its index is there.
    pub(super) fn is_consistent(&self) -> bool {
        let Snapshot {
            edges,
            nodes,
            workers,
            ..
        } = &self.snapshot;
        let known = |node: Option<usize>| node.is_none_or(|node| node < nodes.len());
        edges
            .iter()
            .all(|edge| known(edge.producer) && known(edge.consumer))
            && nodes.iter().all(|node| node.worker < workers.len())
    }

    /// Whether `other` is a reading of the same engine.
    #[must_use]
    pub fn is_same_engine(&self, other: &Self) -> bool {
        self.process == other.process && self.serving_since == other.serving_since
    }
}
