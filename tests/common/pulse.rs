//! Lets time pass in a test that runs for some seconds.

use std::time::Duration;

use tidegate::door::Exit;
use tidegate::engine::{Engine, EngineBuilder};
use tidegate::graph::Edge;
use tidegate::node::{Direction, NodeOptions, Tick};
use tidegate::time::{Clock, MonotonicClock};

use super::lab::Lab;
use super::probe::Probe;
use super::shared::PATIENCE;

/// How long a test runs whose length is free: `TIDEGATE_TEST_SECONDS`.
pub(crate) fn test_seconds(unless_set: u64) -> u64 {
    match std::env::var("TIDEGATE_TEST_SECONDS") {
        Ok(text) => text.parse().expect("TIDEGATE_TEST_SECONDS is a number"),
        Err(_) => unless_set,
    }
}

/// How often a pulse beats.
pub(crate) const BEAT: Duration = Duration::from_millis(10);

const DOOR: &str = "pulse";

/// The beats of a node of the engine: whoever waits for them takes no time from
/// the workers. Dropped before the engine is shut down.
pub(crate) struct Pulse(Exit<u64>);

impl Pulse {
    /// Adds the node, on worker 0.
    pub(crate) fn plant(lab: &mut Lab) {
        let beat = Probe::new().on_tick(Tick::Every(BEAT), |io, cx| {
            // Nobody may listen any more.
            let _ = io.output.send(cx, cx.now().as_nanos());
            Ok(())
        });
        lab.add_with(DOOR, beat, NodeOptions::new().worker(0));
        lab.graph
            .expose_later(Direction::Output, DOOR, format!("{DOOR}:out"));
    }

    /// Starts the engine that has the node.
    pub(crate) fn start(builder: EngineBuilder) -> (Engine, Self) {
        let started = builder.exit(DOOR, Edge::latest(1)).start();
        let mut engine = started.expect("the graph is sound");
        let exit = engine.take_exit(DOOR).expect("it was opened");
        (engine, Self(exit))
    }

    /// Waits for the next beat.
    #[track_caller]
    pub(crate) fn beat(&mut self) {
        self.0.recv_timeout(PATIENCE).expect("a beat");
    }

    /// Waits for so much time, give or take a beat.
    #[track_caller]
    pub(crate) fn pass(&mut self, time: Duration) {
        self.pass_until(&MonotonicClock::new(), time);
    }

    /// Waits until it is so late by this clock, give or take a beat.
    #[track_caller]
    pub(crate) fn pass_until(&mut self, clock: &MonotonicClock, time: Duration) {
        while Duration::from_nanos(clock.now().as_nanos()) < time {
            self.beat();
        }
    }
}
