mod doors;
mod parts;

use std::error::Error;

use super::Ends;
use crate::band::Band;
use crate::edge::PolicyKind;
use crate::graph::entry::PortKey;
use crate::graph::{
    Costs, Edge, IssueCode, ObservationBytes, Plan, PlanError, PlanSettings, Subgraph,
};
use crate::node::{ErasedPolicy, NodeOptions, Tick, builtin};

type TestResult = Result<(), Box<dyn Error>>;

const SETTINGS: PlanSettings<'_> = PlanSettings {
    workers: 1,
    costs: None,
    memory_budget: None,
    worker_bytes: 10_000,
    node_bytes: 100,
    door_bytes: 7_000_000,
    inlet_bytes: 100_000,
    observation: ObservationBytes {
        worker: 1,
        edge: 20,
        node: 300,
        cadence: 4_000,
        sink: 50_000,
    },
    nodes_per_worker: 8,
    stack_bytes: 0,
};

fn with_workers(workers: usize) -> PlanSettings<'static> {
    PlanSettings {
        workers,
        ..SETTINGS
    }
}

/// `sink`, `stage` and `source`, added against the stream, in a chain.
fn chain() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("chain");
    let sink = graph.add("sink", builtin::sink(|_: u64| ()))?;
    let stage = graph.add("stage", builtin::map(|n: u64| n))?;
    let source = graph.add("source", builtin::source_iter(0..9_u64))?;
    graph.connect(
        stage.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::coalesce(4, |pending: &mut u64, new| *pending += new).band(Band::High),
    )?;
    graph.connect(
        source.output(|n| &n.output),
        stage.input(|n| &n.input),
        Edge::block(8).max_capacity(32),
    )?;
    Ok(graph)
}

