//! A view of an edge from outside, for any thread.

use super::control::EdgeControl;
use super::error::EdgeError;
use super::ledger::Ledger;
use super::policy::PolicyKind;
use crate::sync::Shared;

/// Looks at an edge, and changes the capacity of one that is used alone, without
/// being one of its ends.
///
/// A cheap handle: cloning it counts a reference. It keeps the books readable
/// after both ends are gone, and does not keep messages alive.
///
/// Numbers read while the ends are at work may be outdated at once.
///
/// ```
/// use tidegate::edge::{channel_growable, Policy};
///
/// let (mut producer, _consumer) = channel_growable(2, 8, Policy::Block)?;
/// let monitor = producer.monitor(); // for another thread, say
/// producer.send("one")?;
/// producer.send("two")?;
/// assert_eq!((monitor.len(), monitor.capacity()), (2, 2));
/// assert!(producer.send("three").is_err());
/// monitor.set_capacity(8)?;
/// assert!(producer.send("three").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    control: Shared<EdgeControl>,
    /// An engine uses the edge: whoever changes its capacity must tell who waits
    /// for room.
    of_an_engine: bool,
}

impl Monitor {
    pub(super) fn new(control: &Shared<EdgeControl>) -> Self {
        Self {
            control: control.clone(),
            of_an_engine: false,
        }
    }

    /// The same view of an edge that an engine uses: it only looks.
    pub(crate) fn of_an_engine(self) -> Self {
        Self {
            of_an_engine: true,
            ..self
        }
    }

    /// The books. Wait-free; for `Latest` and `Coalesce` in time proportional
    /// to the maximum capacity, as it counts the messages in flight one by
    /// one.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.control.ledger()
    }

    /// How many messages are pending. Wait-free. For a moment after a capacity
    /// was made smaller it may be above the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.control.len()
    }

    /// Whether no message is pending. Wait-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The capacity at the moment. Wait-free.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.control.capacity()
    }

    /// The capacity that memory was allocated for.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.control.max_capacity()
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> PolicyKind {
        self.control.policy()
    }

    /// Whether either end is gone. Wait-free.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.control.producer_closed() || self.control.consumer_closed()
    }

    /// The memory that the edge takes, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.control.memory_bytes()
    }

    /// Changes the capacity, while the edge is in use.
    ///
    /// Nothing that is pending is lost by it at once. What is above a smaller
    /// capacity is delivered (`Block`, `Drop`), merged into (`Coalesce`), or
    /// evicted when the next message is sent (`Latest`).
    ///
    /// # Errors
    /// [`EdgeError`] when the capacity is not in `1..=max_capacity`, and
    /// [`EdgeError::OfAnEngine`] at a [door](crate::door), whose capacity the
    /// engine's handle changes.
    ///
    /// # Real-time
    /// Lock-free; never disturbs the two ends.
    pub fn set_capacity(&self, capacity: usize) -> Result<(), EdgeError> {
        if self.of_an_engine {
            return Err(EdgeError::OfAnEngine);
        }
        // Nobody waits for room on an edge that is used alone: a scheduler
        // changes capacities through the control block.
        self.control.set_capacity(capacity).map(drop)
    }
}
