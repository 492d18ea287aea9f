//! What a case must have come to: the policy's own contract, an exact ledger,
//! and figures for everything that was to be measured, and nothing else.

use tidegate::edge::{Ledger, PolicyKind};
use tidegate::engine::{Report, Snapshot, StopReason};
use tidegate::observe::HistogramSnapshot;
use tidegate::sched::IdleStrategy;

use super::Case;
use super::course::Outcome;
use super::graph::{EDGE, Span};

#[track_caller]
pub(crate) fn check(case: Case, outcome: &Outcome) {
    let report = &outcome.report;
    assert_eq!(report.reason, StopReason::Completed, "{report}");
    assert!(report.drained && report.faults.is_empty(), "{report}");
    policy(case, outcome);
    batches(outcome);
    workers(case, report);
    if case.metrics {
        everything_is_measured(case, report);
    } else {
        nothing_is_measured(&report.snapshot);
    }
}

/// Numbers arrive in order, and each has the one fate that the policy has for
/// it.
fn policy(case: Case, outcome: &Outcome) {
    let arrived = &outcome.arrived;
    assert!(arrived.is_sorted_by(|one, next| one.last < next.first));
    for span in arrived {
        let sum: u64 = (span.first..=span.last).sum();
        assert_eq!(span.sum, sum, "{span:?}");
    }
    let singles = arrived.iter().all(|span| span.first == span.last);
    assert!(singles || case.policy == PolicyKind::Coalesce, "merged");

    let capacity = case.capacity as u64;
    let backlog = &arrived[..case.capacity];
    let (burst, sent) = (outcome.burst, outcome.sent);
    let ledger = outcome.report.edge(EDGE).unwrap().ledger;
    let delivered = arrived.len() as u64;
    let lost = sent - delivered;
    let least = burst - capacity;
    let mut expected = Ledger::default();
    (expected.sent, expected.delivered) = (sent, delivered);
    match case.policy {
        PolicyKind::Block => {
            assert!(arrived.iter().copied().eq((0..sent).map(Span::of)));
        }
        PolicyKind::Drop => {
            expected.dropped = lost;
            assert!(lost >= least, "{lost} < {least}");
            assert!(backlog.iter().copied().eq((0..capacity).map(Span::of)));
        }
        PolicyKind::Latest => {
            expected.evicted = lost;
            assert!(lost >= least, "{lost} < {least}");
            let newest = (least..burst).map(Span::of);
            assert!(backlog.iter().copied().eq(newest));
            assert_eq!(arrived.last(), Some(&Span::of(sent - 1)));
        }
        PolicyKind::Coalesce => {
            expected.coalesced = lost;
            assert!(lost >= least, "{lost} < {least}");
            let mut next = 0;
            for span in arrived {
                assert_eq!(span.first, next, "nothing is between two messages");
                next = span.last + 1;
            }
            assert_eq!(next, sent);
            let sum: u64 = arrived.iter().map(|span| span.sum).sum();
            assert_eq!(sum, (0..sent).sum::<u64>());
        }
    }
    assert_eq!(ledger, expected, "{}", outcome.report);
}

/// No activation handled more than a batch, and the nodes' counts are those of
/// the ledger.
fn batches(outcome: &Outcome) {
    let report = &outcome.report;
    let node = |path| report.node(path).unwrap();
    for path in ["source", "stage", "sink"] {
        let node = node(path);
        let most = node.activations * u64::from(outcome.batch);
        assert!(node.messages <= most, "{path}\n{report}");
    }
    assert_eq!(node("stage").messages, outcome.sent);
    assert_eq!(node("sink").messages, outcome.arrived.len() as u64);
}

fn workers(case: Case, report: &Report) {
    let workers = &report.snapshot.workers;
    assert_eq!(workers.len(), case.workers);
    for worker in workers {
        let spins = case.idle == IdleStrategy::Spin;
        assert_eq!(spins, worker.parks == 0, "{report}");
    }
    let picks: u64 = workers.iter().flat_map(|worker| worker.picks).sum();
    let nodes = report.snapshot.nodes.iter();
    let activations: u64 = nodes.map(|node| node.activations).sum();
    assert_eq!(picks, activations, "{report}");
}

fn everything_is_measured(case: Case, report: &Report) {
    let snapshot = &report.snapshot;
    assert_eq!(snapshot.sampling.map(|every| every.get()), Some(1));
    for worker in &snapshot.workers {
        measured(worker.loop_latency.as_ref(), "loop latency");
        assert!(worker.busy.is_some() && worker.asleep.is_some());
    }
    for node in &snapshot.nodes {
        let executions = measured(node.execution.as_ref(), &node.path);
        assert!(executions <= node.activations, "{report}");
    }
    for edge in &snapshot.edges {
        let waited = counted(edge.queue_age.as_ref(), &edge.id);
        assert!(waited <= edge.ledger.delivered, "{report}");
        // Every message that was timed may be among those that were evicted.
        let evicts = edge.policy == PolicyKind::Latest;
        assert!(waited > 0 || evicts, "{}\n{report}", edge.id);
    }
    let edge = snapshot.edge(EDGE).unwrap();
    assert_eq!(edge.high_water, Some(case.capacity), "it was full");
    let held_back = case.policy == PolicyKind::Block;
    assert_eq!(edge.waits > 0, held_back, "{report}");
    let sink = snapshot.node("sink").unwrap().end_to_end.as_ref();
    measured(sink.map(|age| &age.age), "age");
}

/// How many durations a histogram counted, which is what its buckets hold.
#[track_caller]
fn counted(histogram: Option<&HistogramSnapshot>, what: &str) -> u64 {
    let histogram = histogram.unwrap_or_else(|| panic!("{what} is not measured"));
    let in_buckets: u64 = histogram.buckets().map(|bucket| bucket.count).sum();
    assert_eq!(in_buckets, histogram.count(), "{what}");
    in_buckets
}

/// The same of what must have been measured at least once.
#[track_caller]
fn measured(histogram: Option<&HistogramSnapshot>, what: &str) -> u64 {
    let times = counted(histogram, what);
    assert!(times > 0, "{what} was never measured");
    times
}

fn nothing_is_measured(snapshot: &Snapshot) {
    assert_eq!(snapshot.sampling, None);
    for worker in &snapshot.workers {
        let durations = (&worker.loop_latency, worker.busy, worker.asleep);
        assert_eq!(durations, (&None, None, None));
    }
    for node in &snapshot.nodes {
        assert_eq!((&node.execution, &node.end_to_end), (&None, &None));
    }
    for edge in &snapshot.edges {
        let figures = (&edge.queue_age, edge.high_water, edge.blocked);
        assert_eq!(figures, (&None, None, None));
    }
}
