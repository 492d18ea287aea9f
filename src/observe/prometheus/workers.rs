//! Families of figures per worker.

use core::fmt;

use crate::band::Band;
use crate::engine::WorkerReport;

use super::family::{Families, Labels};

pub(super) fn encode(families: &mut Families<'_, '_>, workers: &[WorkerReport]) -> fmt::Result {
    let counts = |count: fn(&WorkerReport) -> u64| {
        workers
            .iter()
            .map(move |worker| (labels(worker), count(worker)))
    };
    families.counters(
        "worker_picks",
        "Activations, by the band they were picked from",
        workers.iter().flat_map(|worker| {
            Band::ALL
                .into_iter()
                .zip(worker.picks)
                .map(|(band, picks)| {
                    let mut labels = labels(worker);
                    labels.push(("band", band.to_string().into()));
                    (labels, picks)
                })
        }),
    )?;
    families.counters(
        "worker_parks",
        "Times the worker went to sleep",
        counts(|worker| worker.parks),
    )?;
    families.gauges(
        "worker_pinned",
        "1 when the worker is pinned to a core, 0 when not",
        counts(|worker| u64::from(worker.pinning.core().is_some())),
    )?;
    families.counters(
        "worker_lost_fault_reports",
        "Faults that came too fast to be described",
        counts(|worker| worker.lost_fault_reports),
    )
}

fn labels(worker: &WorkerReport) -> Labels<'static> {
    vec![("worker", worker.index.to_string().into())]
}
