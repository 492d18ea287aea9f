//! Block edges: the producer waits, and nothing is lost.

mod common;

use std::collections::VecDeque;
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use common::{
    Count, Lab, Log, MANY, PATIENCE, Probe, Seed, eat, feed, feed_forever, relay, wait_until,
};
use tidegate::engine::{EngineHandle, Step, StopReason};
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeError, NodeOptions, SendFailure, Tick};
use tidegate::sched::NodeState;
use tidegate::time::ManualClock;

const TICK: Tick = Tick::Every(Duration::from_millis(1));

#[test]
fn block_applies_backpressure_until_recv() {
    for capacity in [1, 8, 64] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add("source", feed(1_000)).add("sink", eat(&eaten));
        lab.connect("source:out", "sink:in", Edge::block(capacity));
        let sent = lab.count("source:out");
        let mut engine = lab.stepping();
        let handle = engine.handle();
        handle.pause("sink").unwrap();

        assert!(engine.run_until_idle(MANY) < MANY, "the source rests");
        assert_eq!(sent.get(), capacity as u64, "it filled the edge, no more");
        assert_eq!(engine.snapshot().node("source").unwrap().parked, 1);
        assert!(matches!(engine.step(), Step::Idle { .. }));

        handle.resume("sink").unwrap();
        let mut lead = 0;
        while !matches!(engine.step(), Step::Idle { .. }) {
            lead = lead.max(sent.get() - eaten.len() as u64);
        }
        assert_eq!(lead, capacity as u64);
        assert!(engine.shutdown_requested(), "both nodes have finished");
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(report.reason, StopReason::Completed);
        assert_eq!(eaten.take(), (0..1_000).collect::<Vec<_>>());
    }
}

#[test]
fn a_producer_on_another_worker_is_never_ahead_by_more_than_the_capacity() {
    const CAPACITY: u64 = 8;
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let (open, gate) = channel::<()>();
    let lead = Count::default();
    let (worst, seen) = (lead.clone(), eaten.clone());
    let mut next = 0;
    let source = Probe::new().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            if next == 20_000 {
                cx.finish();
                break;
            }
            io.output.send(cx, next)?;
            next += 1;
            worst.raise_to(next - seen.len() as u64);
        }
        Ok(())
    });
    let list = eaten.clone();
    let sink = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            list.push(number);
            if number == 0 {
                gate.recv_timeout(PATIENCE)?;
            }
        }
        Ok(())
    });
    lab.add_on(0, "source", source).add_on(1, "sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(CAPACITY as usize));
    let sent = lab.count("source:out");
    let engine = lab.engine().workers(2).start().unwrap();
    wait_until("the source is parked", || {
        engine.snapshot().node("source").unwrap().parked > 0
    });
    assert_eq!(sent.get(), CAPACITY);
    open.send(()).unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
    assert!(lead.get() <= CAPACITY, "ahead by {}", lead.get());
    assert_eq!(eaten.take(), (0..20_000).collect::<Vec<_>>());
}

fn chain_of_five(lab: &mut Lab, eaten: &Log<u64>, messages: u64, workers: usize) {
    lab.add_on(0, "source", feed(messages));
    for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
        lab.add_on((index + 1) % workers, name, relay());
    }
    lab.add_on(4 % workers, "sink", eat(eaten));
    for (from, to) in [("source", "a"), ("a", "b"), ("b", "c"), ("c", "sink")] {
        lab.connect(&format!("{from}:out"), &format!("{to}:in"), Edge::block(1));
    }
}

#[test]
fn a_chain_of_single_message_edges_loses_and_reorders_nothing() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    chain_of_five(&mut lab, &eaten, 2_000, 1);
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..2_000).collect::<Vec<_>>());
}

#[test]
fn a_chain_of_single_message_edges_across_two_workers_loses_no_wakeup() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    chain_of_five(&mut lab, &eaten, 20_000, 2);
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(eaten.take(), (0..20_000).collect::<Vec<_>>());
}

