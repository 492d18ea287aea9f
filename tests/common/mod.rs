//! What the integration tests share: nodes that count what they send and
//! receive, graphs that compare those counts with the ledger, seeds, and
//! waiting for a condition.

// Each test binary uses a part of this.
#![allow(dead_code)]

mod lab;
mod probe;
mod seed;
mod shared;

#[allow(unused_imports)] // named by some binaries only
pub(crate) use lab::Lab;
#[allow(unused_imports)] // named by some binaries only
pub(crate) use probe::{In, Io, Out, Probe, eat, feed, feed_forever, relay};
#[allow(unused_imports)] // named by some binaries only
pub(crate) use seed::Seed;
#[allow(unused_imports)] // named by some binaries only
pub(crate) use shared::{Count, Log, MANY, PATIENCE, wait_until};
