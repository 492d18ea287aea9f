//! tidegate: a lock-free, real-time dataflow engine on fixed memory.

pub mod edge;
pub mod engine;
pub mod graph;
pub mod message;
pub mod node;
pub mod sched;
pub mod time;

mod band;
mod sync;
mod util;

pub use band::Band;
pub use message::Message;
pub use util::{MAX_NAME, Name, NameError};
