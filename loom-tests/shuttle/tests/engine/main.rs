//! Whole engines under shuttle: small graphs on two to four workers, run to
//! their end under thousands of schedules, and checked from outside.
//!
//! - [`harness`] runs a model under two schedulers, replays a schedule, and
//!   shows that a seeded bug is found.
//! - [`journal`] notes what the nodes of a run saw, [`stage`] is the node that
//!   writes it, [`plant`] puts stages together into an engine.
//! - [`audit`] holds what must be true after every run.
//! - One module per family of models: [`backpressure`], [`control`],
//!   [`mutators`], [`faults`], [`supervision`], [`shutdown`], [`doors`],
//!   [`injecting`], and all of it [`combined`].
//! - [`mutants`] breaks the engine on purpose, once for each thing that the
//!   models claim to check.
//!
//! `ci/shuttle.sh` runs them with more iterations, and replays a schedule.

// Bookkeeping must not be a scheduling point: it uses std's primitives.
#![allow(clippy::disallowed_types)]
#![allow(missing_docs)]

extern crate shuttle_tests as tidegate;

mod audit;
mod backpressure;
mod combined;
mod control;
mod doors;
mod faults;
mod harness;
mod injecting;
mod journal;
mod mutants;
mod mutators;
mod plant;
#[path = "../../../../tests/common/seed.rs"]
mod seed;
mod shutdown;
mod stage;
mod supervision;
