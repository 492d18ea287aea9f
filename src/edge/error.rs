//! What can go wrong with an edge, one small type per operation.

use core::fmt;

/// Why an edge cannot be made, or cannot have that capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// Nothing could ever be sent over such an edge.
    #[error("an edge cannot have capacity 0; ask for at least 1")]
    ZeroCapacity,
    /// The capacity is above what the edge, or any edge, can have.
    #[error("capacity {capacity} is above the maximum of {max}; ask for at most {max}")]
    CapacityTooLarge {
        /// What was asked for.
        capacity: usize,
        /// The most that can be had: the edge's preallocated maximum, or
        /// [`MAX_CAPACITY`](crate::edge::MAX_CAPACITY) for a new edge.
        max: usize,
    },
    /// The merge function of a Coalesce edge merges another type than the edge
    /// carries.
    #[error("the merge function is for another payload type; write it for the edge's own")]
    ForeignMerge,
    /// An engine uses the edge: a change behind its back would lose its nodes'
    /// wishes for room.
    #[error("the edge is an engine's; use EngineHandle::set_edge_capacity")]
    OfAnEngine,
    /// The memory of a [`StaticRing`](crate::edge::StaticRing) is for one edge.
    #[error("the static ring was split before; use one for each edge")]
    AlreadySplit,
    /// The memory for the slots could not be allocated.
    #[error(
        "no memory for {slots} slots of {slot_bytes} bytes; ask for a smaller maximum capacity"
    )]
    OutOfMemory {
        /// How many slots the edge needs.
        slots: usize,
        /// The size of one slot in bytes.
        slot_bytes: usize,
    },
}

/// Why a message was not sent. It was not counted as sent, and is handed back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendError<T> {
    /// The edge is full, and its policy is
    /// [`Block`](crate::edge::PolicyKind::Block): try again when the consumer
    /// has made room.
    Full(T),
    /// The consumer is gone: nobody will ever receive the message.
    Closed(T),
}

impl<T> SendError<T> {
    /// The message that was not sent.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether there was no room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the consumer is gone.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the edge is full; send again when there is room",
            Self::Closed(_) => "the edge is closed: its consumer is gone",
        })
    }
}

impl<T> core::error::Error for SendError<T> {}

/// Why nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecvError {
    /// Nothing is pending at the moment.
    #[error("the edge is empty; receive again later")]
    Empty,
    /// The producer is gone and everything it sent has been received.
    #[error("the edge is closed and drained: its producer is gone")]
    Closed,
}
