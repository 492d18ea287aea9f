//! A run is measured; the next one is placed by what it showed.

mod common;

use std::time::Duration;

use common::{Lab, MANY, Probe};
use tidegate::engine::Snapshot;
use tidegate::graph::{Costs, Edge};
use tidegate::node::NodeOptions;
use tidegate::observe::Metrics;
use tidegate::time::ManualClock;

/// How long each node takes for a message, in microseconds: `decode` and
/// `store` have most of the work.
const STAGES: [(&str, u64); 4] = [("decode", 40), ("check", 4), ("store", 40), ("count", 4)];

/// 20 messages through a chain of all of these.
fn chain(lab: &mut Lab, clock: &ManualClock, options: NodeOptions) {
    lab.add_with("source", common::feed(20), options);
    let mut before = "source:out".to_owned();
    for (name, micros) in STAGES {
        let time = clock.clone();
        let last = name == "count";
        let probe = Probe::new().on_message(move |io, cx| {
            while let Some(number) = io.input.recv(cx) {
                if !last {
                    io.output.send(cx, number)?;
                }
                time.advance(Duration::from_micros(micros));
            }
            Ok(())
        });
        lab.add_with(name, probe, options);
        lab.connect(&before, &format!("{name}:in"), Edge::block(8));
        before = format!("{name}:out");
    }
}

/// Runs the chain on one worker by the manual clock.
fn run(metrics: Metrics) -> Snapshot {
    let clock = ManualClock::new();
    let mut lab = Lab::new();
    chain(&mut lab, &clock, NodeOptions::new());
    let builder = lab.engine().clock(clock).metrics(metrics);
    let mut engine = builder.stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    report.snapshot
}

#[test]
fn the_costs_of_a_run_are_what_its_nodes_took() {
    let costs = Costs::from(&run(Metrics::every_activation()));
    for (name, micros) in STAGES {
        assert_eq!(costs.get(name), Some(20 * micros * 1_000), "{name}");
    }
    assert_eq!(costs.get("source"), Some(0));
    assert_eq!(costs.iter().count(), 5);
}

#[test]
fn without_metrics_every_activation_costs_the_same() {
    let snapshot = run(Metrics::off());
    let costs = Costs::from(&snapshot);
    for node in &snapshot.nodes {
        assert_eq!(costs.get(&node.path), Some(node.activations));
    }
}

#[test]
fn a_run_is_placed_by_the_measurements_of_the_one_before() {
    let first = run(Metrics::every_activation());
    let mut lab = Lab::new();
    chain(&mut lab, &ManualClock::new(), NodeOptions::new());
    let builder = lab.engine().workers(2).pin(false).costs(&first);
    let prepared = builder.prepare().unwrap();
    let plan = prepared.plan();
    // One cut, in the middle of the work.
    let crossing: Vec<_> = plan.crossing_edges().collect();
    assert_eq!(crossing, ["check:out->store:in"]);
    assert_eq!(plan.load_of(0), Some(20 * 44_000));
    assert_eq!(plan.load_of(1), Some(20 * 44_000));
    let report = prepared.start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.edge("store:out->count:in").unwrap().ledger.sent, 20);
}

#[test]
fn explicit_placement_stays_whatever_the_costs() {
    let first = run(Metrics::every_activation());
    let mut lab = Lab::new();
    chain(&mut lab, &ManualClock::new(), NodeOptions::new().worker(1));
    let builder = lab.engine().workers(2).pin(false).costs(&first);
    let prepared = builder.prepare().unwrap();
    assert_eq!(prepared.plan().load_of(0), Some(0));
    assert_eq!(prepared.plan().crossing_edges().count(), 0);
    lab.assert_conserved(&prepared.start().unwrap().wait());
}
