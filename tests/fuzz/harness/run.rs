//! Builds an arbitrary graph and, if it is sound, runs it.

use std::time::Duration;

use tidegate::engine::{BuildError, Engine, Step};
use tidegate::graph::{IssueCode, PlanError, Severity};
use tidegate::time::ManualClock;

use super::assembly::Assembly;
use super::dice::Dice;

/// More would be refused: arbitrary capacities are not to fill the machine.
const BUDGET: usize = 8 << 20;

/// Steps before and during shutdown.
const STEPS: usize = 300;

/// How far an arbitrary graph got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It has errors.
    Invalid,
    /// It is sound, but does not fit this engine.
    Unfit,
    /// It ran.
    Ran {
        delivered: u64,
        /// Faults of its nodes.
        faults: u64,
    },
}

/// Makes a graph of the bytes. Whatever they are: nothing panics, a graph
/// without errors builds, and its ledger balances when it has been shut down.
pub(crate) fn graph(data: &[u8]) -> Outcome {
    let mut dice = Dice::new(data);
    let assembly = Assembly::new(&mut dice);
    let exposes = assembly.exposes();
    let graph = assembly.graph;
    let issues = graph.validate();
    assert_eq!(issues, graph.validate(), "validation only looks");
    for issue in &issues {
        assert!(!issue.to_string().is_empty());
    }
    let sound = issues
        .iter()
        .all(|issue| issue.severity == Severity::Warning);
    let clock = ManualClock::new();
    let builder = Engine::builder(graph)
        .clock(clock.clone())
        .tick(Duration::from_micros(1))
        .batch(1 + dice.below(16) as u32)
        .memory_budget(BUDGET);
    let mut engine = match builder.stepping() {
        Ok(engine) => engine,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(
                !sound || may_be_unfit(&error, exposes),
                "it was sound, but: {error}"
            );
            return if sound {
                Outcome::Unfit
            } else {
                Outcome::Invalid
            };
        }
    };
    assert!(sound, "built in spite of {issues:?}");
    for _ in 0..STEPS {
        if engine.shutdown_requested() {
            break;
        }
        if let Step::Idle { .. } = engine.step() {
            clock.advance(Duration::from_micros(1));
        }
    }
    let report = engine.shutdown(STEPS);
    assert!(report.is_balanced(), "{report}");
    let ledgers = report.snapshot.edges.iter().map(|edge| edge.ledger);
    assert!(
        ledgers.clone().all(|ledger| ledger.in_flight == 0),
        "{report}"
    );
    Outcome::Ran {
        delivered: ledgers.map(|ledger| ledger.delivered).sum(),
        faults: report.faults.len() as u64 + report.more_faults,
    }
}

/// Whether a graph that is sound as a part of another may be refused like this.
fn may_be_unfit(error: &BuildError, exposes: bool) -> bool {
    match error {
        BuildError::Plan(PlanError::OverBudget { .. }) | BuildError::OnStart(_) => true,
        BuildError::Plan(PlanError::Invalid(issues)) => issues.iter().all(|issue| {
            issue.severity == Severity::Warning
                || issue.code == IssueCode::NoSuchWorker
                || (exposes && issue.code == IssueCode::UnconnectedPort)
        }),
        _ => false,
    }
}
