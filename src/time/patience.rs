//! How long to wait for somebody who should be through in no time.

use core::time::Duration;

#[cfg(feature = "std")]
use super::{Clock, MonotonicClock};

/// Patience that ends: after some time of the machine's.
#[cfg(feature = "std")]
pub(crate) struct Patience {
    clock: MonotonicClock,
    most: Duration,
}

#[cfg(feature = "std")]
impl Patience {
    pub(crate) fn new(most: Duration) -> Self {
        let clock = MonotonicClock::new();
        Self { clock, most }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        Duration::from_nanos(self.clock.now().as_nanos()) >= self.most
    }
}

/// Patience that ends: after some looks, because there is no time to measure by.
#[cfg(not(feature = "std"))]
pub(crate) struct Patience {
    looks: u128,
}

#[cfg(not(feature = "std"))]
impl Patience {
    /// As if a look took ten nanoseconds.
    pub(crate) fn new(most: Duration) -> Self {
        Self {
            looks: most.as_nanos() / 10,
        }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.looks = self.looks.saturating_sub(1);
        self.looks == 0
    }
}
