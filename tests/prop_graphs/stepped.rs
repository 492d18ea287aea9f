//! Random graphs in stepping mode, under a manual clock.

use std::time::Duration;

use proptest::{prop_assert, prop_assert_eq};

use tidegate::engine::{Engine, Report, Step, SteppedEngine, StopReason};
use tidegate::sched::{NodeState, Weights};
use tidegate::time::{Clock, ManualClock};

use super::build::Rig;
use super::log::Received;
use super::prop_support::{Verdict, check};
use super::script::{Act, Ending, Script, apply, let_everything_finish, script};
use super::spec::{GraphSpec, graph};
use super::verdict;

const UNIT: Duration = Duration::from_micros(10);

/// More steps than any of the graphs takes.
const MANY: usize = 20_000;

/// An engine under a manual clock, and everything it did.
struct Run {
    engine: SteppedEngine,
    clock: ManualClock,
    trace: Vec<Step>,
}

/// All that can be observed of a run.
#[derive(Debug, PartialEq)]
struct Observed {
    trace: Vec<Step>,
    received: Vec<Vec<Received>>,
    report: String,
}

impl Run {
    fn new(spec: &GraphSpec, rig: &mut Rig) -> Self {
        let clock = ManualClock::new();
        let graph = std::mem::replace(&mut rig.graph, tidegate::graph::Subgraph::new("taken"));
        let (control, high, normal) = spec.weights;
        let engine = Engine::builder(graph)
            .clock(clock.clone())
            .batch(spec.batch)
            .weights(Weights::new(control, high, normal).expect("they are in range"))
            .tick(UNIT * spec.global_tick)
            .seed(spec.seed)
            .stepping()
            .expect("the graph is sound");
        Self {
            engine,
            clock,
            trace: Vec::new(),
        }
    }

    fn step(&mut self) -> Step {
        let step = self.engine.step();
        self.trace.push(step.clone());
        step
    }

    fn act(&mut self, act: Act, rig: &Rig) -> Verdict {
        match act {
            Act::Steps(steps) => {
                for _ in 0..steps {
                    self.step();
                }
                Ok(())
            }
            Act::Advance(units) => {
                self.clock.advance(UNIT * units);
                Ok(())
            }
            Act::Change(change) => apply(change, rig, &self.engine.handle(), UNIT),
        }
    }

    /// Goes on until every node has finished or, in a graph with a cycle that
    /// never ends, every source has and nothing is left to do.
    fn complete(&mut self, rig: &Rig) -> Verdict {
        let_everything_finish(rig, &self.engine.handle(), UNIT);
        for _ in 0..MANY {
            if self.engine.shutdown_requested() {
                return Ok(());
            }
            let Step::Idle { next_tick } = self.step() else {
                continue;
            };
            if !rig.completes && self.sources_have_finished(rig) {
                return Ok(());
            }
            match next_tick {
                Some(due) => self.clock.advance(due.since(self.clock.now())),
                None => {
                    // Between a node's end and this there may be no step.
                    let ended = self.engine.shutdown_requested();
                    prop_assert!(ended, "it is stuck:\n{}", self.engine.snapshot());
                }
            }
        }
        prop_assert!(false, "it does not end:\n{}", self.engine.snapshot());
        Ok(())
    }

    fn sources_have_finished(&self, rig: &Rig) -> bool {
        let snapshot = self.engine.snapshot();
        let mut sources = rig.nodes.iter().filter(|node| node.is_source);
        sources.all(|source| {
            let node = snapshot.node(&source.path);
            node.is_some_and(|node| {
                matches!(node.state, NodeState::Finished | NodeState::Quarantined)
            })
        })
    }
}

/// Runs a new engine by the script.
fn run(
    spec: &GraphSpec,
    (acts, ending): &Script,
) -> Result<Observed, proptest::test_runner::TestCaseError> {
    let mut rig = Rig::new(spec, UNIT, 1);
    let mut run = Run::new(spec, &mut rig);
    for &act in acts {
        run.act(act, &rig)?;
    }
    let steps = match *ending {
        Ending::Complete => {
            run.complete(&rig)?;
            MANY
        }
        Ending::Abrupt(steps) => steps,
    };
    let Run { engine, trace, .. } = run;
    let report = engine.shutdown(steps);
    ended(&rig, *ending, &report)?;
    verdict::holds(&rig, &report)?;
    for node in &rig.nodes {
        // Nothing changes within an activation here, so credit is exact.
        prop_assert_eq!(
            node.counts.refused.get(),
            0,
            "{} met a full edge",
            node.path
        );
    }
    let received = rig.edges.iter().filter_map(|edge| edge.received.as_ref());
    Ok(Observed {
        trace,
        received: received.map(super::common::Log::entries).collect(),
        report: report.to_string(),
    })
}

/// A run that was allowed to come to its end did.
fn ended(rig: &Rig, ending: Ending, report: &Report) -> Verdict {
    if let Ending::Complete = ending {
        prop_assert!(report.drained, "{}", report);
        if rig.completes {
            prop_assert_eq!(report.reason, StopReason::Completed);
            for node in &report.snapshot.nodes {
                let expected = match node.panics {
                    0 => NodeState::Finished,
                    _ => NodeState::Quarantined,
                };
                prop_assert_eq!(node.state, expected, "{}", &node.path);
            }
        }
    }
    Ok(())
}

#[test]
fn whatever_the_graph_and_the_changes_the_books_balance_and_order_is_kept() {
    check(600, &(graph(), script()), |(spec, script)| {
        run(&spec, &script).map(drop)
    });
}

#[test]
fn the_same_graph_run_twice_does_the_same_step_by_step() {
    check(100, &(graph(), script()), |(spec, script)| {
        prop_assert_eq!(run(&spec, &script)?, run(&spec, &script)?);
        Ok(())
    });
}
