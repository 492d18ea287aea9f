//! From counters to rates.

use std::time::Duration;

use heapless::Deque;
use tidegate::time::Timestamp;

use crate::proc::Sample;

/// What the machine did between two samples. Whole numbers throughout, so
/// that aggregates of rates are exact whatever the order of merging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Processor time in use, in hundredths of a percent of all cores.
    pub(crate) cpu: u64,
    /// Memory in use, in hundredths of a percent.
    pub(crate) memory: u64,
    /// Bytes a second received by all interfaces but the loopback.
    pub(crate) received: u64,
    /// Bytes a second sent by them.
    pub(crate) sent: u64,
    /// Bytes a second read from disks.
    pub(crate) read: u64,
    /// Bytes a second written to disks.
    pub(crate) written: u64,
    /// Disk requests a second, reads and writes.
    pub(crate) requests: u64,
}

impl Rates {
    /// The rates over the time `elapsed` from `earlier` to `later`; `None`
    /// when no time elapsed.
    ///
    /// A counter that went back was reset or wrapped, or its device is gone.
    /// How far it got is unknown, so it counts as having stood still: a wrong
    /// guess would show as a huge peak.
    pub(crate) fn between(earlier: &Sample, later: &Sample, elapsed: Duration) -> Option<Self> {
        if elapsed.is_zero() {
            return None;
        }
        let per_second = |from: u64, to: u64| {
            let rate = u128::from(advance(from, to)) * 1_000_000_000 / elapsed.as_nanos();
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        let total = advance(earlier.cpu_total, later.cpu_total);
        // The idle counter is known to step back by a little; then it is 0.
        let idle = advance(earlier.cpu_idle, later.cpu_idle).min(total);
        let available = later.memory_available.min(later.memory_total);
        Some(Self {
            cpu: share(total - idle, total),
            memory: share(later.memory_total - available, later.memory_total),
            received: per_second(earlier.network_received, later.network_received),
            sent: per_second(earlier.network_sent, later.network_sent),
            read: per_second(earlier.disk_read, later.disk_read),
            written: per_second(earlier.disk_written, later.disk_written),
            requests: per_second(earlier.disk_requests, later.disk_requests),
        })
    }
}

/// How far a counter got; 0 when it went back.
fn advance(from: u64, to: u64) -> u64 {
    to.saturating_sub(from)
}

/// `part` of `whole` in hundredths of a percent; 0 of nothing.
fn share(part: u64, whole: u64) -> u64 {
    let share = (u128::from(part) * 10_000)
        .checked_div(u128::from(whole))
        .unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// Samples further apart than this need not be compared: it shows changes
/// that a person can follow, and is long enough to count processor time,
/// which advances in steps of 10 ms, to a few percent.
const SPAN: Duration = Duration::from_millis(250);

/// Samples closer together than this are not worth keeping both.
const SPACING: Duration = Duration::from_millis(10);

/// Room for `SPAN / SPACING` samples and the one before, rounded up.
const KEPT: usize = 32;

/// Rates over a sliding window of about a quarter of a second, or over the
/// time since the previous sample where samples are rarer. Two neighbouring
/// samples at 1,000 a second are too close to tell anything.
///
/// Holds everything inline; pushing allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Window {
    kept: Deque<(Timestamp, Sample), KEPT>,
}

impl Window {
    /// Takes the sample of the moment `at`; the rates from the oldest sample
    /// of the window to it, `None` for the first.
    pub(crate) fn push(&mut self, at: Timestamp, sample: &Sample) -> Option<Rates> {
        while self
            .kept
            .get(1)
            .is_some_and(|(next, _)| at.since(*next) >= SPAN)
        {
            self.kept.pop_front();
        }
        let rates = self
            .kept
            .front()
            .and_then(|(then, oldest)| Rates::between(oldest, sample, at.since(*then)));
        let due = self
            .kept
            .back()
            .is_none_or(|(last, _)| at.since(*last) >= SPACING);
        if due {
            let stored = self.kept.push_back((at, *sample));
            // What is kept is SPACING apart, and only one of it older than SPAN.
            debug_assert!(stored.is_ok(), "KEPT does not cover SPAN");
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at_millis(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn rates_are_the_differences_over_the_time_between() {
        let earlier = Sample {
            cpu_total: 1_000,
            cpu_idle: 900,
            network_received: 5_000,
            network_sent: 100,
            disk_read: 512,
            disk_requests: 7,
            ..Sample::default()
        };
        let later = Sample {
            sequence: 1,
            cpu_total: 1_200,
            cpu_idle: 1_050,
            memory_total: 4_096,
            memory_available: 1_024,
            network_received: 6_000,
            network_sent: 100,
            disk_read: 1_024,
            disk_written: 2_048,
            disk_requests: 12,
        };
        let rates = Rates::between(&earlier, &later, SECOND / 2).unwrap();
        let expected = Rates {
            cpu: 2_500,
            memory: 7_500,
            received: 2_000,
            sent: 0,
            read: 1_024,
            written: 4_096,
            requests: 10,
        };
        assert_eq!(rates, expected);
    }

    #[test]
    fn no_elapsed_time_gives_no_rates() {
        let sample = Sample::default();
        assert_eq!(Rates::between(&sample, &sample, Duration::ZERO), None);
    }

    #[test]
    fn a_counter_that_went_back_counts_as_standing_still() {
        let earlier = Sample {
            cpu_total: 500,
            cpu_idle: 400,
            network_received: u64::MAX,
            disk_written: 9_000,
            ..Sample::default()
        };
        let later = Sample {
            cpu_total: 600,
            cpu_idle: 399,
            network_received: 10,
            disk_written: 0,
            ..Sample::default()
        };
        let rates = Rates::between(&earlier, &later, SECOND).unwrap();
        assert_eq!(rates.received, 0);
        assert_eq!(rates.written, 0);
        assert_eq!(rates.cpu, 10_000, "no idle time is known");
    }

    #[test]
    fn absurd_counters_stay_within_range() {
        let largest = Sample {
            cpu_total: 1,
            cpu_idle: u64::MAX,
            memory_total: 1,
            memory_available: u64::MAX,
            network_received: u64::MAX,
            ..Sample::default()
        };
        let nanosecond = Duration::from_nanos(1);
        let rates = Rates::between(&Sample::default(), &largest, nanosecond).unwrap();
        assert_eq!((rates.cpu, rates.memory), (0, 0));
        assert_eq!(rates.received, u64::MAX);
    }

    /// Every sample received 10 bytes more than the one before.
    fn push_all(window: &mut Window, count: u64, millis_apart: u64) -> Vec<Option<Rates>> {
        (0..count)
            .map(|n| {
                let sample = Sample {
                    sequence: n,
                    network_received: 10 * n,
                    ..Sample::default()
                };
                window.push(at_millis(n * millis_apart), &sample)
            })
            .collect()
    }

    #[test]
    fn the_window_has_no_rates_for_the_first_sample_and_some_ever_after() {
        let rates = push_all(&mut Window::default(), 3_000, 1);
        assert_eq!(rates[0], None);
        for (n, rates) in rates.iter().enumerate().skip(1) {
            assert_eq!(rates.unwrap().received, 10_000, "sample {n}");
        }
    }

    #[test]
    fn the_window_slides_over_its_span_and_no_more() {
        let mut window = Window::default();
        push_all(&mut window, 3_000, 1);
        let oldest = window.kept.front().unwrap().0;
        let age = at_millis(2_999).since(oldest);
        assert!(age >= SPAN, "{age:?}");
        assert!(age < SPAN + SPACING, "{age:?}");
    }

    #[test]
    fn the_window_compares_with_the_previous_sample_when_samples_are_rare() {
        let mut window = Window::default();
        assert_eq!(window.push(at_millis(0), &Sample::default()), None);
        window.push(at_millis(2_000), &Sample::default());
        let burst = Sample {
            network_received: 600,
            ..Sample::default()
        };
        let rates = window.push(at_millis(4_000), &burst).unwrap();
        assert_eq!(rates.received, 300);
    }
}