fn codes(error: &PlanError) -> Vec<IssueCode> {
    match error {
        PlanError::Invalid(issues) => issues.iter().map(|issue| issue.code).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn nodes_stand_in_topological_order_and_edges_know_their_ends() -> TestResult {
    let plan = Plan::new(chain()?, &SETTINGS)?;
    assert_eq!(plan.name(), "chain");
    assert_eq!(
        plan.node_paths().collect::<Vec<_>>(),
        ["source", "stage", "sink"]
    );
    assert_eq!(
        plan.edge_ids().collect::<Vec<_>>(),
        ["stage:out->sink:in", "source:out->stage:in"]
    );
    let [coalesce, block] = &plan.edges[..] else {
        panic!("two edges");
    };
    let between = |from, to| Ends::Between {
        from: PortKey {
            node: from,
            port: 0,
        },
        to: PortKey { node: to, port: 0 },
    };
    assert_eq!(coalesce.ends, between(1, 2));
    assert_eq!(block.ends, between(0, 1));
    assert_eq!(coalesce.kind, PolicyKind::Coalesce);
    assert!(matches!(coalesce.policy, ErasedPolicy::Coalesce(_)));
    assert_eq!((coalesce.capacity, coalesce.max_capacity), (4, 4));
    assert_eq!((block.capacity, block.max_capacity), (8, 32));
    assert_eq!((coalesce.band, block.band), (Band::High, Band::Normal));
    assert_eq!(plan.nodes[0].outputs, [Some(1)]);
    assert_eq!(plan.nodes[1].inputs, [Some(1)]);
    assert_eq!(plan.nodes[1].outputs, [Some(0)]);
    assert_eq!(plan.nodes[2].inputs, [Some(0)]);
    Ok(())
}

#[test]
fn every_planned_edge_can_be_built() -> TestResult {
    let mut plan = Plan::new(chain()?, &SETTINGS)?;
    for edge in core::mem::take(&mut plan.edges) {
        assert!(edge.build(&plan.nodes).is_ok());
    }
    Ok(())
}

#[test]
fn connections_by_late_names_are_planned_like_others() -> TestResult {
    let mut graph = Subgraph::new("late");
    graph.connect_later("source:out", "sink:in", Edge::latest(3));
    graph.add("sink", builtin::sink(|_: u64| ()))?;
    graph.add("source", builtin::source_iter(0..9_u64))?;
    let plan = Plan::new(graph, &SETTINGS)?;
    assert_eq!(plan.edges[0].id, "source:out->sink:in");
    assert_eq!(plan.edges[0].kind, PolicyKind::Latest);
    Ok(())
}

#[test]
fn nested_nodes_and_edges_have_paths() -> TestResult {
    let mut host = Subgraph::new("host");
    host.nest_as("inner", chain()?)?;
    let plan = Plan::new(host, &SETTINGS)?;
    assert_eq!(plan.worker_of("inner/stage"), Some(0));
    assert_eq!(plan.worker_of("stage"), None);
    assert_eq!(
        plan.edge_ids().next(),
        Some("inner/stage:out->inner/sink:in")
    );
    Ok(())
}

#[test]
fn only_the_errors_of_a_graph_refuse_it_all_of_them_a_line_each() -> TestResult {
    let mut graph = chain()?;
    graph.add("quiet", builtin::merge::<u8>(0))?;
    graph.add("sink", builtin::merge::<u8>(0))?;
    let error = Plan::new(graph, &SETTINGS).unwrap_err();
    assert_eq!(
        codes(&error),
        [
            IssueCode::DuplicateNode,
            IssueCode::UnconnectedPort,
            IssueCode::UnconnectedPort,
        ]
    );
    assert_eq!(error.to_string().lines().count(), 3);
    Ok(())
}

#[test]
fn warnings_do_not_refuse_and_are_kept() -> TestResult {
    let mut graph = Subgraph::new("commands");
    let source = graph.add("source", builtin::source_iter(0..9_u64))?;
    let sink = graph.add("sink", builtin::sink(|_: u64| ()))?;
    graph.connect(
        source.output(|n| &n.output),
        sink.input(|n| &n.input),
        Edge::latest(1).band(Band::Control),
    )?;
    let plan = Plan::new(graph, &with_workers(2))?;
    let warnings: Vec<_> = plan.warnings().iter().map(|issue| issue.code).collect();
    assert_eq!(warnings, [IssueCode::LossyControl, IssueCode::IdleWorker]);
    Ok(())
}

#[test]
fn a_required_port_that_is_only_exposed_is_an_error_at_the_top() -> TestResult {
    let mut graph = Subgraph::new("open");
    let sink = graph.add("sink", builtin::sink(|_: u64| ()))?;
    graph.expose_input("in", sink.input(|n| &n.input))?;
    assert!(graph.validate().is_empty());
    let error = Plan::new(graph, &SETTINGS).unwrap_err();
    assert_eq!(codes(&error), [IssueCode::UnconnectedPort]);
    assert!(error.to_string().contains("nothing outside"), "{error}");
    Ok(())
}

#[test]
fn a_worker_that_does_not_exist_is_an_error() -> TestResult {
    let mut graph = chain()?;
    graph.add_with(
        "far",
        builtin::sink(|_: u64| ()),
        NodeOptions::new().worker(2),
    )?;
    let error = Plan::new(graph, &with_workers(2)).unwrap_err();
    assert!(codes(&error).contains(&IssueCode::NoSuchWorker), "{error}");
    assert!(matches!(
        Plan::new(chain()?, &with_workers(0)),
        Err(PlanError::NoWorkers)
    ));
    Ok(())
}

/// `count` pairs of a source and a sink, on this worker if any.
fn pairs(count: usize, options: NodeOptions) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("pairs");
    for number in 0..count {
        let source = builtin::source_iter(0..9_u64);
        let source = graph.add_with(&format!("source{number}"), source, options)?;
        let sink = builtin::sink(|_: u64| ());
        let sink = graph.add_with(&format!("sink{number}"), sink, options)?;
        graph.connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::block(8),
        )?;
    }
    Ok(graph)
}

