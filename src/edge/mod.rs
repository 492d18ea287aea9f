//! Edges: bounded, preallocated channels with one producer and one consumer,
//! and four ways to deal with being full.
//!
//! An edge is what connects two nodes of a graph. It is just as usable alone:
//!
//! ```
//! use tidegate::edge::{Policy, RecvError, Sent, channel};
//!
//! // A register that always shows the latest reading.
//! let (mut sensor, mut display) = channel(1, Policy::Latest)?;
//! assert_eq!(sensor.send(20.9), Ok(Sent::Stored));
//! assert_eq!(sensor.send(21.4), Ok(Sent::Replaced(20.9)));
//! assert_eq!(display.recv(), Ok(21.4));
//! assert_eq!(display.recv(), Err(RecvError::Empty));
//! # Ok::<(), tidegate::edge::EdgeError>(())
//! ```
//!
//! # Promises
//!
//! - **FIFO.** What is delivered is delivered in the order it was sent.
//! - **Exact books.** Every message sent is delivered, dropped, evicted,
//!   coalesced, discarded or in flight: once, and counted ([`Ledger`]).
//! - **Exactly one drop.** Every payload is handed to somebody or dropped,
//!   once. A payload that is refused, dropped or evicted is handed back; no
//!   user code but the merge function runs in the middle of a send.
//! - **Any `T: Send`**, with or without drop glue, of any size.
//! - **One producer, one consumer**, by construction: the ends are made in
//!   pairs, cannot be cloned or shared, and work through `&mut self`.
//!
//! # Progress
//!
//! *Wait-free*: each call ends after a bounded number of its own steps,
//! whatever the other end does, even if that is stopped in the middle of a
//! call. *Lock-free*: a call may have to start over, but only because the
//! other end made progress. Sending and receiving never allocate, lock, spin
//! or enter the kernel.
//!
//! | | `Block` | `Drop` | `Latest` | `Coalesce` |
//! |---|---|---|---|---|
//! | send | wait-free | wait-free | wait-free | wait-free but for the merge function |
//! | recv | wait-free | wait-free | lock-free | wait-free |
//!
//! # Inside
//!
//! `Block` and `Drop` share a plain ring; `Latest` and `Coalesce` a ring of
//! exchanged slot indices. Either one consists of a control block that does
//! not depend on the payload type (what a scheduler or an observer looks at)
//! and a slab of typed slots. All memory is allocated and touched when the
//! edge is made; or it is a [`static`](StaticRing), for programs without a heap.

mod asking;
mod cell;
#[cfg(feature = "alloc")]
mod channel;
mod consumer;
mod control;
mod ends;
mod error;
mod exchange;
mod ledger;
mod mark;
mod merge;
mod monitor;
mod policy;
mod producer;
mod ring;
mod room;
mod showing;
mod size;
mod slab;
mod slots;
mod static_ring;
#[cfg(all(test, feature = "alloc", not(tidegate_loom)))]
mod tests;
#[cfg(any(feature = "std", feature = "stepping"))]
mod transfer;

#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use channel::channel_aged;
#[cfg(feature = "alloc")]
pub use channel::{channel, channel_growable};
pub use consumer::{Consumer, Drain};
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use control::EdgeControl;
pub use error::{EdgeError, RecvError, SendError};
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use ledger::Fates;
pub use ledger::Ledger;
#[cfg(tidegate_loom)]
pub(crate) use mark::Mark;
pub use merge::Merge;
pub use monitor::Monitor;
pub use policy::{Policy, PolicyKind, Sent};
pub use producer::Producer;
pub use size::{MAX_CAPACITY, memory_for};
pub use static_ring::StaticRing;
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use transfer::transfer;
