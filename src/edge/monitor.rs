//! A view of an edge from outside, for any thread.

use super::control::EdgeControl;
use super::error::EdgeError;
use super::ledger::Ledger;
use super::policy::PolicyKind;
use crate::sync::Arc;

/// Looks at an edge, and changes its capacity, without being one of its ends.
///
/// A cheap handle: cloning it counts a reference. It keeps the books readable
/// after both ends are gone, and does not keep messages alive.
///
/// Numbers read while the ends are at work may be outdated at once.
#[derive(Clone, Debug)]
pub struct Monitor(Arc<EdgeControl>);

impl Monitor {
    pub(super) fn new(control: &Arc<EdgeControl>) -> Self {
        Self(control.clone())
    }

    /// The books. Wait-free; for `Latest` and `Coalesce` in time proportional
    /// to the maximum capacity, as it counts the messages in flight one by
    /// one.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.0.ledger()
    }

    /// How many messages are pending. Wait-free. For a moment after a capacity
    /// was made smaller it may be above the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no message is pending. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The capacity at the moment. Wait-free.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The capacity that memory was allocated for.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.0.max_capacity()
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> PolicyKind {
        self.0.policy()
    }

    /// Whether either end is gone. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.producer_closed() || self.0.consumer_closed()
    }

    /// The memory that the edge takes, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Changes the capacity, while the edge is in use.
    ///
    /// Nothing that is pending is lost by it at once. What is above a smaller
    /// capacity is delivered (`Block`, `Drop`), merged into (`Coalesce`), or
    /// evicted when the next message is sent (`Latest`).
    ///
    /// # Errors
    /// [`EdgeError`] when the capacity is not in `1..=max_capacity`.
    ///
    /// # Real-time
    /// Lock-free; never disturbs the two ends.
    pub fn set_capacity(&self, capacity: usize) -> Result<(), EdgeError> {
        // Nobody waits for room on an edge that is used alone: a scheduler
        // changes capacities through the control block.
        self.0.set_capacity(capacity).map(drop)
    }
}
