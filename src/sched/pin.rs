//! Pinning workers to cores.

use core::fmt;

/// Whether a worker runs on a core of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Pinning {
    /// On this core.
    Pinned(usize),
    /// The platform refused to pin the thread to this core.
    Refused(usize),
    /// Nobody asked for it: there are more workers than cores, or the
    /// platform does not say which cores there are, or pinning is off.
    Unpinned,
}

impl Pinning {
    /// The core, when the worker is pinned to one.
    #[must_use]
    pub const fn core(self) -> Option<usize> {
        match self {
            Self::Pinned(core) => Some(core),
            Self::Refused(_) | Self::Unpinned => None,
        }
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned(core) => write!(f, "core {core}"),
            Self::Refused(core) => write!(f, "unpinned (core {core} was refused)"),
            Self::Unpinned => f.write_str("unpinned"),
        }
    }
}
