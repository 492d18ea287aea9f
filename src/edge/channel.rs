//! Making edges.

use core::mem::MaybeUninit;
use core::time::Duration;

use super::consumer::Consumer;
use super::control::EdgeControl;
use super::ends::ends;
use super::error::EdgeError;
use super::policy::Policy;
use super::producer::Producer;
use super::size::{MAX_CAPACITY, cell_count, check_capacity, memory_bytes, slot_count};
use super::slab::Slab;
use super::slots::Slots;
use crate::sync::{AtomicU64, Shared, UnsafeCell};

/// Makes an edge that holds up to `capacity` messages, and gives its two ends.
///
/// # Errors
/// [`EdgeError`] when the capacity is 0 or above
/// [`MAX_CAPACITY`], or when the memory cannot be had.
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
    check_capacity(max_capacity, MAX_CAPACITY)?;
    check_capacity(capacity, max_capacity)?;
    let physical = max_capacity.next_power_of_two();
    let memory = memory_bytes(kind, physical, size_of::<T>());
    let cells = Slab::allocate(cell_count(kind, physical), |_| AtomicU64::new(0))?;
    let slots = Slab::allocate(slot_count(kind, physical), |_| {
        UnsafeCell::new(MaybeUninit::uninit())
    })?;
    let control = EdgeControl::new(kind, capacity, max_capacity, memory, cells);
    let control = Shared::new(control);
    let slots = Shared::new(Slots::new(control.clone(), slots));
    Ok(ends(&control, &slots, policy, max_age))
}
