//! Random graphs on one to three worker threads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prop_assert;
use proptest::{prop_assert_eq, test_runner::TestCaseError};

use tidegate::engine::{Engine, Report, StopReason};
use tidegate::sched::Weights;

use super::build::Rig;
use super::prop_support::{Verdict, check};
use super::script::{Act, Change, Ending, Script, apply, let_everything_finish, script};
use super::spec::{GraphSpec, graph};
use super::verdict;

/// Long enough that ticks are a small part of the work.
const UNIT: Duration = Duration::from_micros(200);

/// How long a run may take that should end by itself.
const PATIENCE: Duration = Duration::from_secs(30);

fn start(spec: &GraphSpec, rig: &mut Rig) -> Engine {
    let graph = std::mem::replace(&mut rig.graph, tidegate::graph::Subgraph::new("taken"));
    let (control, high, normal) = spec.weights;
    Engine::builder(graph)
        .workers(spec.workers)
        .pin(false)
        .batch(spec.batch)
        .weights(Weights::new(control, high, normal).expect("they are in range"))
        .tick(UNIT * spec.global_tick)
        .seed(spec.seed)
        .start()
        .expect("the graph is sound")
}

fn run(spec: &GraphSpec, (acts, ending): &Script) -> Verdict {
    let mut rig = Rig::new(spec, UNIT, spec.workers);
    let engine = start(spec, &mut rig);
    let handle = engine.handle();
    for act in acts {
        match *act {
            Act::Steps(_) | Act::Advance(_) => thread::yield_now(),
            Act::Change(change) => apply(change, &rig, &handle, UNIT)?,
        }
    }
    let report = match *ending {
        Ending::Abrupt(_) => engine.shutdown(Duration::ZERO),
        Ending::Complete if rig.completes => {
            let_everything_finish(&rig, &handle, UNIT);
            let report = completed(engine)?;
            prop_assert!(report.drained, "{}", report);
            prop_assert_eq!(report.reason, StopReason::Completed);
            report
        }
        Ending::Complete => {
            let report = engine.shutdown(PATIENCE);
            prop_assert!(report.drained, "{}", report);
            report
        }
    };
    verdict::holds(&rig, &report)?;
    let resized = |act: &Act| matches!(act, Act::Change(Change::Capacity(_, _)));
    if !acts.iter().any(resized) {
        // Only a capacity that shrinks meanwhile can make a node meet a full
        // edge within its credit.
        for node in &rig.nodes {
            prop_assert_eq!(
                node.counts.refused.get(),
                0,
                "{} met a full edge",
                node.path
            );
        }
    }
    Ok(())
}

/// Waits until every node has finished; fails when they do not.
fn completed(engine: Engine) -> Result<Report, TestCaseError> {
    let handle = engine.handle();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Nobody listens any more when it came too late.
            let _ = tell.send(engine.wait());
        });
        told.recv_timeout(PATIENCE).map_err(|_| {
            let stuck = handle.snapshot();
            handle.request_shutdown(Duration::ZERO);
            TestCaseError::fail(format!("it does not end:\n{stuck}"))
        })
    })
}

#[test]
fn whatever_the_graph_and_the_changes_the_books_balance_on_threads_too() {
    check(150, &(graph(), script()), |(spec, script)| {
        run(&spec, &script)
    });
}
