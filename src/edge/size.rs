//! How large edges can be, and what they take in memory.

use super::control::EdgeControl;
use super::error::EdgeError;
use super::policy::PolicyKind;
use crate::sync::mutant;

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

/// Over how many slots the positions of an edge go round: on a plain ring a
/// power of two, on a claim ring as many as its [argument](super::claim) needs.
pub(super) fn positions(kind: PolicyKind, max_capacity: usize) -> usize {
    match kind {
        PolicyKind::Block | PolicyKind::Drop => max_capacity.next_power_of_two(),
        PolicyKind::Latest if mutant("narrow-ring") => max_capacity + 1,
        PolicyKind::Latest => 2 * max_capacity + 2,
        PolicyKind::Coalesce => max_capacity + 1,
    }
}

/// How many slots that makes; a `Latest` edge has one more, for a detour.
pub(super) fn slot_count(kind: PolicyKind, max_capacity: usize) -> usize {
    positions(kind, max_capacity) + usize::from(kind == PolicyKind::Latest)
}

/// What such an edge takes in memory.
pub(super) fn memory_bytes(kind: PolicyKind, max_capacity: usize, slot_bytes: usize) -> usize {
    let slots = slot_count(kind, max_capacity).saturating_mul(slot_bytes);
    size_of::<EdgeControl>().saturating_add(slots)
}

/// What an edge for `max_capacity` messages of type `T` takes in memory, its
/// control block included and endpoints excluded.
///
/// # Errors
/// [`EdgeError`] when no edge can have that capacity.
pub fn memory_for<T>(kind: PolicyKind, max_capacity: usize) -> Result<usize, EdgeError> {
    check_capacity(max_capacity, MAX_CAPACITY)?;
    Ok(memory_bytes(kind, max_capacity, size_of::<T>()))
}
