//! Everything at once: the schedule also chooses the graph, its placement and
//! policies, what goes wrong, who interferes, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use shuttle::rand::rngs::ThreadRng;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use tidegate::Band;
use tidegate::edge::PolicyKind;
use tidegate::engine::{BuildError, EngineHandle, StopReason};
use tidegate::graph::Edge;
use tidegate::node::FaultPolicy;
use tidegate::sched::Weights;

use crate::audit::{held_back, total};
use crate::harness::{Seen, explore, repeat_each};
use crate::journal::{Event, Item};
use crate::plant::{NEVER, Plant, Spec, made, source, stage};
use crate::stage::{Deed, When};

/// A shape: its stages in the order of flow, the sources first, and its edges.
struct Shape {
    sources: usize,
    stages: &'static [&'static str],
    edges: &'static [(&'static str, &'static str)],
}

const SHAPES: [Shape; 4] = [
    Shape {
        sources: 1,
        stages: &["a", "b", "c"],
        edges: &[("a", "b"), ("b", "c")],
    },
    Shape {
        sources: 1,
        stages: &["a", "b", "c", "d"],
        edges: &[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")],
    },
    Shape {
        sources: 2,
        stages: &["a", "b", "c", "d"],
        edges: &[("a", "c"), ("b", "c"), ("c", "d")],
    },
    Shape {
        sources: 2,
        stages: &["a", "b", "c"],
        edges: &[("a", "c"), ("b", "c"), ("a", "c")],
    },
];

/// Picks one of `choices`.
fn one_of<T: Copy>(rng: &mut ThreadRng, choices: &[T]) -> T {
    choices[rng.gen_range(0..choices.len())]
}

/// A stage that may do something that it should not.
fn any_stage(rng: &mut ThreadRng, spec: Spec) -> Spec {
    let message = rng.gen_range(1..4);
    let spec = match rng.gen_range(0..10) {
        0 => spec.on_fault(FaultPolicy::Continue),
        1 => spec.on_fault(FaultPolicy::Quarantine {
            after: rng.gen_range(1..3),
        }),
        2 => spec.on_fault(FaultPolicy::Stop),
        3 | 4 => spec.restartable(rng.gen_range(0..3)),
        5 => spec.restartable_once_broken(),
        _ => return spec,
    };
    let when = match rng.gen_range(0..6) {
        0 => When::OnStart,
        1 => When::OnStop,
        _ => When::AtMessages(message, message + rng.gen_range(0..2)),
    };
    let deeds = [
        Deed::Fail,
        Deed::Panic,
        Deed::Panic,
        Deed::RequestShutdown,
        Deed::Finish,
    ];
    spec.does(when, one_of(rng, &deeds))
}

fn any_plant(rng: &mut ThreadRng, shape: &Shape) -> Plant {
    let workers = rng.gen_range(2..5);
    let mut specs = Vec::with_capacity(shape.stages.len());
    for (index, &name) in shape.stages.iter().enumerate() {
        let worker = rng.gen_range(0..workers);
        let mut spec = if index < shape.sources {
            source(name, worker, rng.gen_range(1..6))
        } else {
            stage(name, worker)
        };
        if index < shape.sources && rng.gen_bool(0.2) {
            spec = spec.ticking(Duration::from_millis(1));
        }
        specs.push(any_stage(rng, spec));
    }
    let mut plant = Plant::new(workers, specs);
    for &(from, to) in shape.edges {
        let capacity = rng.gen_range(1..3);
        let policies = [
            PolicyKind::Block,
            PolicyKind::Block,
            PolicyKind::Block,
            PolicyKind::Drop,
            PolicyKind::Latest,
            PolicyKind::Coalesce,
        ];
        let policy = one_of(rng, &policies);
        let edge = match policy {
            PolicyKind::Block => Edge::block(capacity).band(one_of(rng, &Band::ALL)),
            PolicyKind::Drop => Edge::drop_newest(capacity),
            PolicyKind::Latest => Edge::latest(capacity),
            PolicyKind::Coalesce => Edge::coalesce(capacity, Item::merge).into(),
        };
        plant = plant.edge(from, to, policy, edge.max_capacity(4));
    }
    plant
}

/// A few changes; in the end nothing is paused.
fn interfere(handle: &EngineHandle, shape: &Shape) {
    let mut rng = thread_rng();
    let ids: Vec<String> = (handle.snapshot().edges.into_iter())
        .map(|edge| edge.id)
        .collect();
    for _ in 0..rng.gen_range(0..4) {
        let id = &ids[rng.gen_range(0..ids.len())];
        let path = one_of(&mut rng, shape.stages);
        made(match rng.gen_range(0..6) {
            0 | 1 => handle.set_edge_capacity(id, rng.gen_range(1..5)),
            2 => handle.set_edge_band(id, one_of(&mut rng, &Band::ALL)),
            3 => handle.set_batch(rng.gen_range(1..4)),
            4 => handle.set_weights(Weights::new(1, 2, 1).unwrap()),
            _ => handle.pause(path),
        });
    }
    for path in shape.stages {
        made(handle.resume(path));
    }
}

/// How a run ends.
#[derive(Clone, Copy)]
enum End {
    Completion,
    Shutdown(Duration),
    Drop,
}

pub fn anything(seen: &Seen) {
    let mut rng = thread_rng();
    let shape = &SHAPES[rng.gen_range(0..SHAPES.len())];
    let plant = any_plant(&mut rng, shape);
    let journal = Arc::clone(&plant.journal);
    let mut running = match plant.start() {
        Ok(running) => running,
        Err(BuildError::OnStart(_)) => {
            assert!(!journal.events().iter().any(Event::is_traffic));
            assert_eq!(journal.misdropped(), 0);
            return seen.note("refused to start", true);
        }
        Err(error) => panic!("{error}"),
    };
    running.audit.resized = true;
    let handle = running.handle();
    let interfering = thread::spawn(move || interfere(&handle, shape));
    let ends = [
        End::Completion,
        End::Shutdown(NEVER),
        End::Shutdown(Duration::ZERO),
        End::Shutdown(Duration::from_millis(1)),
        End::Drop,
    ];
    let end = one_of(&mut rng, &ends);
    let report = match end {
        End::Completion => running.wait(),
        End::Shutdown(timeout) => running.shutdown(timeout),
        End::Drop => {
            drop(running.engine);
            running.audit.check_nothing_left();
            interfering.join().unwrap();
            return seen.note("dropped", true);
        }
    };
    interfering.join().unwrap();
    if matches!(end, End::Completion | End::Shutdown(NEVER)) {
        assert!(report.drained, "it had all the time");
    }
    seen.note("completed", report.reason == StopReason::Completed);
    seen.note("requested", report.reason == StopReason::Requested);
    seen.note("timed out", !report.drained);
    seen.note("held back", held_back(&report) > 0);
    seen.note("faults", !report.faults.is_empty());
    seen.note(
        "discarded",
        total(&report, |edge| edge.ledger.discarded) > 0,
    );
    let restarts = report.snapshot.nodes.iter().map(|node| node.restarts);
    seen.note("restarted", restarts.sum::<u64>() > 0);
}

#[test]
fn any_graph_with_any_trouble_ends_with_its_books_in_order() {
    let expected = [
        "completed",
        "requested",
        "timed out",
        "held back",
        "faults",
        "discarded",
        "restarted",
        "refused to start",
        "dropped",
    ];
    explore("anything", anything, &expected);
}

#[test]
fn a_run_depends_on_its_schedule_alone() {
    repeat_each(anything, 200);
}
