//! Everything that a worker does between start and stop, with handlers that
//! are real-time themselves.
//!
//! In an ordinary build these are tests like others: the books balance, and
//! each path was really taken. Built with RealtimeSanitizer
//! (`ci/rtsan.sh`), a worker's turn is a non-blocking section: an allocation,
//! a free, a lock that waits or a blocking system call in it, of the engine or
//! of a handler, ends the process with a stack trace.

#[path = "../common/mod.rs"]
mod common;

#[cfg(tidegate_rtsan)]
mod bites;
mod faults;
mod flows;
mod threads;

use common::{Lab, Probe};
use tidegate::graph::Edge;

/// Receives everything and keeps nothing.
fn swallow() -> Probe {
    Probe::new().on_message(|io, cx| {
        while io.input.recv(cx).is_some() {}
        Ok(())
    })
}

/// The edge between the nodes of [`line`].
const LINE: &str = "source:out->sink:in";

/// `source` and `sink` with one edge between them.
fn line(source: Probe, sink: Probe, edge: Edge) -> Lab {
    let mut lab = Lab::new();
    lab.add("source", source).add("sink", sink);
    lab.connect("source:out", "sink:in", edge);
    lab
}

/// One edge of each policy. They hold 4 messages, and up to 16.
fn every_policy() -> [Edge; 4] {
    [
        Edge::block(4).max_capacity(16),
        Edge::drop_newest(4).max_capacity(16),
        Edge::latest(4).max_capacity(16),
        Edge::coalesce(4, |pending: &mut u64, new: u64| *pending += new)
            .max_capacity(16)
            .into(),
    ]
}
