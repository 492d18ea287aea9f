//! What an edge does with a message when it is full.

use core::fmt;

/// What a full edge does with the next message.
///
/// | policy | when full | progress of a send |
/// |---|---|---|
/// | `Block` | refuses it and hands it back: nothing is ever lost | wait-free |
/// | `Drop` | drops the **newest**: hands it back, counts it | wait-free |
/// | `Latest` | evicts the **oldest**: the edge holds the newest N | wait-free |
/// | `Coalesce` | merges it into the newest pending one, in order | wait-free but for the merge function |
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

/// The merge function of a [`Policy::Coalesce`] edge.
pub struct Merge<T>(Box<MergeFn<T>>);

type MergeFn<T> = dyn Fn(&mut T, T) + Send;

impl<T> Merge<T> {
    /// `merge(pending, new)` changes the newest pending message so that it
    /// stands for both.
    ///
    /// It runs inside `send`, on the producer's thread, while the consumer
    /// finds that message missing: keep it short. It must be deterministic,
    /// or else what is received depends on timing more than it has to.
    ///
    /// When it panics, the panic goes on through `send` to the caller. The
    /// pending message stays pending, as the merge function left it; the new
    /// one counts as dropped.
    #[must_use]
    pub fn new(merge: impl Fn(&mut T, T) + Send + 'static) -> Self {
        Self(Box::new(merge))
    }

    #[inline]
    pub(crate) fn apply(&self, pending: &mut T, new: T) {
        (self.0)(pending, new);
    }
}

impl<T> fmt::Debug for Merge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Merge(..)")
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
