//! The end of an engine, with threads or without: when nothing moves any more,
//! and what is left then.

use alloc::vec::Vec;
use core::time::Duration;

use crate::sched::{Address, Shared, Worker, is_quiescent};
use crate::sync::{lock, seeded_bug, thread};
use crate::time::Patience;
use crate::util::drop_quietly;

use super::blueprint::Blueprint;
use super::report::{Report, StopReason};
use super::supervision::Supervision;

/// How long whoever is inside an entrance is waited for at the end.
const PATIENCE_WITH_SENDERS: Duration = Duration::from_millis(500);

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
    let mut patience = Patience::new(PATIENCE_WITH_SENDERS);
    while !(shared.entrances_are_quiet() || patience.is_over()) {
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
        #[cfg(feature = "std")]
        artefacts: blueprint.artefacts.artefacts(),
        warnings: blueprint.warnings.clone(),
        memory_bytes: blueprint.memory_bytes,
        seed: blueprint.seed,
    }
}
