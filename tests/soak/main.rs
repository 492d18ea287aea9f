//! A whole engine for as long as wanted: memory stays flat, throughput steady,
//! ticks in time, histograms consistent, and at the end the ledger is exact.
//!
//! Some seconds long, with `TIDEGATE_TEST_SECONDS` as many as it says; by
//! `ci/soak.sh`, optimised. One test only, because the allocator counts for the
//! whole process.

#[path = "../allocator/mod.rs"]
mod allocator;
#[path = "../common/mod.rs"]
mod common;

mod graph;
mod metronome;
mod process;
mod series;

use std::time::Duration;

use allocator::counted;
use common::{BEAT, Count, Lab, PATIENCE, Pulse, test_seconds, wait_until};
use graph::{Alive, MOST_ALIVE, PASSIVE, STRICT, plant};
use metronome::Metronome;
use series::{Reading, Series};
use tidegate::engine::{Report, Snapshot};
use tidegate::observe::{HistogramSnapshot, Metrics, Recorder};
use tidegate::time::{Clock, MonotonicClock};

/// How many readings are taken, however long it is.
const READINGS: u32 = 200;

/// One reading of everything that is watched. Takes no snapshot: the more
/// durations there were, the longer are the lists in it.
fn read(delivered: &Count, clock: &MonotonicClock, alive: &Alive) -> Reading {
    let now_alive = alive.now();
    assert!(now_alive <= MOST_ALIVE, "{now_alive} messages are alive");
    Reading {
        at: Duration::from_nanos(clock.now().as_nanos()),
        delivered: delivered.get(),
        cpu: process::cpu_time(),
        resident: process::resident_bytes(),
    }
}

#[test]
#[allow(clippy::print_stdout)] // the figures of a long run
fn an_engine_runs_on_and_on_without_growing_slowing_drifting_or_losing_anything() {
    let length = Duration::from_secs(test_seconds(4));
    let (mut lab, alive, clock) = (Lab::new(), Alive::default(), MonotonicClock::new());
    plant(&mut lab, &alive);
    let metronomes = [0, 1].map(|worker| Metronome::plant(&mut lab, worker));
    Pulse::plant(&mut lab);
    let builder = lab.engine().workers(2).clock(clock);
    let builder = builder
        .metrics(Metrics::every_activation())
        .recorder(Recorder::Full, 1_024)
        .stall_after(PATIENCE);
    let before = counted();
    let (engine, mut pulse) = Pulse::start(builder);
    let begin = Duration::from_nanos(clock.now().as_nanos());
    let mut series = Series::new(READINGS);
    let delivered = lab.count("strict:in");
    series.push(read(&delivered, &clock, &alive));
    let mut earlier = engine.snapshot();
    for number in 1..=READINGS {
        let due = begin + length * number / READINGS;
        pulse.pass_until(&clock, due.max(begin + BEAT * number));
        series.push(read(&delivered, &clock, &alive));
        if number == READINGS / 8 {
            let later = engine.snapshot();
            growing(&earlier, &later);
            earlier = later;
        }
        if number == READINGS * 9 / 10 {
            metronomes.iter().for_each(Metronome::begin_last_tenth);
        }
    }
    wait_until("ticks come at their time, at the end too", || {
        metronomes.iter().all(Metronome::is_in_time)
    });
    // A worker that wakes who waits at a door may be the last to let go of its
    // waker, when the door is dropped meanwhile.
    let after = counted();
    let counted = (after.0 - before.0, after.1 - before.1);
    assert_eq!(counted, (0, 0), "allocations and frees on workers");
    drop(pulse);
    let report = engine.shutdown(PATIENCE);

    lab.assert_conserved(&report);
    assert!(report.drained && report.faults.is_empty(), "{report}");
    assert!(report.stalls.is_empty(), "{report}");
    every_policy_was_met(&report);
    assert_eq!(alive.now(), 0, "messages that nobody dropped");
    println!("{length:?}: {} messages, ledger exact", alive.ever());
    println!("memory: {}", series.memory());
    println!("throughput: {}", series.throughput());
    for metronome in &metronomes {
        println!("ticks: {}", metronome.verdict(&report));
    }
    growing(&earlier, &report.snapshot);
    timed(&report);
}

fn every_policy_was_met(report: &Report) {
    let [dropping, latest, coalesce] = PASSIVE.map(|id| report.edge(id).unwrap().ledger);
    assert!(dropping.dropped > 0, "{report}");
    assert!(latest.evicted > 0, "{report}");
    assert!(coalesce.coalesced > 0, "{report}");
    let strict = report.edge(STRICT).unwrap();
    assert_eq!(strict.ledger.sent, strict.ledger.delivered);
    assert!(strict.waits > 0, "it was never full\n{report}");
}

/// All histograms of a reading, in the same order each time.
fn histograms(snapshot: &Snapshot) -> Vec<&HistogramSnapshot> {
    let workers = snapshot.workers.iter();
    let of_workers = workers.flat_map(|worker| [&worker.loop_latency, &worker.wake_latency]);
    let of_nodes = (snapshot.nodes.iter()).flat_map(|node| [&node.execution, &node.lateness]);
    let of_edges = snapshot.edges.iter().map(|edge| &edge.queue_age);
    let all = of_workers.chain(of_nodes).chain(of_edges);
    all.flatten().collect()
}

/// A later reading has everything that an earlier one has, and its histograms
/// hold what they say.
#[track_caller]
fn growing(earlier: &Snapshot, later: &Snapshot) {
    let (before, after) = (histograms(earlier), histograms(later));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.into_iter().zip(after) {
        let in_buckets: u64 = after.buckets().map(|bucket| bucket.count).sum();
        assert_eq!(in_buckets, after.count());
        assert!(after.count() >= before.count() && after.sum() >= before.sum());
        let between = after.since(before).count();
        assert_eq!(between, after.count() - before.count());
    }
}

/// What is timed each time was, and nothing was timed more often than it
/// happened.
fn timed(report: &Report) {
    let snapshot = &report.snapshot;
    for node in &snapshot.nodes {
        let count = |histogram: &Option<HistogramSnapshot>| {
            let histogram = histogram.as_ref();
            histogram.map_or(0, HistogramSnapshot::count)
        };
        assert_eq!(count(&node.lateness), node.ticks, "{}", node.path);
        assert!(count(&node.execution) <= node.activations, "{}", node.path);
    }
    for worker in &snapshot.workers {
        let turns = worker.loop_latency.as_ref().unwrap().count();
        let picks: u64 = worker.picks.iter().sum();
        assert!(0 < turns && turns <= picks, "{turns} of {picks}");
    }
    for edge in &snapshot.edges {
        let aged = edge.queue_age.as_ref().unwrap().count();
        assert!(aged <= edge.ledger.delivered, "{}", edge.id);
    }
}
