//! Doors: how other threads send messages into a running engine, and receive
//! what comes out of it.
//!
//! What the top-level [`Subgraph`](crate::graph::Subgraph) exposes becomes a
//! door when the engine is built: an exposed input an [`Entrance`], an exposed
//! output an [`Exit`].
//!
//! ```
//! use std::time::Duration;
//!
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//!
//! let mut graph = Subgraph::new("service");
//! let double = graph.add("double", builtin::map(|n: u64| 2 * n))?;
//! graph.expose_input("requests", double.input(|n| &n.input))?;
//! graph.expose_output("results", double.output(|n| &n.output))?;
//!
//! let mut engine = Engine::builder(graph)
//!     .entrance("requests", Edge::block(64))
//!     .exit("results", Edge::block(64))
//!     .start()?;
//! let mut requests = engine.take_entrance::<u64>("requests")?;
//! let mut results = engine.take_exit::<u64>("results")?;
//!
//! requests.try_send(21)?;
//! let result = results.recv_timeout(Duration::from_secs(5))?;
//! assert_eq!(*result, 42);
//!
//! requests.close(); // nothing more comes, so the engine completes
//! let report = engine.wait();
//! assert!(report.is_balanced());
//! assert_eq!(report.edge(">requests->double:in").unwrap().ledger.delivered, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A door is an edge
//!
//! with a policy, a band and a capacity like any other, and a single-producer
//! single-consumer ring inside. It is in the plan's memory, the snapshots, the
//! report and the pictures; its id is `>requests->double:in` for an entrance
//! and `double:out->results>` for an exit. The port's validator refuses at the
//! door. A message gets its trace id and origin at the entrance.
//!
//! There is one handle to a door. For several sending threads open several
//! entrances into a [`merge`](crate::node::builtin::merge) node, each with its
//! own edge and policy; it takes from them in turn. For any number of tasks
//! [`share`](Entrance::share) one.
//!
//! # Three ways to wait
//!
//! | | send | receive |
//! |---|---|---|
//! | not at all | [`Entrance::try_send`] | [`Exit::try_recv`] |
//! | on this thread | [`Entrance::send_timeout`] | [`Exit::recv_timeout`] |
//! | in a task, on any executor | [`Entrance::send`], [`SharedEntrance::send`] | [`Exit::recv`] |
//!
//! With the feature `futures` an exit is a `Stream` and an entrance a `Sink`.
//!
//! # Ends
//!
//! | what happens | the other side learns |
//! |---|---|
//! | an entrance is closed or dropped | the node's input has ended, once it has received what is pending; an engine whose inputs have all ended completes |
//! | an exit is closed or dropped | the node's sends come back as [`Closed`](crate::node::SendFailure::Closed); what was pending counts as discarded |
//! | the node finishes or is quarantined | sends come back as [`Closed`](SendFailure::Closed); an exit has what is pending, then says [`Closed`](crate::edge::RecvError::Closed) |
//! | the engine shuts down | sends come back as `Closed` from the beginning of the drain on; an exit as above, when the engine has ended |
//!
//! A handle that nobody took by the time of
//! [`wait`](crate::engine::Engine::wait) or
//! [`shutdown`](crate::engine::Engine::shutdown) is dropped then.
//!
//! Whoever waits at a door is woken by each of these.
//!
//! # Shutdown
//!
//! What an entrance accepted goes through the graph while the engine drains, up
//! to the timeout; what is left then counts as discarded. A message in an exit
//! has reached its destination: the drain does not wait until it is received.
//! But it waits for room there: go on receiving during a shutdown, or close the
//! exit, if a Block exit may be full.
//!
//! The report is made when the nodes are gone. It counts what an exit still
//! holds as in flight. Received later, it counts as delivered in readings taken
//! after that: [`EngineHandle::snapshot`](crate::engine::EngineHandle::snapshot)
//! and [`Exit::monitor`].
//!
//! # Real-time
//!
//! For the workers a door is an edge to another worker: wait-free, and a worker
//! wakes somebody outside only when that waits. What a wake-up costs depends on
//! who waits: for a thread a system call; for a task whatever its executor does,
//! which may lock or allocate.

mod entrance;
mod error;
mod exit;
mod frame;
mod futures;
mod inlet;
mod shared;
#[cfg(feature = "futures")]
mod streams;
mod untaken;
#[cfg(feature = "std")]
mod wait;

pub use entrance::Entrance;
pub use error::{DoorError, SendError, SendFailure};
pub use exit::Exit;
pub(crate) use frame::Frame;
pub use futures::{Ready, Receiving, Sending};
pub(crate) use inlet::{InjectFailed, Inlet};
pub use shared::{SharedEntrance, SharedSending};
#[cfg(feature = "futures")]
pub use streams::SinkError;
pub(crate) use untaken::{Doors, Parts, Untaken};
