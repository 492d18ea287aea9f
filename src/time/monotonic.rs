//! The machine's clock.

use std::time::SystemTime;

use super::{Clock, Timestamp, saturating_nanos};
use crate::sync::Instant;

/// The machine's monotonic clock; its epoch is when it was made.
///
/// # Real-time
/// `now` is one `clock_gettime` through the vDSO on Linux: no system call,
/// some 20–30 ns.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    epoch: Instant,
    wall: SystemTime,
}

impl MonotonicClock {
    /// A clock whose epoch is now.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // this is the clock the rule points to
    pub fn new() -> Self {
        Self {
            epoch: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    #[inline]
    fn now(&self) -> Timestamp {
        Timestamp(saturating_nanos(self.epoch.elapsed()))
    }

    fn wall_at_epoch(&self) -> SystemTime {
        self.wall
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let clock = MonotonicClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
