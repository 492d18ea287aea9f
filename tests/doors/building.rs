//! What can be wrong with a door, and where doors show.

use tidegate::Band;
use tidegate::door::DoorError;
use tidegate::engine::{BuildError, Engine, EngineBuilder};
use tidegate::graph::{Edge, IssueCode, PlanError, Subgraph};
use tidegate::node::{Direction, Input, Node, Ports};
use tidegate::observe::picture;

use crate::pair::{self, IN, OUT};

/// The codes and texts of the issues that refuse this build.
fn refused(builder: EngineBuilder) -> Vec<(IssueCode, String)> {
    match builder.prepare().err() {
        Some(BuildError::Plan(PlanError::Invalid(issues))) => issues
            .iter()
            .map(|issue| (issue.code, issue.to_string()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_exposed_port_without_a_door_is_refused_and_told_how_to_open_one() {
    let issues = refused(Engine::builder(pair::graph()));
    assert_eq!(issues.len(), 2);
    assert_eq!(issues[0].0, IssueCode::UnconnectedPort);
    assert!(
        issues[0].1.contains("EngineBuilder::entrance"),
        "{issues:?}"
    );
    assert!(issues[1].1.contains("EngineBuilder::exit"), "{issues:?}");
}

#[test]
fn a_door_to_nowhere_names_what_is_exposed() {
    let builder = pair::builder(Edge::block(1), Edge::block(1)).entrance("out", Edge::block(1));
    let issues = refused(builder);
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].0, IssueCode::UnknownPort);
    assert!(
        issues[0]
            .1
            .contains("exposes no input \"out\"; it exposes: in"),
        "{issues:?}"
    );
}

#[test]
fn a_door_that_is_opened_twice_is_refused() {
    let builder = pair::builder(Edge::block(1), Edge::block(1)).exit("out", Edge::latest(1));
    let issues = refused(builder);
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].0, IssueCode::DuplicateEdge);
}

#[test]
fn the_edge_of_a_door_is_checked_like_any_other() {
    let merge = Edge::coalesce(1, |_: &mut u8, _| ());
    let issues = refused(pair::builder(Edge::block(0), merge));
    let codes: Vec<_> = issues.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes,
        [
            IssueCode::TypeMismatch,
            IssueCode::UnconnectedPort,
            IssueCode::ZeroCapacity
        ]
    );
    assert!(
        issues[0].1.contains("for u8, the port for u64"),
        "{issues:?}"
    );
    let issues = refused(pair::builder(
        Edge::drop_newest(1).band(Band::Control),
        Edge::block(1),
    ));
    assert_eq!(issues[0].0, IssueCode::DropOnControl);
    assert!(issues[0].1.contains(IN), "{issues:?}");
}

#[test]
fn a_handle_is_had_once_and_for_the_right_type() {
    let builder = pair::builder(Edge::block(1), Edge::block(1));
    let mut engine = builder.stepping().unwrap();
    let wrong = engine.take_entrance::<u8>("in").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "the door in is for payloads of type u64, not u8; ask for that type"
    );
    let unknown = engine.take_exit::<u64>("in").unwrap_err();
    assert_eq!(
        unknown,
        DoorError::Unknown {
            name: "in".into(),
            direction: Direction::Output,
            known: vec!["out".into()],
        }
    );
    assert!(unknown.to_string().contains("EngineBuilder::exit"));
    let entrance = engine.take_entrance::<u64>("in").unwrap();
    let taken = engine.take_entrance::<u64>("in").unwrap_err();
    assert_eq!(taken, DoorError::Taken("in".into()));
    drop(entrance);
    let report = engine.shutdown(10);
    pair::assert_conserved(&report, 0, 0, 0);
}

#[test]
fn a_door_is_in_the_plan_its_memory_and_its_drawings() {
    let memory = |capacity| {
        let builder = pair::builder(Edge::block(capacity), Edge::block(4));
        *builder.prepare().unwrap().plan().memory()
    };
    assert!(memory(1024).edges() >= memory(4).edges() + 1020 * size_of::<u64>());
    let prepared = pair::builder(Edge::block(4), Edge::latest(2)).prepare();
    let prepared = prepared.unwrap();
    let plan = prepared.plan();
    assert_eq!(plan.edge_ids().collect::<Vec<_>>(), [IN, OUT]);
    let dot = plan.to_dot();
    assert!(dot.contains("n1 [label=\"in\", shape=oval];"), "{dot}");
    assert!(
        dot.contains("n1 -> n0 [label=\"in\\nu64\\nblock 4, normal\""),
        "{dot}"
    );
    assert!(
        dot.contains("n0 -> n2 [label=\"out\\nu64\\nlatest 2, normal\""),
        "{dot}"
    );
    let mermaid = plan.to_mermaid();
    assert!(mermaid.contains("n2([\"out\"])"), "{mermaid}");
}

/// Can do without its input.
#[derive(Default)]
struct Listener {
    input: Input<u64>,
}

impl Node for Listener {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input).optional();
    }
}

#[test]
fn a_door_takes_memory_besides_its_edge() {
    let scheduler = |open: bool| {
        let mut graph = Subgraph::new("optional");
        let listener = graph.add("listener", Listener::default()).unwrap();
        let input = listener.input(|n| &n.input);
        graph.expose_input("in", input).unwrap();
        let mut builder = Engine::builder(graph);
        if open {
            builder = builder.entrance("in", Edge::block(1));
        }
        builder.prepare().unwrap().plan().memory().scheduler()
    };
    assert!(scheduler(true) > scheduler(false));
}

#[test]
fn a_picture_of_a_running_engine_shows_its_doors() {
    let (mut engine, mut entrance, exit) = pair::stepping(Edge::block(4), Edge::block(4));
    entrance.try_send(1).unwrap();
    engine.run_until_idle(10);
    let snapshot = engine.snapshot();
    let edge = snapshot.edge(IN).unwrap();
    assert_eq!(
        (edge.producer, edge.consumer, edge.door()),
        (None, Some(0), Some("in"))
    );
    let edge = snapshot.edge(OUT).unwrap();
    assert_eq!(
        (edge.producer, edge.consumer, edge.door()),
        (Some(0), None, Some("out"))
    );
    let dot = picture::Picture::new("pair", &snapshot).to_dot();
    assert!(
        dot.contains("n1 -> n0 [label=\"in -> in\\nblock 0 of 4"),
        "{dot}"
    );
    assert!(
        dot.contains("n0 -> n2 [label=\"out -> out\\nblock 1 of 4"),
        "{dot}"
    );
    drop((entrance, exit));
    assert!(engine.shutdown(10).is_balanced());
}
