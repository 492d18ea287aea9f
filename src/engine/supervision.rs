//! What must not happen on a worker: describing faults, making and dropping
//! nodes.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::node::Node;
use crate::sched::{Address, Consequence, Dispatch, FaultRecord, Hook, Retired, Role, Why};
use crate::sync::lock;
use crate::time::Timestamp;
use crate::util::{catch_quietly, drop_quietly};

use super::artefacts::Occasion;
use super::blueprint::{Blueprint, MAX_FAULTS};
use super::diagnosis::Stall;
use super::escalation::Group;
use super::handle::{ControlError, Request, Wish};
use super::report::{FaultReport, StopReason};
use super::wards::{Place, Ward};
use super::watermarks::Watermarks;

/// The supervisor's side of its queues with one worker.
pub(crate) struct WorkerLink {
    pub(crate) faults: rtrb::Consumer<FaultRecord>,
    pub(crate) retired: rtrb::Consumer<Retired>,
    pub(crate) dispatches: rtrb::Producer<Dispatch>,
}

/// Attends to the workers' queues; on the supervisor's thread, or on the
/// caller's in stepping mode.
pub(crate) struct Supervision {
    pub(crate) blueprint: Arc<Blueprint>,
    pub(crate) links: Vec<WorkerLink>,
    /// By node, in the plan's order.
    pub(crate) wards: Vec<Ward>,
    /// Inner subgraphs before those around them.
    pub(crate) groups: Vec<Group>,
    /// Why the engine is to shut down, if a node's fault is the reason.
    pub(crate) cause: Option<String>,
    /// That reason came through all subgraphs.
    pub(crate) escalated: bool,
    pub(crate) watermarks: Watermarks,
    /// The first of what was put off, as of the last time that was attended to.
    pub(crate) due: Option<Timestamp>,
}

impl Supervision {
    /// Looks at the edges with watermarks; after what time to look again.
    pub(crate) fn look_at_watermarks(&mut self) -> Option<Duration> {
        self.watermarks.look(&self.blueprint)
    }

    /// Does all that is waiting to be done. What comes meanwhile calls the
    /// supervisor again, and waits for the next time: a worker that goes on
    /// failing, as fast as its faults are described, cannot keep whoever attends
    /// to it from beginning a shutdown.
    pub(crate) fn attend(&mut self) {
        let mut fault = None;
        for worker in 0..self.links.len() {
            for _ in 0..self.links[worker].faults.slots() {
                let Ok(record) = self.links[worker].faults.pop() else {
                    break;
                };
                fault = Some((record.node, record.hook));
                self.describe(record);
            }
            for _ in 0..self.links[worker].retired.slots() {
                let Ok(retired) = self.links[worker].retired.pop() else {
                    break;
                };
                self.take_in(worker, retired);
            }
        }
        self.hear_requests();
        self.restart_waiting();
        self.restart_gathered();
        self.due = self.earliest_due();
        // After the replacements: writing takes its time.
        if let Some((node, hook)) = fault {
            let why = format!("{} failed in {hook}", self.blueprint.nodes[node].path);
            self.blueprint.keep_artefacts(Occasion::Fault, &why, None);
        }
    }

    /// Nobody is told about watermarks any more: the listener may hold a door of
    /// this very engine.
    pub(crate) fn end_of_watermarks(&mut self) {
        let _ = self.watermarks.look(&self.blueprint);
        self.blueprint.end_listening();
    }

    /// Before the nodes are dropped: whom nobody needs any more. What waited for
    /// them counts as discarded then.
    pub(super) fn dismiss(&mut self) {
        *lock(&self.blueprint.requests) = None;
        for ward in self.wards.iter_mut().rev() {
            drop_quietly(ward.place.take_body());
            ward.asked = None;
        }
    }

    /// Whether there is something to look at that nobody calls for.
    #[inline(always)]
    pub(crate) const fn has_more_to_do(&self) -> bool {
        self.due.is_some() || self.watermarks.are_any()
    }

    /// When something is to be done that was put off. Asked before every step.
    pub(crate) const fn next_due(&self) -> Option<Timestamp> {
        self.due
    }

    fn earliest_due(&self) -> Option<Timestamp> {
        let waiting = self.wards.iter().filter_map(|ward| match &ward.place {
            Place::Waiting { due, .. } => Some(*due),
            _ => None,
        });
        waiting
            .chain(self.groups.iter().filter_map(Group::due))
            .min()
    }

    /// How long until then.
    pub(super) fn until_due(&self) -> Option<Duration> {
        self.next_due().map(|due| due.since(self.now()))
    }

