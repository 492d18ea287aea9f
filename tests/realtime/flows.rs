//! One worker, step by step: what messages, ticks and changes have it do.

use std::time::Duration;

use tidegate::Band;
use tidegate::edge::PolicyKind;
use tidegate::graph::Edge;
use tidegate::node::{Tick, builtin};
use tidegate::observe::{Metrics, Recorder};
use tidegate::sched::Weights;
use tidegate::time::ManualClock;

use crate::common::{Count, Lab, MANY, Probe, feed, feed_forever, relay};
use crate::{LINE, every_policy, line, swallow};

/// Steps that each part of a test gets.
const STEPS: usize = if cfg!(miri) { 20 } else { 400 };

#[test]
fn messages_flow_over_every_policy() {
    for edge in every_policy() {
        let mut lab = Lab::new();
        lab.add("source", feed_forever()).add("relay", relay());
        lab.add("sink", swallow());
        lab.connect("source:out", "relay:in", Edge::block(8));
        lab.connect("relay:out", "sink:in", edge);
        let mut engine = lab.stepping();
        engine.run_until_idle(STEPS);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        let delivered = report.edge("relay:out->sink:in").unwrap().ledger.delivered;
        assert!(delivered >= STEPS as u64 / 2, "{report}");
    }
}

#[test]
fn full_edges_hold_drop_evict_and_merge() {
    for edge in every_policy() {
        let mut lab = line(feed_forever(), swallow(), edge);
        let mut engine = lab.stepping();
        let handle = engine.handle();
        // Full at this capacity, at a larger one and at a smaller one.
        for capacity in [4, 16, 2] {
            handle.set_edge_capacity(LINE, capacity).unwrap();
            handle.pause("sink").unwrap();
            engine.run_until_idle(STEPS);
            handle.resume("sink").unwrap();
            engine.run_until_idle(STEPS);
        }
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        let edge = report.edge(LINE).unwrap();
        let when_full = match edge.policy {
            PolicyKind::Block => report.node("source").unwrap().parked,
            PolicyKind::Drop => edge.ledger.dropped,
            PolicyKind::Latest => edge.ledger.evicted,
            PolicyKind::Coalesce => edge.ledger.coalesced,
        };
        assert!(when_full >= 3, "{report}");
    }
}

#[test]
fn every_setting_changes_while_messages_flow() {
    for edge in every_policy() {
        let clock = ManualClock::new();
        let sink = swallow().on_tick(Tick::Global, |_, _| Ok(()));
        let mut lab = line(feed_forever(), sink, edge);
        let engine = lab.engine().clock(clock.clone());
        let mut engine = engine.tick(Duration::from_millis(1)).stepping().unwrap();
        let handle = engine.handle();
        for round in 0..if cfg!(miri) { 4 } else { 12 } {
            handle.set_batch(1 + round).unwrap();
            let weights = Weights::new(1 + (round % 4) as u8, 2, 1).unwrap();
            handle.set_weights(weights).unwrap();
            handle
                .set_edge_band(LINE, Band::ALL[round as usize % 3])
                .unwrap();
            handle
                .set_edge_capacity(LINE, 1 + round as usize % 16)
                .unwrap();
            let interval = Duration::from_micros(100 + u64::from(round));
            handle.set_tick(interval).unwrap();
            handle.set_node_tick("sink", Tick::Every(interval)).unwrap();
            if round % 3 == 0 {
                handle.pause("sink").unwrap();
            } else {
                handle.resume("sink").unwrap();
            }
            engine.run_until_idle(STEPS / 10);
            clock.advance(interval);
            engine.run_until_idle(STEPS / 10);
        }
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert!(report.edge(LINE).unwrap().ledger.delivered > 0, "{report}");
        assert!(report.node("sink").unwrap().ticks > 0, "{report}");
    }
}

