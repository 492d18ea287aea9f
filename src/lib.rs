//! A lock-free, real-time dataflow engine on fixed memory.
//!
//! An application is a graph of [nodes](node), wired by typed, bounded,
//! preallocated [edges](edge) and run by a cooperative scheduler on pinned
//! threads. Each edge says what happens when it is full: hold the producer
//! back, drop the newest, keep the latest, or merge. Every message is accounted
//! for, exactly. After the start, the engine neither allocates nor locks on the
//! hot path. It enters the kernel only to sleep or yield while it is idle, and to
//! wake who sleeps: a worker, the supervisor, or a thread at a
//! [door](door#real-time) (for a task there it calls the waker, which does what
//! its executor does).
//!
//! ```
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//!
//! let mut graph = Subgraph::new("thermometer");
//! let sensor = graph.add("sensor", builtin::source_iter([20.0, 20.5, 21.0]))?;
//! let convert = graph.add("convert", builtin::map(|celsius: f64| celsius * 1.8 + 32.0))?;
//! let log = graph.add("log", builtin::sink(|fahrenheit: f64| assert!(fahrenheit > 60.0)))?;
//! graph.connect(
//!     sensor.output(|n| &n.output),
//!     convert.input(|n| &n.input),
//!     Edge::block(64),
//! )?;
//! graph.connect(
//!     convert.output(|n| &n.output),
//!     log.input(|n| &n.input),
//!     Edge::block(64),
//! )?;
//!
//! let engine = Engine::builder(graph).start()?;
//! let report = engine.wait(); // every node finishes when the readings end
//! assert!(report.is_balanced());
//! assert_eq!(report.edge("convert:out->log:in").unwrap().ledger.delivered, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where is what
//!
//! | module | what it is for |
//! |---|---|
//! | [`graph`] | declare a graph, check it, see its plan |
//! | [`node`] | write nodes; [`node::builtin`] has ready-made ones |
//! | [`edge`] | policies and ledgers; channels for use without an engine |
//! | [`engine`] | build, start, watch, change and stop; or drive it step by step |
//! | [`sched`] | weights, idle strategies, pinning, and the scheduler's bounds |
//! | [`door`] | send into a running engine and receive from it, on any thread |
//! | [`harness`] | test a node alone |
//! | [`observe`] | what an engine does: distributions, events, exports to other tools |
//! | [`doctor`](mod@doctor) | whether a machine is ready for real time, and what to change |
//! | [`message`] | payloads with their headers |
//! | [`time`] | timestamps and clocks, real and manual |
//!
//! # Cargo features
//!
//! The README lists them, under *Dependency and features*. The default, `std`, is the
//! whole engine; exports to other tools, the terminal inspector, and doors as streams
//! are features of their own. An item that needs one says so.
//!
//! # Without `std`
//!
//! With `default-features = false` there are [`edge`], [`message`], [`Band`] and
//! [`Timestamp`](time::Timestamp) on targets with atomics of 64 bits: edges in
//! a [`static`](edge::StaticRing), and with the feature `alloc` also [on the
//! heap](edge::channel()).
//!
//! With the feature `stepping` there is everything else, too, as far as it needs no
//! threads, files or machine time: graphs, nodes, doors, the harness, and engines that
//! are [driven step by step](engine::SteppedEngine), by a clock of the
//! application's. Nothing catches a panic there, and a
//! [handle](engine::EngineHandle) spins where it locks with `std`: it is not for
//! interrupt handlers.
//!
//! # Terms
//!
//! - **Wait-free**: a call ends after a bounded number of its own steps,
//!   whatever other threads do, even if they stand still in the middle of a
//!   call.
//! - **Lock-free**: a call may have to start over, but only because another
//!   thread got something done meanwhile.
//! - **Worker**: a thread that runs nodes, one at a time, never two at once.
//! - **Activation**: one visit of a worker to a ready node. It serves a tick
//!   that is due, then up to a *batch* of messages.
//! - **Band**: how urgently an edge is served, see [`Band`]. A node is in the
//!   highest band in which something waits for it.
//! - **Credit**: for how many messages all Block edges behind a node have room.
//!   A node is called only with credit, so one that sends at most its declared
//!   [fan-out](node::PortBuilder::fan_out) never meets a full Block edge.
//! - **Park**: of a node, to be left out of the ready set until a full edge has
//!   room; of a worker, to sleep until it is notified or a tick is due.
//! - **Ledger**: what became of every message sent over an edge, see
//!   [`edge::Ledger`].
//!
//! Items that matter on the hot path say under *Real-time* what they cost:
//! their progress, and whether they allocate. The repository's `docs` folder
//! has the architecture, the guarantees with their proofs, the memory
//! orderings, and the limits.

// For ci/rtsan.sh alone, which needs a nightly compiler.
#![cfg_attr(tidegate_rtsan, feature(sanitize))]
// docs.rs shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
// The tests run on a host, and what they use themselves is `std`.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
// Without `std` there are no threads, and without `stepping` either no engine. What
// only these use of the rest is compiled all the same: so the rest is the same.
#![cfg_attr(not(feature = "std"), allow(dead_code))]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("tidegate needs a target with atomics of 64 bits");

#[cfg(feature = "alloc")]
#[cfg_attr(any(feature = "std", feature = "stepping"), macro_use)]
extern crate alloc;

// No model runs it: it spins until another thread answers.
#[cfg(all(feature = "std", not(any(tidegate_loom, tidegate_shuttle))))]
pub mod doctor;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod door;
pub mod edge;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod engine;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod graph;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod harness;
pub mod message;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod node;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod observe;
#[cfg(any(feature = "std", feature = "stepping"))]
pub mod sched;
pub mod time;

mod band;
#[cfg(any(feature = "std", feature = "stepping"))]
mod metrics;
mod sync;
mod util;

// Unit tests draw from the same seed as those in `tests/`.
#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
#[path = "../tests/prop_support/mod.rs"]
mod prop_support;
#[cfg(all(test, not(tidegate_loom)))]
#[path = "../tests/common/seed.rs"]
mod seed;

#[cfg(all(test, tidegate_loom))]
#[path = "../loom-tests/models/mod.rs"]
mod models;

pub use band::Band;
#[cfg(all(feature = "std", not(any(tidegate_loom, tidegate_shuttle))))]
pub use doctor::doctor;
pub use message::Message;
#[cfg(tidegate_shuttle)]
#[doc(hidden)]
pub use sync::set_mutant;
#[cfg(feature = "alloc")]
pub use util::{MAX_NAME, Name, NameError};

/// Compiles and runs the code blocks of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The same for those of this page.
#[cfg(doctest)]
#[doc = include_str!("../docs/real-time.md")]
struct RealTimePage;

/// The same for the recipes.
#[cfg(doctest)]
#[doc = include_str!("../docs/cookbook.md")]
struct Cookbook;
