//! Everything that can be wrong with an engine is found before it runs, and
//! the error names it.

mod common;

use std::time::Duration;

use common::{Count, Lab, Log, MANY, PATIENCE, Probe, eat, feed, wait_until};
use tidegate::Band;
use tidegate::engine::{BuildError, Engine, EngineBuilder, MAX_WORKERS};
use tidegate::graph::{Edge, IssueCode, PlanError, Subgraph};
use tidegate::node::{FaultPolicy, NodeError, NodeOptions, NodeResult, Tick, builtin};

fn lab_with(edge: Edge) -> Lab {
    let mut lab = Lab::new();
    lab.add("source", feed(10)).add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", edge);
    lab
}

/// The error of starting an engine with these settings; every part of the text
/// must be there.
#[track_caller]
fn refused(configure: impl FnOnce(EngineBuilder) -> EngineBuilder, parts: &[&str]) -> BuildError {
    let mut lab = lab_with(Edge::block(4));
    let error = match configure(lab.engine()).start() {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    };
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
    error
}

#[test]
fn an_unknown_core_is_refused_and_the_available_ones_are_named() {
    let error = refused(|engine| engine.cores([100_000]), &["100000", "available"]);
    let BuildError::UnknownCore { core, available } = error else {
        panic!("{error}");
    };
    assert_eq!(core, 100_000);
    assert!(
        !available.is_empty(),
        "this test needs a platform that says"
    );
    // With one of those it starts, and runs there.
    let mut lab = lab_with(Edge::block(4));
    let core = available[available.len() - 1];
    let report = lab.engine().cores([core]).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.snapshot.workers[0].pinning.core(), Some(core));
}

#[test]
fn pinning_can_be_switched_off() {
    let mut lab = lab_with(Edge::block(4));
    let report = lab.engine().pin(false).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.snapshot.workers[0].pinning.core(), None);
}

#[test]
fn settings_out_of_range_are_refused() {
    refused(|engine| engine.workers(0), &["0 workers", "1 to 256"]);
    refused(|engine| engine.workers(MAX_WORKERS + 1), &["257 workers"]);
    refused(|engine| engine.batch(0), &["batch of 0"]);
    refused(|engine| engine.batch(65_537), &["65537"]);
    refused(|engine| engine.tick(Duration::ZERO), &["zero"]);
    refused(|engine| engine.cores([0, 0]), &["2 cores", "1 workers"]);
}

