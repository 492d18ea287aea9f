//! The three priority bands.

use core::fmt;

/// How urgently an edge is served: Control before High before Normal, in the
/// shares that the scheduler's weights give.
///
/// A node is as urgent as the most urgent of its inputs that has something
/// pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[repr(u8)]
pub enum Band {
    /// Bulk data.
    #[default]
    Normal = 0,
    /// Data that should overtake bulk data.
    High = 1,
    /// Commands and alarms: few, and never late.
    Control = 2,
}

impl Band {
    /// All bands, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Control, Self::High, Self::Normal];

    /// The band as an index: 0 for Normal to 2 for Control.
    #[inline(always)]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::High => "high",
            Self::Normal => "normal",
        })
    }
}
