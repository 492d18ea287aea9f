//! What a worker does when the engine's phase or settings change.

use crate::metrics::{EventKind, NodeState, RunPhase};
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::cell::Stage;
use super::condition::Condition;
use super::core::Core;
use super::faults::Hook;
use super::local::Local;
use super::shared::Phase;
use super::worker::Worker;

impl Worker {
    /// Calls `on_start` of every node, consumers before producers. Messages
    /// sent by it wait until the engine runs.
    pub(crate) fn start_nodes(&mut self) {
        let now = self.clock().now();
        self.core.take_over_config(now);
        for index in (0..self.core.local.cells.len()).rev() {
            self.call_alone(index, Hook::Start, |node, cx| node.on_start(cx));
        }
    }

    /// Looks at the shared state: replaced nodes, settings, phase. And whether
    /// nodes that drain have come to rest.
    #[cold]
    pub(super) fn obey(&mut self) {
        let now = self.clock().now();
        self.end_watch_early(now);
        self.judge_overrun(now);
        self.read_dispatches(now);
        self.core.take_over_config(now);
        self.core.answer_standings();
        let phase = self.core.shared.phase();
        if phase != self.core.phase() {
            self.core.phase = phase;
            self.core.enter(phase, now);
            match phase {
                Phase::Starting | Phase::Stopping => {}
                Phase::Running => self.run_cadences(),
                Phase::Draining => self.core.begin_draining(now),
            }
        }
        // Who rests may be the one that another node here waits for.
        loop {
            self.core.rest_drained(now);
            if !self.core.local.take_command() {
                break;
            }
        }
    }

    /// From now on ticks come due.
    fn run_cadences(&mut self) {
        let now = self.clock().now();
        let core = &mut self.core;
        for (index, cell) in core.local.cells.iter().enumerate() {
            core.timers.add(index, cell.interval, now);
        }
        core.local.route_all();
    }

    /// The node's last call. Its inputs close first: what producers send from
    /// their own `on_stop` comes back to them.
    pub(crate) fn stop_node(&mut self, index: usize) {
        self.core.close_inputs(index);
        let state = self.core.local.cells[index].state;
        if !matches!(state, NodeState::Quarantined | NodeState::Restarting) {
            self.call_alone(index, Hook::Stop, |node, cx| node.on_stop(cx));
        }
    }
}

impl Core {
    /// Notes that the engine is in this phase.
    fn enter(&mut self, phase: Phase, now: Timestamp) {
        self.local.latest = now;
        if phase == Phase::Running {
            self.shared.worker_stats[self.index].start(now);
        }
        let phase = match phase {
            Phase::Starting => RunPhase::Starting,
            Phase::Running => RunPhase::Running,
            Phase::Draining => RunPhase::Draining,
            Phase::Stopping => RunPhase::Stopping,
        };
        self.local.journal.note(now, EventKind::Phase(phase));
    }

    /// Only messages are handled from now on: sources, ticks and re-arming
    /// rest. Nodes that were paused or drained go on, so that their inputs can
    /// empty.
    fn begin_draining(&mut self, now: Timestamp) {
        self.timers.clear();
        self.local.stage = Stage::Draining;
        let Local { cells, journal, .. } = &mut self.local;
        for cell in cells {
            cell.take_tick();
            cell.conditions.set(Condition::Rearmed, false);
            cell.drain = 0;
            let rests = cell.state.is_put_to_rest() || cell.state == NodeState::Draining;
            if rests && !seeded_bug("draining-keeps-paused") {
                cell.set_state(NodeState::Active, now, journal);
            }
        }
        self.local.route_all();
    }

    /// Takes over the live settings if they have changed.
    fn take_over_config(&mut self, now: Timestamp) {
        // Which inputs are polled depends on their bands.
        self.polled.ask_all(&mut self.local);
        let config = self.shared.config.load();
        if seeded_bug("acknowledged-before") && self.acknowledged < config.version {
            self.acknowledge(&config, now);
            return self.local.note_command();
        }
        if self.version == Some(config.version) {
            return;
        }
        self.version = Some(config.version);
        self.batch = config.batch;
        self.local.ready.set_weights(config.weights);
        let Local {
            cells,
            journal,
            stage,
            ..
        } = &mut self.local;
        let stage = *stage;
        for (index, cell) in cells.iter_mut().enumerate() {
            for link in &mut cell.inputs {
                link.band = config.edge_bands[link.edge_index];
                if let Some(door) = link.producer.door() {
                    let capacity = config.edge_capacities[link.edge_index];
                    // The handle does not look at the settings; as below.
                    if capacity != link.edge.capacity()
                        && link.edge.set_capacity(capacity) == Ok(true)
                    {
                        self.shared.doors[door].wake();
                    }
                }
            }
            for link in &mut cell.outputs {
                link.band = config.edge_bands[link.edge_index];
                let capacity = config.edge_capacities[link.edge_index];
                if capacity != link.edge.capacity() {
                    // By the producer's worker, between two of its activations:
                    // within one its credit holds. The capacity was checked by
                    // the handle, and everybody is routed below.
                    let _ = link.edge.set_capacity(capacity);
                }
            }
            cell.refresh_urgent();
            let interval = config.interval_of(cell.plan_index);
            if interval != cell.interval {
                cell.interval = interval;
                if self.phase == Phase::Running && !cell.stand_in {
                    // Other cadences keep their beat.
                    self.timers.remove(index);
                    self.timers.add(index, interval, now);
                }
            }
            let (paused, drain) = match stage {
                Stage::Running => (
                    config.paused[cell.plan_index],
                    config.drains[cell.plan_index],
                ),
                Stage::Draining => (false, 0),
            };
            cell.follow(paused, drain, &config, now, journal);
        }
        self.shared.worker_stats[self.index]
            .config_version
            .set(config.version);
        let version = config.version;
        self.local.latest = now;
        self.local.journal.note(now, EventKind::Change { version });
        if !seeded_bug("change-unacknowledged") {
            self.acknowledge(&config, now);
        }
        drop(config);
        self.local.route_all();
    }
}