#[test]
fn ticks_are_served_in_time_late_and_not_at_all() {
    let clock = ManualClock::new();
    let ticks = Count::default();
    let counted = ticks.clone();
    let source = Probe::new().on_tick(Tick::Global, move |io, cx| {
        io.output.send(cx, counted.up())?;
        Ok(())
    });
    let mut lab = line(source, swallow(), Edge::block(64));
    let engine = lab.engine().clock(clock.clone());
    let mut engine = engine.tick(Duration::from_millis(1)).stepping().unwrap();
    engine.run_until_idle(MANY);
    for wait in [1_000, 1_500, 500, 7_000, 1_000] {
        clock.advance(Duration::from_micros(wait));
        engine.run_until_idle(MANY);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let source = report.node("source").unwrap();
    assert_eq!(source.ticks, ticks.get());
    assert!(source.late_ticks > 0 && source.missed_ticks > 0, "{report}");
}

#[test]
fn a_command_ends_the_batch_of_a_busy_source() {
    // The command is sent in the middle of a batch, to the sender itself.
    let source = {
        let mut next = 0;
        Probe::new().uncredited().eager().on_message(move |io, cx| {
            while io.control.recv(cx).is_some() {}
            while cx.next_turn() {
                io.output.send(cx, next)?;
                next += 1;
                if next.is_multiple_of(5) {
                    io.second.send(cx, next)?;
                }
            }
            Ok(())
        })
    };
    let mut lab = line(source, swallow(), Edge::block(64));
    let command = Edge::block(2).band(Band::Control);
    lab.connect("source:second", "source:control", command);
    let mut engine = lab.stepping();
    engine.run_until_idle(STEPS);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let commands = report.edge("source:second->source:control").unwrap();
    assert!(commands.ledger.delivered > 0, "{report}");
    assert!(report.snapshot.workers[0].picks[0] > 0, "{report}");
}

#[test]
fn what_is_in_flight_at_the_shutdown_is_drained() {
    for edge in every_policy() {
        let mut lab = Lab::new();
        lab.add("source", feed_forever()).add("relay", relay());
        lab.add("sink", swallow());
        lab.connect("source:out", "relay:in", Edge::block(8));
        lab.connect("relay:out", "sink:in", edge);
        let mut engine = lab.stepping();
        engine.handle().pause("sink").unwrap();
        engine.run_until_idle(STEPS);
        let waiting: u64 = (engine.snapshot().edges.iter())
            .map(|edge| edge.ledger.in_flight)
            .sum();
        assert!(waiting >= 4);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert!(report.drained, "{report}");
    }
}

#[test]
fn a_source_that_finishes_ends_what_follows_it() {
    for edge in every_policy() {
        let mut lab = line(feed(50), swallow(), edge);
        let mut engine = lab.stepping();
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested(), "every node has finished");
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
    }
}

#[test]
fn everything_is_measured_and_recorded_meanwhile() {
    for (index, edge) in every_policy().into_iter().enumerate() {
        let clock = ManualClock::new();
        let mut lab = Lab::new();
        lab.add("source", feed_forever());
        // Its loop is `Input::relay`.
        let relay = builtin::map(|number: u64| number + 1);
        lab.graph.add("relay", relay).unwrap();
        lab.add("sink", swallow().on_tick(Tick::Global, |_, _| Ok(())));
        lab.connect("source:out", "relay:in", Edge::block(4));
        lab.connect("relay:out", "sink:in", edge);
        let builder = lab.engine().metrics(Metrics::every_activation());
        // Far less room than there are events; stamped by the machine's time
        // as well as by a clock of one's own.
        let builder = builder.recorder(Recorder::Full, 64);
        let builder = builder.tick(Duration::from_millis(1));
        let builder = if index % 2 == 0 {
            builder.clock(clock.clone())
        } else {
            builder
        };
        let mut engine = builder.stepping().unwrap();
        let handle = engine.handle();
        for _ in 0..4 {
            handle.pause("sink").unwrap();
            engine.run_until_idle(STEPS);
            clock.advance(Duration::from_millis(3));
            handle.resume("sink").unwrap();
            engine.run_until_idle(STEPS);
        }
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        let recording = handle.recording().unwrap();
        assert!(recording.lost() > 0 && recording.events().count() >= 64);
        let sink = report.node("sink").unwrap();
        let timed = sink.execution.as_ref().unwrap().count();
        assert!(timed > STEPS as u64 / 10, "{report}");
    }
}
