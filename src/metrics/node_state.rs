//! What nodes become.

/// What has become of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum NodeState {
    /// It is called when it is ready.
    #[default]
    Active,
    /// Paused by a handle; its inputs keep what arrives.
    Paused,
    /// It faulted and waits for its replacement.
    Restarting,
    /// It faulted and is not called any more.
    Quarantined,
    /// It had nothing more to do, or its inputs have all ended.
    Finished,
    /// It is to come to rest, and handles what waited for it by then.
    Draining,
    /// It has come to rest; its inputs keep what arrives.
    Drained,
}

impl NodeState {
    /// Whether it is called when it is ready.
    pub(crate) fn is_called(self) -> bool {
        matches!(self, Self::Active | Self::Draining)
    }

    /// Whether a handle had it rest.
    pub(crate) fn is_put_to_rest(self) -> bool {
        matches!(self, Self::Paused | Self::Drained)
    }

    /// Every state there is.
    pub(crate) const ALL: [Self; 7] = [
        Self::Active,
        Self::Paused,
        Self::Restarting,
        Self::Quarantined,
        Self::Finished,
        Self::Draining,
        Self::Drained,
    ];

    pub(crate) fn from_number(number: u64) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
            .unwrap_or_default()
    }
}

impl core::fmt::Display for NodeState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Quarantined => "quarantined",
            Self::Finished => "finished",
            Self::Draining => "draining",
            Self::Drained => "drained",
        })
    }
}
