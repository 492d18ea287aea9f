//! Doors and injectable inputs, which an engine gives a graph. What a graph has by
//! itself is tested from outside: `tests/validation.rs`, `tests/nesting.rs`.

use std::error::Error;

use crate::band::Band;
use crate::graph::{Edge, Issue, IssueCode, Subgraph};
use crate::node::{Direction, Input, Node, Output, Ports, builtin};

type TestResult = Result<(), Box<dyn Error>>;

/// `double`, exposed at both ends as `numbers` and `doubled`.
fn open() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("open");
    let double = graph.add("double", builtin::map(|n: u64| 2 * n))?;
    graph.expose_input("numbers", double.input(|n| &n.input))?;
    graph.expose_output("doubled", double.output(|n| &n.output))?;
    Ok(graph)
}

/// The same with doors.
fn with_doors(entrance: Edge, exit: Edge) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = open()?;
    graph.open(Direction::Input, "numbers".into(), entrance);
    graph.open(Direction::Output, "doubled".into(), exit);
    Ok(graph)
}

fn codes(graph: &Subgraph) -> Vec<IssueCode> {
    super::whole(graph).iter().map(|issue| issue.code).collect()
}

/// The only issue of the graph that an engine would be built from.
#[track_caller]
fn only_issue(graph: &Subgraph, code: IssueCode) -> Issue {
    let mut issues = super::whole(graph);
    assert_eq!(issues.len(), 1, "{issues:#?}");
    let issue = issues.remove(0);
    assert_eq!(issue.code, code, "{issue}");
    issue
}

#[test]
fn an_exposed_port_needs_a_door_only_where_the_engine_begins() -> TestResult {
    let graph = open()?;
    assert_eq!(super::part(&graph), []);
    let issues = super::whole(&graph);
    let found: Vec<_> = issues
        .iter()
        .map(|issue| (issue.code, issue.location.as_str()))
        .collect();
    let unconnected = IssueCode::UnconnectedPort;
    assert_eq!(
        found,
        [(unconnected, "double:in"), (unconnected, "double:out")]
    );
    assert!(issues[0].advice.contains("EngineBuilder::entrance"));
    assert!(issues[1].advice.contains("EngineBuilder::exit"));
    assert_eq!(codes(&with_doors(Edge::block(4), Edge::latest(1))?), []);
    Ok(())
}

#[test]
fn a_door_to_nowhere_is_told_what_is_exposed_in_its_direction() -> TestResult {
    let mut graph = with_doors(Edge::block(4), Edge::block(4))?;
    graph.open(Direction::Output, "numbers".into(), Edge::block(4));
    let issue = only_issue(&graph, IssueCode::UnknownPort);
    assert_eq!(issue.location, "?->numbers>");
    assert_eq!(
        issue.message,
        "the graph exposes no output \"numbers\"; it exposes: doubled"
    );
    assert!(issue.advice.contains("expose_output"), "{issue}");
    Ok(())
}

#[test]
fn a_second_door_to_the_same_port_is_one_too_many() -> TestResult {
    let mut graph = with_doors(Edge::block(4), Edge::block(4))?;
    graph.open(Direction::Input, "numbers".into(), Edge::block(4));
    let issue = only_issue(&graph, IssueCode::DuplicateEdge);
    assert_eq!(issue.location, ">numbers->?");
    assert!(issue.message.contains("the exposed input"), "{issue}");
    Ok(())
}

#[test]
fn an_input_and_an_output_of_one_name_have_a_door_each() -> TestResult {
    let mut graph = Subgraph::new("open");
    let double = graph.add("double", builtin::map(|n: u64| 2 * n))?;
    graph.expose_input("data", double.input(|n| &n.input))?;
    graph.expose_output("data", double.output(|n| &n.output))?;
    for direction in [Direction::Input, Direction::Output] {
        graph.open(direction, "data".into(), Edge::block(4));
    }
    assert_eq!(codes(&graph), []);
    Ok(())
}

