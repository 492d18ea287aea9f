//! Memory that is not paged out.

use core::fmt;

use super::Refusal;

/// Whether the memory of the process is locked. Its `Display` says what to do
/// about a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum MemoryLock {
    /// Nobody asked for it.
    #[default]
    NotAsked,
    /// Everything that the process had mapped when the engine started is in
    /// memory, and stays there.
    Locked,
    /// The kernel refused it.
    Refused(Refusal),
    /// The platform cannot do it, or not in a way that this library uses.
    Unavailable,
}

impl MemoryLock {
    /// As one word, for cells that other threads read.
    pub(crate) const fn to_word(self) -> u64 {
        match self {
            Self::NotAsked => 0,
            Self::Locked => 1,
            Self::Refused(refusal) => 2 | refusal.to_bits() << 2,
            Self::Unavailable => 3,
        }
    }

    pub(crate) const fn from_word(word: u64) -> Self {
        match word & 3 {
            0 => Self::NotAsked,
            1 => Self::Locked,
            2 => Self::Refused(Refusal::from_bits(word >> 2)),
            _ => Self::Unavailable,
        }
    }
}

impl fmt::Display for MemoryLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not locked"),
            Self::Locked => f.write_str("locked"),
            Self::Refused(refusal @ (Refusal::NotPermitted | Refusal::Limit)) => write!(
                f,
                "not locked ({refusal}: set the limit memlock to unlimited, \
                 or grant CAP_IPC_LOCK)"
            ),
            Self::Refused(refusal) => write!(f, "not locked (refused: {refusal})"),
            Self::Unavailable => f.write_str("not locked (not available on this platform)"),
        }
    }
}

/// Locks everything the process has mapped.
///
/// Not what it maps later: with `MCL_FUTURE`, an allocation anywhere in the
/// process would fail, and mostly abort it, as soon as the limit is reached,
/// and every new thread's stack would be in memory as a whole. What the engine
/// needs is all there before it runs.
///
/// It stays until the process ends: to unlock would unlock what others locked.
#[cfg(all(
    feature = "std",
    target_os = "linux",
    not(any(tidegate_loom, tidegate_shuttle))
))]
pub(crate) fn lock_memory() -> MemoryLock {
    // SAFETY: takes no memory of ours; locking changes no content.
    if unsafe { libc::mlockall(libc::MCL_CURRENT) } == 0 {
        return MemoryLock::Locked;
    }
    let error = std::io::Error::last_os_error();
    MemoryLock::Refused(match error.raw_os_error() {
        Some(libc::EPERM) => Refusal::NotPermitted,
        Some(libc::ENOMEM | libc::EAGAIN) => Refusal::Limit,
        number => Refusal::Other(number.unwrap_or(0)),
    })
}

#[cfg(not(all(
    feature = "std",
    target_os = "linux",
    not(any(tidegate_loom, tidegate_shuttle))
)))]
pub(crate) fn lock_memory() -> MemoryLock {
    MemoryLock::Unavailable
}

#[cfg(test)]
mod tests {
    use super::super::REFUSALS;
    use super::*;

    #[test]
    fn every_lock_survives_the_way_through_a_word() {
        let plain = [
            MemoryLock::NotAsked,
            MemoryLock::Locked,
            MemoryLock::Unavailable,
        ];
        for lock in plain.into_iter().chain(REFUSALS.map(MemoryLock::Refused)) {
            assert_eq!(MemoryLock::from_word(lock.to_word()), lock);
        }
    }

    #[test]
    fn a_refused_lock_says_what_to_do() {
        for refusal in [Refusal::Limit, Refusal::NotPermitted] {
            let text = MemoryLock::Refused(refusal).to_string();
            assert!(text.contains("memlock"), "{text}");
            assert!(text.contains("CAP_IPC_LOCK"), "{text}");
        }
    }
}
