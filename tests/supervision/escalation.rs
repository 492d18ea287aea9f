//! A node, its subgraph, the one around it, the engine.

use tidegate::engine::{Report, StopReason};
use tidegate::graph::{Edge, IssueCode, Subgraph};
use tidegate::node::{
    Backoff, Context, Escalation, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports,
    Quarantine,
};
use tidegate::sched::{Consequence, NodeState};
use tidegate::time::ManualClock;

use super::common::{Log, MANY};
use super::{MS, options};

/// Passes numbers on, notes its life, and panics at one number.
struct Stage {
    name: &'static str,
    life: Log<String>,
    panics_at: Option<u64>,
    input: Input<u64>,
    output: Output<u64>,
}

impl Node for Stage {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }

    fn on_start(&mut self, _: &mut Context<'_>) -> NodeResult {
        self.life.push(format!("{} starts", self.name));
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.input.recv(cx) {
            assert!(self.panics_at != Some(*number), "at {}", *number);
            self.output.send(cx, *number)?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.life.push(format!("{} drops", self.name));
    }
}

const ESCALATES: FaultPolicy = FaultPolicy::Escalate;

/// `first` and `second` in a subgraph `pair`; `second` panics at number 5.
fn pair(life: &Log<String>, inner: Option<Escalation>, quarantine: Quarantine) -> Subgraph {
    let mut pair = Subgraph::new("pair");
    let panics_at = [("first", None), ("second", Some(5))];
    for (name, panics_at) in panics_at {
        let life = life.clone();
        let factory = move || Stage {
            name,
            life: life.clone(),
            panics_at,
            input: Input::new(),
            output: Output::new(),
        };
        let options = options(ESCALATES).quarantine(quarantine);
        pair.add_restartable(name, factory, options).unwrap();
    }
    pair.connect_by_name("first:out", "second:in", Edge::block(2))
        .unwrap();
    use tidegate::node::Direction::{Input as In, Output as Out};
    pair.expose_later(In, "in", "first:in");
    pair.expose_later(Out, "out", "second:out");
    if let Some(policy) = inner {
        pair.on_escalation(policy);
    }
    pair
}

/// A source, the pair, a sink; and beside them a chain that must not notice.
fn run(
    inner: Option<Escalation>,
    outer: Option<Escalation>,
    quarantine: Quarantine,
) -> (Report, Vec<u64>, Vec<String>) {
    let (life, eaten, clock) = (Log::new(), Log::new(), ManualClock::new());
    let mut graph = Subgraph::new("graph");
    graph.nest(pair(&life, inner, quarantine)).unwrap();
    let numbers = tidegate::node::builtin::source_iter(0..20_u64);
    graph.add("source", numbers).unwrap();
    let sink = eaten.clone();
    let sink = tidegate::node::builtin::sink(move |number: u64| sink.push(number));
    graph.add("sink", sink).unwrap();
    graph
        .connect_by_name("source:out", "pair:in", Edge::block(2))
        .unwrap();
    graph
        .connect_by_name("pair:out", "sink:in", Edge::block(2))
        .unwrap();
    if let Some(policy) = outer {
        graph.on_escalation(policy);
    }
    let builder = tidegate::engine::Engine::builder(graph).clock(clock.clone());
    let mut engine = builder.stepping().unwrap();
    life.take();
    for _ in 0..100 {
        engine.run_until_idle(MANY);
        clock.advance(MS);
        if engine.shutdown_requested() {
            break;
        }
    }
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert!(
        report
            .snapshot
            .edges
            .iter()
            .all(|edge| edge.ledger.in_flight == 0)
    );
    (report, eaten.take(), life.take())
}

fn states(report: &Report) -> [NodeState; 2] {
    ["pair/first", "pair/second"].map(|path| report.node(path).unwrap().state)
}

