//! What an edge does with a message when it is full.

use core::fmt;

use super::merge::Merge;

/// What a full edge does with the next message.
///
/// | policy | when full | progress of a send |
/// |---|---|---|
/// | `Block` | refuses it and hands it back: nothing is ever lost | wait-free |
/// | `Drop` | drops the **newest**: hands it back, counts it | wait-free |
/// | `Latest` | evicts the **oldest**: the edge holds the newest N | wait-free |
/// | `Coalesce` | merges it into the newest pending one, in order | wait-free but for the merge function |
///
/// ```
/// use tidegate::edge::{channel, Policy, SendError, Sent};
///
/// let (mut block, _c) = channel(1, Policy::Block)?;
/// block.send(1)?;
/// assert_eq!(block.send(2), Err(SendError::Full(2)));
///
/// let (mut drop, _c) = channel(1, Policy::Drop)?;
/// drop.send(1)?;
/// assert_eq!(drop.send(2)?, Sent::Dropped(2));
///
/// let (mut latest, _c) = channel(1, Policy::Latest)?;
/// latest.send(1)?;
/// assert_eq!(latest.send(2)?, Sent::Replaced(1));
///
/// let (mut sum, mut consumer) = channel(1, Policy::coalesce(|pending, new| *pending += new))?;
/// sum.send(1)?;
/// assert_eq!(sum.send(2)?, Sent::Coalesced);
/// assert_eq!(consumer.recv(), Ok(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub enum Policy<T> {
    /// Refuse the message; the producer keeps it and tries again.
    #[default]
    Block,
    /// Drop the new message; what is pending stays.
    Drop,
    /// Evict the oldest pending message and store the new one.
    Latest,
    /// Merge the new message into the newest pending one.
    Coalesce(Merge<T>),
}

impl<T> Policy<T> {
    /// [`Policy::Coalesce`] with this merge function; see [`Merge::new`].
    #[must_use]
    pub fn coalesce(merge: impl Fn(&mut T, T) + Send + 'static) -> Self {
        Self::Coalesce(Merge::new(merge))
    }

    /// Which policy this is, without the merge function.
    #[must_use]
    pub const fn kind(&self) -> PolicyKind {
        match self {
            Self::Block => PolicyKind::Block,
            Self::Drop => PolicyKind::Drop,
            Self::Latest => PolicyKind::Latest,
            Self::Coalesce(_) => PolicyKind::Coalesce,
        }
    }
}

impl<T> fmt::Debug for Policy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.kind(), f)
    }
}

/// Which [`Policy`] an edge has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum PolicyKind {
    /// See [`Policy::Block`].
    #[default]
    Block,
    /// See [`Policy::Drop`].
    Drop,
    /// See [`Policy::Latest`].
    Latest,
    /// See [`Policy::Coalesce`].
    Coalesce,
}

impl PolicyKind {
    /// Whether an edge of this kind can lose a message that was sent:
    /// everything but `Block`.
    #[must_use]
    pub const fn is_lossy(self) -> bool {
        !matches!(self, Self::Block)
    }

    /// Whether the edge is built on the index-exchange ring rather than on
    /// the plain one.
    pub(super) const fn exchanges(self) -> bool {
        matches!(self, Self::Latest | Self::Coalesce)
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Block => "block",
            Self::Drop => "drop",
            Self::Latest => "latest",
            Self::Coalesce => "coalesce",
        })
    }
}

/// What a send did with the message it accepted.
#[must_use = "a message may have been dropped or evicted"]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sent<T> {
    /// The message is pending.
    Stored,
    /// The edge was full and the new message was dropped
    /// ([`Policy::Drop`]): here it is.
    Dropped(T),
    /// The message is pending, and the oldest one was evicted for it
    /// ([`Policy::Latest`]): here that one is.
    Replaced(T),
    /// The message was merged into the newest pending one
    /// ([`Policy::Coalesce`]).
    Coalesced,
}

impl<T> Sent<T> {
    /// Whether the message itself is pending now, unmerged.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        matches!(self, Self::Stored | Self::Replaced(_))
    }
}

impl<T> fmt::Debug for Sent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stored => "Stored",
            Self::Dropped(_) => "Dropped(..)",
            Self::Replaced(_) => "Replaced(..)",
            Self::Coalesced => "Coalesced",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_knows_its_kind_and_what_that_can_lose() {
        let coalesce = Policy::coalesce(|pending: &mut u8, new| *pending += new);
        let kinds = [
            (Policy::Block, PolicyKind::Block, "block"),
            (Policy::Drop, PolicyKind::Drop, "drop"),
            (Policy::Latest, PolicyKind::Latest, "latest"),
            (coalesce, PolicyKind::Coalesce, "coalesce"),
        ];
        for (policy, kind, text) in kinds {
            assert_eq!(policy.kind(), kind);
            assert_eq!(kind.to_string(), text);
            assert_eq!(kind.is_lossy(), kind != PolicyKind::Block);
            assert_eq!(kind.exchanges(), ["latest", "coalesce"].contains(&text));
        }
    }

    #[test]
    fn a_message_is_stored_if_it_is_pending_as_it_was_sent() {
        let outcomes = [
            (Sent::Stored, true, "Stored"),
            (Sent::Dropped("secret"), false, "Dropped(..)"),
            (Sent::Replaced("secret"), true, "Replaced(..)"),
            (Sent::Coalesced, false, "Coalesced"),
        ];
        for (sent, stored, text) in outcomes {
            assert_eq!(sent.is_stored(), stored);
            assert_eq!(format!("{sent:?}"), text);
        }
    }
}
