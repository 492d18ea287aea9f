//! Time: monotonic timestamps and the clocks that hand them out.
//!
//! Nothing else in the crate reads a clock. An engine on a [`ManualClock`]
//! therefore sees exactly the time a test gives it. (On the machine's clock a
//! full flight recorder takes its stamps from the processor's counter, which
//! nothing but a recording shows.)

use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use crate::sync::{Counter, Instant};

pub(crate) mod counter;

/// A moment of a monotonic clock: nanoseconds since that clock's epoch.
///
/// Timestamps of different clocks do not compare meaningfully. The range is
/// about 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[repr(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The clock's epoch.
    pub const EPOCH: Self = Self(0);

    /// The moment `nanos` nanoseconds after the clock's epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `span` later, at most the end of the range.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(span)))
    }
}

/// `span` in nanoseconds, at most `u64::MAX` (584 years).
pub(crate) const fn saturating_nanos(span: Duration) -> u64 {
    let nanos = span.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

/// A source of monotonic time.
///
/// The engine reads it at most once per activation. Readings never decrease.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// The wall-clock time at the epoch, from which [`Clock::to_wall`]
    /// converts.
    fn wall_at_epoch(&self) -> SystemTime;

    /// The wall-clock time of `moment`, as far as the wall clock was not set
    /// since the epoch.
    fn to_wall(&self, moment: Timestamp) -> SystemTime {
        self.wall_at_epoch() + Duration::from_nanos(moment.as_nanos())
    }
}

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

    fn wall_at_epoch(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_zero_for_a_later_moment() {
        let early = Timestamp::from_nanos(5);
        let late = Timestamp::from_nanos(9);
        assert_eq!(late.since(early), Duration::from_nanos(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn after_saturates_at_the_end_of_the_range() {
        let end = Timestamp::from_nanos(u64::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::EPOCH.after(Duration::MAX), end);
    }

    #[test]
    fn the_manual_clock_moves_only_when_told_and_is_shared_by_clones() {
        let clock = ManualClock::new();
        let other = clock.clone();
        assert_eq!(other.now(), Timestamp::EPOCH);
        clock.advance(Duration::from_micros(2));
        assert_eq!(other.now(), Timestamp::from_nanos(2_000));
        assert_eq!(
            other.to_wall(other.now()),
            SystemTime::UNIX_EPOCH + Duration::from_micros(2)
        );
    }

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let clock = MonotonicClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
