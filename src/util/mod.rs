//! Small helpers that know nothing of edges, nodes or schedulers.

mod name;
mod padded;

pub use name::{MAX_NAME, Name, NameError};
pub(crate) use padded::Padded;
