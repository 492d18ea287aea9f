//! What the integration tests share: nodes that count what they send and
//! receive, graphs that compare those counts with the ledger, seeds, waiting
//! for a condition or for some time, and what a failing test leaves behind.

// Each test binary uses a part of this.
#![allow(dead_code)]

mod artefacts;
mod lab;
mod probe;
mod pulse;
pub(crate) mod seed;
mod shared;

#[allow(unused_imports)] // named by some binaries only
pub(crate) use artefacts::Witness;
#[allow(unused_imports)] // named by some binaries only
pub(crate) use lab::Lab;
#[allow(unused_imports)] // named by some binaries only
pub(crate) use probe::{In, Io, Out, Probe, eat, feed, feed_forever, relay};
#[allow(unused_imports)] // named by some binaries only
pub(crate) use pulse::{BEAT, Pulse, test_seconds};
#[allow(unused_imports)] // named by some binaries only
pub(crate) use seed::Seed;
#[allow(unused_imports)] // named by some binaries only
pub(crate) use shared::{Count, Log, MANY, PATIENCE, wait_until};
