//! How large edges can be, and what they take in memory.

use super::control::EdgeControl;
use super::error::EdgeError;
use super::policy::PolicyKind;
use crate::sync::AtomicU64;

/// The most messages any edge can hold: about a million.
pub const MAX_CAPACITY: usize = 1 << 20;

/// Whether `capacity` lies in `1..=max`.
pub(super) fn check_capacity(capacity: usize, max: usize) -> Result<(), EdgeError> {
    match capacity {
        0 => Err(EdgeError::ZeroCapacity),
        _ if capacity > max => Err(EdgeError::CapacityTooLarge { capacity, max }),
        _ => Ok(()),
    }
}

/// How many slots an edge with so many positions has: an exchange ring has a
/// spare one for each end.
pub(super) fn slot_count(kind: PolicyKind, physical: usize) -> usize {
    physical + if kind.exchanges() { 2 } else { 0 }
}

/// What such an edge takes in memory.
pub(super) fn memory_bytes(kind: PolicyKind, physical: usize, slot_bytes: usize) -> usize {
    let cells = if kind.exchanges() {
        physical * size_of::<AtomicU64>()
    } else {
        0
    };
    let slots = slot_count(kind, physical).saturating_mul(slot_bytes);
    size_of::<EdgeControl>() + cells.saturating_add(slots)
}

/// What an edge for `max_capacity` messages of type `T` takes in memory, its
/// control block included and endpoints excluded.
///
/// # Errors
/// [`EdgeError`] when no edge can have that capacity.
pub fn memory_for<T>(kind: PolicyKind, max_capacity: usize) -> Result<usize, EdgeError> {
    check_capacity(max_capacity, MAX_CAPACITY)?;
    Ok(memory_bytes(
        kind,
        max_capacity.next_power_of_two(),
        size_of::<T>(),
    ))
}
