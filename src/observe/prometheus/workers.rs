//! Families of figures per worker.

use core::fmt;
use core::time::Duration;

use crate::band::Band;
use crate::engine::WorkerReport;
use crate::metrics::HistogramSnapshot;

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
    let spans = |span: fn(&WorkerReport) -> Option<Duration>| {
        workers
            .iter()
            .filter_map(move |worker| Some((labels(worker), span(worker)?)))
    };
    families.seconds_counters(
        "worker_asleep",
        "How long the worker slept, but for the present sleep",
        spans(|worker| worker.asleep),
    )?;
    families.seconds_counters(
        "worker_busy",
        "How long the worker ran activations, estimated from a sample",
        spans(|worker| worker.busy),
    )?;
    let distributions = |of: fn(&WorkerReport) -> Option<&HistogramSnapshot>| {
        workers
            .iter()
            .filter_map(move |worker| Some((labels(worker), of(worker)?)))
    };
    families.seconds_histograms(
        "worker_loop_latency",
        "From one turn of the worker to the next, of a sample",
        distributions(|worker| worker.loop_latency.as_ref()),
    )?;
    families.seconds_histograms(
        "worker_wake_latency",
        "From a notification until the sleeping worker was up",
        distributions(|worker| worker.wake_latency.as_ref()),
    )?;
    families.gauges(
        "worker_runnable_nodes",
        "How many nodes were ready when the worker was last timed",
        workers
            .iter()
            .filter_map(|worker| Some((labels(worker), worker.runnable? as u64))),
    )?;
    families.gauges(
        "worker_pinned",
        "1 when the worker is pinned to a core, 0 when not",
        counts(|worker| u64::from(worker.pinning.core().is_some())),
    )?;
    families.gauges(
        "worker_priority",
        "The level of its real-time priority, 0 when it has none",
        counts(|worker| {
            let priority = worker.scheduling.priority();
            priority.map_or(0, |priority| priority.level().into())
        }),
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