#[test]
fn a_node_within_its_declared_fan_out_never_meets_a_full_edge() {
    let mut seed = Seed::new();
    for capacity in [3, 4, 7, 64] {
        let (mut lab, eaten, refusals) = (Lab::new(), Log::new(), Count::default());
        let refused = refusals.clone();
        let triple = Probe::new().fan_out(3).on_message(move |io, cx| {
            while let Some(number) = io.input.recv(cx) {
                for part in 0..3 {
                    if io.output.send(cx, 3 * number + part).is_err() {
                        refused.up();
                    }
                }
            }
            Ok(())
        });
        lab.add("source", feed(500)).add("triple", triple);
        lab.add("sink", eat(&eaten));
        lab.connect("source:out", "triple:in", Edge::block(16));
        lab.connect("triple:out", "sink:in", Edge::block(capacity));
        let mut engine = lab.stepping();
        let handle = engine.handle();
        // The sink comes and goes, so that the edge is full now and then.
        while !engine.shutdown_requested() {
            handle.resume("sink").unwrap();
            engine.run_until_idle(seed.in_range(1..12) as usize);
            handle.pause("sink").unwrap();
            engine.run_until_idle(seed.in_range(1..40) as usize);
        }
        assert!(engine.snapshot().node("triple").unwrap().parked > 0);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(refusals.get(), 0);
        assert_eq!(eaten.take(), (0..1_500).collect::<Vec<_>>());
    }
}

#[test]
fn a_send_beyond_the_fan_out_comes_back_and_can_be_kept_until_there_is_room() {
    for capacity in [1, 2, 8] {
        let (mut lab, eaten, refusals) = (Lab::new(), Log::new(), Count::default());
        let refused = refusals.clone();
        let mut kept = VecDeque::new();
        let burst = Probe::new().on_message(move |io, cx| {
            loop {
                while let Some(number) = kept.pop_front() {
                    if let Err(error) = io.output.send(cx, number) {
                        assert_eq!(error.failure, SendFailure::Full);
                        assert_eq!(*error.message, number, "the same message comes back");
                        kept.push_front(number);
                        refused.up();
                        return Ok(());
                    }
                }
                let Some(number) = io.input.recv(cx) else {
                    return Ok(());
                };
                kept.extend(5 * number..5 * number + 5);
            }
        });
        lab.add("source", feed(200)).add("burst", burst);
        lab.add("sink", eat(&eaten));
        lab.connect("source:out", "burst:in", Edge::block(4));
        lab.connect("burst:out", "sink:in", Edge::block(capacity));
        let mut engine = lab.stepping();
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested(), "all is through by itself");
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert!(refusals.get() > 0, "the edge was met full");
        assert_eq!(report.node("burst").unwrap().errors, 0);
        assert_eq!(eaten.take(), (0..1_000).collect::<Vec<_>>());
    }
}

#[test]
fn growing_an_edge_rearms_its_parked_producer() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(100)).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(2).max_capacity(8));
    let sent = lab.count("source:out");
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(sent.get(), 2);
    handle.set_edge_capacity("source:out->sink:in", 8).unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(sent.get(), 8, "up to the new capacity");
    // Shrinking holds it back until the edge has drained below.
    handle.set_edge_capacity("source:out->sink:in", 1).unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(sent.get(), 8);
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..100).collect::<Vec<_>>());
}

#[test]
fn growing_an_edge_wakes_its_producer_on_another_worker() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_on(0, "source", feed_forever());
    lab.add_on(1, "sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(1).max_capacity(64));
    let sent = lab.count("source:out");
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    wait_until("the sink is paused", || {
        engine.snapshot().node("sink").unwrap().state == NodeState::Paused
    });
    for capacity in 2..=64 {
        wait_until("the source has filled the edge", || {
            engine.snapshot().edges[0].ledger.in_flight == capacity - 1
        });
        handle
            .set_edge_capacity("source:out->sink:in", capacity as usize)
            .unwrap();
    }
    let delivered = eaten.len() as u64;
    wait_until("the source has filled the edge", || {
        sent.get() == delivered + 64
    });
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained);
}

