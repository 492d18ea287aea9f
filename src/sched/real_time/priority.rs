//! Real-time priorities of threads.

use core::fmt;

use super::Refusal;

/// A real-time priority: the thread runs before every ordinary one, and before
/// those of a lower level.
///
/// Levels are 1 to 99. A thread at one that never sleeps leaves its core to
/// nobody, but for the 5 % that Linux reserves (`sched_rt_runtime_us`): use
/// [`IdleStrategy::Park`](crate::sched::IdleStrategy::Park), or leave a core
/// to the rest of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Priority {
    /// `SCHED_FIFO`: runs until it sleeps or a higher level is ready.
    Fifo(u8),
    /// `SCHED_RR`: the same, but takes turns with threads of its level.
    RoundRobin(u8),
}

impl Priority {
    /// The lowest level.
    pub const LOWEST: u8 = 1;

    /// The highest level. The kernel's own threads are mostly at 50; at 99 run
    /// those that keep the machine alive.
    pub const HIGHEST: u8 = 99;

    /// The level.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::Fifo(level) | Self::RoundRobin(level) => level,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo(level) => write!(f, "FIFO {level}"),
            Self::RoundRobin(level) => write!(f, "RR {level}"),
        }
    }
}

/// How the kernel schedules a worker's thread. Its `Display` says what to do
/// about a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Scheduling {
    /// Nobody asked for a priority: like other threads of the process.
    #[default]
    Ordinary,
    /// At this priority.
    Granted(Priority),
    /// The kernel refused the priority: like other threads of the process.
    Refused(Priority, Refusal),
    /// The platform has no such priorities, or none that this library asks for.
    Unavailable(Priority),
}

impl Scheduling {
    /// The priority, when it was granted.
    #[must_use]
    pub const fn priority(self) -> Option<Priority> {
        match self {
            Self::Granted(priority) => Some(priority),
            Self::Ordinary | Self::Refused(..) | Self::Unavailable(_) => None,
        }
    }

    /// As one word, for cells that other threads read: a kind and a policy, a
    /// level, a refusal.
    pub(crate) const fn to_word(self) -> u64 {
        let (kind, priority, refusal) = match self {
            Self::Ordinary => return 0,
            Self::Granted(priority) => (1, priority, 0),
            Self::Refused(priority, refusal) => (2, priority, refusal.to_bits()),
            Self::Unavailable(priority) => (3, priority, 0),
        };
        let policy = match priority {
            Priority::Fifo(_) => 0,
            Priority::RoundRobin(_) => 1,
        };
        kind | policy << 2 | (priority.level() as u64) << 3 | refusal << 11
    }

    pub(crate) const fn from_word(word: u64) -> Self {
        let level = (word >> 3) as u8;
        let priority = match word >> 2 & 1 {
            0 => Priority::Fifo(level),
            _ => Priority::RoundRobin(level),
        };
        match word & 3 {
            0 => Self::Ordinary,
            1 => Self::Granted(priority),
            2 => Self::Refused(priority, Refusal::from_bits(word >> 11)),
            _ => Self::Unavailable(priority),
        }
    }
}

impl fmt::Display for Scheduling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("ordinary"),
            Self::Granted(priority) => write!(f, "{priority}"),
            Self::Refused(priority, Refusal::NotPermitted | Refusal::Limit) => write!(
                f,
                "ordinary ({priority} is not permitted: raise the limit rtprio to {}, \
                 or grant CAP_SYS_NICE)",
                priority.level()
            ),
            Self::Refused(priority, refusal) => {
                write!(f, "ordinary ({priority} was refused: {refusal})")
            }
            Self::Unavailable(priority) => {
                write!(f, "ordinary ({priority} is not available on this platform)")
            }
        }
    }
}

/// Gives the calling thread this priority.
#[cfg(all(
    feature = "std",
    target_os = "linux",
    not(any(tidegate_loom, tidegate_shuttle))
))]
pub(crate) fn set_current_priority(priority: Priority) -> Scheduling {
    let policy = match priority {
        Priority::Fifo(_) => libc::SCHED_FIFO,
        Priority::RoundRobin(_) => libc::SCHED_RR,
    };
    // SAFETY: `sched_param` is a struct of integers (musl's has reserved ones),
    // for which zero is a value.
    let mut parameters: libc::sched_param = unsafe { core::mem::zeroed() };
    parameters.sched_priority = priority.level().into();
    // SAFETY: takes nothing, and gives the handle of the thread that calls.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: the thread is alive, since it is this one, and the parameters are
    // only read, during the call.
    let refused = unsafe { libc::pthread_setschedparam(thread, policy, &raw const parameters) };
    match refused {
        0 => Scheduling::Granted(priority),
        libc::EPERM => Scheduling::Refused(priority, Refusal::NotPermitted),
        number => Scheduling::Refused(priority, Refusal::Other(number)),
    }
}

#[cfg(not(all(
    feature = "std",
    target_os = "linux",
    not(any(tidegate_loom, tidegate_shuttle))
)))]
pub(crate) fn set_current_priority(priority: Priority) -> Scheduling {
    Scheduling::Unavailable(priority)
}

#[cfg(test)]
mod tests {
    use super::super::REFUSALS;
    use super::*;

    #[test]
    fn every_scheduling_survives_the_way_through_a_word() {
        let mut all = vec![Scheduling::Ordinary];
        for level in [0, 1, 50, 99, u8::MAX] {
            for priority in [Priority::Fifo(level), Priority::RoundRobin(level)] {
                all.extend([
                    Scheduling::Granted(priority),
                    Scheduling::Unavailable(priority),
                ]);
                all.extend(REFUSALS.map(|refusal| Scheduling::Refused(priority, refusal)));
            }
        }
        for scheduling in all {
            assert_eq!(Scheduling::from_word(scheduling.to_word()), scheduling);
        }
    }

    #[test]
    fn a_refused_priority_says_what_to_do() {
        let refused = Scheduling::Refused(Priority::Fifo(70), Refusal::NotPermitted);
        let text = refused.to_string();
        assert!(text.contains("rtprio to 70"), "{text}");
        assert!(text.contains("CAP_SYS_NICE"), "{text}");
        assert_eq!(refused.priority(), None);
    }
}
