//! The wall clock, by which the kernel stamps datagrams.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970. Only differences of some seconds are taken of it; a
/// clock that is set meanwhile makes one of them wrong.
// The engine's clock is monotonic, and knows nothing of the kernel's stamps.
#[allow(clippy::disallowed_methods)]
pub(crate) fn nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