#[test]
fn the_edge_behind_a_door_is_checked_under_its_id() -> TestResult {
    let graph = with_doors(Edge::block(0), Edge::block(4))?;
    let issue = only_issue(&graph, IssueCode::ZeroCapacity);
    assert_eq!(issue.location, ">numbers->double:in");
    let lossy = Edge::drop_newest(4).band(Band::Control);
    let issue = only_issue(
        &with_doors(Edge::block(4), lossy)?,
        IssueCode::DropOnControl,
    );
    assert_eq!(issue.location, "double:out->doubled>");
    Ok(())
}

#[test]
fn a_merge_function_for_another_type_is_not_for_this_door() -> TestResult {
    let merge = Edge::coalesce(4, |pending: &mut u8, new| *pending = new);
    let issues = super::whole(&with_doors(Edge::block(4), merge.into())?);
    let codes: Vec<_> = issues.iter().map(|issue| issue.code).collect();
    assert_eq!(
        codes,
        [IssueCode::TypeMismatch, IssueCode::UnconnectedPort],
        "the door does not open"
    );
    let text = &issues[0].message;
    assert_eq!(text, "the merge function is for u8, the port for u64");
    let merge = Edge::coalesce(4, |pending: &mut u64, new| *pending = new);
    assert!(super::whole(&with_doors(Edge::block(4), merge.into())?).is_empty());
    Ok(())
}

/// Sends several for each it gets, and listens to commands.
#[derive(Default)]
struct Burst {
    input: Input<u64>,
    commands: Input<u64>,
    output: Output<u64>,
}

impl Node for Burst {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.input("commands", &mut self.commands).optional();
        ports.output("out", &mut self.output).fan_out(8);
    }
}

/// `burst` behind doors to its `in` and `out`.
fn burst(exit: Edge) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("bursts");
    let burst = graph.add("burst", Burst::default())?;
    graph.expose_input("in", burst.input(|n| &n.input))?;
    graph.expose_output("out", burst.output(|n| &n.output))?;
    graph.open(Direction::Input, "in".into(), Edge::block(4));
    graph.open(Direction::Output, "out".into(), exit);
    Ok(graph)
}

#[test]
fn a_burst_must_fit_the_edge_behind_its_door() -> TestResult {
    let issue = only_issue(&burst(Edge::block(7))?, IssueCode::FanOutTooLarge);
    assert_eq!(issue.location, "burst:out->out>");
    assert_eq!(codes(&burst(Edge::block(8))?), []);
    Ok(())
}

#[test]
fn an_injectable_input_has_no_other_edge() -> TestResult {
    // Beside doors to another input, and to the output with the same number.
    let mut graph = burst(Edge::block(8))?;
    graph.injectable_by_name("burst:commands", 4)?;
    assert_eq!(codes(&graph), []);

    graph.expose_later(Direction::Input, "commands", "burst:commands");
    graph.open(Direction::Input, "commands".into(), Edge::block(4));
    let issue = only_issue(&graph, IssueCode::PortInUse);
    assert_eq!(issue.location, "burst:commands");

    let mut graph = burst(Edge::block(8))?;
    graph.add("source", builtin::source_iter(0..9_u64))?;
    graph.connect_by_name("source:out", "burst:commands", Edge::block(4))?;
    assert_eq!(codes(&graph), []);
    graph.injectable_by_name("burst:commands", 4)?;
    let issue = only_issue(&graph, IssueCode::PortInUse);
    assert_eq!(issue.location, "burst:commands");
    assert!(issue.advice.contains("merge"), "{issue}");
    Ok(())
}

#[test]
fn two_inputs_are_injectable_but_none_twice() -> TestResult {
    let mut graph = Subgraph::new("bursts");
    let burst = graph.add("burst", Burst::default())?;
    graph.expose_output("out", burst.output(|n| &n.output))?;
    graph.open(Direction::Output, "out".into(), Edge::block(8));
    graph.injectable(burst.input(|n| &n.input), 4)?;
    graph.injectable(burst.input(|n| &n.commands), 4)?;
    assert_eq!(codes(&graph), []);
    graph.injectable(burst.input(|n| &n.commands), 4)?;
    let issue = only_issue(&graph, IssueCode::PortInUse);
    assert_eq!(issue.location, "burst:commands");
    Ok(())
}
