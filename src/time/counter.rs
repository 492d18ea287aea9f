//! The processor's cycle counter, where the machine keeps its time by it.
//!
//! Reading it costs a third of what reading the clock does, so what happens in
//! every activation is stamped with it. A count says nothing by itself: whoever
//! reads the stamps works out the moments, from two [`Reading`]s of counter and
//! clock at once, an early one and a late one. So no pace is measured ahead of
//! time, and none can be wrong: between the two, the moments are those of the
//! clock but for changes of the counter's pace against it, some millionths.

use super::{Clock, Timestamp};

/// The counter at present. Zero where it cannot be [relied on](is_steady).
#[inline(always)]
pub(crate) fn cycles() -> u64 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every x86-64 processor has the counter, and reading it touches
    // nothing else.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    0
}

/// Whether the counter runs evenly, and alike on all cores: the kernel has
/// tested that, and keeps its own time by it. Reads a file.
#[cfg(feature = "std")]
pub(crate) fn is_steady() -> bool {
    let counts = cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        not(any(miri, tidegate_loom, tidegate_shuttle))
    ));
    counts
        && std::fs::read_to_string(
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        )
        .is_ok_and(|source| source.trim() == "tsc")
}

/// Nobody says so.
#[cfg(not(feature = "std"))]
pub(crate) const fn is_steady() -> bool {
    false
}

/// Counter and clock, read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) cycles: u64,
    pub(crate) at: Timestamp,
}

impl Reading {
    /// Of several attempts the one that was interrupted least.
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        let attempt = || {
            let before = cycles();
            let at = clock.now();
            let took = cycles().wrapping_sub(before);
            let cycles = before.wrapping_add(took / 2);
            (took, Self { cycles, at })
        };
        let mut best = attempt();
        for (took, reading) in (0..7).map(|_| attempt()) {
            if took < best.0 {
                best = (took, reading);
            }
        }
        best.1
    }
}

/// From counts to moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) early: Reading,
    pub(crate) late: Reading,
}

impl Pace {
    /// The moment at which the counter stood at `cycles`: on the line through
    /// both readings, also beyond them.
    pub(crate) fn moment(&self, cycles: u64) -> Timestamp {
        let Self { early, late } = self;
        let nanos = i128::from(late.at.as_nanos()) - i128::from(early.at.as_nanos());
        let counts = i128::from(late.cycles) - i128::from(early.cycles);
        let since = i128::from(cycles) - i128::from(early.cycles);
        if counts <= 0 {
            return early.at;
        }
        // Saturated it is centuries away from both.
        let passed = since.saturating_mul(nanos) / counts;
        let moment = (i128::from(early.at.as_nanos()) + passed).max(0);
        Timestamp::from_nanos(u64::try_from(moment).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(cycles: u64, nanos: u64) -> Reading {
        Reading {
            cycles,
            at: Timestamp::from_nanos(nanos),
        }
    }

    #[test]
    fn moments_lie_on_the_line_through_both_readings() {
        let pace = Pace {
            early: reading(1_000, 50),
            late: reading(3_000, 850),
        };
        for (cycles, nanos) in [(1_000, 50), (2_000, 450), (3_000, 850), (3_500, 1_050)] {
            assert_eq!(pace.moment(cycles).as_nanos(), nanos);
        }
        assert_eq!(pace.moment(900).as_nanos(), 10);
        assert_eq!(pace.moment(0), Timestamp::EPOCH, "before the epoch");
    }

    #[test]
    fn readings_of_one_moment_and_the_largest_counts_are_no_trouble() {
        let same = reading(7, 9);
        let pace = Pace {
            early: same,
            late: same,
        };
        assert_eq!(pace.moment(12_345).as_nanos(), 9);
        let pace = Pace {
            early: reading(0, 0),
            late: reading(1 << 62, 1 << 62),
        };
        assert_eq!(pace.moment(1 << 62).as_nanos(), 1 << 62);
        let pace = Pace {
            early: reading(0, 0),
            late: reading(1, u64::MAX),
        };
        assert_eq!(pace.moment(u64::MAX).as_nanos(), u64::MAX);
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_count_between_two_readings_is_a_moment_between_them() {
        if !is_steady() {
            return; // nothing is stamped with it then
        }
        let clock = crate::time::MonotonicClock::new();
        let early = Reading::of(&clock);
        let before = clock.now();
        let count = cycles();
        let after = clock.now();
        let pace = Pace {
            early,
            late: Reading::of(&clock),
        };
        let moment = pace.moment(count);
        // What reading counter and clock one after the other may be off by.
        let off = 2_000;
        assert!(
            moment.as_nanos() + off >= before.as_nanos(),
            "{moment:?} {before:?}"
        );
        assert!(
            moment.as_nanos() <= after.as_nanos() + off,
            "{moment:?} {after:?}"
        );
    }
}
