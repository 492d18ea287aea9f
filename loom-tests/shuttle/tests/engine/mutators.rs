//! Changes from other threads while messages flow.

use shuttle::thread;

use tidegate::Band;
use tidegate::engine::{Engine, StopReason};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Direction, NodeOptions, builtin};
use tidegate::sched::{IdleStrategy, Weights};

use crate::audit::{held_back, total};
use crate::harness::{Seen, explore};
use crate::plant::{NEVER, Plant, Running, made, source, stage};

const HELD: &str = "a producer was held back";

fn chain(items: u32) -> Running {
    Plant::new(
        2,
        [
            source("source", 0, items),
            stage("relay", 1),
            stage("sink", 0),
        ],
    )
    .growable("source", "relay", 1)
    .growable("relay", "sink", 2)
    .start()
    .unwrap()
}

const FIRST: &str = "source:out0->relay:in0";
const SECOND: &str = "relay:out0->sink:in0";

/// Growing lets a producer that waits go on; shrinking loses nothing.
pub fn capacities(seen: &Seen) {
    let running = chain(5);
    let (handle, other) = (running.handle(), running.handle());
    let changing = thread::spawn(move || {
        made(other.set_edge_capacity(FIRST, 4));
        made(other.set_edge_capacity(FIRST, 1));
    });
    made(handle.set_edge_capacity(SECOND, 1));
    made(handle.set_edge_capacity(SECOND, 3));
    changing.join().unwrap();
    let report = running.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("sink").unwrap().messages, 5);
    seen.note(HELD, held_back(&report) > 0);
}

/// A producer held back by a paused consumer goes on by growing alone.
pub fn growing_alone(seen: &Seen) {
    let running = Plant::new(2, [source("source", 0, 3), stage("sink", 1)])
        .growable("source", "sink", 1)
        .start()
        .unwrap();
    let handle = running.handle();
    made(handle.pause("sink"));
    made(handle.set_edge_capacity("source:out0->sink:in0", 4));
    while handle.snapshot().edges[0].ledger.sent < 3 {
        thread::yield_now();
    }
    seen.note(HELD, handle.snapshot().node("source").unwrap().parked > 0);
    made(handle.resume("sink"));
    running.wait();
}

/// Pauses and resumes from two threads; the last word is "resume".
pub fn pauses(seen: &Seen) {
    let running = chain(4);
    let (handle, other) = (running.handle(), running.handle());
    let changing = thread::spawn(move || {
        made(other.pause("relay"));
        made(other.resume("relay"));
    });
    made(handle.pause("source"));
    made(handle.pause("sink"));
    let paused = handle.snapshot();
    made(handle.resume("sink"));
    made(handle.resume("source"));
    changing.join().unwrap();
    let report = running.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("sink").unwrap().messages, 4);
    let [first, second] = [0, 1].map(|edge| paused.edges[edge].ledger);
    let begun = first.sent > 0;
    seen.note("paused in the middle", begun && second.delivered < 4);
}

/// Bands, weights and batches change under way.
pub fn rules(seen: &Seen) {
    let running = chain(5);
    let (handle, other) = (running.handle(), running.handle());
    let changing = thread::spawn(move || {
        made(other.set_edge_band(SECOND, Band::Control));
        made(other.set_batch(1));
        made(other.set_edge_band(SECOND, Band::High));
    });
    let weights = Weights::new(1, 1, 1).unwrap();
    made(handle.set_weights(weights));
    made(handle.set_edge_band(FIRST, Band::High));
    made(handle.set_batch(3));
    changing.join().unwrap();
    let report = running.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(report.node("sink").unwrap().messages, 5);
    seen.note(
        "lifted in time",
        report.edge(FIRST).unwrap().band == Band::High,
    );
    let picks = |band: usize| -> u64 {
        let workers = &report.snapshot.workers;
        workers.iter().map(|worker| worker.picks[band]).sum()
    };
    seen.note("picked in a band it was lifted to", picks(0) + picks(1) > 0);
}

/// Once a pause is in force, the node is not called, nor will be; and it is in
/// force some time, or the engine has ended.
pub fn acknowledged(seen: &Seen) {
    let running = chain(4);
    let (handle, other) = (running.handle(), running.handle());
    let changing = thread::spawn(move || {
        made(other.set_batch(2));
        made(other.set_edge_capacity(FIRST, 2));
    });
    let calls = || handle.snapshot().node("relay").unwrap().activations;
    if let Some(pause) = made(handle.pause("relay")) {
        match handle.wait_applied(pause, NEVER) {
            Ok(acknowledged) => {
                let before = acknowledged.of_node().unwrap();
                for _ in 0..3 {
                    assert_eq!(calls(), before, "called while paused");
                    thread::yield_now();
                }
                seen.note("paused in time", before < 4);
            }
            Err(late) => assert!(late.stopped, "{late}"),
        }
    }
    changing.join().unwrap();
    made(handle.resume("relay"));
    let report = running.wait();
    assert_eq!(report.node("sink").unwrap().messages, 4);
}

