//! tidegate: a lock-free, real-time dataflow engine on fixed memory.

pub mod edge;
pub mod message;
pub mod time;

mod sync;
mod util;

pub use message::Message;
pub use util::{MAX_NAME, Name, NameError};
