//! The supervisor's thread: attends to faults while the engine runs, then
//! shuts it down.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::sched::{Address, Phase, Shared, Worker};
use crate::sync::thread::JoinHandle;
use crate::sync::{lock, seeded_bug};
use crate::time::{Clock, MonotonicClock};

use super::diagnosis::{LONG_CALL, StallDetector};
use super::ending::{await_senders, drop_nodes, quiescent, report};
use super::handle::Control;
use super::overruns::Overruns;
use super::report::{Report, StopReason};
use super::supervision::Supervision;

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
        let mut overruns = Overruns::new(&self.supervision.blueprint);
        let reason = self.await_the_end(&shared, &mut overruns);
        // The timeout is in real time, whatever clock the nodes see.
        let clock = MonotonicClock::new();
        let drained = self.drain(&shared, &clock, &mut overruns);
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
    fn await_the_end(&mut self, shared: &Shared, overruns: &mut Overruns) -> StopReason {
        let mut detector = self.stall_after.map(StallDetector::new);
        loop {
            shared.supervisor.drain(|_| ());
            self.supervision.attend();
            if let Some(detector) = &mut detector
                && let Some(stall) = detector.look(&self.supervision.blueprint)
            {
                self.supervision.report_stall(stall);
            }
            overruns.report(&self.supervision.blueprint);
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
    fn drain(&mut self, shared: &Shared, clock: &MonotonicClock, overruns: &mut Overruns) -> bool {
        shared.shut_doors();
        shared.enter(Phase::Draining);
        let first_timeout = *lock(&self.control.drain_timeout);
        // So that who asks, and where artefacts are kept whoever reads them when the
        // time is over, learns which handler does not return.
        let _ = self.supervision.blueprint.facts();
        let kept = self.supervision.blueprint.artefacts.is_open();
        let until_look = kept.then_some(LONG_CALL);
        loop {
            shared.supervisor.drain(|_| ());
            self.supervision.attend();
            overruns.report(&self.supervision.blueprint);
            if kept {
                let _ = self.supervision.blueprint.facts();
            }
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
            let pauses = [Some(left), overruns.every, until_look];
            shared.supervisor.park(pauses.into_iter().flatten().min());
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
        self.supervision.blueprint.end_listening();
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
