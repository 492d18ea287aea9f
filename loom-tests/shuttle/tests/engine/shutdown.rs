//! The ways an engine ends: who asks for it, and how long it may drain.

use std::sync::Arc;
use std::time::Duration;

use shuttle::thread;

use tidegate::engine::{BuildError, StopReason};
use tidegate::node::FaultPolicy;

use crate::audit::total;
use crate::harness::{Seen, explore};
use crate::plant::{NEVER, Plant, source, stage};
use crate::stage::{Deed, When};

const UNDER_WAY: &str = "messages were under way";
const DRAINED: &str = "it drained";
const DISCARDED: &str = "messages were discarded";

fn chain(items: u32) -> Plant {
    let stages = [
        source("source", 0, items),
        stage("relay", 1),
        stage("sink", 2),
    ];
    Plant::new(3, stages)
        .block("source", "relay", 2)
        .block("relay", "sink", 1)
}

/// With all the time it wants.
pub fn draining(seen: &Seen) {
    let report = chain(9).start().unwrap().shutdown(NEVER);
    assert!(report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.discarded), 0);
    let messages = report.node("sink").unwrap().messages;
    let sent = report.edge("source:out0->relay:in0").unwrap().ledger.sent;
    assert_eq!(messages, sent);
    seen.note(UNDER_WAY, (1..9).contains(&messages));
}

/// The supervisor looks at the edges in the order of their making: here against
/// the flow of messages, and with edges in between where nothing happens, so
/// that there is time for something to move past its look.
pub fn draining_backwards(seen: &Seen) {
    let stages = [
        source("source", 0, 3),
        source("quiet", 0, 0),
        stage("relay", 1),
        stage("first", 1),
        stage("second", 1),
        stage("third", 1),
        stage("sink", 2),
    ];
    let running = Plant::new(3, stages)
        .block("relay", "sink", 2)
        .block("quiet", "first", 1)
        .block("quiet", "second", 1)
        .block("quiet", "third", 1)
        .block("source", "relay", 2)
        .start()
        .unwrap();
    let report = running.shutdown(NEVER);
    assert!(report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.discarded), 0);
    seen.note(UNDER_WAY, report.node("sink").unwrap().messages > 0);
}

