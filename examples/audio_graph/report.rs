//! The report at the end.

use std::fmt;

use serde::Serialize;
use tidegate::engine;

use crate::accounts::{EdgeReport, NodeReport, WorkerReport};
use crate::device::{Timing, period};
use crate::percentiles::Percentiles;
use crate::rack::Levels;

/// What a run did: the last line of `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Frames in a block, and in a second.
    pub(crate) block: u64,
    pub(crate) rate: u32,
    /// How long a block lasts: until then a callback has to be done.
    pub(crate) deadline_us: f64,
    pub(crate) callbacks: u64,
    /// Callbacks that took longer than the deadline.
    pub(crate) overruns: u64,
    /// Callbacks that were not done in time, for whatever reason; zero with
    /// `--fast`, where no time is due.
    pub(crate) missed: u64,
    /// Blocks that did not come through.
    pub(crate) starved: u64,
    /// How long the callbacks took.
    pub(crate) callback_us: Percentiles,
    /// How late they began.
    pub(crate) lateness_us: Percentiles,
    /// The highest sample that came out.
    pub(crate) peak: f32,
    /// Frames that the limiter turned down.
    pub(crate) limited: u64,
    /// The accounts of every edge.
    pub(crate) edges: Vec<EdgeReport>,
    /// What every node did.
    pub(crate) nodes: Vec<NodeReport>,
    /// The caller's thread, as the one worker that there is.
    pub(crate) workers: Vec<WorkerReport>,
    /// Bytes the engine reserved at the start.
    pub(crate) memory_bytes: u64,
    /// Whether every edge's account balances.
    pub(crate) balanced: bool,
}

impl Report {
    pub(crate) fn new(
        frames: usize,
        rate: u32,
        timing: &Timing,
        levels: Levels,
        report: &engine::Report,
    ) -> Self {
        let snapshot = &report.snapshot;
        Self {
            block: frames as u64,
            rate,
            deadline_us: period(frames, rate).as_nanos() as f64 / 1_000.0,
            callbacks: timing.callbacks,
            overruns: timing.overruns,
            missed: timing.missed,
            starved: timing.starved,
            callback_us: timing.durations.percentiles(),
            lateness_us: timing.lateness.percentiles(),
            peak: levels.peak,
            limited: levels.limited,
            edges: snapshot.edges.iter().map(EdgeReport::from).collect(),
            nodes: snapshot.nodes.iter().map(NodeReport::from).collect(),
            workers: snapshot.workers.iter().map(WorkerReport::from).collect(),
            memory_bytes: report.memory_bytes as u64,
            balanced: report.is_balanced(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} callbacks of {} frames at {} Hz; deadline {:.1} µs",
            self.callbacks, self.block, self.rate, self.deadline_us
        )?;
        for (what, found) in [
            ("callback", &self.callback_us),
            ("lateness", &self.lateness_us),
        ] {
            writeln!(
                f,
                "{what}  p50 {:.1} µs, p90 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}",
                found.p50, found.p90, found.p99, found.p999, found.max
            )?;
        }
        writeln!(
            f,
            "{} missed the deadline, {} of them by themselves; {} blocks starved",
            self.missed, self.overruns, self.starved
        )?;
        writeln!(f, "peak {:.3}, {} frames limited", self.peak, self.limited)?;
        let balance = if self.balanced {
            "balanced"
        } else {
            "NOT BALANCED"
        };
        write!(f, "ledger {balance}")
    }
}
