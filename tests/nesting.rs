//! Subgraphs in subgraphs, and what they expose.

use std::error::Error;

use tidegate::graph::{ConnectError, Edge, IssueCode, Subgraph};
use tidegate::node::{Direction, builtin};

type TestResult = Result<(), Box<dyn Error>>;

/// A subgraph that turns text into its length: exposes `in` and `out`.
fn lengths(name: &str) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new(name);
    let trim = graph.add("trim", builtin::map(|text: String| text.trim().to_owned()))?;
    let count = graph.add("count", builtin::map(|text: String| text.len()))?;
    graph.connect(
        trim.output(|n| &n.output),
        count.input(|n| &n.input),
        Edge::block(8),
    )?;
    graph.expose_input("in", trim.input(|n| &n.input))?;
    graph.expose_output("out", count.output(|n| &n.output))?;
    Ok(graph)
}

/// A graph with a source of text and a sink of lengths, not yet connected.
fn ends() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("host");
    graph.add("texts", builtin::source_iter([" a ".to_owned()]))?;
    graph.add("sizes", builtin::sink(|_: usize| ()))?;
    Ok(graph)
}

fn codes(graph: &Subgraph) -> Vec<IssueCode> {
    graph.validate().iter().map(|issue| issue.code).collect()
}

#[test]
fn a_subgraph_that_exposes_its_open_ends_is_valid_by_itself() -> TestResult {
    assert!(lengths("lengths")?.validate().is_empty());
    Ok(())
}

#[test]
fn what_is_exposed_connects_by_key_and_by_name() -> TestResult {
    let mut graph = ends()?;
    let nested = graph.nest(lengths("lengths")?)?;
    let sink = graph.add("more", builtin::sink(|_: usize| ()))?;
    let tee = graph.add("tee", builtin::tee(2))?;
    graph.connect_by_name("texts:out", "lengths:in", Edge::block(8))?;
    graph.connect(
        nested.output::<usize>("out")?,
        tee.input(|n| &n.input),
        Edge::block(8),
    )?;
    graph.connect(
        tee.output(|n| n.branch(0)),
        sink.input(|n| &n.input),
        Edge::latest(1),
    )?;
    graph.connect_by_name("tee:out1", "sizes:in", Edge::block(8))?;
    assert!(graph.validate().is_empty(), "{:#?}", graph.validate());
    Ok(())
}

#[test]
fn the_same_subgraph_nests_several_times_under_different_names() -> TestResult {
    let mut graph = ends()?;
    graph.nest_as("left", lengths("lengths")?)?;
    graph.nest_as("right", lengths("lengths")?)?;
    graph.add("tee", builtin::tee::<String>(2))?;
    graph.add("merge", builtin::merge::<usize>(2))?;
    for (from, to) in [
        ("texts:out", "tee:in"),
        ("tee:out0", "left:in"),
        ("tee:out1", "right:in"),
        ("left:out", "merge:in0"),
        ("right:out", "merge:in1"),
        ("merge:out", "sizes:in"),
    ] {
        graph.connect_by_name(from, to, Edge::block(8))?;
    }
    assert!(graph.validate().is_empty(), "{:#?}", graph.validate());
    Ok(())
}

#[test]
fn exposures_pass_through_several_levels() -> TestResult {
    let mut middle = Subgraph::new("middle");
    let inner = middle.nest(lengths("inner")?)?;
    middle.expose_input("in", inner.input::<String>("in")?)?;
    middle.expose_later(Direction::Output, "out", "inner:out");
    assert!(middle.validate().is_empty(), "{:#?}", middle.validate());

    let mut graph = ends()?;
    let nested = graph.nest(middle)?;
    let _ = nested.output::<usize>("out")?;
    graph.connect_later("texts:out", "middle:in", Edge::block(8));
    graph.connect_by_name("middle:out", "sizes:in", Edge::block(8))?;
    assert!(graph.validate().is_empty(), "{:#?}", graph.validate());
    Ok(())
}

