//! What a clock is, and the one for tests.

use alloc::sync::Arc;
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::SystemTime;

use super::{Timestamp, saturating_nanos};
use crate::sync::Counter;

/// A source of monotonic time.
///
/// The engine reads it at most once per activation. Readings never decrease.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// The wall-clock time at the epoch, from which [`Clock::to_wall`]
    /// converts. The Unix epoch, unless the clock knows better.
    #[cfg(feature = "std")]
    fn wall_at_epoch(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    /// The wall-clock time of `moment`, as far as the wall clock was not set
    /// since the epoch.
    #[cfg(feature = "std")]
    fn to_wall(&self, moment: Timestamp) -> SystemTime {
        self.wall_at_epoch() + Duration::from_nanos(moment.as_nanos())
    }
}

/// A clock that stands still until it is told to move: for tests and for
/// engines driven in stepping mode.
///
/// Clones share the same time.
///
/// ```
/// use core::time::Duration;
/// use tidegate::time::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_millis(3));
/// assert_eq!(clock.now(), Timestamp::from_nanos(3_000_000));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    now: Arc<Counter>,
}

impl ManualClock {
    /// A clock at its epoch; the wall clock is at the Unix epoch then.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time forward by `span`. Meant for one thread at a time:
    /// of two concurrent calls one may be lost.
    pub fn advance(&self, span: Duration) {
        self.now
            .set(self.now.get().saturating_add(saturating_nanos(span)));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_clock_moves_only_when_told_and_is_shared_by_clones() {
        let clock = ManualClock::new();
        let other = clock.clone();
        assert_eq!(other.now(), Timestamp::EPOCH);
        clock.advance(Duration::from_micros(2));
        assert_eq!(other.now(), Timestamp::from_nanos(2_000));
        #[cfg(feature = "std")]
        assert_eq!(
            other.to_wall(other.now()),
            SystemTime::UNIX_EPOCH + Duration::from_micros(2)
        );
    }
}
