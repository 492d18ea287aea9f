//! What a graph keeps of what was declared, and what becomes of it when it is
//! nested.

use std::error::Error;

use super::*;
use crate::graph::entry::PortKey;
use crate::node::{Escalation, builtin};

type TestResult = Result<(), Box<dyn Error>>;

/// `double -> log`, open at `double:in`, which is exposed as `numbers`.
fn part() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("part");
    let double = graph.add("double", builtin::map(|n: u64| 2 * n))?;
    let log = graph.add("log", builtin::sink(|_: u64| ()))?;
    graph.connect(
        double.output(|n| &n.output),
        log.input(|n| &n.input),
        Edge::block(4),
    )?;
    graph.expose_input("numbers", double.input(|n| &n.input))?;
    Ok(graph)
}

fn paths(graph: &Subgraph) -> Vec<&str> {
    graph.paths().collect()
}

fn edges(graph: &Subgraph) -> Vec<String> {
    let connections = graph.connections().iter();
    connections
        .map(|edge| graph.edge_label(edge.from, edge.to))
        .collect()
}

#[test]
fn a_graph_keeps_its_nodes_and_edges_in_the_order_of_their_declaration() -> TestResult {
    let graph = part()?;
    assert_eq!(graph.name(), "part");
    assert_eq!(paths(&graph), ["double", "log"]);
    assert_eq!(edges(&graph), ["double:out->log:in"]);
    assert_eq!(graph.ports(Direction::Input).count(), 2);
    assert_eq!(graph.ports(Direction::Output).count(), 1);
    let text = format!("{graph:?}");
    assert!(
        text.contains("\"double\", \"log\"") && text.contains("edges: 1"),
        "{text}"
    );
    Ok(())
}

#[test]
fn what_is_nested_moves_behind_what_is_there_and_keeps_its_edges() -> TestResult {
    let mut outer = Subgraph::new("outer");
    let source = outer.add("source", builtin::source_iter(0..9_u64))?;
    let mut middle = Subgraph::new("middle");
    middle.nest(part()?)?;
    middle.expose_later(Direction::Input, "in", "part:numbers");
    let middle = outer.nest_as("twice", middle)?;
    outer.connect(
        source.output(|n| &n.output),
        middle.input("in")?,
        Edge::block(4),
    )?;
    assert_eq!(
        paths(&outer),
        [
            "source",
            "twice/part/double",
            "twice/part/log",
            "twice/part",
            "twice"
        ]
    );
    assert_eq!(
        edges(&outer),
        [
            "twice/part/double:out->twice/part/log:in",
            "source:out->twice/part/double:in"
        ]
    );
    assert!(outer.validate().is_empty(), "{:?}", outer.validate());
    Ok(())
}

#[test]
fn the_policies_of_nested_subgraphs_keep_their_subgraphs() -> TestResult {
    let mut inner = part()?;
    inner.on_escalation(Escalation::quarantine());
    let mut outer = Subgraph::new("outer");
    outer.nest_as("first", inner)?;
    let mut outermost = Subgraph::new("outermost");
    outermost.nest(outer)?;
    let groups = outermost.groups().iter();
    assert_eq!(
        groups.map(|group| &group.path).collect::<Vec<_>>(),
        ["outer/first"]
    );
    Ok(())
}

#[test]
fn the_first_of_two_at_one_path_is_the_one_that_is_found() -> TestResult {
    let mut graph = part()?;
    graph.add("log", builtin::map(|n: u32| n))?;
    assert!(matches!(graph.place("log"), Some(Place::Node(1))));
    assert!(graph.place("logs").is_none());
    Ok(())
}

#[test]
fn an_exposed_port_is_found_by_its_direction_and_name() -> TestResult {
    let graph = part()?;
    let key = PortKey { node: 0, port: 0 };
    assert_eq!(graph.exposed_port(Direction::Input, "numbers"), Some(key));
    assert_eq!(graph.exposed_port(Direction::Output, "numbers"), None);
    assert_eq!(graph.exposed_port(Direction::Input, "letters"), None);
    assert_eq!(graph.port_label(key, Direction::Input), "double:in");
    Ok(())
}

#[test]
fn the_parts_have_every_connection_and_door_whose_ports_exist() -> TestResult {
    let mut graph = part()?;
    graph.connect_later("source:out", "nobody:in", Edge::block(4));
    graph.connect_later("source:out", "again:in", Edge::block(4));
    graph.add("source", builtin::source_iter(0..9_u64))?;
    graph.add("again", builtin::sink(|_: u64| ()))?;
    graph.open(Direction::Input, "numbers".into(), Edge::latest(1));
    graph.open(Direction::Input, "letters".into(), Edge::latest(1));
    let (nodes, connections, doors) = graph.into_parts();
    assert_eq!(nodes.len(), 4);
    let to: Vec<_> = connections.iter().map(|edge| edge.to.node).collect();
    assert_eq!(to, [1, 3], "log, and again");
    let [(door, key)] = &doors[..] else {
        panic!("{} doors", doors.len());
    };
    assert_eq!(
        (door.name.as_str(), *key),
        ("numbers", PortKey { node: 0, port: 0 })
    );
    Ok(())
}