#[test]
fn more_nodes_than_a_worker_can_hold_are_an_error() -> TestResult {
    let one = NodeOptions::new().worker(0);
    let error = Plan::new(pairs(5, one)?, &with_workers(2)).unwrap_err();
    assert_eq!(codes(&error), [IssueCode::WorkerFull]);
    assert!(
        error
            .to_string()
            .contains("would run 10 nodes, but can hold 8")
    );
    let spread = Plan::new(pairs(5, NodeOptions::new())?, &with_workers(2))?;
    assert_eq!(
        spread.nodes.iter().filter(|node| node.worker == 0).count(),
        6
    );
    Ok(())
}

#[test]
fn explicit_workers_are_kept_and_the_rest_of_the_chain_follows() -> TestResult {
    let mut graph = chain()?;
    let options = NodeOptions::new().worker(1);
    let last = graph.add_with("last", builtin::sink(|_: u64| ()), options)?;
    let first = graph.add("first", builtin::source_iter(0..9_u64))?;
    graph.connect(
        first.output(|n| &n.output),
        last.input(|n| &n.input),
        Edge::block(8),
    )?;
    let plan = Plan::new(graph, &with_workers(2))?;
    let workers = ["source", "stage", "sink", "first", "last"].map(|path| plan.worker_of(path));
    assert_eq!(workers, [0, 0, 0, 1, 1].map(Some));
    Ok(())
}

#[test]
fn memory_is_added_up_by_part() -> TestResult {
    let plan = Plan::new(chain()?, &with_workers(2))?;
    let memory = *plan.memory();
    let edges: usize = plan.edges.iter().map(|edge| edge.footprint).sum();
    assert_eq!(memory.edges(), edges);
    assert_eq!(memory.scheduler(), 2 * 10_000 + 3 * 100);
    assert!(memory.nodes() >= 3 * size_of::<usize>());
    assert_eq!(
        memory.total(),
        memory.edges() + memory.nodes() + memory.scheduler() + memory.observation()
    );
    assert!(
        memory
            .to_string()
            .starts_with(&format!("{} bytes: ", memory.total()))
    );

    // Two workers, two edges, three nodes, one of them a sink.
    assert_eq!(memory.observation(), 2 + 2 * 20 + 3 * 300 + 50_000);
    let mut ticking = Subgraph::new("ticking");
    ticking.add_with(
        "source",
        builtin::source_iter(0..9_u64),
        NodeOptions::new().tick(Tick::Global),
    )?;
    ticking.add("sink", builtin::sink(|_: u64| ()))?;
    ticking.connect_by_name("source:out", "sink:in", Edge::block(1))?;
    let memory = *Plan::new(ticking, &SETTINGS)?.memory();
    assert_eq!(memory.observation(), 1 + 20 + 2 * 300 + 4_000 + 50_000);

    // Memory is set aside for the maximum capacity.
    let footprint = |max| -> Result<usize, Box<dyn Error>> {
        let mut graph = Subgraph::new("growing");
        graph.add("source", builtin::source_iter(0..9_u64))?;
        graph.add("sink", builtin::sink(|_: u64| ()))?;
        graph.connect_by_name("source:out", "sink:in", Edge::block(1).max_capacity(max))?;
        Ok(Plan::new(graph, &SETTINGS)?.memory().edges())
    };
    assert!(footprint(4096)? > footprint(1)? + 4000 * size_of::<u64>());
    Ok(())
}

#[test]
fn a_budget_admits_exactly_what_is_needed_and_nothing_less() -> TestResult {
    let needed = Plan::new(chain()?, &SETTINGS)?.memory().total();
    let with_budget = |budget| PlanSettings {
        memory_budget: Some(budget),
        ..SETTINGS
    };
    assert!(Plan::new(chain()?, &with_budget(needed)).is_ok());
    let error = Plan::new(chain()?, &with_budget(needed - 1)).unwrap_err();
    assert_eq!(
        error,
        PlanError::OverBudget {
            needed,
            budget: needed - 1
        }
    );
    let text = error.to_string();
    assert!(text.contains(&needed.to_string()) && text.contains(&(needed - 1).to_string()));
    Ok(())
}

