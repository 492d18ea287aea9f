//! What `Subgraph::validate` finds.

use std::error::Error;
use std::time::Duration;

use tidegate::Band;
use tidegate::edge::{MAX_CAPACITY, PolicyKind};
use tidegate::graph::{Edge, IssueCode, Severity, Subgraph};
use tidegate::node::{
    FaultPolicy, Input, Node, NodeOptions, Output, PortDefault, Ports, Tick, builtin,
};

type TestResult = Result<(), Box<dyn Error>>;

/// A node with one input and one output, whose declarations tests vary.
#[derive(Default)]
struct Stage {
    input: Input<u32>,
    output: Output<u32>,
    fan_out: Option<u32>,
    optional: bool,
    uncredited: bool,
    input_default: Option<PortDefault>,
}

impl Stage {
    fn optional() -> Self {
        Self {
            optional: true,
            ..Self::default()
        }
    }
}

impl Node for Stage {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let mut input = ports.input("in", &mut self.input);
        if self.optional {
            input = input.optional();
        }
        if self.uncredited {
            input = input.uncredited();
        }
        if let Some(default) = self.input_default {
            input.default(default);
        }
        let mut output = ports.output("out", &mut self.output);
        if self.optional {
            output = output.optional();
        }
        if let Some(messages) = self.fan_out {
            output.fan_out(messages);
        }
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

fn codes(graph: &Subgraph) -> Vec<IssueCode> {
    graph.validate().iter().map(|issue| issue.code).collect()
}

/// The only issue of `graph`, as text.
fn only_issue(graph: &Subgraph, code: IssueCode) -> String {
    let issues = graph.validate();
    assert_eq!(issues.len(), 1, "{issues:#?}");
    assert_eq!(issues[0].code, code, "{}", issues[0]);
    issues[0].to_string()
}

#[test]
fn a_complete_graph_has_no_issues() -> TestResult {
    assert!(pair(Edge::block(1))?.validate().is_empty());
    assert!(pair(Edge::inherit())?.validate().is_empty());
    assert!(
        pair(Edge::block(1).max_capacity(9).band(Band::Control))?
            .validate()
            .is_empty()
    );
    Ok(())
}

#[test]
fn an_empty_graph_with_a_bad_name_has_both_issues() {
    let graph = Subgraph::new("not/good");
    assert_eq!(codes(&graph), [IssueCode::BadName, IssueCode::EmptyGraph]);
}

#[test]
fn a_path_used_more_than_once_is_reported_once() -> TestResult {
    let mut graph = pair(Edge::block(8))?;
    for _ in 0..2 {
        graph.add("source", Stage::optional())?;
    }
    let text = only_issue(&graph, IssueCode::DuplicateNode);
    assert!(text.starts_with("error[duplicate-node] source:"), "{text}");

    let mut graph = pair(Edge::block(8))?;
    graph.nest_as("sink", pair(Edge::block(8))?)?;
    only_issue(&graph, IssueCode::DuplicateNode);
    Ok(())
}

#[test]
fn late_connections_may_come_before_their_nodes() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.connect_later("source:out", "sink:in", Edge::block(8));
    graph.add("source", builtin::source_iter(0..9_u32))?;
    graph.add("sink", builtin::sink(|_: u32| ()))?;
    assert!(graph.validate().is_empty());
    Ok(())
}

#[test]
fn late_connections_that_cannot_be_made_are_reported_all_at_once() -> TestResult {
    let mut graph = pair(Edge::block(8))?;
    graph.add("text", builtin::sink(|_: String| ()))?;
    graph.add("number", builtin::sink(|_: u32| ()))?;
    graph.connect_later("source:gone", "number:in", Edge::block(8));
    graph.connect_later("number:in", "number:in", Edge::block(8));
    graph.connect_later("source:out", "text:in", Edge::block(8));
    assert_eq!(
        codes(&graph),
        [
            IssueCode::UnknownPort,
            IssueCode::WrongDirection,
            IssueCode::TypeMismatch,
            IssueCode::UnconnectedPort,
            IssueCode::UnconnectedPort,
        ]
    );
    let mismatch = graph.validate()[2].to_string();
    assert!(
        mismatch.starts_with("error[type-mismatch] source:out->text:in: cannot connect"),
        "{mismatch}"
    );
    Ok(())
}

#[test]
fn capacities_out_of_range_are_reported() -> TestResult {
    let zero = pair(Edge::latest(0))?;
    let text = only_issue(&zero, IssueCode::ZeroCapacity);
    assert!(text.contains("source:out->sink:in"), "{text}");
    only_issue(
        &pair(Edge::drop_newest(MAX_CAPACITY + 1))?,
        IssueCode::OversizedCapacity,
    );
    only_issue(
        &pair(Edge::block(4).max_capacity(usize::MAX))?,
        IssueCode::OversizedCapacity,
    );
    only_issue(
        &pair(Edge::block(9).max_capacity(8))?,
        IssueCode::MaxCapacityTooSmall,
    );
    assert!(pair(Edge::block(MAX_CAPACITY))?.validate().is_empty());
    Ok(())
}

