//! Whether a machine is ready for real time.
//!
//! [`doctor()`] looks at what the system says about its processors, its kernel
//! and the limits of the process, measures how quickly cores talk to each other
//! and threads wake up, and gives a [`Readiness`]: for each [`Check`] what was
//! found, how much that matters, what it means, and what to change.
//!
//! ```no_run
//! let readiness = tidegate::doctor();
//! println!("{readiness}");
//! ```
//!
//! It needs no privilege and changes nothing. What cannot be read is
//! [`Unknown`](Severity::Unknown), never an error: on macOS that is everything
//! but the measurements.

mod cores;
mod kernel;
mod limits;
mod measure;
mod pingpong;
mod report;
mod system;
#[cfg(test)]
mod tests;
mod wakeup;

use core::time::Duration;

use system::System;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
pub enum Severity {
    /// As it should be.
    Good,
    /// The system does not say.
    Unknown,
    /// It may cost some latency now and then, or cannot be helped.
    Note,
    /// It costs much latency, or keeps something from being granted.
    Warning,
}

/// Declares the checks: variant, stable text.
macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident = $text:literal,)*) => {
        /// What is looked at. The texts are stable: scripts may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "inspect", derive(serde::Serialize))]
        #[non_exhaustive]
        pub enum Check {
            $(
                $(#[$doc])*
                #[cfg_attr(feature = "inspect", serde(rename = $text))]
                $check,
            )*
        }

        impl Check {
            /// Every check, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$check,)*];

            /// The check as text, such as `"clock-source"`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$check => $text,)* }
            }
        }
    };
}

checks! {
    /// How many cores the process may use.
    Cores = "cores",
    /// What chooses the cores' frequencies.
    Governor = "cpu-governor",
    /// Whether frequencies go beyond the nominal one.
    Turbo = "turbo",
    /// Whether idle cores sleep so deeply that waking takes long.
    IdleStates = "idle-states",
    /// Cores that the kernel gives to nobody by itself.
    IsolatedCores = "isolated-cores",
    /// Cores without a periodic tick.
    TicklessCores = "tickless-cores",
    /// Whether two threads share a core's units.
    Smt = "smt",
    /// Whether a host shares the cores among machines.
    Virtualisation = "virtualisation",
    /// Whether the kernel itself can be preempted.
    Preemption = "preemption",
    /// Where the time comes from.
    ClockSource = "clock-source",
    /// How late an ordinary thread's timers may be on purpose.
    TimerSlack = "timer-slack",
    /// Whether the kernel gathers pages into huge ones by itself.
    HugePages = "huge-pages",
    /// Whether memory can be paged out.
    Swap = "swap",
    /// Up to which level threads of the process may have a priority.
    PriorityLimit = "priority-limit",
    /// How much of the time threads with a priority may have.
    PriorityShare = "priority-share",
    /// How much memory the process may lock.
    LockLimit = "lock-limit",
    /// How much time on its cores the process may have.
    CpuQuota = "cpu-quota",
    /// How long it takes to read the clock. Measured.
    ClockRead = "clock-read",
    /// How long a cache line takes to another core and back. Measured.
    RoundTrip = "round-trip",
    /// How long a sleeping thread takes to wake up. Measured.
    WakeUp = "wake-up",
    /// How late a timer is. Measured.
    TimerLateness = "timer-lateness",
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, in words and numbers.
    pub found: String,
    /// What that means for an engine.
    pub meaning: &'static str,
    /// What to change; `None` when it is good, unknown, or cannot be helped.
    pub advice: Option<&'static str>,
}

impl Finding {
    fn new(
        check: Check,
        severity: Severity,
        found: impl Into<String>,
        meaning: &'static str,
    ) -> Self {
        Self {
            check,
            severity,
            found: found.into(),
            meaning,
            advice: None,
        }
    }

    fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    fn unknown(check: Check, why: impl Into<String>, meaning: &'static str) -> Self {
        Self::new(check, Severity::Unknown, why, meaning)
    }
}

/// How long something took, many times over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Latency {
    /// Half were quicker.
    pub median: Duration,
    /// One in a hundred was slower.
    pub p99: Duration,
    /// The slowest.
    pub worst: Duration,
}

/// A cache line between two cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RoundTrip {
    /// The two cores.
    pub cores: [usize; 2],
    /// There and back: means of 100 in turn each.
    pub latency: Latency,
}

/// What [`doctor()`] found. Its `Display` is a report for people, the most
/// important first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Readiness {
    /// One for each [`Check`], in their order.
    pub findings: Vec<Finding>,
    /// Between pairs of cores: isolated ones first, up to eight.
    pub round_trips: Vec<RoundTrip>,
    /// From an `unpark` on one core until the parked thread runs on another.
    pub wake_up: Option<Latency>,
    /// How much longer than asked for a thread slept.
    pub timer_lateness: Option<Latency>,
    /// How long it takes to read the clock, on average.
    pub clock_read: Duration,
}

impl Readiness {
    /// What this check found.
    #[must_use]
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// How many findings are as severe as this.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

/// Looks at the machine and measures it; takes some tenths of a second, during
/// which two cores are busy at times.
///
/// Not for a machine on which an engine runs at the same time: the measurements
/// would disturb each other.
#[must_use]
pub fn doctor() -> Readiness {
    let system = System::here();
    let available = measure::available_cores();
    let mut findings = settings(&system, &available);
    let measured = measure::measure(&isolated_first(&system, &available));
    findings.extend(measured.findings());
    Readiness {
        findings,
        round_trips: measured.round_trips,
        wake_up: measured.wake_up,
        timer_lateness: measured.timer_lateness,
        clock_read: measured.clock_read,
    }
}

/// The cores to measure: isolated ones are those that workers are to have.
fn isolated_first(system: &System, available: &[usize]) -> Vec<usize> {
    let isolated = cores::isolated_cores(system);
    let others = available.iter().filter(|core| !isolated.contains(core));
    isolated.iter().chain(others).copied().collect()
}

/// All checks that only read.
fn settings(system: &System, available: &[usize]) -> Vec<Finding> {
    vec![
        cores::cores(system, available),
        cores::governor(system),
        cores::turbo(system),
        cores::idle_states(system),
        cores::isolated(system),
        cores::tickless(system),
        cores::smt(system),
        kernel::virtualisation(system),
        kernel::preemption(system),
        kernel::clock_source(system),
        kernel::timer_slack(system),
        kernel::huge_pages(system),
        kernel::swap(system),
        limits::priority_limit(system),
        limits::priority_share(system),
        limits::lock_limit(system),
        limits::cpu_quota(system),
    ]
}