#[test]
fn separate_chains_run_on_separate_workers() -> TestResult {
    let plan = Plan::new(pairs(2, NodeOptions::new())?, &with_workers(2))?;
    let workers = ["source0", "sink0", "source1", "sink1"].map(|path| plan.worker_of(path));
    assert_eq!(workers, [0, 0, 1, 1].map(Some));
    assert_eq!((plan.workers(), plan.worker_of("none")), (2, None));
    Ok(())
}

/// Three stages behind a source, which says that it costs as much as they do.
fn declared() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("declared");
    let source = builtin::source_iter(0..9_u64);
    let source = graph.add_with("source", source, NodeOptions::new().cost(3))?;
    let mut last = source.output(|n| &n.output);
    for name in ["a", "b"] {
        let stage = graph.add(name, builtin::map(|n: u64| n))?;
        graph.connect(last, stage.input(|n| &n.input), Edge::block(8))?;
        last = stage.output(|n| &n.output);
    }
    let sink = graph.add("sink", builtin::sink(|_: u64| ()))?;
    graph.connect(last, sink.input(|n| &n.input), Edge::block(8))?;
    Ok(graph)
}

#[test]
fn declared_costs_cut_a_chain_so_that_workers_have_even_loads() -> TestResult {
    let plan = Plan::new(declared()?, &with_workers(2))?;
    assert_eq!(plan.load_of(0), Some(3));
    assert_eq!(plan.load_of(1), Some(3));
    assert_eq!(plan.load_of(2), None);
    let crossing: Vec<_> = plan.crossing_edges().collect();
    assert_eq!(crossing, ["source:out->a:in"]);
    Ok(())
}

#[test]
fn measured_costs_take_the_place_of_declared_ones() -> TestResult {
    // `b` and `sink` are not named: they count for the mean of the others.
    let costs = Costs::from_iter([("source", 10), ("a", 30), ("gone", 20)]);
    let settings = PlanSettings {
        costs: Some(&costs),
        ..with_workers(2)
    };
    let plan = Plan::new(declared()?, &settings)?;
    let crossing: Vec<_> = plan.crossing_edges().collect();
    assert_eq!(crossing, ["a:out->b:in"]);
    assert_eq!(plan.load_of(0), Some(40));
    let warnings: Vec<_> = plan.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("[unknown-cost] gone"), "{warnings:?}");
    Ok(())
}

#[test]
fn costs_that_are_all_zero_say_nothing_and_every_worker_gets_nodes() -> TestResult {
    let costs = Costs::from_iter([("source0", 0), ("sink0", 0), ("source1", 0)]);
    let settings = PlanSettings {
        costs: Some(&costs),
        ..with_workers(2)
    };
    let plan = Plan::new(pairs(2, NodeOptions::new())?, &settings)?;
    let without = Plan::new(pairs(2, NodeOptions::new())?, &with_workers(2))?;
    for path in ["source0", "sink0", "source1", "sink1"] {
        assert_eq!(plan.worker_of(path), without.worker_of(path), "{path}");
    }
    assert_eq!((plan.load_of(0), plan.load_of(1)), (Some(2), Some(2)));
    Ok(())
}

#[test]
fn an_idle_worker_is_explained_by_the_costs_when_there_are_any() -> TestResult {
    let plan = Plan::new(declared()?, &with_workers(3))?;
    let warnings: Vec<_> = plan.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("others can do all"), "{warnings:?}");
    let plan = Plan::new(chain()?, &with_workers(2))?;
    assert!(plan.warnings()[0].message.contains("chains"));
    assert_eq!((plan.load_of(0), plan.load_of(1)), (Some(3), Some(0)));
    Ok(())
}