/// Two nodes on two workers come to rest with nothing between them, and go on;
/// the source, on a third, does not care.
pub fn drains(seen: &Seen) {
    let on = |worker| NodeOptions::new().worker(worker);
    let mut group = Subgraph::new("group");
    group
        .add_with("first", builtin::map(|n: u32| n), on(1))
        .unwrap();
    group
        .add_with("second", builtin::map(|n: u32| n), on(2))
        .unwrap();
    group
        .connect_by_name("first:out", "second:in", Edge::block(2))
        .unwrap();
    group.expose_later(Direction::Input, "in", "first:in");
    group.expose_later(Direction::Output, "out", "second:out");
    let mut graph = Subgraph::new("drains");
    graph
        .add_with("source", builtin::source_iter(0..5_u32), on(0))
        .unwrap();
    graph.nest(group).unwrap();
    graph
        .add_with("sink", builtin::sink(|_: u32| ()), on(0))
        .unwrap();
    for (from, to) in [("source:out", "group:in"), ("group:out", "sink:in")] {
        graph.connect_by_name(from, to, Edge::block(2)).unwrap();
    }
    let engine = Engine::builder(graph).workers(3).pin(false).batch(2);
    let engine = engine.idle(IdleStrategy::Park {
        spins: 0,
        yields: 0,
    });
    let engine = engine.start().unwrap();
    let handle = engine.handle();
    let calls = || {
        let snapshot = handle.snapshot();
        ["group/first", "group/second"].map(|node| snapshot.node(node).unwrap().activations)
    };
    if let Some(drain) = made(handle.drain("group")) {
        match handle.wait_drained(drain, NEVER) {
            Ok(()) => {
                let between = "group/first:out->group/second:in";
                let (before, ledger) = (calls(), handle.snapshot().edge(between).unwrap().ledger);
                assert_eq!(ledger.sent, ledger.delivered, "left between drained nodes");
                thread::yield_now();
                assert_eq!(calls(), before, "called while drained");
                seen.note("drained under way", ledger.sent > 0 && ledger.sent < 5);
            }
            Err(late) => assert!(late.stopped, "{late}"),
        }
    }
    made(handle.resume("group"));
    let report = engine.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert!(report.is_balanced());
    assert_eq!(report.node("sink").unwrap().messages, 5);
}

/// A shutdown in the middle of a drain empties everything all the same.
pub fn drain_against_shutdown(seen: &Seen) {
    let running = chain(6);
    let (handle, other) = (running.handle(), running.handle());
    made(handle.drain("relay"));
    let changing = thread::spawn(move || {
        made(other.drain("sink"));
    });
    let report = running.shutdown(NEVER);
    changing.join().unwrap();
    assert!(report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.discarded), 0);
    seen.note(
        "drained something",
        report.node("sink").unwrap().messages > 0,
    );
}

/// A shutdown ends pauses, so that everything can drain, also when the pause
/// comes at the same time.
pub fn pause_against_shutdown(seen: &Seen) {
    let running = chain(6);
    let (handle, other) = (running.handle(), running.handle());
    made(handle.pause("sink"));
    let changing = thread::spawn(move || {
        let _ = other.pause("relay");
        let _ = other.set_edge_capacity(SECOND, 1);
    });
    let report = running.shutdown(NEVER);
    changing.join().unwrap();
    assert!(report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.discarded), 0);
    seen.note(
        "drained something",
        report.node("sink").unwrap().messages > 0,
    );
    seen.note("stopped early", report.reason == StopReason::Requested);
}

#[test]
fn changing_capacities_loses_nothing_and_wakes_who_waits() {
    explore("capacities", capacities, &[HELD]);
}

#[test]
fn a_producer_in_front_of_a_paused_consumer_goes_on_when_the_edge_grows() {
    explore("growing alone", growing_alone, &[HELD]);
}

#[test]
fn pausing_and_resuming_loses_nothing() {
    explore("pauses", pauses, &["paused in the middle"]);
}

#[test]
fn a_pause_in_force_is_acknowledged_and_holds() {
    explore("acknowledged", acknowledged, &["paused in time"]);
}

#[test]
fn drained_nodes_on_two_workers_rest_with_nothing_between_them() {
    explore("drains", drains, &["drained under way"]);
}

#[test]
fn a_shutdown_in_the_middle_of_a_drain_loses_nothing() {
    explore(
        "drain against shutdown",
        drain_against_shutdown,
        &["drained something"],
    );
}

#[test]
fn changing_bands_weights_and_batches_loses_nothing() {
    let expected = ["lifted in time", "picked in a band it was lifted to"];
    explore("rules", rules, &expected);
}

#[test]
fn a_shutdown_drains_paused_nodes() {
    let expected = ["drained something", "stopped early"];
    explore("pause against shutdown", pause_against_shutdown, &expected);
}
