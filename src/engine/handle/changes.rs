//! Changing a running engine.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::band::Band;
use crate::node::Tick;
use crate::sched::{LiveConfig, MAX_BATCH, Phase, Weights};
use crate::sync::{lock, seeded_bug};

use super::EngineHandle;
use super::error::ControlError;
use super::record::{Acknowledgement, Change, ControlRecord, ControlRequest};

/// Changes are checked first: an invalid one changes nothing, and says what is
/// wrong. A valid one is in force on each worker from its next turn on, between
/// two activations; all that one call changes takes effect there together. What
/// comes back is a receipt, with which one can learn from which activation on
/// it was in force, see [`wait_applied`](Self::wait_applied). Every call is
/// [recorded](Self::calls), with what became of it.
///
/// A path names a node or a subgraph, which stands for all nodes in it.
impl EngineHandle {
    /// Serves an edge in another band from now on.
    ///
    /// # Errors
    /// [`ControlError::UnknownEdge`], [`ControlError::Stopped`].
    pub fn set_edge_band(&self, id: &str, band: Band) -> Result<Change, ControlError> {
        let request = ControlRequest::EdgeBand {
            edge: id.into(),
            band,
        };
        let edge = self.edge(id);
        self.change(request, None, || {
            let index = edge?;
            Ok(move |config: &mut LiveConfig, _| config.edge_bands[index] = band)
        })
    }

    /// Changes how many messages an edge holds, up to the maximum it was
    /// allocated for. Smaller than what is pending: a Latest edge evicts on
    /// its next sends, a Coalesce edge merges, a Block or Drop edge takes no
    /// more until drained.
    ///
    /// # Errors
    /// [`ControlError::UnknownEdge`], [`ControlError::Capacity`],
    /// [`ControlError::BelowFanOut`], [`ControlError::Stopped`].
    pub fn set_edge_capacity(&self, id: &str, capacity: usize) -> Result<Change, ControlError> {
        let request = ControlRequest::EdgeCapacity {
            edge: id.into(),
            capacity,
        };
        self.change(request, None, || {
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
            Ok(move |config: &mut LiveConfig, _| config.edge_capacities[index] = capacity)
        })
    }

    /// Stops calling a node, or all nodes of a subgraph; their inputs keep what
    /// arrives. Shutdown ends the pause, so that they can drain.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::Stopped`].
    pub fn pause(&self, path: &str) -> Result<Change, ControlError> {
        self.set_paused(ControlRequest::Pause { path: path.into() }, path, true)
    }

    /// Calls a paused or drained node again, or all nodes of a subgraph.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::Stopped`].
    pub fn resume(&self, path: &str) -> Result<Change, ControlError> {
        self.set_paused(ControlRequest::Resume { path: path.into() }, path, false)
    }

    fn set_paused(
        &self,
        request: ControlRequest,
        path: &str,
        paused: bool,
    ) -> Result<Change, ControlError> {
        let nodes = self.nodes(path);
        self.change(request, alone(&nodes), || {
            let nodes = nodes?;
            Ok(move |config: &mut LiveConfig, _| {
                for node in nodes {
                    config.paused[node] = paused;
                    config.drains[node] = 0;
                }
            })
        })
    }

    /// Shares the workers among the bands by these weights.
    ///
    /// # Errors
    /// [`ControlError::Stopped`].
    pub fn set_weights(&self, weights: Weights) -> Result<Change, ControlError> {
        self.change(ControlRequest::Weights(weights), None, || {
            Ok(move |config: &mut LiveConfig, _| config.weights = weights)
        })
    }

    /// Lets an activation handle at most so many messages.
    ///
    /// # Errors
    /// [`ControlError::Batch`] for 0 and for more than 65,536;
    /// [`ControlError::Stopped`].
    pub fn set_batch(&self, messages: u32) -> Result<Change, ControlError> {
        self.change(ControlRequest::Batch(messages), None, || {
            check_batch(messages)?;
            Ok(move |config: &mut LiveConfig, _| config.batch = messages)
        })
    }

