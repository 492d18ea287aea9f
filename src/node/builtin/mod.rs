//! Ready-made nodes from closures.
//!
//! | function | node | ports |
//! |---|---|---|
//! | [`source()`], [`source_iter`] | produces messages | `out` |
//! | [`map()`] | one message for each | `in`, `out` |
//! | [`filter()`], [`filter_map()`] | some of the messages | `in`, `out` |
//! | [`sink()`], [`sink_messages`] | consumes messages | `in` |
//! | [`tee()`] | each message to several edges | `in`, `out0`, `out1`, … |
//! | [`merge()`] | several edges into one, in turn | `in0`, `in1`, …, `out` |
//!
//! The ports are public fields (or methods, where there are several), so that
//! typed connections name them: `node.output(|n| &n.output)`.
//!
//! They forward whole messages: kind, schema version, trace id and origin stay
//! as they are. When everything they send to has closed, they finish. What a
//! validator refuses is a fault of the sending node, as [`NodeOptions`] say
//! for errors; the message is then dropped.
//!
//! # Real-time
//! Apart from the closures, none of them allocates, locks or blocks.
//!
//! [`NodeOptions`]: crate::node::NodeOptions

mod filter;
mod filter_map;
mod forward;
mod map;
mod merge;
mod sink;
mod source;
mod tee;

pub use filter::{Filter, filter};
pub use filter_map::{FilterMap, filter_map};
pub use map::{Map, map};
pub use merge::{Merge, merge};
pub use sink::{Sink, sink, sink_messages};
pub use source::{Source, source, source_iter};
pub use tee::{Tee, tee};
