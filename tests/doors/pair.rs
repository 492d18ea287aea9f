//! A graph with a relay between two doors, and its ledger.

use tidegate::door::{Entrance, Exit};
use tidegate::engine::{Engine, EngineBuilder, Report, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

pub(crate) const IN: &str = ">in->relay:in";
pub(crate) const OUT: &str = "relay:out->out>";

/// `in` and `out` with a node between that adds 100.
pub(crate) fn graph() -> Subgraph {
    let mut graph = Subgraph::new("pair");
    let relay = graph
        .add("relay", builtin::map(|n: u64| n + 100))
        .expect("it can be added");
    graph
        .expose_input("in", relay.input(|n| &n.input))
        .expect("it is a port");
    graph
        .expose_output("out", relay.output(|n| &n.output))
        .expect("it is a port");
    graph
}

/// The engine between doors with these edges.
pub(crate) fn builder(entrance: impl Into<Edge>, exit: impl Into<Edge>) -> EngineBuilder {
    Engine::builder(graph())
        .entrance("in", entrance)
        .exit("out", exit)
}

/// The same in stepping mode, with its handles.
pub(crate) fn stepping(
    entrance: impl Into<Edge>,
    exit: impl Into<Edge>,
) -> (SteppedEngine, Entrance<u64>, Exit<u64>) {
    let engine = builder(entrance, exit).stepping();
    let mut engine = engine.expect("the graph is sound");
    let entrance = engine.take_entrance("in").expect("it was opened");
    let exit = engine.take_exit("out").expect("it was opened");
    (engine, entrance, exit)
}

/// The same on threads.
pub(crate) fn started(
    entrance: impl Into<Edge>,
    exit: impl Into<Edge>,
) -> (Engine, Entrance<u64>, Exit<u64>) {
    let engine = builder(entrance, exit).pin(false).start();
    let mut engine = engine.expect("the graph is sound");
    let entrance = engine.take_entrance("in").expect("it was opened");
    let exit = engine.take_exit("out").expect("it was opened");
    (engine, entrance, exit)
}

/// The ledger balances; so many messages came in and went out, and so many
/// wait in the exit.
#[track_caller]
pub(crate) fn assert_conserved(report: &Report, sent: u64, received: u64, left: u64) {
    assert!(report.is_balanced(), "{report}");
    let ledger = |id| report.edge(id).expect("an edge of this id").ledger;
    assert_eq!(ledger(IN).sent, sent, "{report}");
    assert_eq!(ledger(IN).in_flight, 0, "{report}");
    assert_eq!(ledger(OUT).delivered, received, "{report}");
    assert_eq!(ledger(OUT).in_flight, left, "{report}");
}

/// The same for an engine whose report was made while somebody still received:
/// so many messages reached the exit.
#[track_caller]
pub(crate) fn assert_passed(report: &Report, sent: u64, out: u64) {
    let left = report.edge(OUT).expect("the exit").ledger.in_flight;
    assert_conserved(report, sent, out - left.min(out), left);
}
