//! Edges to and from other threads, as planned.

use super::*;
use crate::node::{Direction, Input, Node, Ports};

/// Takes numbers and commands, sends nothing.
#[derive(Default)]
struct Listener {
    numbers: Input<u64>,
    commands: Input<u32>,
}

impl Node for Listener {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("numbers", &mut self.numbers);
        ports.input("commands", &mut self.commands).optional();
    }
}

/// `>in -> double -> listener`, the second output of a tee leading out; the
/// listener is injectable if a capacity is given for that.
fn open(inject: Option<usize>) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("open");
    graph.add("listener", Listener::default())?;
    graph.add("tee", builtin::tee::<u64>(2))?;
    graph.connect_by_name("tee:out0", "listener:numbers", Edge::block(4))?;
    graph.expose_later(Direction::Input, "in", "tee:in");
    graph.expose_later(Direction::Output, "out", "tee:out1");
    graph.open(Direction::Output, "out".into(), Edge::latest(2));
    graph.open(Direction::Input, "in".into(), Edge::block(16));
    if let Some(capacity) = inject {
        graph.injectable_by_name("listener:commands", capacity)?;
    }
    Ok(graph)
}

const TEE: PortKey = PortKey { node: 0, port: 0 };

#[test]
fn doors_follow_the_other_edges_and_know_their_ports() -> TestResult {
    let plan = Plan::new(open(Some(8))?, &SETTINGS)?;
    assert_eq!(plan.node_paths().collect::<Vec<_>>(), ["tee", "listener"]);
    assert_eq!(
        plan.edge_ids().collect::<Vec<_>>(),
        [
            "tee:out0->listener:numbers",
            "tee:out1->out>",
            ">in->tee:in",
            ">>handle->listener:commands"
        ]
    );
    let [inner, exit, entrance, injection] = &plan.edges[..] else {
        panic!("four edges");
    };
    let second = |node| PortKey { node, port: 1 };
    assert_eq!((inner.ends.from(), exit.ends.to()), (Some(TEE), None));
    assert_eq!(exit.ends.from(), Some(second(0)));
    assert_eq!(
        (entrance.ends.from(), entrance.ends.to()),
        (None, Some(TEE))
    );
    assert_eq!(injection.ends.from(), None);
    assert_eq!(injection.ends.to(), Some(second(1)));

    let doors = [inner, exit, entrance, injection].map(|edge| edge.ends.door());
    let out = Some((Direction::Output, "out"));
    let into = |name| Some((Direction::Input, name));
    assert_eq!(doors, [None, out, into("in"), into("handle")]);
    let each = |of: fn(&Ends) -> bool| plan.edges.iter().map(|edge| of(&edge.ends)).collect();
    let is_door: Vec<bool> = each(Ends::is_door);
    assert_eq!(is_door, [false, true, true, true]);
    let injects: Vec<bool> = each(Ends::injects);
    assert_eq!(injects, [false, false, false, true]);

    assert_eq!((exit.kind, exit.capacity), (PolicyKind::Latest, 2));
    assert_eq!((entrance.capacity, injection.capacity), (16, 8));
    assert_eq!(injection.band, Band::Control);
    assert_eq!((exit.type_name, injection.type_name), ("u64", "u32"));
    Ok(())
}

#[test]
fn an_edge_knows_the_ports_that_are_nodes() -> TestResult {
    let plan = Plan::new(open(Some(8))?, &SETTINGS)?;
    let names = plan.edges.iter().map(|edge| {
        let name = |spec: Option<&crate::node::PortSpec>| spec.map(|spec| spec.name.to_string());
        (
            name(edge.output(&plan.nodes)),
            name(edge.input(&plan.nodes)),
        )
    });
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            (some("out0"), some("numbers")),
            (some("out1"), None),
            (None, some("in")),
            (None, some("commands")),
        ]
    );
    assert_eq!(plan.nodes[1].address_of_input(1), "listener:commands");
    assert_eq!(plan.nodes[0].inputs, [Some(2)]);
    assert_eq!(plan.nodes[0].outputs, [Some(0), Some(1)]);
    assert_eq!(plan.nodes[1].inputs, [Some(0), Some(3)]);
    Ok(())
}

#[test]
fn edges_at_doors_can_be_built_too() -> TestResult {
    let mut plan = Plan::new(open(Some(8))?, &SETTINGS)?;
    for edge in core::mem::take(&mut plan.edges) {
        assert!(edge.build(&plan.nodes).is_ok());
    }
    Ok(())
}

#[test]
fn a_door_counts_once_and_what_injects_a_bit_more() -> TestResult {
    let scheduler = |inject| -> Result<usize, Box<dyn Error>> {
        Ok(Plan::new(open(inject)?, &SETTINGS)?.memory().scheduler())
    };
    let without = 10_000 + 2 * 100 + 2 * 7_000_000;
    assert_eq!(scheduler(None)?, without);
    assert_eq!(scheduler(Some(8))?, without + 7_000_000 + 100_000);
    Ok(())
}

#[test]
fn a_node_at_an_exit_is_no_sink_and_doors_cross_no_workers() -> TestResult {
    let plan = Plan::new(open(None)?, &SETTINGS)?;
    let sinks: Vec<_> = plan.nodes.iter().map(|node| node.is_sink()).collect();
    assert_eq!(sinks, [false, true]);

    let mut graph = open(None)?;
    graph.add_with(
        "far",
        builtin::map(|n: u64| n),
        NodeOptions::new().worker(1),
    )?;
    graph.expose_later(Direction::Input, "far", "far:in");
    graph.expose_later(Direction::Output, "far", "far:out");
    graph.open(Direction::Input, "far".into(), Edge::block(4));
    graph.open(Direction::Output, "far".into(), Edge::block(4));
    let plan = Plan::new(graph, &with_workers(2))?;
    assert_eq!(plan.worker_of("far"), Some(1));
    assert_eq!(plan.worker_of("tee"), Some(0));
    assert_eq!(plan.crossing_edges().count(), 0);
    Ok(())
}
