//! The three priority bands.

use core::fmt;

/// How urgently an edge is served: Control before High before Normal, in the
/// shares that the scheduler's weights give.
///
/// A node is as urgent as the most urgent of its inputs that has something
/// pending.
///
/// ```
/// use tidegate::Band;
/// use tidegate::graph::Edge;
///
/// let commands = Edge::block(8).band(Band::Control);
/// assert!(Band::Control > Band::High && Band::High > Band::Normal);
/// # let _ = commands;
/// ```
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_listed_from_the_most_urgent_on_and_numbered_from_the_least() {
        assert_eq!(Band::ALL.map(Band::index), [2, 1, 0]);
        let names = Band::ALL.map(|band| band.to_string());
        assert_eq!(names, ["control", "high", "normal"]);
    }
}
