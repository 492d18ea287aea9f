//! The supervisor's thread: attends to faults while the engine runs, then
//! shuts it down.

use core::time::Duration;
use std::sync::Arc;

use crate::sched::{Address, Phase, Shared, Worker, is_quiescent};
use crate::sync::seeded_bug;
use crate::sync::thread::{self, JoinHandle};
use crate::time::{Clock, MonotonicClock};
use crate::util::drop_quietly;

use super::blueprint::Blueprint;
use super::diagnosis::StallDetector;
use super::handle::{Control, lock};
use super::overruns::Overruns;
use super::report::{Report, StopReason};
use super::supervision::Supervision;

/// How long whoever is inside an entrance is waited for at the end.
const PATIENCE_WITH_SENDERS: Duration = Duration::from_millis(500);

/// Runs on a thread of its own, asleep nearly always.
pub(super) struct Supervisor {
    pub(super) supervision: Supervision,
    pub(super) control: Arc<Control>,
    pub(super) threads: Vec<JoinHandle<Option<Worker>>>,
    pub(super) addresses: Vec<Address>,
    pub(super) stall_after: Option<Duration>,
}

impl Supervisor {
    pub(super) fn run(mut self) -> Report {
        let shared = Arc::clone(&self.supervision.blueprint.shared);
        shared.supervisor.register();
        let reason = self.await_the_end(&shared);
        // The timeout is in real time, whatever clock the nodes see.
        let clock = MonotonicClock::new();
        let drained = self.drain(&shared, &clock);
        shared.enter(Phase::Stopping); // arrow 2 or 3
        let workers = self.join();
        self.supervision.attend();
        self.supervision.dismiss();
        await_senders(&shared);
        drop_nodes(workers, &self.addresses);
        self.supervision.end_of_watermarks();
        shared.wake_doors();
        let took = Duration::from_nanos(clock.now().as_nanos());
        report(self.supervision, reason, drained, took)
    }

    /// Arrow 1: until somebody asks for a shutdown or there is nothing left to
    /// do.
    fn await_the_end(&mut self, shared: &Shared) -> StopReason {
        let mut detector = self.stall_after.map(StallDetector::new);
        let mut overruns = Overruns::new(&self.supervision.blueprint);
        loop {
            shared.supervisor.drain(|_| ());
            self.supervision.attend();
            if let Some(detector) = &mut detector
                && let Some(stall) = detector.look(&self.supervision.blueprint)
            {
                self.supervision.report_stall(stall);
            }
            for overrun in overruns.look(&self.supervision.blueprint) {
                self.supervision.blueprint.note_fault(overrun);
            }
            if shared.shutdown_requested() {
                return self.supervision.reason();
            }
            if shared.all_nodes_ended() {
                return StopReason::Completed;
            }
            let until_look = detector.as_ref().map(StallDetector::until_look);
            let until_due = self.supervision.until_due();
            let again = self.supervision.look_at_watermarks();
            let pauses = [until_look, until_due, overruns.every, again]
                .into_iter()
                .flatten();
            shared.supervisor.park(pauses.min());
        }
    }

    /// Arrows 2 and 3: lets the edges empty. Whether they did, in time.
    fn drain(&mut self, shared: &Shared, clock: &MonotonicClock) -> bool {
        shared.shut_doors();
        shared.enter(Phase::Draining);
        let first_timeout = *lock(&self.control.drain_timeout);
        // So that the time of a handler that does not return is known.
        let _ = self.supervision.blueprint.facts();
        loop {
            shared.supervisor.drain(|_| ());
            self.supervision.attend();
            if quiescent(&self.supervision.blueprint) {
                return true;
            }
            // Every worker that becomes idle while draining calls; so does
            // whoever asks for a shutdown again, with another timeout.
            let timeout = if seeded_bug("first-timeout-stays") {
                first_timeout
            } else {
                *lock(&self.control.drain_timeout)
            };
            let left = timeout.saturating_sub(Duration::from_nanos(clock.now().as_nanos()));
            if left.is_zero() {
                self.supervision.keep_timeout(timeout);
                return false;
            }
            shared.supervisor.park(Some(left));
        }
    }

    /// A node could not start: stops what did start. What went wrong.
    pub(super) fn abandon(mut self) -> String {
        let shared = Arc::clone(&self.supervision.blueprint.shared);
        shared.enter(Phase::Stopping);
        let workers = self.join();
        self.supervision.attend();
        self.supervision.dismiss();
        drop_nodes(workers, &self.addresses);
        shared.wake_doors();
        self.supervision.failed_starts()
    }

    /// Arrow 4: every thread has run its nodes' `on_stop` and ended.
    fn join(&mut self) -> Vec<Worker> {
        self.threads
            .drain(..)
            .filter_map(|thread| thread.join().ok().flatten())
            .collect()
    }
}

/// Whether nothing comes in, no worker does anything, no mail is on its way, and
/// every edge that somebody still reads is empty.
pub(super) fn quiescent(blueprint: &Blueprint) -> bool {
    let shared = &blueprint.shared;
    shared.entrances_are_quiet()
        && is_quiescent(shared.activities.iter(), || {
            // In this order, see `sched::door`.
            blueprint.edges.iter().all(|edge| edge.is_settled(shared))
                && shared.exits_are_quiet()
                && shared.mailboxes.iter().all(|mail| !mail.has_mail())
        })
}

/// After a drain that timed out: until nobody sends through a door any more, so
/// that what was accepted is in its edge when that is counted. Gives up on who
/// seems to have stopped in there for good: a merge function may.
pub(super) fn await_senders(shared: &Shared) {
    let clock = MonotonicClock::new();
    let patient = || Duration::from_nanos(clock.now().as_nanos()) < PATIENCE_WITH_SENDERS;
    while !shared.entrances_are_quiet() && patient() {
        thread::yield_now();
    }
}

/// Arrow 5: drops the nodes on this thread, consumers first. With its input a
/// node drops what is left there, which counts as discarded.
pub(super) fn drop_nodes(mut workers: Vec<Worker>, addresses: &[Address]) {
    workers.sort_by_key(|worker| worker.core.index());
    for worker in &mut workers {
        if !seeded_bug("late-replacement-forgotten") {
            worker.keep_late_replacements();
        }
    }
    for address in addresses.iter().rev() {
        let worker = workers
            .iter_mut()
            .find(|worker| worker.core.index() == address.worker);
        if let Some(worker) = worker {
            drop_quietly(worker.nodes[address.node].take());
        }
    }
}

pub(super) fn report(
    supervision: Supervision,
    reason: StopReason,
    drained: bool,
    shutdown_took: Duration,
) -> Report {
    let Supervision {
        blueprint, cause, ..
    } = supervision;
    let (faults, more_faults) = {
        let log = lock(&blueprint.faults);
        (log.reports.clone(), log.more)
    };
    let (stalls, more_stalls) = {
        let log = lock(&blueprint.stalls);
        (log.reports.clone(), log.more)
    };
    Report {
        name: blueprint.name.clone(),
        reason,
        cause,
        drained,
        shutdown_took,
        snapshot: blueprint.last_snapshot(),
        faults,
        more_faults,
        stalls,
        more_stalls,
        artefacts: blueprint.artefacts.artefacts(),
        warnings: blueprint.warnings.clone(),
        memory_bytes: blueprint.memory_bytes,
        seed: blueprint.seed,
    }
}
