//! Errors of handlers, by every policy. (A panic allocates before the engine
//! sees it, so it is no real-time affair.)

use tidegate::engine::SteppedEngine;
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeError, NodeOptions};
use tidegate::sched::NodeState;

use crate::common::{Lab, MANY, Probe, feed_forever};

/// A sink that fails at every message.
fn fail() -> Probe {
    Probe::new().on_message(|io, cx| match io.input.recv(cx) {
        Some(_) => Err(NodeError::new("it did not work")),
        None => Ok(()),
    })
}

/// Runs a sink that fails, under this policy.
fn run(policy: FaultPolicy) -> (Lab, SteppedEngine) {
    let mut lab = Lab::new();
    lab.add("source", feed_forever());
    lab.add_restartable("sink", fail, NodeOptions::new().on_error(policy));
    lab.connect("source:out", "sink:in", Edge::block(8));
    let mut engine = lab.stepping();
    engine.run_until_idle(20);
    (lab, engine)
}

#[test]
fn errors_are_reported_and_the_node_goes_on() {
    let (lab, engine) = run(FaultPolicy::Continue);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert!(report.node("sink").unwrap().errors > 3, "{report}");
}

#[test]
fn a_node_is_quarantined_and_its_producer_finishes() {
    let (_, engine) = run(FaultPolicy::Quarantine { after: 3 });
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    let sink = report.node("sink").unwrap();
    assert_eq!((sink.errors, sink.state), (3, NodeState::Quarantined));
}

#[test]
fn a_node_is_replaced_until_its_limit() {
    let (_, engine) = run(FaultPolicy::Restart { limit: 2 });
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    let sink = report.node("sink").unwrap();
    assert_eq!((sink.restarts, sink.state), (2, NodeState::Quarantined));
}

#[test]
fn a_node_stops_the_engine() {
    let (_, engine) = run(FaultPolicy::Stop);
    assert!(engine.shutdown_requested());
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(report.node("sink").unwrap().errors, 1);
}
