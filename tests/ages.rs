//! Edges with a maximum age: what is too old expires, and is never delivered.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, Probe, eat, feed};
use tidegate::Message;
use tidegate::edge::Ledger;
use tidegate::engine::Report;
use tidegate::graph::Edge;
use tidegate::node::{NodeOptions, Tick, builtin};
use tidegate::time::{ManualClock, Timestamp};

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// The ledger of the edge that leads to the sink.
fn last(report: &Report) -> Ledger {
    let mut edges = report.snapshot.edges.iter();
    let edge = edges.find(|edge| edge.id.ends_with("->sink:in"));
    edge.expect("something leads to the sink").ledger
}

/// Sends 1 to 5 in as many milliseconds to a sink that is paused until `moment`.
/// What it got, and the ledger.
fn late_sink(edge: impl Into<Edge>, moment: Duration) -> (Vec<u64>, Ledger) {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    let mut next = 0;
    let source = Probe::new().on_tick(Tick::Every(millis(1)), move |io, cx| {
        next += 1;
        if next <= 5 {
            io.output.send(cx, next)?;
        }
        Ok(())
    });
    lab.add("source", source).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    for _ in 0..5 {
        clock.advance(millis(1));
        engine.run_until_idle(MANY);
    }
    clock.advance(moment - millis(5));
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    (eaten.take(), last(&report))
}

#[test]
fn what_is_older_than_the_maximum_expires_whatever_the_policy() {
    let sum = |pending: &mut u64, new| *pending += new;
    let of = |sent, delivered, expired| {
        let mut ledger = Ledger::default();
        (ledger.sent, ledger.delivered, ledger.expired) = (sent, delivered, expired);
        ledger
    };
    // At 6 ms they are 5, 4, 3, 2 and 1 ms old.
    let (eaten, ledger) = late_sink(Edge::block(8).max_age(millis(3)), millis(6));
    assert_eq!((eaten, ledger), (vec![3, 4, 5], of(5, 3, 2)));
    let (eaten, ledger) = late_sink(Edge::drop_newest(3).max_age(millis(3)), millis(6));
    let mut dropped = of(5, 1, 2);
    dropped.dropped = 2;
    assert_eq!((eaten, ledger), (vec![3], dropped));
    let (eaten, ledger) = late_sink(Edge::latest(3).max_age(millis(2)), millis(6));
    let mut evicted = of(5, 2, 1);
    evicted.evicted = 2;
    assert_eq!((eaten, ledger), (vec![4, 5], evicted));
    // What was merged is as old as the first that went into it.
    let mut coalesced = of(5, 1, 1);
    coalesced.coalesced = 3;
    let (eaten, ledger) = late_sink(Edge::coalesce(2, sum).max_age(millis(4)), millis(6));
    assert_eq!((eaten, ledger), (vec![2 + 3 + 4 + 5], coalesced));
}

#[test]
fn without_a_maximum_nothing_expires() {
    let (eaten, ledger) = late_sink(Edge::block(8), Duration::from_secs(1_000_000));
    assert_eq!((eaten, ledger.expired), (vec![1, 2, 3, 4, 5], 0));
}

#[test]
fn an_old_message_behind_a_young_one_expires_too() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    clock.advance(millis(100));
    let origins = [95, 10, 96, 89, 90].map(|at| Timestamp::from_nanos(at * 1_000_000));
    let source = Probe::new().on_start(move |io, cx| {
        for (number, origin) in (0..).zip(origins) {
            let message = Message::new(number).with_origin(origin);
            io.output.port.send_message(cx, message)?;
        }
        Ok(())
    });
    lab.add("source", source).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(8).max_age(millis(10)));
    let mut engine = lab.engine().clock(clock).stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(eaten.take(), [0, 2, 4]);
    assert_eq!(last(&report).expired, 2);
}

/// A message that counts how many of it are gone.
struct Counted(common::Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.up();
    }
}

#[test]
fn what_expires_is_dropped_once_and_makes_room_for_who_waits() {
    let (mut lab, clock, gone) = (Lab::new(), ManualClock::new(), common::Count::default());
    let counted = gone.clone();
    let numbers = (0..6).map(move |_| Counted(counted.clone()));
    let options = NodeOptions::new();
    let source = builtin::source_iter(numbers);
    lab.graph.add_with("source", source, options).unwrap();
    lab.graph
        .add("sink", builtin::sink(|_: Counted| ()))
        .unwrap();
    lab.connect("source:out", "sink:in", Edge::block(2).max_age(millis(1)));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(gone.get(), 0, "two wait, and the source for room");
    clock.advance(millis(2));
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced() && report.drained, "{report}");
    let ledger = last(&report);
    assert_eq!((ledger.sent, ledger.expired, ledger.delivered), (6, 2, 4));
    assert_eq!(gone.get(), 6);
}

#[test]
fn ready_made_nodes_never_see_what_is_too_old() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", feed(8));
    lab.graph.add("map", builtin::map(|n: u64| n)).unwrap();
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "map:in", Edge::block(8).max_age(millis(1)));
    lab.connect("map:out", "sink:in", Edge::block(8));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("map").unwrap();
    engine.run_until_idle(MANY);
    clock.advance(millis(2));
    handle.resume("map").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), [0_u64; 0]);
    assert_eq!(report.snapshot.edges[0].ledger.expired, 8);
}

#[test]
fn between_threads_every_message_is_delivered_or_expires() {
    let sum = |pending: &mut u64, new| *pending += new;
    let age = Duration::from_micros(3);
    let messages = if cfg!(miri) { 50 } else { 20_000 };
    for edge in [
        Edge::block(16).max_age(age),
        Edge::drop_newest(16).max_age(age),
        Edge::latest(16).max_age(age),
        Edge::coalesce(16, sum).max_age(age).into(),
    ] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add_on(0, "source", feed(messages));
        lab.add_on(1, "sink", eat(&eaten));
        lab.connect("source:out", "sink:in", edge);
        let report = lab.engine().workers(2).start().unwrap().wait();
        lab.assert_conserved(&report);
        assert_eq!(last(&report).sent, messages);
        assert_eq!(eaten.len() as u64, last(&report).delivered);
    }
}
