//! What is refused by the call that adds a node or connects two ports.

use std::error::Error;

use tidegate::graph::{AddError, ConnectError, Edge, Subgraph};
use tidegate::node::{Direction, Input, Node, Output, PortDeclarationError, Ports, builtin};

type TestResult = Result<(), Box<dyn Error>>;

/// A node with a field that is not a port.
#[derive(Default)]
struct Stage {
    input: Input<u32>,
    output: Output<u32>,
    undeclared: Output<u32>,
}

impl Node for Stage {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }
}

/// A node without ports.
struct Idle;

impl Node for Idle {
    fn ports(&mut self, _: &mut Ports<'_>) {}
}

/// `source -> sink`, with this edge between.
fn pair(edge: Edge) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("pair");
    let source = graph.add("source", builtin::source_iter(0..9_u32))?;
    let sink = graph.add("sink", builtin::sink(|_: u32| ()))?;
    graph.connect(source.output(|n| &n.output), sink.input(|n| &n.input), edge)?;
    Ok(graph)
}

#[test]
fn a_name_that_cannot_be_used_is_refused_when_the_node_is_added() {
    let error = Subgraph::new("g").add("two words", Idle).unwrap_err();
    assert!(matches!(error, AddError::Name(_)));
    assert!(error.to_string().contains("\"two words\""), "{error}");
}

#[test]
fn port_declarations_that_cannot_stand_are_refused_all_at_once() {
    #[derive(Default)]
    struct Twice(Input<u8>, Input<u8>, Output<u8>);
    impl Node for Twice {
        fn ports(&mut self, ports: &mut Ports<'_>) {
            ports.input("in", &mut self.0);
            ports.input("in", &mut self.1);
            ports.output("out", &mut self.2).fan_out(0);
        }
    }
    let error = Subgraph::new("g")
        .add("twice", Twice::default())
        .unwrap_err();
    let AddError::Ports { node, errors } = &error else {
        panic!("{error}");
    };
    assert_eq!(node.as_str(), "twice");
    assert!(matches!(
        errors[..],
        [
            PortDeclarationError::Duplicate { .. },
            PortDeclarationError::ZeroFanOut(_)
        ]
    ));
    assert!(
        error.to_string().contains("two inputs are named in"),
        "{error}"
    );
}

#[test]
fn more_branches_than_ports_are_refused_when_the_tee_is_added() {
    let error = Subgraph::new("g")
        .add("tee", builtin::tee::<u8>(65))
        .unwrap_err();
    assert!(
        error.to_string().contains("more than 64 outputs"),
        "{error}"
    );
}

#[test]
fn connecting_different_types_by_name_names_both_ports_and_both_types() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.add("alarm", builtin::source_iter([true]))?;
    graph.add("sampler", builtin::sink(|_: String| ()))?;
    let error = graph
        .connect_by_name("alarm:out", "sampler:in", Edge::block(8))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect alarm:out (bool) to sampler:in (alloc::string::String): \
         the payload types differ"
    );
    Ok(())
}

#[test]
fn an_unknown_name_is_refused_with_the_names_that_exist() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.add("a", builtin::source_iter(0..9_u32))?;
    graph.add("b", builtin::sink(|_: u32| ()))?;
    let mut refused = |from, to| {
        graph
            .connect_by_name(from, to, Edge::block(8))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused("c:out", "b:in"),
        "there is no node \"c\" in \"g\"; there are: a, b"
    );
    assert_eq!(
        refused("a:exit", "b:in"),
        "\"a\" has no output \"exit\"; its outputs are: out"
    );
    assert_eq!(
        refused("b:in", "b:in"),
        "b:in is not an output; an edge goes from an output to an input"
    );
    for address in ["b", "b:", ":in", ""] {
        assert!(refused("a:out", address).contains("write \"node:port\""));
    }
    Ok(())
}

#[test]
fn a_long_list_of_names_is_cut_in_the_message() -> TestResult {
    let mut graph = Subgraph::new("g");
    for number in 0..20 {
        graph.add(&format!("n{number}"), Idle)?;
    }
    let error = graph
        .connect_by_name("x:out", "n0:in", Edge::block(8))
        .unwrap_err();
    assert!(
        error.to_string().ends_with("n14, n15 and 4 more"),
        "{error}"
    );
    let ConnectError::UnknownNode { known, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(known.len(), 20);
    Ok(())
}

#[test]
fn a_merge_function_for_another_type_is_refused() -> TestResult {
    let mut graph = pair(Edge::block(8))?;
    let merge = || Edge::coalesce(4, |pending: &mut i8, new| *pending += new);
    let by_name = graph
        .connect_by_name("source:out", "sink:in", merge())
        .unwrap_err();
    let source = graph.add("more", builtin::source_iter(0..9_u32))?;
    let sink = graph.add("less", builtin::sink(|_: u32| ()))?;
    let erased = graph
        .connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::from(merge()),
        )
        .unwrap_err();
    for error in [by_name, erased] {
        let text = error.to_string();
        assert!(text.contains("u32") && text.contains("i8"), "{text}");
    }
    Ok(())
}

#[test]
fn a_reference_of_another_graph_is_refused() -> TestResult {
    let mut other = Subgraph::new("other");
    let source = other.add("source", builtin::source_iter(0..9_u32))?;
    let mut graph = pair(Edge::block(8))?;
    let sink = graph.add("last", builtin::sink(|_: u32| ()))?;
    let error = graph
        .connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::block(8),
        )
        .unwrap_err();
    assert!(matches!(
        error,
        ConnectError::Foreign {
            direction: Direction::Output,
            ..
        }
    ));
    Ok(())
}

#[test]
fn a_field_that_is_not_a_port_is_refused() -> TestResult {
    let mut graph = Subgraph::new("g");
    let stage = graph.add("stage", Stage::default())?;
    let tee = graph.add("tee", builtin::tee::<u32>(2))?;
    let merge = graph.add("merge", builtin::merge::<u32>(2))?;
    let input = || stage.input(|n| &n.input);
    let refused = [
        graph.connect(stage.output(|n| &n.undeclared), input(), Edge::block(8)),
        graph.connect(tee.output(|n| n.branch(2)), input(), Edge::block(8)),
        graph.connect(
            stage.output(|n| &n.output),
            merge.input(|n| n.input(2)),
            Edge::block(8),
        ),
    ];
    for (result, node) in refused.into_iter().zip(["stage", "tee", "merge"]) {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Undeclared { node: named, .. } if named == node),
            "{error}"
        );
    }
    graph.connect(tee.output(|n| n.branch(1)), input(), Edge::block(8))?;
    Ok(())
}
