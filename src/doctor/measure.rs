//! What is measured, and how much of it is good.

use core::time::Duration;

use core_affinity::CoreId;

use crate::sync::thread::{Builder, JoinHandle};
use crate::time::{Clock, MonotonicClock};

use super::pingpong::round_trip;
use super::wakeup::{WakeUps, wake_ups};
use super::{Check, Finding, Latency, RoundTrip, Severity};

/// Round trips are measured between all pairs of so many cores: 28 pairs.
const CORES: usize = 8;

/// The figures.
pub(super) struct Measured {
    pub(super) round_trips: Vec<RoundTrip>,
    pub(super) wake_up: Option<Latency>,
    pub(super) timer_lateness: Option<Latency>,
    pub(super) clock_read: Duration,
}

/// The cores this process may use; empty when the platform does not say.
pub(super) fn available_cores() -> Vec<usize> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let mut cores: Vec<_> = cores.into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
    cores
}

/// Pins the calling thread. Whether it worked.
pub(super) fn pin(core: usize) -> bool {
    core_affinity::set_for_current(CoreId { id: core })
}

/// Starts a thread, if there is one to be had.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Option<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(body).ok()
}

/// `None` of nothing.
pub(super) fn distribution(times: &mut [Duration]) -> Option<Latency> {
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    Some(Latency {
        median: times[last / 2],
        // Of fewer than a hundred that is the slowest.
        p99: times[(times.len() * 99).div_ceil(100) - 1],
        worst: times[last],
    })
}

/// Takes all measurements, one after the other, on the first of these cores.
pub(super) fn measure(cores: &[usize]) -> Measured {
    let measured = &cores[..cores.len().min(CORES)];
    let pairs = measured.iter().enumerate().flat_map(|(index, &first)| {
        measured[index + 1..]
            .iter()
            .map(move |&second| [first, second])
    });
    let WakeUps {
        wake_up,
        timer_lateness,
    } = wake_ups(match *cores {
        [first, second, ..] => Some([first, second]),
        _ => None,
    });
    Measured {
        round_trips: pairs.filter_map(round_trip).collect(),
        wake_up,
        timer_lateness,
        clock_read: clock_read(),
    }
}

fn clock_read() -> Duration {
    const READINGS: u32 = 1_000;
    let clock = MonotonicClock::new();
    let begin = clock.now();
    for _ in 0..READINGS {
        core::hint::black_box(clock.now());
    }
    clock.now().since(begin) / READINGS
}

/// A reading of the clock that enters the kernel takes longer.
const QUICK_READ: Duration = Duration::from_nanos(150);

/// Between cores of one processor it takes less.
const NEAR: Duration = Duration::from_micros(1);

/// A wake-up or a timer that is later than this one time in a hundred.
const LATE: Duration = Duration::from_micros(250);

impl Measured {
    pub(super) fn findings(&self) -> [Finding; 4] {
        [
            self.clock_finding(),
            self.round_trip_finding(),
            latency_finding(
                Check::WakeUp,
                self.wake_up,
                "What a worker that sleeps when idle needs to react to another worker.",
                "Let workers spin (IdleStrategy::Spin) on cores of their own, or give them a \
                 priority; see idle-states and cpu-governor.",
            ),
            latency_finding(
                Check::TimerLateness,
                self.timer_lateness,
                "How late the ticks of a sleeping worker are.",
                "Give workers a priority, or let them spin; see timer-slack and idle-states.",
            ),
        ]
    }

    fn clock_finding(&self) -> Finding {
        let meaning = "The engine reads the clock about once per activation, and for each of them \
                       with exact metrics.";
        let found = format!("{:?}", self.clock_read);
        if self.clock_read <= QUICK_READ {
            return Finding::new(Check::ClockRead, Severity::Good, found, meaning);
        }
        Finding::new(Check::ClockRead, Severity::Warning, found, meaning)
            .advise("See clock-source; sample with a longer stride (Metrics::sampled).")
    }

