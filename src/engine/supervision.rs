//! What must not happen on a worker: describing faults, making and dropping
//! nodes.

use core::time::Duration;
use std::sync::Arc;

use crate::node::{Endpoints, Node, PortTable, Ports};
use crate::sched::{Address, COMMAND, FaultRecord, Hook};
use crate::util::{catch_quietly, drop_quietly};

use super::artefacts::Occasion;
use super::blueprint::Blueprint;
use super::diagnosis::Stall;
use super::handle::lock;
use super::report::FaultReport;

/// The most faults that are described; more are counted.
const MAX_FAULTS: usize = 1_000;

/// Makes a new node in place of one that faulted.
pub(crate) type Factory = Box<dyn FnMut() -> Box<dyn Node> + Send>;

/// The supervisor's side of its queues with one worker.
pub(crate) struct WorkerLink {
    pub(crate) faults: rtrb::Consumer<FaultRecord>,
    pub(crate) retired: rtrb::Consumer<(usize, Box<dyn Node>)>,
    pub(crate) replaced: rtrb::Producer<(usize, Option<Box<dyn Node>>)>,
}

/// How to replace a node.
pub(crate) struct Spare {
    pub(crate) address: Address,
    pub(crate) factory: Factory,
    pub(crate) table: PortTable,
}

/// Attends to the workers' queues; on the supervisor's thread, or on the
/// caller's in stepping mode.
pub(crate) struct Supervision {
    pub(crate) blueprint: Arc<Blueprint>,
    pub(crate) links: Vec<WorkerLink>,
    pub(crate) spares: Vec<Spare>,
}

impl Supervision {
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
                let Ok((node, old)) = self.links[worker].retired.pop() else {
                    break;
                };
                let address = Address { worker, node };
                let replacement = self.replace(address, old);
                // There is room for every node once.
                let _ = self.links[worker].replaced.push((node, replacement));
                self.blueprint.shared.mailboxes[worker].notify(COMMAND);
            }
        }
        // After the replacements: writing takes its time.
        if let Some((node, hook)) = fault {
            let why = format!("{} failed in {hook}", self.blueprint.nodes[node].path);
            self.blueprint.keep_artefacts(Occasion::Fault, &why, None);
        }
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

    fn describe(&self, record: FaultRecord) {
        let full = lock(&self.blueprint.faults).reports.len() == MAX_FAULTS;
        if full {
            lock(&self.blueprint.faults).more += 1;
        } else {
            // The text is the application's: it may panic when formatted, and
            // is formatted under no lock.
            let message = catch_quietly(|| record.cause.describe())
                .unwrap_or_else(|| "a fault whose description panicked".into());
            lock(&self.blueprint.faults).reports.push(FaultReport {
                node: self.blueprint.nodes[record.node].path.clone(),
                hook: record.hook,
                at: record.at,
                message,
            });
        }
        drop_quietly(record);
    }

    /// Moves the edges of `old` to a new node. `None` when there is no factory,
    /// or it panicked, or what it made has other ports.
    fn replace(&mut self, address: Address, mut old: Box<dyn Node>) -> Option<Box<dyn Node>> {
        let spare = self
            .spares
            .iter_mut()
            .find(|spare| spare.address == address)?;
        let mut ends = Endpoints::for_table(&spare.table);
        let replacement = catch_quietly(|| {
            old.ports(&mut Ports::detach(&mut ends));
            let mut new = (spare.factory)();
            let same = PortTable::of(&mut *new).has_same_ports(&spare.table);
            new.ports(&mut Ports::attach(&mut ends));
            (same && ends.is_empty()).then_some(new)
        });
        drop_quietly(old);
        drop_quietly(ends);
        replacement.flatten()
    }
}
