//! Readings of an engine over its socket: what is served, and everything that
//! can be wrong on either end.
#![cfg(all(feature = "inspect", unix))]

#[path = "../common/mod.rs"]
mod common;
mod reading;
mod serving;
mod shape;

use std::time::Duration;

use common::{Lab, Log, eat, feed};
use tidegate::engine::SteppedEngine;
use tidegate::graph::Edge;

/// More than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A source of `messages`, before a sink.
fn pair(messages: u64) -> (Lab, SteppedEngine) {
    let mut lab = Lab::new();
    lab.add("source", feed(messages));
    lab.add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(8));
    let engine = lab.stepping();
    (lab, engine)
}
