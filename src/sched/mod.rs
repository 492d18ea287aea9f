//! The scheduler: decides which node runs next, and when a worker may rest.
//!
//! Cooperative: a `worker` activates one ready node after the other on
//! its own thread. Everything a worker decides with is its own, in plain
//! words; other threads reach it through its `mailbox` only.
//!
//! # Bounds
//! With weights that sum up to a *period* (7 for the default 4:2:1):
//!
//! - **Share**: while every band has a node ready, each band gets exactly its
//!   weight in any whole period of activations.
//! - **Wait**: a ready node is activated within *period × the number of nodes
//!   ready in its band meanwhile* activations.
//! - **Control delay**: a message on a Control edge, with nothing else waiting
//!   in that band, waits for the handler in progress (and one message, if its
//!   activation has handled none yet), then for as many activations as the slot
//!   table puts before the next Control slot, each of one message: at most one
//!   with the default weights. The batch does not matter.
//!
//! Share and wait are checked by brute force over small configurations in the
//! tests of this module; the Control delay by the engine's tests. Proofs:
//! `docs/guarantees.md`.

mod acknowledging;
mod bands;
#[cfg(test)]
mod bounds;
mod cell;
mod condition;
mod config;
mod core;
#[cfg(feature = "std")]
mod cores;
#[cfg(not(feature = "std"))]
#[path = "coreless.rs"]
mod cores;
pub(crate) mod door;
mod edge_stats;
mod failing;
mod faults;
mod hold;
mod idle;
mod journal;
mod lifecycle;
mod links;
mod local;
pub(crate) mod mailbox;
mod pin;
mod polling;
mod published;
pub(crate) mod quiescence;
mod ready;
mod real_time;
pub(crate) mod resting;
mod shared;
mod span;
mod standing;
mod stats;
mod succession;
mod tick;
mod timing;
#[cfg(test)]
mod walk;
mod watch;
mod watermark;
mod worker;

pub(crate) use self::acknowledging::{ACKS, Ack};
pub use self::bands::{Weights, WeightsError};
pub(crate) use self::cell::Cell;
pub(crate) use self::condition::Conditions;
pub(crate) use self::config::{KEPT, LiveConfig, MAX_BATCH};
pub(crate) use self::core::{Core, FAULT_QUEUE, SupervisorLinks, node_footprint};
#[cfg(feature = "std")]
pub(crate) use self::cores::pin_current_thread;
pub(crate) use self::cores::{available_cores, nameable_cores};
pub(crate) use self::door::Door;
pub(crate) use self::edge_stats::EdgeStats;
pub(crate) use self::faults::FaultRecord;
pub use self::faults::{Consequence, Hook};
pub use self::idle::IdleStrategy;
pub(crate) use self::links::{Address, EdgeHandle, Gate, InputLink, OutputLink};
pub use self::pin::Pinning;
pub(crate) use self::quiescence::is_quiescent;
pub(crate) use self::real_time::lock_memory;
pub use self::real_time::{MemoryLock, Priority, Refusal, Scheduling};
#[cfg(feature = "std")]
pub(crate) use self::real_time::{set_current_priority, stack_size_for, touch_stack};
pub(crate) use self::shared::{COMMAND, MAX_NODES, Phase, Shared};
pub(crate) use self::stats::NodeStats;
pub(crate) use self::succession::{Dispatch, ROOM_PER_NODE, Retired, Role, Why};
pub(crate) use self::worker::{Turn, Worker};
pub use crate::metrics::NodeState;
