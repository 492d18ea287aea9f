//! Two workers on threads, with every way to wait for work.

use std::time::Duration;

use tidegate::engine::Report;
use tidegate::graph::Edge;
use tidegate::node::{Tick, builtin};
use tidegate::observe::{Metrics, Recorder};
use tidegate::sched::IdleStrategy;

use crate::common::{Count, Lab, PATIENCE, feed_forever, relay, wait_until};
use crate::{every_policy, swallow};

/// How many messages make one round.
const ROUND: u64 = if cfg!(miri) { 2 } else { 100 };

/// Waits until so many more messages were received. (Not by snapshots: under
/// Miri it takes seconds to copy all the histograms.)
fn progress(received: &Count) {
    let goal = received.get() + ROUND;
    wait_until("more is through", || received.get() >= goal);
}

/// `source → relay → tee` to one sink behind an edge of each policy; every
/// edge but the first leads to the other worker.
fn run(idle: IdleStrategy) -> Report {
    let ticks = Count::default();
    let mut lab = Lab::new();
    lab.add_on(0, "source", feed_forever());
    lab.add_on(1, "relay", relay());
    lab.connect("source:out", "relay:in", Edge::block(16));
    let options = tidegate::node::NodeOptions::new().worker(0);
    let tee = builtin::tee::<u64>(4);
    lab.graph.add_with("tee", tee, options).unwrap();
    lab.connect("relay:out", "tee:in", Edge::block(16));
    for (index, edge) in every_policy().into_iter().enumerate() {
        let name = format!("sink{index}");
        let counted = ticks.clone();
        let sink = swallow().on_tick(Tick::Global, move |_, _| {
            counted.up();
            Ok(())
        });
        lab.add_on(1, &name, sink);
        lab.connect(&format!("tee:out{index}"), &format!("{name}:in"), edge);
    }
    let builder = lab.engine().workers(2).idle(idle);
    let builder = builder.metrics(Metrics::every_activation());
    let builder = builder.recorder(Recorder::Full, 256);
    // Under Miri, time passes quickly.
    let tick = Duration::from_micros(if cfg!(miri) { 500_000 } else { 500 });
    let engine = builder.tick(tick).start().unwrap();
    let handle = engine.handle();
    let received = lab.count("relay:in");
    progress(&received);
    for round in 0..if cfg!(miri) { 1 } else { 10 } {
        handle.set_batch(1 + round).unwrap();
        let first = "tee:out0->sink0:in";
        let capacity = 1 + round as usize * 7 % 16;
        handle.set_edge_capacity(first, capacity).unwrap();
        for path in ["sink1", "sink2", "sink3"] {
            handle.pause(path).unwrap();
        }
        progress(&received);
        for path in ["sink1", "sink2", "sink3"] {
            handle.resume(path).unwrap();
        }
        progress(&received);
    }
    wait_until("ticks have come", || ticks.get() > 0);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained, "{report}");
    report
}

#[test]
fn workers_that_spin() {
    run(IdleStrategy::Spin);
}

#[test]
fn workers_that_yield() {
    run(IdleStrategy::Yield);
}

#[test]
fn workers_that_sleep_and_are_woken() {
    let report = run(IdleStrategy::Park {
        spins: 0,
        yields: 0,
    });
    let parks: u64 = (report.snapshot.workers.iter())
        .map(|worker| worker.parks)
        .sum();
    assert!(parks > 0, "{report}");
}
