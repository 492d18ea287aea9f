//! From settings to an engine that runs, and to its report.

use core::time::Duration;
use std::error::Error;

use super::*;
use crate::band::Band;
use crate::edge::PolicyKind;
use crate::graph::{Edge, Subgraph};
use crate::node::{NodeOptions, Tick, builtin};
use crate::sched::{IdleStrategy, Weights};
use crate::time::ManualClock;

type TestResult = Result<(), Box<dyn Error>>;

/// `source -> sink` with this many numbers.
fn graph(numbers: u64) -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("pair");
    let source = graph.add("source", builtin::source_iter(0..numbers))?;
    let sink = builtin::sink(|_: u64| ());
    let ticking = NodeOptions::new().tick(Tick::Global);
    let sink = graph.add_with("sink", sink, ticking)?;
    let edge = Edge::latest(8).max_capacity(32).band(Band::High);
    graph.connect(source.output(|n| &n.output), sink.input(|n| &n.input), edge)?;
    Ok(graph)
}

fn builder(numbers: u64) -> Result<EngineBuilder, Box<dyn Error>> {
    Ok(Engine::builder(graph(numbers)?).tick(Duration::from_millis(1)))
}

#[test]
fn what_is_not_set_has_the_documented_default() -> TestResult {
    let prepared = builder(1)?.prepare()?;
    let settings = &prepared.settings;
    assert_eq!((settings.workers, settings.batch, settings.seed), (1, 8, 0));
    assert_eq!(settings.weights, Weights::new(4, 2, 1).unwrap());
    assert_eq!(settings.idle, IdleStrategy::default());
    assert_eq!(settings.drain_timeout, Duration::from_secs(5));
    assert!(settings.pin && settings.machine_time && !settings.stepped);
    assert!(settings.memory_budget.is_none() && settings.stall_after.is_none());
    Ok(())
}

#[test]
fn the_first_settings_in_force_are_those_of_the_builder_and_the_graph() -> TestResult {
    let weights = Weights::new(1, 2, 3).unwrap();
    let prepared = builder(1)?.batch(5).weights(weights).prepare()?;
    let config = &prepared.config;
    assert_eq!(
        (config.version, config.batch, config.weights),
        (0, 5, weights)
    );
    assert_eq!(config.tick, Duration::from_millis(1));
    assert_eq!(config.edge_bands, [Band::High]);
    assert_eq!(config.edge_capacities, [8], "not the most it may become");
    assert_eq!(config.node_ticks, [Tick::Never, Tick::Global]);
    assert_eq!(
        (&config.paused[..], &config.drains[..]),
        (&[false; 2][..], &[0; 2][..])
    );
    Ok(())
}

#[test]
fn workers_have_cores_in_turn_and_those_beyond_have_none() -> TestResult {
    let core = crate::sched::available_cores()[0];
    let named = builder(1)?.workers(2).cores(vec![core]).prepare()?;
    assert_eq!(named.settings.core_of(0), Some(core));
    assert_eq!(named.settings.core_of(1), None);
    let free = builder(1)?.workers(2).pin(false).prepare()?;
    assert_eq!(free.settings.core_of(0), None);
    Ok(())
}

#[test]
fn another_clock_than_the_machines_is_noticed() -> TestResult {
    let prepared = builder(1)?.clock(ManualClock::new()).prepare()?;
    assert!(!prepared.settings.machine_time);
    assert!(prepared.settings.counting_since().is_none());
    Ok(())
}

#[test]
fn an_engine_runs_to_its_end_on_threads_and_step_by_step_alike() -> TestResult {
    let stepped = {
        let mut engine = builder(100)?.clock(ManualClock::new()).stepping()?;
        engine.run_until_idle(10_000);
        assert!(engine.shutdown_requested(), "every node has finished");
        engine.shutdown(10_000)
    };
    let threaded = builder(100)?.workers(2).pin(false).start()?.wait();
    for report in [stepped, threaded] {
        assert_eq!(report.reason, StopReason::Completed, "{report}");
        assert!(report.drained && report.is_balanced(), "{report}");
        let edge = report.edge("source:out->sink:in").unwrap();
        assert_eq!((edge.policy, edge.ledger.sent), (PolicyKind::Latest, 100));
        let arrived = edge.ledger.delivered + edge.ledger.evicted;
        assert_eq!(arrived, 100, "{report}");
    }
    Ok(())
}

#[test]
fn an_engine_that_is_dropped_ends_its_threads() -> TestResult {
    let engine = builder(u64::MAX)?.workers(2).pin(false).start()?;
    let handle = engine.handle();
    drop(engine);
    let refused = handle.pause("source");
    assert!(matches!(refused, Err(ControlError::Stopped)), "{refused:?}");
    assert!(handle.snapshot().is_balanced());
    Ok(())
}
