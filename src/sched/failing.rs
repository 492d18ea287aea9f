//! What becomes of a node whose hook failed, or that could not be replaced.

use crate::metrics::{EventKind, NodeState};
use crate::node::{FaultPolicy, Node};
use crate::sync::seeded_bug;
use crate::time::Timestamp;
use crate::util::drop_quietly;

use super::core::Core;
use super::faults::{FaultCause, FaultRecord, Hook};
use super::local::Local;
use super::shared::Phase;

impl Core {
    /// No replacement could be made for the node. Its ends of the edges were
    /// dropped along with what was to hold them, and closed thereby; so its
    /// producers are told here, whether they seem to wait or not.
    pub(super) fn give_up(&mut self, index: usize) {
        self.end(index, NodeState::Quarantined);
        if seeded_bug("broken-factory-untold") {
            return;
        }
        for position in 0..self.local.cells[index].inputs.len() {
            let producer = self.local.cells[index].inputs[position].producer;
            self.notify(producer);
        }
    }

    /// A hook of the node in `place` failed: counts it, reports it, and does
    /// what the node's policy says.
    #[cold]
    pub(super) fn fault(
        &mut self,
        index: usize,
        place: &mut Option<Box<dyn Node>>,
        hook: Hook,
        cause: FaultCause,
        at: Timestamp,
    ) {
        let cell = &self.local.cells[index];
        let panicked = matches!(cause, FaultCause::Panic(_));
        let node = cell.plan_index;
        self.local.latest = at;
        let event = EventKind::Fault { node, panicked };
        self.local.journal.note(at, event);
        let (count, policy) = if panicked {
            (&cell.stats.panics, cell.on_panic)
        } else {
            (&cell.stats.errors, cell.on_error)
        };
        count.add(1);
        let faults = count.get();
        self.report(FaultRecord {
            node: cell.plan_index,
            hook,
            at,
            cause,
        });
        if panicked {
            // The panic may have cut a send short after the edge had changed
            // (a merge function, an evicted payload's drop): tell everybody.
            self.notify_consumers(index, u64::MAX);
        }
        match policy {
            FaultPolicy::Continue => {}
            FaultPolicy::Quarantine { after } => {
                if faults >= u64::from(after) {
                    self.end(index, NodeState::Quarantined);
                }
            }
            FaultPolicy::Restart { limit } => self.replace(index, place, limit),
            FaultPolicy::Stop => {
                if hook == Hook::Start {
                    self.shared.fail_start();
                }
                self.end(index, NodeState::Quarantined);
                self.shared.request_shutdown();
            }
        }
    }

    /// Sends the fault to the supervisor, who formats it.
    fn report(&mut self, record: FaultRecord) {
        if seeded_bug("fault-unreported") {
            return drop(record);
        }
        if let Err(rtrb::PushError::Full(record)) = self.links.faults.push(record) {
            self.shared.worker_stats[self.index].lost_reports.add(1);
            drop_quietly(record);
        }
        self.shared.call_supervisor();
    }

    /// Hands the node to the supervisor, who makes a new one from its factory.
    fn replace(&mut self, index: usize, place: &mut Option<Box<dyn Node>>, limit: u32) {
        let Local {
            cells,
            latest,
            journal,
            ..
        } = &mut self.local;
        let cell = &mut cells[index];
        let restarts = cell.stats.restarts.get();
        if cell.state != NodeState::Active {
            return;
        }
        if !cell.restartable || restarts >= u64::from(limit) || self.phase == Phase::Stopping {
            return self.end(index, NodeState::Quarantined);
        }
        let Some(node) = place.take() else {
            return;
        };
        match self.links.retired.push((index, node)) {
            Ok(()) => {
                cell.stats.restarts.add(1);
                // The latest moment is the fault's.
                cell.set_state(NodeState::Restarting, *latest, journal);
                self.local.ready.unmark(index);
                self.shared.call_supervisor();
            }
            // The queue has room for every node once; a node in it is not
            // called, so this does not happen.
            Err(rtrb::PushError::Full((_, node))) => {
                *place = Some(node);
                self.end(index, NodeState::Quarantined);
            }
        }
    }
}
