//! Looking at an engine from another process.
//!
//! [`Inspector::serve`] opens a Unix domain socket that only the same user can
//! connect to, and answers every connection with one [`Reading`]: who the
//! engine is, its phase, and a [`Snapshot`](crate::engine::Snapshot). [`read`]
//! fetches one; `tidegate-top` shows them. Nothing is served unless the
//! application asks for it.
//!
//! ```
//! use std::time::Duration;
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//! use tidegate::observe::inspect::{self, Inspector};
//!
//! # let mut graph = Subgraph::new("numbers");
//! # let numbers = graph.add("numbers", builtin::source_iter(0..100))?;
//! # let sink = graph.add("sink", builtin::sink(|_: i32| {}))?;
//! # graph.connect(numbers.output(|n| &n.output), sink.input(|n| &n.input), Edge::block(8))?;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("engine.sock");
//! let engine = Engine::builder(graph).start()?;
//! let inspector = Inspector::serve(&engine.handle(), &path)?;
//!
//! // Usually in another process:
//! let reading = inspect::read(&path, Duration::from_secs(2))?;
//! assert_eq!(reading.graph, "numbers");
//! assert!(reading.snapshot.edge("numbers:out->sink:in").is_some());
//!
//! drop(inspector); // removes the socket
//! # assert!(engine.wait().is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Protocol
//! One connection carries one frame, from the engine to the reader, and is
//! closed. The engine reads nothing from a connection, so nothing that a peer
//! sends can reach it. A frame is a header of 16 bytes, then JSON:
//!
//! | bytes | content |
//! |---|---|
//! | 0–7 | `tidegate` |
//! | 8–11 | [`PROTOCOL_VERSION`], little-endian |
//! | 12–15 | length of the JSON in bytes, little-endian, at most [`MAX_PAYLOAD`] |
//!
//! The JSON is `{"Ok": reading}`, or `{"Err": text}` when the engine cannot
//! answer. A reader understands its own version only.
//!
//! # What it costs
//! One thread, which sleeps while nobody asks. It reads the counters that the
//! workers write anyway, as [`EngineHandle::snapshot`] does: no worker waits,
//! is woken, or does anything for it.
//!
//! Snapshots hold names and counts. No payload, and no text of an error that a
//! node returned, leaves the process.
//!
//! [`EngineHandle::snapshot`]: crate::engine::EngineHandle::snapshot

mod address;
mod claim;
mod client;
mod error;
mod frame;
mod reading;
mod server;

pub use address::{default_path, served};
pub use client::read;
pub use error::{ReadError, ServeError};
pub use frame::{MAX_PAYLOAD, PROTOCOL_VERSION};
pub use reading::{Reading, ServedPhase};
pub use server::Inspector;
