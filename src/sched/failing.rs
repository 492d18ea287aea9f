//! What becomes of a node whose hook failed, or that could not be replaced.

use alloc::boxed::Box;

use crate::metrics::{EventKind, NodeState};
use crate::node::{FaultPolicy, GiveUp, Node, Quarantine};
use crate::sync::seeded_bug;
use crate::time::Timestamp;
use crate::util::drop_quietly;

use super::core::Core;
use super::faults::{Consequence, FaultCause, FaultRecord, Hook};
use super::shared::Phase;
use super::succession::Why;

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
        let (count, policy) = match cause {
            FaultCause::Panic(_) => (&cell.stats.panics, cell.on_panic),
            FaultCause::Error(_) => (&cell.stats.errors, cell.on_error),
            FaultCause::Overrun { .. } => (&cell.stats.overruns, cell.on_overrun),
        };
        count.add(1);
        let faults = count.get();
        let consequence = self.consequence(index, policy, faults);
        self.report(FaultRecord {
            node,
            hook,
            at,
            cause,
            consequence,
        });
        if panicked {
            // The panic may have cut a send short after the edge had changed
            // (a merge function, an evicted payload's drop): tell everybody.
            self.notify_consumers(index, u64::MAX);
        }
        match consequence {
            Consequence::WentOn => {}
            Consequence::Quarantined => self.quarantine(index, place),
            Consequence::Restarted => {
                if let FaultPolicy::Restart { limit } = policy {
                    self.retire(index, place, Why::Restart { limit });
                }
            }
            Consequence::Escalated => {
                self.retire(index, place, Why::Escalate);
            }
            Consequence::Stopped => {
                if hook == Hook::Start {
                    self.shared.fail_start();
                }
                self.end(index, NodeState::Quarantined);
                self.shared.request_shutdown();
            }
        }
    }

    /// What the policy makes of the fault that is the node's so-many-th of its
    /// kind.
    fn consequence(&self, index: usize, policy: FaultPolicy, faults: u64) -> Consequence {
        let cell = &self.local.cells[index];
        if policy == FaultPolicy::Stop && !cell.stand_in {
            return Consequence::Stopped;
        }
        if cell.ended || cell.stand_in {
            return Consequence::WentOn;
        }
        // Nobody replaces a node any more; and in a pause it is not called.
        let leaves = self.phase != Phase::Stopping && cell.state == NodeState::Active;
        match policy {
            FaultPolicy::Continue | FaultPolicy::Stop => Consequence::WentOn,
            FaultPolicy::Quarantine { after } if faults < u64::from(after) => Consequence::WentOn,
            FaultPolicy::Quarantine { .. } => Consequence::Quarantined,
            FaultPolicy::Restart { .. } | FaultPolicy::Escalate if !leaves => {
                Consequence::Quarantined
            }
            FaultPolicy::Escalate => Consequence::Escalated,
            FaultPolicy::Restart { limit } => {
                let restarts = cell.stats.restarts.get();
                if cell.restartable && (cell.windowed || restarts < u64::from(limit)) {
                    return Consequence::Restarted;
                }
                match cell.give_up {
                    GiveUp::Quarantine => Consequence::Quarantined,
                    GiveUp::Escalate => Consequence::Escalated,
                    GiveUp::Stop => Consequence::Stopped,
                }
            }
        }
    }

    /// Never calls the node again, or not before it is released.
    fn quarantine(&mut self, index: usize, place: &mut Option<Box<dyn Node>>) {
        let open = self.local.cells[index].quarantine == Quarantine::Open;
        if !open || self.phase == Phase::Stopping || !self.retire(index, place, Why::Quarantine) {
            self.end(index, NodeState::Quarantined);
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
}
