//! Single-writer statistics of nodes and workers, readable from any thread.

use crate::band::Band;
use crate::metrics::{Histogram, Metrics};
use crate::sync::Counter;

/// What a node did. Written by its worker only.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct NodeStats {
    pub(crate) activations: Counter,
    pub(crate) messages: Counter,
    pub(crate) ticks: Counter,
    pub(crate) late_ticks: Counter,
    pub(crate) missed_ticks: Counter,
    /// Nanoseconds.
    pub(crate) lateness_sum: Counter,
    /// Nanoseconds.
    pub(crate) lateness_max: Counter,
    pub(crate) errors: Counter,
    pub(crate) panics: Counter,
    pub(crate) restarts: Counter,
    /// Times the node was parked because a Block output lacked room.
    pub(crate) parked: Counter,
    /// A `NodeState` as a number.
    pub(crate) state: Counter,
    /// Release lateness of every tick; for a node with a cadence, and with
    /// metrics on.
    pub(crate) lateness: Option<Histogram>,
}

impl NodeStats {
    /// For a node that had a cadence when it was planned, or not.
    pub(crate) fn new(metrics: Metrics, has_cadence: bool) -> Self {
        let measured = metrics.stride().is_some();
        Self {
            lateness: (measured && has_cadence).then(Histogram::new),
            ..Self::default()
        }
    }

    /// Bytes that the histograms of such a node occupy.
    pub(crate) const fn histogram_bytes(metrics: Metrics, has_cadence: bool) -> usize {
        if metrics.stride().is_some() && has_cadence {
            Histogram::footprint()
        } else {
            0
        }
    }
}

/// What a worker did. Written by that worker only.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct WorkerStats {
    /// Activations by band, Normal first.
    pub(crate) picks: [Counter; 3],
    /// Times the worker went to sleep.
    pub(crate) parks: Counter,
    /// The version of the live settings that it took over last.
    pub(crate) config_version: Counter,
    /// Fault reports that found the queue to the supervisor full.
    pub(crate) lost_reports: Counter,
}

impl WorkerStats {
    #[inline(always)]
    pub(crate) fn count_pick(&self, band: Band) {
        self.picks[band.index()].add(1);
    }
}

/// What has become of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum NodeState {
    /// It is called when it is ready.
    #[default]
    Active,
    /// Paused by a handle; its inputs keep what arrives.
    Paused,
    /// It faulted and waits for its replacement.
    Restarting,
    /// It faulted and is not called any more.
    Quarantined,
    /// It had nothing more to do, or its inputs have all ended.
    Finished,
}

impl NodeState {
    /// Every state there is.
    pub(crate) const ALL: [Self; 5] = [
        Self::Active,
        Self::Paused,
        Self::Restarting,
        Self::Quarantined,
        Self::Finished,
    ];

    pub(crate) fn from_number(number: u64) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
            .unwrap_or_default()
    }
}

impl core::fmt::Display for NodeState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Quarantined => "quarantined",
            Self::Finished => "finished",
        })
    }
}