    /// Changes the global cadence. Nodes on it begin the new one now.
    ///
    /// # Errors
    /// [`ControlError::ZeroTick`], [`ControlError::Stopped`].
    pub fn set_tick(&self, interval: Duration) -> Result<Change, ControlError> {
        self.change(ControlRequest::Tick(interval), None, || {
            if interval.is_zero() {
                return Err(ControlError::ZeroTick);
            }
            Ok(move |config: &mut LiveConfig, _| config.tick = interval)
        })
    }

    /// Changes the cadence of one node.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::ZeroTick`],
    /// [`ControlError::NoGlobalTick`], [`ControlError::Stopped`].
    pub fn set_node_tick(&self, path: &str, tick: Tick) -> Result<Change, ControlError> {
        let request = ControlRequest::NodeTick {
            path: path.into(),
            tick,
        };
        let node = self.node(path);
        self.change(request, node.as_ref().ok().copied(), || {
            if tick == Tick::Every(Duration::ZERO) {
                return Err(ControlError::ZeroTick);
            }
            let index = node?;
            // Once there is a global cadence, there is one for good.
            if tick == Tick::Global && self.control.blueprint.shared.config.load().tick.is_zero() {
                return Err(ControlError::NoGlobalTick { node: path.into() });
            }
            Ok(move |config: &mut LiveConfig, _| config.node_ticks[index] = tick)
        })
    }

    /// On which workers a change is in force, and since which activation.
    /// Waits for nobody.
    #[must_use]
    pub fn acknowledgement(&self, change: Change) -> Acknowledgement {
        lock(&self.control.blueprint.calls).acknowledgement(change)
    }

    /// The latest [`KEPT_CALLS`](super::KEPT_CALLS) calls that were to change
    /// something, through any handle of the engine, the oldest first, and what
    /// became of them. Also in the directories of
    /// [failure artefacts](crate::engine::EngineBuilder::artefacts).
    #[must_use]
    pub fn calls(&self) -> Vec<ControlRecord> {
        self.control.blueprint.call_records()
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.control.blueprint.shared.phase() == Phase::Stopping
    }

    /// Checks a change, puts it in force if it is valid, and notes the call.
    pub(super) fn change<F: FnOnce(&mut LiveConfig, u64)>(
        &self,
        request: ControlRequest,
        about: Option<usize>,
        check: impl FnOnce() -> Result<F, ControlError>,
    ) -> Result<Change, ControlError> {
        let blueprint = &self.control.blueprint;
        let checked = if self.has_stopped() {
            Err(ControlError::Stopped)
        } else {
            check()
        };
        let mut calls = lock(&blueprint.calls);
        // Under the lock, so that records come in the order of their moments.
        let at = blueprint.clock.now();
        let result = checked.map(|change| calls.change(&blueprint.shared, about, change));
        calls.note(at, request, result.as_ref().map(|change| Some(*change)));
        result
    }

    pub(super) fn node(&self, path: &str) -> Result<usize, ControlError> {
        let blueprint = &self.control.blueprint;
        blueprint.node_index(path).ok_or_else(|| self.unknown(path))
    }

    /// The node with this path, or those in the subgraph with it.
    pub(super) fn nodes(&self, path: &str) -> Result<Vec<usize>, ControlError> {
        let blueprint = &self.control.blueprint;
        if let Some(node) = blueprint.node_index(path) {
            return Ok(vec![node]);
        }
        let inside = blueprint.nodes_inside(path);
        if inside.is_empty() {
            return Err(self.unknown(path));
        }
        Ok(inside)
    }

    fn unknown(&self, path: &str) -> ControlError {
        let nodes = self.control.blueprint.nodes.iter();
        ControlError::UnknownNode {
            path: path.into(),
            known: list(nodes.map(|node| node.path.as_str())),
        }
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

/// The node, if there is one only.
pub(super) fn alone(nodes: &Result<Vec<usize>, ControlError>) -> Option<usize> {
    match nodes.as_deref() {
        Ok(&[node]) => Some(node),
        _ => None,
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