    fn round_trip_finding(&self) -> Finding {
        let meaning =
            "Half of it is the least that a message between workers on these cores takes.";
        let check = Check::RoundTrip;
        let by_median = |trip: &&RoundTrip| trip.latency.median;
        let trips = self.round_trips.iter();
        let (Some(nearest), Some(farthest)) = (
            trips.clone().min_by_key(by_median),
            trips.max_by_key(by_median),
        ) else {
            let why = "it needs two cores that are free, and pinning";
            return Finding::unknown(check, why, meaning);
        };
        let one = |trip: &RoundTrip| {
            let [first, second] = trip.cores;
            let Latency { median, worst, .. } = trip.latency;
            format!("cores {first} and {second} {median:?} (at worst {worst:?})")
        };
        let found = if nearest == farthest {
            one(nearest)
        } else {
            format!("{} to {}", one(nearest), one(farthest))
        };
        if farthest.latency.median <= NEAR {
            return Finding::new(check, Severity::Good, found, meaning);
        }
        Finding::new(check, Severity::Note, found, meaning).advise(
            "Name near cores for workers that talk much (EngineBuilder::cores), and keep chains \
             together.",
        )
    }
}

fn latency_finding(
    check: Check,
    latency: Option<Latency>,
    meaning: &'static str,
    advice: &'static str,
) -> Finding {
    let Some(Latency { median, p99, worst }) = latency else {
        return Finding::unknown(check, "no threads were to be had", meaning);
    };
    let found = format!("median {median:?}, p99 {p99:?}, worst {worst:?}");
    if p99 <= LATE {
        Finding::new(check, Severity::Good, found, meaning)
    } else {
        Finding::new(check, Severity::Warning, found, meaning).advise(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(micros: [u64; 3]) -> Latency {
        let [median, p99, worst] = micros.map(Duration::from_micros);
        Latency { median, p99, worst }
    }

    fn measured() -> Measured {
        let trip = |cores, micros| RoundTrip {
            cores,
            latency: latency(micros),
        };
        Measured {
            round_trips: vec![trip([0, 1], [0, 0, 7]), trip([0, 2], [3, 4, 5])],
            wake_up: Some(latency([50, 100, 900])),
            timer_lateness: Some(latency([60, 300, 300])),
            clock_read: Duration::from_nanos(27),
        }
    }

    fn severities(measured: &Measured) -> [Severity; 4] {
        measured.findings().map(|finding| finding.severity)
    }

    #[test]
    fn a_distribution_has_its_ranks() {
        let mut times: Vec<_> = (1..=200).rev().map(Duration::from_nanos).collect();
        let [median, p99, worst] = [100, 198, 200].map(Duration::from_nanos);
        let expected = Some(Latency { median, p99, worst });
        assert_eq!(distribution(&mut times), expected);
        assert_eq!(distribution(&mut []), None);
        let one = Duration::from_nanos(3);
        let expected = Latency {
            median: one,
            p99: one,
            worst: one,
        };
        assert_eq!(distribution(&mut [one]), Some(expected));
    }

    #[test]
    fn figures_are_judged_by_their_medians_and_slowest_hundredths() {
        use Severity::{Good, Note, Unknown, Warning};
        let mut measured = measured();
        assert_eq!(severities(&measured), [Good, Note, Good, Warning]);
        let trips = &measured.findings()[1].found;
        assert!(
            trips.contains("cores 0 and 1 0ns (at worst 7µs)"),
            "{trips}"
        );
        assert!(trips.contains("cores 0 and 2 3µs"), "{trips}");
        measured.round_trips.truncate(1);
        measured.clock_read = Duration::from_micros(1);
        assert_eq!(severities(&measured), [Warning, Good, Good, Warning]);
        measured.round_trips.clear();
        measured.wake_up = None;
        assert_eq!(severities(&measured), [Warning, Unknown, Unknown, Warning]);
    }

    /// Elsewhere pinning is a hint, which no core refuses.
    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "pins threads and spins")]
    fn a_core_that_is_not_there_gives_no_figure_and_nobody_waits_for_ever() {
        let there = available_cores()[0];
        let not_there = (0..1_024)
            .rev()
            .find(|core| !available_cores().contains(core));
        let not_there = not_there.expect("no machine has so many cores");
        assert_eq!(round_trip([there, not_there]), None);
        assert_eq!(round_trip([not_there, there]), None);
    }
}
