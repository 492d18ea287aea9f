//! Time: monotonic timestamps and the clocks that hand them out.
//!
//! Nothing else in the crate reads a clock. An engine on a [`ManualClock`]
//! therefore sees exactly the time a test gives it. (On the machine's clock a
//! full flight recorder takes its stamps from the processor's counter, which
//! nothing but a recording shows.)

use core::time::Duration;

#[cfg(any(feature = "std", feature = "stepping"))]
mod clock;
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) mod counter;
#[cfg(feature = "std")]
mod monotonic;
#[cfg(any(feature = "std", feature = "stepping"))]
mod patience;

#[cfg(any(feature = "std", feature = "stepping"))]
pub use clock::{Clock, ManualClock};
#[cfg(feature = "std")]
pub use monotonic::MonotonicClock;
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use patience::Patience;

/// What an engine goes by that is given no clock.
#[cfg(feature = "std")]
pub(crate) type OrdinaryClock = MonotonicClock;
/// Without `std` time stands still then.
#[cfg(all(feature = "stepping", not(feature = "std")))]
pub(crate) type OrdinaryClock = ManualClock;

/// A moment of a monotonic clock: nanoseconds since that clock's epoch.
///
/// Timestamps of different clocks do not compare meaningfully. The range is
/// about 584 years.
///
/// ```
/// use core::time::Duration;
/// use tidegate::time::Timestamp;
///
/// let sent = Timestamp::from_nanos(1_000);
/// let received = sent.after(Duration::from_micros(3));
/// assert_eq!(received.since(sent), Duration::from_micros(3));
/// assert_eq!(sent.since(received), Duration::ZERO);
/// ```
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
}
