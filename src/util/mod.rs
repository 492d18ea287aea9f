//! Small helpers that know nothing of edges, nodes or schedulers.

#[cfg(feature = "std")]
mod cores;
#[cfg(feature = "alloc")]
mod name;
mod padded;
mod unwind;

#[cfg(feature = "std")]
pub(crate) use cores::cpu_list;
#[cfg(feature = "alloc")]
pub use name::{MAX_NAME, Name, NameError};
pub(crate) use padded::Padded;
pub(crate) use unwind::drop_quietly;
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use unwind::{catch, catch_quietly};
