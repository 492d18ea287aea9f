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

/// How many cells an edge with so many positions has.
pub(super) fn cell_count(kind: PolicyKind, physical: usize) -> usize {
    if kind.exchanges() { physical } else { 0 }
}

/// How many slots an edge with so many positions has: an exchange ring has a
/// spare one for each end.
pub(super) fn slot_count(kind: PolicyKind, physical: usize) -> usize {
    physical + if kind.exchanges() { 2 } else { 0 }
}

/// What such an edge takes in memory.
pub(super) fn memory_bytes(kind: PolicyKind, physical: usize, slot_bytes: usize) -> usize {
    let cells = cell_count(kind, physical) * size_of::<AtomicU64>();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_lies_between_one_and_the_maximum() {
        assert_eq!(check_capacity(0, 4), Err(EdgeError::ZeroCapacity));
        assert_eq!(check_capacity(1, 4), Ok(()));
        assert_eq!(check_capacity(4, 4), Ok(()));
        let (capacity, max) = (5, 4);
        let error = EdgeError::CapacityTooLarge { capacity, max };
        assert_eq!(check_capacity(capacity, max), Err(error));
        assert_eq!(MAX_CAPACITY, 1_048_576);
    }

    #[test]
    fn memory_is_slots_and_cells_and_the_control_block() {
        let control = size_of::<EdgeControl>();
        let of = |kind| memory_for::<[u8; 24]>(kind, 5).expect("a capacity");
        for kind in [PolicyKind::Block, PolicyKind::Drop] {
            assert_eq!(slot_count(kind, 8), 8);
            assert_eq!(of(kind), control + 8 * 24, "{kind}: 5 are rounded up to 8");
        }
        for kind in [PolicyKind::Latest, PolicyKind::Coalesce] {
            assert_eq!(slot_count(kind, 8), 10, "one to spare at each end");
            assert_eq!(of(kind), control + 10 * 24 + 8 * 8, "{kind}");
        }
        let none = memory_for::<u8>(PolicyKind::Block, 0);
        assert_eq!(none, Err(EdgeError::ZeroCapacity));
    }
}