    /// Why the engine is shut down, when somebody asked for it.
    pub(super) const fn reason(&self) -> StopReason {
        if self.escalated {
            StopReason::Escalated
        } else {
            StopReason::Requested
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.blueprint.clock.now()
    }

    /// A node has left its worker, or an order came in vain.
    fn take_in(&mut self, worker: usize, Retired { node, body, why }: Retired) {
        let address = Address { worker, node };
        let Some(node) = self.wards.iter().position(|ward| ward.address == address) else {
            return;
        };
        let by_order = !matches!(why, Why::Restart { .. } | Why::Escalate | Why::Quarantine);
        if by_order {
            self.wards[node].ordered = false;
        }
        let done = body.map(|body| self.treat(node, body, why));
        let early = by_order && core::mem::take(&mut self.wards[node].early);
        if early && done.is_none() && self.wards[node].is_buried() {
            // The order was too early: the node has arrived before the answer.
            return self.order(node, why);
        }
        if by_order {
            self.answer(node, why, done.unwrap_or(why != Why::Release));
            let here = matches!(self.wards[node].place, Place::Gathered(_));
            if why != Why::Together && !here && self.is_gathered(node) {
                self.order(node, Why::Together);
            }
        }
    }

    /// Does what the node came for; whether that went well.
    fn treat(&mut self, node: usize, body: Box<dyn Node>, why: Why) -> bool {
        if self.is_gathered(node) {
            self.wards[node].place = Place::Gathered(body);
            return true;
        }
        match why {
            Why::Restart { limit } => self.restart(node, body, limit),
            Why::Escalate => self.escalate(node, body),
            Why::Quarantine | Why::Bury | Why::Close => self.quarantine(node, body),
            // Also when the others have been replaced meanwhile.
            Why::Release | Why::Together => {
                let role = self.wards[node].embody(body);
                let failed = matches!(role, Role::Nobody { .. });
                self.send(node, role);
                return !failed;
            }
        }
        true
    }

    /// Replaces the node, at once or after its back-off.
    fn restart(&mut self, node: usize, body: Box<dyn Node>, limit: u32) {
        let now = self.now();
        let Ward {
            options, restarts, ..
        } = &mut self.wards[node];
        let window = options.restart_window;
        let count = restarts.count(window, now);
        if count >= limit {
            return self.give_up(node, body);
        }
        let delay = options.backoff.delay(count);
        let due = now.after(delay);
        self.wards[node].place = Place::Waiting { body, due };
    }

    /// Replaces the nodes whose back-off is over.
    fn restart_waiting(&mut self) {
        for node in 0..self.wards.len() {
            if let Place::Waiting { due, .. } = self.wards[node].place
                && self.is_due(due)
                && let Some(body) = self.wards[node].place.take_body()
            {
                let role = self.wards[node].embody(body);
                self.send(node, role);
            }
        }
    }

    /// Does what handles have asked for, or orders it.
    fn hear_requests(&mut self) {
        let requests = lock(&self.blueprint.requests).as_mut().map(core::mem::take);
        for Request { node, wish, reply } in requests.unwrap_or_default() {
            let ward = &mut self.wards[node];
            if ward.ordered {
                // Who asked before is told first; this one has to ask again.
                let _ = reply.send(Err(ControlError::Busy {
                    path: self.blueprint.nodes[node].path.clone(),
                }));
                continue;
            }
            ward.asked = Some(reply);
            let why = match wish {
                Wish::Quarantine => {
                    self.quarantine_by_order(node);
                    Why::Bury
                }
                Wish::Release => {
                    ward.early = !ward.is_buried();
                    if !ward.early || self.blueprint.check_release(node).is_ok() {
                        self.order(node, Why::Release);
                    }
                    Why::Release
                }
            };
            if !self.wards[node].ordered {
                self.answer(node, why, wish == Wish::Quarantine);
            }
        }
    }

    /// Tells who asked whether it was done.
    fn answer(&mut self, node: usize, why: Why, done: bool) {
        let Some(reply) = self.wards[node].asked.take() else {
            return;
        };
        let answer = if done || why != Why::Release {
            Ok(())
        } else {
            let path = self.blueprint.nodes[node].path.clone();
            let changed = self.blueprint.check_release(node);
            Err(changed
                .err()
                .unwrap_or(ControlError::QuarantinedForGood { path }))
        };
        // Nobody may be waiting for it.
        let _ = reply.send(answer);
    }

    /// Notes a stall, and writes what is known about it.
    pub(super) fn report_stall(&self, stall: Stall) {
        let why = stall.to_string();
        let diagnosis = stall.diagnosis.clone();
        self.blueprint.note_stall(stall);
        let diagnosis = Some(&diagnosis);
        self.blueprint
            .keep_artefacts(Occasion::Stall, &why, diagnosis);
    }

    /// A drain has reached its timeout. A timeout of zero was meant to discard
    /// what is in flight.
    pub(super) fn keep_timeout(&self, timeout: Duration) {
        if !timeout.is_zero() {
            let why = format!("the shutdown was not through after {timeout:?}");
            self.blueprint.keep_artefacts(Occasion::Timeout, &why, None);
        }
    }

    /// What went wrong in `on_start`.
    pub(super) fn failed_starts(&self) -> String {
        let faults = lock(&self.blueprint.faults);
        let failed = faults
            .reports
            .iter()
            .filter(|fault| fault.hook == Hook::Start)
            .map(|fault| format!("node {}: {}", fault.node, fault.message));
        failed.collect::<Vec<_>>().join("; ")
    }

    fn describe(&mut self, record: FaultRecord) {
        let full = lock(&self.blueprint.faults).reports.len() == MAX_FAULTS;
        if full {
            lock(&self.blueprint.faults).more += 1;
        } else {
            // The text is the application's: it may panic when formatted, and
            // is formatted under no lock.
            let message = catch_quietly(|| record.cause.describe())
                .unwrap_or_else(|| "a fault whose description panicked".into());
            self.blueprint.note_fault(FaultReport {
                node: self.blueprint.nodes[record.node].path.clone(),
                hook: record.hook,
                at: record.at,
                message,
                consequence: record.consequence,
            });
        }
        if record.consequence == Consequence::Stopped {
            self.name_cause(record.node, "stopped it");
        }
        drop_quietly(record);
    }
}