#[test]
fn an_edge_cannot_shrink_below_the_fan_out_of_its_producer() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let twice = Probe::new().fan_out(2).on_message(|io, cx| {
        while let Some(number) = io.input.recv(cx) {
            io.output.send(cx, number)?;
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    lab.add("source", feed(100)).add("twice", twice);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "twice:in", Edge::block(4));
    lab.connect("twice:out", "sink:in", Edge::block(4));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(5);
    let error = handle
        .set_edge_capacity("twice:out->sink:in", 1)
        .unwrap_err();
    for part in ["twice:out->sink:in", "capacity 1", "fan-out of 2"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    handle.set_edge_capacity("twice:out->sink:in", 2).unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.len(), 200);
}

#[test]
fn shrinking_an_edge_does_not_take_back_the_credit_of_a_running_node() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let handle = Arc::new(OnceLock::<EngineHandle>::new());
    let shrinking = Arc::clone(&handle);
    let node = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            let handle = shrinking.get().expect("it is set before the first step");
            handle.set_edge_capacity("shrink:out->sink:in", 1).unwrap();
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    lab.add("source", feed(8)).add("shrink", node);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "shrink:in", Edge::block(8));
    lab.connect("shrink:out", "sink:in", Edge::block(4));
    let mut engine = lab.stepping();
    assert!(handle.set(engine.handle()).is_ok());
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.node("shrink").unwrap().errors, 0);
    assert_eq!(eaten.take(), (0..8).collect::<Vec<_>>());
}

#[test]
fn a_producer_parked_on_two_full_edges_goes_on_when_both_have_room() {
    for first in ["left", "right"] {
        let second = if first == "left" { "right" } else { "left" };
        let (mut lab, left, right) = (Lab::new(), Log::new(), Log::new());
        let both = Probe::new().on_message(|io, cx| {
            while let Some(number) = io.input.recv(cx) {
                io.output.send(cx, number)?;
                io.second.send(cx, number)?;
            }
            Ok(())
        });
        lab.add("source", feed(50)).add("both", both);
        lab.add("left", eat(&left)).add("right", eat(&right));
        lab.connect("source:out", "both:in", Edge::block(4));
        lab.connect("both:out", "left:in", Edge::block(1));
        lab.connect("both:second", "right:in", Edge::block(1));
        let mut engine = lab.stepping();
        let handle = engine.handle();
        handle.pause("left").unwrap();
        handle.pause("right").unwrap();
        engine.run_until_idle(MANY);
        handle.resume(first).unwrap();
        engine.run_until_idle(MANY);
        handle.resume(second).unwrap();
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested(), "stuck after {first} had room");
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(left.take(), (0..50).collect::<Vec<_>>());
        assert_eq!(right.take(), (0..50).collect::<Vec<_>>());
    }
}

#[test]
fn a_quarantined_consumer_wakes_its_parked_producer_with_closed() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    let failures = Log::new();
    let seen = failures.clone();
    let mut next = 0;
    let source = Probe::new().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            if let Err(error) = io.output.send(cx, next) {
                seen.push((error.failure, error.message.into_payload()));
                cx.finish();
                break;
            }
            next += 1;
        }
        Ok(())
    });
    let sink = Probe::new()
        .passive()
        .on_tick(TICK, |_, _| Err(NodeError::new("broken")));
    lab.add("source", source);
    let options = NodeOptions::new().on_error(FaultPolicy::Quarantine { after: 1 });
    lab.add_with("sink", sink, options);
    lab.connect("source:out", "sink:in", Edge::block(3));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(engine.snapshot().node("source").unwrap().parked, 1);
    assert_eq!(failures.len(), 0);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    assert_eq!(failures.take(), [(SendFailure::Closed, 3)]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.node("sink").unwrap().state, NodeState::Quarantined);
    assert_eq!(report.snapshot.edges[0].ledger.discarded, 3);
}