/// With no time at all.
pub fn at_once(seen: &Seen) {
    let report = chain(9).start().unwrap().shutdown(Duration::ZERO);
    seen.note(DRAINED, report.drained);
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// With a time that may be over at any moment.
pub fn in_time_or_not(seen: &Seen) {
    let timeout = Duration::from_millis(1);
    let report = chain(9).start().unwrap().shutdown(timeout);
    let discarded = total(&report, |edge| edge.ledger.discarded);
    seen.note(DRAINED, report.drained);
    seen.note("the time was over", !report.drained);
    seen.note(DISCARDED, discarded > 0);
}

/// Two handles ask at once, with different timeouts.
pub fn twice(seen: &Seen) {
    let running = chain(9).start().unwrap();
    let (handle, other) = (running.handle(), running.handle());
    let asking = thread::spawn(move || other.request_shutdown(Duration::ZERO));
    handle.request_shutdown(NEVER);
    let report = running.wait();
    asking.join().unwrap();
    assert_eq!(report.reason, StopReason::Requested);
    seen.note(DRAINED, report.drained);
    seen.note("it did not drain", !report.drained);
}

/// What cannot drain is given up when somebody loses patience.
pub fn cut_short(seen: &Seen) {
    let stages = [
        source("source", 0, 9),
        stage("relay", 1),
        stage("sink", 1).passive(),
    ];
    let running = Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .start()
        .unwrap();
    let handle = running.handle();
    // The relay is held back for good, the source behind it.
    while handle.snapshot().edges[0].ledger.sent < 2 {
        thread::yield_now();
    }
    handle.request_shutdown(NEVER);
    let asking = thread::spawn({
        let handle = handle.clone();
        move || handle.request_shutdown(Duration::ZERO)
    });
    let report = running.wait();
    asking.join().unwrap();
    assert!(!report.drained);
    assert_eq!(total(&report, |edge| edge.ledger.discarded), 2);
    seen.note(DISCARDED, true);
}

/// A node asks, in the middle of its work.
pub fn by_a_node(seen: &Seen) {
    let stages = [
        source("source", 0, 9),
        stage("relay", 1).does(When::AtMessages(2, 2), Deed::RequestShutdown),
        stage("sink", 2),
    ];
    let report = Plant::new(3, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert!(report.drained);
    let messages = report.node("sink").unwrap().messages;
    assert!(messages >= 2);
    seen.note("it went on a little", messages > 2);
    seen.note("it was not done", messages < 9);
}

/// A node asks before the engine runs.
pub fn by_a_starting_node(seen: &Seen) {
    let stages = [
        source("source", 0, 3),
        stage("sink", 1).does(When::OnStart, Deed::RequestShutdown),
    ];
    let report = Plant::new(2, stages).block("source", "sink", 1).run();
    assert!(report.drained);
    assert_eq!(report.reason, StopReason::Requested);
    seen.note(
        "some messages passed",
        report.node("sink").unwrap().messages > 0,
    );
    seen.note("none passed", report.node("sink").unwrap().messages == 0);
}

/// A node in the middle finishes by itself: what is sent to it comes back.
pub fn by_finishing(seen: &Seen) {
    let stages = [
        source("source", 0, 6),
        stage("relay", 1).does(When::AtMessages(2, 2), Deed::Finish),
        stage("sink", 0),
    ];
    let report = Plant::new(2, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1)
        .run();
    assert_eq!(report.reason, StopReason::Completed);
    let messages = report.node("sink").unwrap().messages;
    assert!(messages >= 2);
    seen.note(DISCARDED, total(&report, |edge| edge.ledger.discarded) > 0);
}

/// Nobody waits for the engine: its owner drops it.
pub fn dropped(seen: &Seen) {
    let running = chain(9).start().unwrap();
    let handle = running.handle();
    drop(running.engine);
    running.audit.check_nothing_left();
    let snapshot = handle.snapshot();
    assert!(snapshot.is_balanced());
    assert!(snapshot.edges.iter().all(|edge| edge.ledger.in_flight == 0));
    let discarded = snapshot.edges.iter().map(|edge| edge.ledger.discarded);
    seen.note(DISCARDED, discarded.sum::<u64>() > 0);
}

/// A node fails to start, and its policy is to stop: there is no engine.
pub fn refused_start(seen: &Seen) {
    let stages = [
        source("source", 0, 3),
        stage("relay", 1)
            .on_fault(FaultPolicy::Stop)
            .does(When::OnStart, Deed::Fail),
        stage("sink", 2),
    ];
    let plant = Plant::new(3, stages)
        .block("source", "relay", 1)
        .block("relay", "sink", 1);
    let journal = Arc::clone(&plant.journal);
    match plant.start() {
        Err(BuildError::OnStart(reason)) => assert_eq!(reason, "node relay: on purpose"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
    assert!(!journal.events().iter().any(|event| event.is_traffic()));
    assert_eq!(journal.misdropped(), 0);
    seen.note("refused", true);
}

/// A source with a cadence, until its shutdown.
pub fn ticking(seen: &Seen) {
    let stages = [
        source("clock", 0, 100).ticking(Duration::from_millis(1)),
        stage("sink", 1),
    ];
    let running = Plant::new(2, stages)
        .block("clock", "sink", 1)
        .start()
        .unwrap();
    let handle = running.handle();
    while handle.snapshot().node("sink").unwrap().messages < 2 {
        thread::yield_now();
    }
    let report = running.shutdown(NEVER);
    assert!(report.drained);
    let clock = report.node("clock").unwrap();
    assert_eq!(clock.ticks, report.node("sink").unwrap().messages);
    seen.note("it ticked on", clock.ticks > 2);
}

#[test]
fn draining_delivers_everything_that_was_sent() {
    explore("draining", draining, &[UNDER_WAY]);
}

#[test]
fn draining_does_not_depend_on_the_order_of_the_edges() {
    explore("draining backwards", draining_backwards, &[UNDER_WAY]);
}

#[test]
fn without_time_to_drain_leftovers_are_counted() {
    explore("at once", at_once, &[DISCARDED]);
}

#[test]
fn a_timeout_may_come_at_any_moment_of_draining() {
    let expected = [DRAINED, "the time was over", DISCARDED];
    explore("in time or not", in_time_or_not, &expected);
}

#[test]
fn two_requests_at_once_are_one_shutdown() {
    explore("twice", twice, &[DRAINED, "it did not drain"]);
}

#[test]
fn a_drain_without_end_can_be_cut_short() {
    explore("cut short", cut_short, &[DISCARDED]);
}

#[test]
fn a_node_may_ask_for_the_shutdown() {
    explore(
        "by a node",
        by_a_node,
        &["it went on a little", "it was not done"],
    );
}

#[test]
fn a_node_may_ask_for_it_before_the_engine_runs() {
    let expected = ["some messages passed", "none passed"];
    explore("by a starting node", by_a_starting_node, &expected);
}

#[test]
fn a_node_may_finish_before_its_inputs_do() {
    explore("by finishing", by_finishing, &[DISCARDED]);
}

#[test]
fn dropping_the_engine_stops_it() {
    explore("dropped", dropped, &[DISCARDED]);
}

#[test]
fn a_node_that_refuses_to_start_leaves_nothing_running() {
    explore("refused start", refused_start, &["refused"]);
}

#[test]
fn ticks_come_until_the_shutdown() {
    explore("ticking", ticking, &["it ticked on"]);
}
