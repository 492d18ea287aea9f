//! Restarts that are put off, quarantines that end, dead letters, and who
//! decides when a node's own policy does not.

#[path = "../common/mod.rs"]
mod common;

mod budgets;
mod buried;
mod drained;
mod escalation;
mod loaded;
mod restarts;
mod unwanted;

use std::time::Duration;

use common::{Io, Probe};
use tidegate::engine::{Report, SteppedEngine};
use tidegate::node::{Context, FaultPolicy, NodeOptions};
use tidegate::sched::NodeState;
use tidegate::time::ManualClock;

const MS: Duration = Duration::from_millis(1);

/// Passes numbers on, and panics at those that `fails` says so for.
fn faulty(fails: impl Fn(u64) -> bool + Send + 'static) -> Probe {
    Probe::new().on_message(move |io: &mut Io<u64>, cx: &mut Context<'_>| {
        while let Some(number) = io.input.recv(cx) {
            assert!(!fails(number), "out of order at {number}");
            io.output.send(cx, number)?;
        }
        Ok(())
    })
}

fn options(policy: FaultPolicy) -> NodeOptions {
    NodeOptions::new().on_error(policy).on_panic(policy)
}

fn state(engine: &SteppedEngine, path: &str) -> NodeState {
    engine.snapshot().node(path).unwrap().state
}

fn advance(engine: &mut SteppedEngine, clock: &ManualClock, by: Duration) {
    clock.advance(by);
    engine.run_until_idle(common::MANY);
}

fn dead_letters(report: &Report, edge: &str) -> u64 {
    report.edge(edge).unwrap().ledger.dead_letters
}