#[test]
fn a_subgraph_is_restarted_as_a_whole_consumers_first_and_keeps_what_waits() {
    let restart = Escalation::restart(1).backoff(Backoff::new(5 * MS));
    let (report, eaten, life) = run(Some(restart), None, Quarantine::Closed);
    assert_eq!(report.reason, StopReason::Completed, "{report}");
    let expected: Vec<u64> = (0..20).filter(|&number| number != 5).collect();
    assert_eq!(
        eaten, expected,
        "nothing is lost but the message of the fault"
    );
    let order = [
        "second drops",
        "second starts",
        "first drops",
        "first starts",
    ];
    let mut seen: Vec<_> = life[..4].iter().map(String::as_str).collect();
    // Made and dropped consumers first; started so as well.
    let starts: Vec<_> = seen
        .iter()
        .filter(|event| event.ends_with("starts"))
        .copied()
        .collect();
    assert_eq!(starts, ["second starts", "first starts"]);
    seen.sort_unstable();
    let mut order = order;
    order.sort_unstable();
    assert_eq!(seen, order);
    assert_eq!(report.faults[0].consequence, Consequence::Escalated);
    for path in ["pair/first", "pair/second"] {
        assert_eq!(report.node(path).unwrap().restarts, 1, "{path}");
    }
}

#[test]
fn a_subgraph_is_quarantined_as_a_whole() {
    let policy = Some(Escalation::quarantine());
    let (report, eaten, _) = run(policy, None, Quarantine::Closed);
    assert_eq!(states(&report), [NodeState::Quarantined; 2]);
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(eaten, [0, 1, 2, 3, 4], "the sink goes on with what it gets");
    assert_eq!(report.node("source").unwrap().state, NodeState::Finished);

    let (report, eaten, _) = run(policy, None, Quarantine::Open);
    assert_eq!(states(&report), [NodeState::Quarantined; 2]);
    assert_eq!(eaten, [0, 1, 2, 3, 4]);
    let buried = report
        .snapshot
        .edges
        .iter()
        .map(|edge| edge.ledger.dead_letters);
    assert_eq!(buried.sum::<u64>(), 14, "all but those eaten and number 5");
}

#[test]
fn what_nobody_takes_care_of_stops_the_engine_in_order_and_is_named() {
    for inner in [
        None,
        Some(Escalation::pass_on()),
        Some(Escalation::restart(0)),
    ] {
        let (report, eaten, _) = run(inner, None, Quarantine::Closed);
        assert_eq!(report.reason, StopReason::Escalated);
        assert!(report.drained);
        assert_eq!(eaten, [0, 1, 2, 3, 4]);
        let cause = report.cause.as_deref().unwrap();
        assert!(
            cause.contains("pair/second") && cause.contains("at 5"),
            "{cause}"
        );
    }
}

#[test]
fn the_graph_around_a_subgraph_decides_when_that_passes_on() {
    let outer = Some(Escalation::quarantine());
    let (report, eaten, _) = run(Some(Escalation::restart(0)), outer, Quarantine::Closed);
    assert_eq!(report.reason, StopReason::Completed);
    assert!(report.cause.is_none());
    for node in &report.snapshot.nodes {
        assert_eq!(node.state, NodeState::Quarantined, "{}", node.path);
    }
    assert!(eaten.len() <= 5);
}

#[test]
fn a_subgraph_that_restarts_its_nodes_needs_a_factory_for_each() {
    let mut graph = Subgraph::new("graph");
    let mut inner = pair(
        &Log::new(),
        Some(Escalation::restart(3)),
        Quarantine::Closed,
    );
    let plain = tidegate::node::builtin::sink(|_: u64| ());
    inner.add_with("plain", plain, NodeOptions::new()).unwrap();
    graph.nest(inner).unwrap();
    let issues = graph.validate();
    let missing: Vec<_> = (issues.iter())
        .filter(|issue| issue.code == IssueCode::NoFactory)
        .map(|issue| issue.location.as_str())
        .collect();
    assert_eq!(missing, ["pair/plain"]);
}
