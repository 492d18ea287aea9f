//! Small helpers that know nothing of edges, nodes or schedulers.

mod cores;
mod name;
mod padded;
mod unwind;

pub(crate) use cores::cpu_list;
pub use name::{MAX_NAME, Name, NameError};
pub(crate) use padded::Padded;
pub(crate) use unwind::{catch_quietly, drop_quietly};