#[test]
fn no_message_can_be_younger_than_nothing_and_no_command_should_expire() -> TestResult {
    let never = Edge::block(4).max_age(Duration::ZERO);
    only_issue(&pair(never)?, IssueCode::ZeroAge);
    let soon = Edge::block(4).max_age(Duration::from_nanos(1));
    assert!(pair(soon)?.validate().is_empty());
    let command = Edge::block(4).max_age(Duration::from_secs(1));
    let text = only_issue(&pair(command.band(Band::Control))?, IssueCode::LossyControl);
    assert!(text.contains("too old"), "{text}");
    Ok(())
}

#[test]
fn watermarks_are_in_order_and_within_reach() -> TestResult {
    for (soft, hard) in [(0, 4), (4, 4), (5, 4), (2, 9)] {
        let text = only_issue(
            &pair(Edge::block(8).watermarks(soft, hard))?,
            IssueCode::BadWatermarks,
        );
        assert!(text.contains(&format!("{soft} and {hard}")), "{text}");
    }
    assert!(pair(Edge::block(8).watermarks(1, 8))?.validate().is_empty());
    let growable = Edge::block(8).max_capacity(16).watermarks(4, 12);
    assert!(pair(growable)?.validate().is_empty());
    Ok(())
}

/// `source -> stage -> sink`, with a Block edge of `capacity` behind the stage.
fn fanning_out(messages: u32, edge: Edge) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("g");
    graph.add("source", builtin::source_iter(0..9_u32))?;
    graph.add(
        "stage",
        Stage {
            fan_out: Some(messages),
            ..Stage::default()
        },
    )?;
    graph.add("sink", builtin::sink(|_: u32| ()))?;
    graph.connect_by_name("source:out", "stage:in", Edge::block(1))?;
    graph.connect_by_name("stage:out", "sink:in", edge)?;
    Ok(graph)
}

#[test]
fn a_fan_out_must_fit_its_block_edge() -> TestResult {
    let text = only_issue(&fanning_out(9, Edge::block(8))?, IssueCode::FanOutTooLarge);
    assert!(text.contains("stage:out->sink:in"), "{text}");
    assert!(fanning_out(8, Edge::block(8))?.validate().is_empty());
    assert!(fanning_out(9, Edge::latest(8))?.validate().is_empty());
    Ok(())
}

#[test]
fn the_same_connection_twice_is_a_duplicate_edge_only() -> TestResult {
    let mut graph = pair(Edge::block(8))?;
    graph.connect_by_name("source:out", "sink:in", Edge::block(8))?;
    only_issue(&graph, IssueCode::DuplicateEdge);
    Ok(())
}

#[test]
fn a_port_with_two_edges_is_reported_with_the_node_that_helps() -> TestResult {
    let mut graph = pair(Edge::block(8))?;
    graph.add("second", builtin::sink(|_: u32| ()))?;
    graph.connect_by_name("source:out", "second:in", Edge::block(8))?;
    let text = only_issue(&graph, IssueCode::PortInUse);
    assert!(
        text.contains("source:out: this output") && text.contains("tee"),
        "{text}"
    );

    let mut graph = pair(Edge::block(8))?;
    graph.add("second", builtin::source_iter(0..9_u32))?;
    graph.connect_by_name("second:out", "sink:in", Edge::block(8))?;
    let text = only_issue(&graph, IssueCode::PortInUse);
    assert!(
        text.contains("sink:in: this input") && text.contains("merge"),
        "{text}"
    );
    Ok(())
}

#[test]
fn only_required_ports_must_be_connected() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.add("stage", Stage::default())?;
    let places: Vec<_> = graph
        .validate()
        .into_iter()
        .map(|issue| issue.location)
        .collect();
    assert_eq!(places, ["stage:in", "stage:out"]);
    assert_eq!(codes(&graph), [IssueCode::UnconnectedPort; 2]);

    let mut graph = Subgraph::new("g");
    graph.add("stage", Stage::optional())?;
    assert!(graph.validate().is_empty());
    Ok(())
}

