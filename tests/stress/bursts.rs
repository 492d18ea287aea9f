//! Bursts against the batch limit: how long a worker's turn gets.

use std::time::Duration;

use tidegate::engine::{Engine, Snapshot};
use tidegate::graph::Edge;
use tidegate::node::Tick;
use tidegate::observe::{HistogramSnapshot, Metrics};

use super::common::{Count, Io, Lab, PATIENCE, Probe, Pulse};
use super::{MS, assert_sound, quantiles, seconds};

const TICK: Duration = MS;
const CAPACITY: usize = 4096;
const BATCHES: [u32; 3] = [8, 64, 8];

/// Sends one message with each tick, and as many as it can while there is a
/// burst.
fn source(burst: &Count) -> Probe {
    let (burst, mut next) = (burst.clone(), 0);
    let in_burst = burst.clone();
    Probe::new()
        .on_tick(Tick::Every(TICK), move |io, cx| {
            io.output.send(cx, u64::MAX)?;
            if in_burst.get() > 0 {
                cx.rearm();
            }
            Ok(())
        })
        .on_message(move |io: &mut Io<u64>, cx| {
            while burst.get() > 0 && cx.next_turn() {
                io.output.send(cx, next)?;
                next += 1;
            }
            if burst.get() > 0 {
                cx.rearm();
            }
            Ok(())
        })
}

/// Passes on, and notes the most that one activation handled.
fn stage(most: &Count) -> Probe {
    let most = most.clone();
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        let mut handled = 0;
        while let Some(number) = io.input.recv(cx) {
            handled += 1;
            io.output.send(cx, number)?;
        }
        most.raise_to(handled);
        Ok(())
    })
}

/// The turns of the worker between two readings.
fn turns(before: &Snapshot, after: &Snapshot) -> HistogramSnapshot {
    let of = |snapshot: &Snapshot| snapshot.workers[0].loop_latency.clone().unwrap();
    of(after).since(&of(before))
}

/// The turns of this span, and how many messages came through.
fn pass(engine: &Engine, pulse: &mut Pulse, time: Duration) -> (HistogramSnapshot, u64) {
    let before = engine.snapshot();
    pulse.pass(time);
    let after = engine.snapshot();
    let through = |snapshot: &Snapshot| snapshot.node("sink").unwrap().messages;
    (turns(&before, &after), through(&after) - through(&before))
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn a_burst_makes_turns_no_longer_than_its_batch_and_does_not_add_up() {
    let (mut lab, burst, most) = (Lab::new(), Count::default(), Count::default());
    lab.add("source", source(&burst));
    lab.add("first", stage(&most)).add("second", stage(&most));
    lab.add("sink", super::swallow());
    for (from, to) in [("source", "first"), ("first", "second"), ("second", "sink")] {
        let edge = Edge::block(CAPACITY);
        lab.connect(&format!("{from}:out"), &format!("{to}:in"), edge);
    }
    Pulse::plant(&mut lab);
    let builder = lab.engine().metrics(Metrics::every_activation());
    let (engine, mut pulse) = Pulse::start(builder);
    let handle = engine.handle();
    let span = (seconds() / (3 * BATCHES.len() as u32)).max(10 * super::common::BEAT);
    let mut bursts = Vec::new();
    for batch in BATCHES {
        let change = handle.set_batch(batch).unwrap();
        handle.wait_applied(change, PATIENCE).unwrap();
        most.set(0);
        let (calm, trickle) = pass(&engine, &mut pulse, span);
        burst.set(1);
        let (first, flood) = pass(&engine, &mut pulse, span);
        let (second, _) = pass(&engine, &mut pulse, span);
        burst.set(0);
        println!("batch {batch}, calm: {}", quantiles(&calm));
        println!("batch {batch}, burst: {}", quantiles(&first));
        println!("batch {batch}, later: {}", quantiles(&second));
        assert_eq!(most.get(), u64::from(batch), "whole batches, and no more");
        assert!(flood > 10 * trickle, "{flood} messages are no burst");
        for turns in [&calm, &first, &second] {
            assert!(turns.quantile(0.95) <= TICK, "{}", quantiles(turns));
        }
        let (first, second) = (first.quantile(0.95), second.quantile(0.95));
        assert!(
            second <= 4 * first + TICK / 20,
            "{first:?}, then {second:?}"
        );
        bursts.push(first.max(second));
    }
    // Eight times the batch: that much longer at most, with something to spare.
    assert!(bursts[1] <= 16 * bursts[0] + TICK / 20, "{bursts:?}");
    assert!(bursts[2] <= 4 * bursts[0] + TICK / 20, "{bursts:?}");
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_sound(&report);
    for edge in &report.snapshot.edges {
        assert!(edge.high_water.unwrap() <= edge.capacity, "{report}");
    }
}
