//! Making edges.

use core::time::Duration;

use super::consumer::Consumer;
use super::control::EdgeControl;
use super::error::EdgeError;
use super::policy::Policy;
use super::producer::Producer;
use super::slots::Slots;
use super::{exchange, ring};
use crate::sync::Arc;

/// Makes an edge that holds up to `capacity` messages, and gives its two ends.
///
/// # Errors
/// [`EdgeError`] when the capacity is 0 or above
/// [`MAX_CAPACITY`](super::MAX_CAPACITY), or when the memory cannot be had.
///
/// # Real-time
/// Allocates and touches all the memory that the edge will ever use; see
/// [`memory_for`](super::memory_for). The ring has room for the next power of
/// two at or above `capacity`.
///
/// ```
/// use tidegate::edge::{Policy, SendError, channel};
///
/// let (mut producer, mut consumer) = channel(2, Policy::Block)?;
/// assert!(producer.send("a").is_ok());
/// assert!(producer.send("b").is_ok());
/// assert_eq!(producer.send("c"), Err(SendError::Full("c")));
/// assert_eq!(consumer.recv(), Ok("a"));
/// assert!(producer.send("c").is_ok());
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
pub fn channel<T: Send>(
    capacity: usize,
    policy: Policy<T>,
) -> Result<(Producer<T>, Consumer<T>), EdgeError> {
    channel_growable(capacity, capacity, policy)
}

/// Makes an edge that holds up to `capacity` messages now, and whose capacity
/// can be changed to anything in `1..=max_capacity` while it is in use
/// ([`Monitor::set_capacity`](super::Monitor::set_capacity)).
///
/// # Errors
/// As for [`channel`]; and when `capacity` is above `max_capacity`.
///
/// # Real-time
/// Allocates and touches memory for `max_capacity` messages.
pub fn channel_growable<T: Send>(
    capacity: usize,
    max_capacity: usize,
    policy: Policy<T>,
) -> Result<(Producer<T>, Consumer<T>), EdgeError> {
    channel_aged(capacity, max_capacity, policy, None)
}

/// As [`channel_growable`]; with a limit, [`Consumer::max_age`] tells it to who
/// receives.
pub(crate) fn channel_aged<T: Send>(
    capacity: usize,
    max_capacity: usize,
    policy: Policy<T>,
    max_age: Option<Duration>,
) -> Result<(Producer<T>, Consumer<T>), EdgeError> {
    let kind = policy.kind();
    let control = EdgeControl::new(kind, capacity, max_capacity, size_of::<T>())?;
    let control = Arc::new(control);
    let slots = Arc::new(Slots::new(control.clone())?);
    Ok(match policy {
        Policy::Block => {
            let (writer, reader) = ring::pair(&control, &slots);
            (Producer::block(writer), Consumer::ring(reader, max_age))
        }
        Policy::Drop => {
            let (writer, reader) = ring::pair(&control, &slots);
            (
                Producer::drop_newest(writer),
                Consumer::ring(reader, max_age),
            )
        }
        Policy::Latest => {
            let (writer, reader) = exchange::pair(&control, &slots);
            (
                Producer::latest(writer),
                Consumer::exchange(reader, max_age),
            )
        }
        Policy::Coalesce(merge) => {
            let (writer, reader) = exchange::pair(&control, &slots);
            (
                Producer::coalesce(writer, merge),
                Consumer::exchange(reader, max_age),
            )
        }
    })
}
