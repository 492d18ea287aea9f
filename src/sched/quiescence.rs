//! When nothing is in flight and nobody is running: how a shutdown finds out,
//! without stopping anyone.
//!
//! Each worker counts its changes between idle and busy in an [`Activity`]:
//! even is idle, odd is busy. A worker *begins* before it takes anything from
//! an edge after it was idle, and *ends* when it has found nothing to do and
//! has published what it took. The coordinator
//!
//! 1. reads all epochs (Q1): all must be even;
//! 2. looks at every mailbox and every edge (Q2): all must be empty and
//!    drained;
//! 3. reads all epochs again (Q3): none may have changed.
//!
//! # Why that is enough
//!
//! Beforehand, sources and external inputs are stopped: from then on a worker
//! sends only while it is busy with something that it took in the same busy
//! period, and whatever was sent before is visible to the coordinator.
//!
//! Claim: if all three steps succeed, every message ever sent was taken in a
//! busy period that had ended by Q1. So none is in flight, no worker is busy,
//! and none will ever be again.
//!
//! By induction along happens-before: let `m` be a message.
//!
//! - Its send is visible at Q1. Either it was sent before the sources stopped.
//!   Or it was sent in a busy period, after a message that was taken in the
//!   same period; by induction that period had ended by Q1, and Q1 reads the
//!   epoch of this end or a later one, so by [E1→Q1] the send is visible.
//! - So at Q2 the tail read includes `m` and, the edge being drained, so does
//!   the head read. The consumer published that head after it took `m`, after
//!   it began; so by [Q1→Q2] of the edge's control block, Q3 reads an epoch
//!   no older than that beginning, which is odd.
//! - Q1 read the same epoch as Q3, and an even one: so a later one than that
//!   beginning. The busy period in which `m` was taken had ended by Q1.
//!
//! The same holds for what is not in an edge but in a mailbox: the command to
//! stop the sources, or word of room for a node that kept a message back. Who
//! sent it did so before Q1, so at Q2 it is visible; if it was taken by then,
//! the worker began before it took it, and by [D1→Q2] of the mailbox Q3 reads
//! no older epoch than that.

use crate::sync::{AtomicU64, Ordering, mutant, order};
use crate::util::Padded;

/// Whether one worker is busy, and how often that has changed.
#[derive(Debug)]
pub(crate) struct Activity {
    epoch: Padded<AtomicU64>,
}

impl Activity {
    /// An idle worker.
    pub(crate) fn new() -> Self {
        Self {
            epoch: Padded(AtomicU64::new(0)),
        }
    }

    /// The idle worker has found something to do, and will take it. Wait-free.
    pub(crate) fn begin(&self) {
        // Relaxed: the head published later carries this along [Q1→Q2].
        let before = self.epoch.fetch_add(1, Ordering::Relaxed);
        debug_assert!(is_idle(before), "begin without end");
    }

    /// Whether the worker is busy, as far as an observer can tell.
    pub(crate) fn is_busy(&self) -> bool {
        // Relaxed: may be outdated at once.
        !is_idle(self.epoch.load(Ordering::Relaxed))
    }

    /// The busy worker has found nothing more to do, and has published what
    /// it took. Wait-free.
    pub(crate) fn end(&self) {
        // Release [E1→Q1]: what it sent is visible to who sees it idle.
        let release = order("activity-end", Ordering::Release, Ordering::Relaxed);
        let before = self.epoch.fetch_add(1, release);
        debug_assert!(!is_idle(before), "end without begin");
    }
}

fn is_idle(epoch: u64) -> bool {
    epoch.is_multiple_of(2)
}

/// Whether nothing is in flight and no worker is busy, nor will ever be again:
/// see the module's text for what must be stopped beforehand.
///
/// `all_empty` looks at every mailbox ([`Mailbox::has_mail`]) and every edge
/// ([`EdgeControl::is_drained`]). By the
/// coordinator; `false` means to try again later. Disturbs nobody.
///
/// [`Mailbox::has_mail`]: super::mailbox::Mailbox::has_mail
/// [`EdgeControl::is_drained`]: crate::edge::EdgeControl::is_drained
pub(crate) fn is_quiescent<'a>(
    activities: impl Iterator<Item = &'a Activity> + Clone,
    mut all_empty: impl FnMut() -> bool,
) -> bool {
    // Acquire [E1→Q1]: what was sent before is visible when looking at the
    // edges.
    let acquire = order("activity-first-look", Ordering::Acquire, Ordering::Relaxed);
    let mut before = 0_u64;
    for activity in activities.clone() {
        let epoch = activity.epoch.load(acquire);
        if !is_idle(epoch) {
            return false;
        }
        before = before.wrapping_add(epoch);
    }
    if !all_empty() {
        return false;
    }
    if mutant("activity-no-second-look") {
        return true;
    }
    // Relaxed: the edges carry the beginnings along [Q1→Q2]. An epoch never
    // decreases, so the sum is unchanged only if every one of them is.
    let after = activities.fold(0_u64, |sum, activity| {
        sum.wrapping_add(activity.epoch.load(Ordering::Relaxed))
    });
    before == after
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_busy_worker_or_a_message_in_flight_is_no_quiescence() {
        let workers = [Activity::new(), Activity::new()];
        assert!(is_quiescent(workers.iter(), || true));
        assert!(!is_quiescent(workers.iter(), || false));
        workers[1].begin();
        assert!(!is_quiescent(workers.iter(), || true));
        workers[1].end();
        assert!(is_quiescent(workers.iter(), || true));
    }

    #[test]
    fn a_worker_busy_in_between_is_noticed_though_it_is_idle_at_both_looks() {
        let workers = [Activity::new(), Activity::new()];
        let busy_meanwhile = || {
            workers[0].begin();
            workers[0].end();
            true
        };
        assert!(!is_quiescent(workers.iter(), busy_meanwhile));
        assert!(is_quiescent(workers.iter(), || true));
    }
}