#[test]
fn late_connections_of_a_nested_subgraph_keep_their_meaning() -> TestResult {
    let mut inner = Subgraph::new("inner");
    inner.connect_later("texts:out", "sizes:in", Edge::block(8));
    inner.add("texts", builtin::source_iter([1_u8]))?;
    inner.add("sizes", builtin::sink(|_: u8| ()))?;

    let mut graph = ends()?;
    graph.nest(lengths("lengths")?)?;
    graph.connect_by_name("texts:out", "lengths:in", Edge::block(8))?;
    graph.connect_by_name("lengths:out", "sizes:in", Edge::block(8))?;
    graph.nest(inner)?;
    assert!(graph.validate().is_empty(), "{:#?}", graph.validate());
    Ok(())
}

#[test]
fn an_exposed_port_of_another_type_or_name_is_refused_with_what_there_is() -> TestResult {
    let mut graph = ends()?;
    let nested = graph.nest(lengths("lengths")?)?;
    assert_eq!(
        nested.output::<u8>("out").unwrap_err().to_string(),
        "lengths:out has the payload type usize, not u8"
    );
    assert_eq!(
        nested.input::<String>("out").unwrap_err().to_string(),
        "\"lengths\" has no input \"out\"; its inputs are: in"
    );
    let error = graph
        .connect_by_name("lengths:in", "sizes:in", Edge::block(8))
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::WrongDirection { .. }),
        "{error}"
    );
    Ok(())
}

#[test]
fn what_is_exposed_but_left_open_outside_is_reported_by_its_path() -> TestResult {
    let mut graph = Subgraph::new("host");
    graph.nest(lengths("lengths")?)?;
    let issues = graph.validate();
    let places: Vec<_> = issues.iter().map(|issue| issue.location.as_str()).collect();
    assert_eq!(places, ["lengths/trim:in", "lengths/count:out"]);
    assert_eq!(codes(&graph), [IssueCode::UnconnectedPort; 2]);
    Ok(())
}

#[test]
fn bad_exposures_are_reported() -> TestResult {
    let mut graph = lengths("lengths")?;
    graph.expose_later(Direction::Input, "two words", "trim:in");
    graph.expose_later(Direction::Output, "gone", "parser:out");
    graph.expose_later(Direction::Output, "reversed", "trim:in");
    graph.expose_later(Direction::Output, "used", "trim:out");
    assert_eq!(
        codes(&graph),
        [
            IssueCode::BadExposure,
            IssueCode::DuplicateExposure,
            IssueCode::UnknownPort,
            IssueCode::WrongDirection,
            IssueCode::BadExposure,
        ]
    );
    let issues = graph.validate();
    assert_eq!(issues[2].location, "lengths:gone");
    assert!(
        issues[4].message.contains("trim:out->count:in"),
        "{}",
        issues[4]
    );

    // They are found in a nested subgraph, too.
    let mut outer = Subgraph::new("outer");
    outer.nest(graph)?;
    assert!(codes(&outer).starts_with(&[
        IssueCode::BadExposure,
        IssueCode::DuplicateExposure,
        IssueCode::UnknownPort,
        IssueCode::WrongDirection,
        IssueCode::BadExposure,
    ]));
    Ok(())
}

#[test]
fn an_input_and_an_output_may_share_an_exposed_name_but_two_inputs_may_not() -> TestResult {
    let mut graph = Subgraph::new("g");
    let first = graph.add("first", builtin::map(|n: u8| n))?;
    let second = graph.add("second", builtin::map(|n: u8| n))?;
    graph.expose_input("data", first.input(|n| &n.input))?;
    graph.expose_output("data", first.output(|n| &n.output))?;
    graph.expose_output("more", second.output(|n| &n.output))?;
    assert_eq!(codes(&graph), [IssueCode::UnconnectedPort]);
    graph.expose_input("data", second.input(|n| &n.input))?;
    assert_eq!(codes(&graph), [IssueCode::DuplicateExposure]);
    Ok(())
}

#[test]
fn a_subgraph_whose_name_cannot_be_used_is_refused_unless_given_another() -> TestResult {
    let mut graph = Subgraph::new("host");
    assert!(graph.nest(lengths("bad name")?).is_err());
    assert!(graph.nest_as("good", lengths("bad name")?).is_ok());
    Ok(())
}