#[test]
fn a_worker_index_out_of_range_is_refused_with_the_node() {
    let mut lab = Lab::new();
    lab.add_on(0, "source", feed(10));
    lab.add_on(7, "sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let error = lab
        .engine()
        .workers(2)
        .start()
        .err()
        .expect("worker 7 of 2");
    let text = error.to_string();
    assert!(text.contains("sink") && text.contains('7'), "{text}");
}

#[test]
fn a_memory_budget_too_small_is_refused_with_both_numbers() {
    let mut lab = lab_with(Edge::block(1024));
    let needed = lab.engine().prepare().unwrap().plan().memory().total();
    let start = |budget: usize| {
        let mut lab = lab_with(Edge::block(1024));
        let started = lab.engine().memory_budget(budget).start();
        started.map(|engine| (lab, engine))
    };
    let Err(error) = start(needed - 1) else {
        panic!("one byte less must not do");
    };
    assert!(
        matches!(error, BuildError::Plan(PlanError::OverBudget { .. })),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains(&needed.to_string()), "{text}");
    assert!(text.contains(&(needed - 1).to_string()), "{text}");
    let (lab, engine) = start(needed).expect("the exact budget does");
    let report = engine.wait();
    lab.assert_conserved(&report);
    assert_eq!(report.memory_bytes, needed);
}

#[test]
fn absurd_and_zero_capacities_are_refused_with_the_edge() {
    for (edge, part) in [
        (Edge::block(usize::MAX), "capacity"),
        (Edge::latest(1 << 40), "capacity"),
        (Edge::block(4).max_capacity(usize::MAX), "capacity"),
        (Edge::block(0), "capacity is 0"),
        (Edge::block(8).max_capacity(4), "maximum capacity 4"),
    ] {
        let error = lab_with(edge).engine().start().err().expect("no such edge");
        let text = error.to_string();
        assert!(text.contains("source:out->sink:in"), "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_node_on_the_global_cadence_needs_one() {
    let mut lab = Lab::new();
    let ticking = Probe::new().on_tick(Tick::Global, |_, _| Ok(()));
    lab.add("ticking", ticking);
    let error = lab.engine().start().err().expect("there is no cadence");
    assert!(matches!(error, BuildError::NoGlobalTick { .. }));
    assert!(error.to_string().contains("ticking"), "{error}");
}

#[test]
fn stepping_has_one_worker() {
    let error = lab_with(Edge::block(4)).engine().workers(2).stepping();
    let error = error.err().expect("two workers");
    assert!(matches!(error, BuildError::SteppingWorkers(2)), "{error}");
}

#[test]
fn the_errors_of_a_graph_refuse_to_build_all_at_once() {
    let mut lab = lab_with(Edge::block(0));
    lab.graph
        .connect_later("nobody:out", "sink:control", Edge::block(1));
    lab.add("source", feed(1));
    let error = lab.engine().start().err().expect("it is full of errors");
    let text = error.to_string();
    for part in ["capacity is 0", "nobody", "source"] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
}

/// The names of this process's threads.
fn thread_names() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .collect()
}

/// A chain whose middle node fails to start; `starts` and `stops` count.
fn fails_to_start(
    fail: impl Fn() -> NodeResult + Send + 'static,
    starts: &Count,
    stops: &Count,
    workers: usize,
) -> Lab {
    let mut lab = Lab::new();
    let counting = |probe: Probe| {
        let (started, stopped) = (starts.clone(), stops.clone());
        probe
            .on_start(move |_, _| {
                started.up();
                Ok(())
            })
            .on_stop(move |_, _| {
                stopped.up();
                Ok(())
            })
    };
    lab.add_on(0, "first", counting(Probe::new()));
    let options = NodeOptions::new()
        .worker(workers - 1)
        .on_error(FaultPolicy::Stop)
        .on_panic(FaultPolicy::Stop);
    lab.add_with("broken", Probe::new().on_start(move |_, _| fail()), options);
    lab.add_on(0, "last", counting(eat(&Log::new())));
    lab.connect("first:out", "broken:in", Edge::block(4));
    lab.connect("broken:out", "last:in", Edge::block(4));
    lab
}

#[test]
#[cfg(target_os = "linux")]
fn a_failed_on_start_with_policy_stop_fails_start_and_leaves_no_thread() {
    for workers in [1, 2] {
        let (starts, stops) = (Count::default(), Count::default());
        let fail = || Err(NodeError::new("no device"));
        let mut lab = fails_to_start(fail, &starts, &stops, workers);
        let error = lab.engine().workers(workers).start();
        let error = error.err().expect("a node cannot start");
        let text = error.to_string();
        assert!(matches!(error, BuildError::OnStart(_)), "{text}");
        assert!(
            text.contains("broken") && text.contains("no device"),
            "{text}"
        );
        assert_eq!(starts.get(), 2);
        assert_eq!(stops.get(), 2, "what did start is stopped");
    }
    // Other tests of this binary run threads of their own meanwhile; in the
    // end none is left.
    wait_until("no thread is left", || {
        !thread_names()
            .iter()
            .any(|name| name.starts_with("tidegate-"))
    });
}

#[test]
fn a_failed_on_start_fails_stepping_and_stops_what_did_start() {
    let (starts, stops) = (Count::default(), Count::default());
    let mut lab = fails_to_start(|| panic!("no device"), &starts, &stops, 1);
    let error = lab.engine().stepping().err().expect("a node cannot start");
    let text = error.to_string();
    assert!(
        text.contains("broken") && text.contains("no device"),
        "{text}"
    );
    assert_eq!((starts.get(), stops.get()), (2, 2));
}

#[test]
fn a_prepared_engine_can_be_looked_at_and_then_started() {
    let mut lab = lab_with(Edge::block(4));
    let prepared = lab.engine().prepare().unwrap();
    assert_eq!(prepared.plan().name(), "lab");
    let report = prepared.start().unwrap().shutdown(PATIENCE);
    lab.assert_conserved(&report);
    let mut engine = lab_with(Edge::block(4))
        .engine()
        .prepare()
        .unwrap()
        .stepping()
        .unwrap();
    engine.run_until_idle(MANY);
    assert!(engine.shutdown(MANY).is_balanced());
}

#[test]
fn warnings_do_not_keep_an_engine_from_starting_and_are_reported() {
    let mut graph = Subgraph::new("warned");
    let source = graph.add("source", builtin::source_iter(0..5_u32)).unwrap();
    let sink = graph.add("sink", builtin::sink(|_: u32| ())).unwrap();
    graph
        .connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::latest(8).band(Band::Control),
        )
        .unwrap();
    let engine = Engine::builder(graph).start().unwrap();
    assert_eq!(engine.warnings()[0].code, IssueCode::LossyControl);
    let report = engine.wait();
    assert_eq!(report.warnings.len(), 1);
    assert!(report.to_string().contains("lossy-control"), "{report}");
    assert!(report.is_balanced(), "{report}");
}