#[test]
fn dropping_commands_is_an_error_and_replacing_them_a_warning() -> TestResult {
    let control = |edge: Edge| pair(edge.band(Band::Control));
    only_issue(&control(Edge::drop_newest(8))?, IssueCode::DropOnControl);
    only_issue(&control(Edge::latest(1))?, IssueCode::LossyControl);
    let coalesce = Edge::coalesce(8, |pending: &mut u32, new| *pending = new);
    only_issue(&control(coalesce.into())?, IssueCode::LossyControl);
    assert_eq!(IssueCode::DropOnControl.severity(), Severity::Error);
    assert_eq!(IssueCode::LossyControl.severity(), Severity::Warning);
    assert!(
        pair(Edge::drop_newest(8).band(Band::High))?
            .validate()
            .is_empty()
    );
    Ok(())
}

/// `a -> b -> a` with these edges.
fn ring(there: Edge, back: Edge, uncredited: bool) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("ring");
    let a = graph.add("a", Stage::default())?;
    let b = graph.add(
        "b",
        Stage {
            uncredited,
            ..Stage::default()
        },
    )?;
    graph.connect(a.output(|n| &n.output), b.input(|n| &n.input), there)?;
    graph.connect(b.output(|n| &n.output), a.input(|n| &n.input), back)?;
    Ok(graph)
}

#[test]
fn a_cycle_of_block_edges_is_an_error_that_names_the_path() -> TestResult {
    let graph = ring(Edge::block(8), Edge::inherit(), false)?;
    let text = only_issue(&graph, IssueCode::BlockCycle);
    assert!(text.contains("a:out -> b:in, b:out -> a:in"), "{text}");
    assert!(text.starts_with("error"), "{text}");
    Ok(())
}

#[test]
fn another_policy_or_an_uncredited_input_breaks_the_cycle() -> TestResult {
    assert!(
        ring(Edge::block(8), Edge::latest(1), false)?
            .validate()
            .is_empty()
    );
    assert!(
        ring(Edge::block(8), Edge::block(8), true)?
            .validate()
            .is_empty()
    );
    Ok(())
}

#[test]
fn a_node_that_feeds_itself_by_a_block_edge_is_a_cycle() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.add("a", Stage::default())?;
    graph.connect_by_name("a:out", "a:in", Edge::block(8))?;
    let text = only_issue(&graph, IssueCode::BlockCycle);
    assert!(text.contains("a:out -> a:in"), "{text}");
    Ok(())
}

#[test]
fn a_default_policy_that_needs_a_merge_function_is_reported_where_it_is_inherited() -> TestResult {
    let build = |edge| -> Result<Subgraph, Box<dyn Error>> {
        let mut graph = Subgraph::new("g");
        graph.add("source", builtin::source_iter(0..9_u32))?;
        graph.add(
            "stage",
            Stage {
                input_default: Some(PortDefault {
                    policy: PolicyKind::Coalesce,
                    capacity: 8,
                }),
                ..Stage::default()
            },
        )?;
        graph.add("sink", builtin::sink(|_: u32| ()))?;
        graph.connect_by_name("source:out", "stage:in", edge)?;
        graph.connect_by_name("stage:out", "sink:in", Edge::inherit())?;
        Ok(graph)
    };
    only_issue(&build(Edge::inherit())?, IssueCode::BadPortDefault);
    assert!(build(Edge::block(8))?.validate().is_empty());
    Ok(())
}

#[test]
fn options_that_make_no_sense_are_reported() -> TestResult {
    let check = |options: NodeOptions, code| -> TestResult {
        let mut graph = Subgraph::new("g");
        graph.add_with("stage", Stage::optional(), options)?;
        only_issue(&graph, code);
        Ok(())
    };
    let options = NodeOptions::new();
    check(
        options.tick(Tick::Every(Duration::ZERO)),
        IssueCode::ZeroTick,
    )?;
    let quarantine = FaultPolicy::Quarantine { after: 0 };
    check(options.on_error(quarantine), IssueCode::ZeroQuarantine)?;
    check(options.on_panic(quarantine), IssueCode::ZeroQuarantine)?;
    let restart = FaultPolicy::Restart { limit: 3 };
    check(options.on_error(restart), IssueCode::NoFactory)?;
    check(options.on_panic(restart), IssueCode::NoFactory)?;

    let mut graph = Subgraph::new("g");
    graph.add_restartable("stage", Stage::optional, options.on_panic(restart))?;
    assert!(graph.validate().is_empty());
    Ok(())
}

#[test]
fn a_node_that_nothing_calls_is_a_warning() -> TestResult {
    let mut graph = Subgraph::new("g");
    graph.add("idle", Idle)?;
    let text = only_issue(&graph, IssueCode::NothingToDo);
    assert!(text.starts_with("warning[nothing-to-do] idle:"), "{text}");

    let mut graph = Subgraph::new("g");
    graph.add_with("ticking", Idle, NodeOptions::new().tick(Tick::Global))?;
    assert!(graph.validate().is_empty());
    Ok(())
}
