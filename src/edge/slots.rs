//! The typed half of an edge: the slab of slots.
//!
//! Slots know nothing of who may touch them: the [plain ring](super::ring) and
//! the [exchange ring](super::exchange) decide that, each by the argument in
//! its own module.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::control::{EdgeControl, position};
use super::slab::Slab;
use crate::sync::{Ordering, Shared, UnsafeCell};
use crate::util::drop_quietly;

pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// Memory for the messages of one edge. The last end to let go of it drops what
/// is still in flight.
pub(super) struct Slots<T> {
    control: Shared<EdgeControl>,
    slab: Slab<Slot<T>>,
}

// SAFETY: a slot is touched only by the end that owns it at the moment, and
// ownership moves between threads by the happens-before edges of the rings.
// So sharing the slab does no more than send values of `T` back and forth.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    /// These slots, which are empty, and as many as the edge
    /// [needs](super::size::slot_count). Touches their memory, so that no send
    /// or receive meets a page fault.
    pub(super) fn new(control: Shared<EdgeControl>, slab: Slab<Slot<T>>) -> Self {
        slab.iter().for_each(touch);
        Self { control, slab }
    }
}

/// Slots as one end of the edge uses them: their address beside the reference
/// that keeps them, so that a message costs no walk through the control block.
pub(super) struct View<T> {
    /// Points to the first slot of the owner, which neither moves nor replaces
    /// them.
    slab: NonNull<Slot<T>>,
    /// The number of positions less one. That number is a power of two, and no
    /// larger than the number of slots.
    mask: u64,
    owner: Shared<Slots<T>>,
}

// SAFETY: a view is a shared reference to the slots, and these may be shared
// and sent under the same condition.
unsafe impl<T: Send> Send for View<T> {}

impl<T> View<T> {
    pub(super) fn new(slots: &Shared<Slots<T>>) -> Self {
        Self {
            slab: NonNull::from(&*slots.slab).cast(),
            mask: slots.control.physical() - 1,
            owner: slots.clone(),
        }
    }

    /// The slot of `position` on a plain ring, or the cell on an exchange ring.
    #[inline(always)]
    pub(super) fn index(&self, position: u64) -> usize {
        (position & self.mask) as usize
    }

    /// The slot of this index.
    ///
    /// # Safety
    /// `index` is below the edge's [`slot_count`](super::size::slot_count).
    #[inline(always)]
    unsafe fn slot(&self, index: usize) -> &Slot<T> {
        debug_assert!(index < self.owner.slab.len());
        // SAFETY: the slab has that many slots.
        let slot = unsafe { self.slab.add(index) };
        // SAFETY: the owner keeps the slab, and gives out no other kind of
        // reference to it.
        unsafe { slot.as_ref() }
    }

    /// Moves `value` into the slot.
    ///
    /// # Safety
    /// The slot exists, the caller owns it, and it holds no value.
    #[inline(always)]
    pub(super) unsafe fn put(&self, index: usize, value: T) {
        // SAFETY: the slot exists.
        let slot = unsafe { self.slot(index) };
        slot.with_mut(|slot| {
            // SAFETY: the pointer is valid; the caller owns the slot.
            let slot = unsafe { &mut *slot };
            slot.write(value);
        });
    }

    /// Moves the value out of the slot.
    ///
    /// # Safety
    /// The slot exists, the caller owns it, and it holds a value. It holds none
    /// after.
    #[inline(always)]
    pub(super) unsafe fn take(&self, index: usize) -> T {
        // SAFETY: the slot exists.
        let slot = unsafe { self.slot(index) };
        // SAFETY: the caller owns it, and it holds a value.
        unsafe { take(slot) }
    }

    /// Runs `f` on the value in the slot.
    ///
    /// # Safety
    /// The slot exists, the caller owns it, and it holds a value.
    pub(super) unsafe fn modify(&self, index: usize, f: impl FnOnce(&mut T)) {
        // SAFETY: the slot exists.
        let slot = unsafe { self.slot(index) };
        slot.with_mut(|slot| {
            // SAFETY: the pointer is valid; the caller owns the slot.
            let slot = unsafe { &mut *slot };
            // SAFETY: it holds a value.
            f(unsafe { slot.assume_init_mut() });
        });
    }
}

impl<T> Drop for Slots<T> {
    /// Drops what is in flight and counts it as discarded. One bad message must
    /// neither lose the others nor end the process.
    fn drop(&mut self) {
        // Both ends are gone, and whatever they did happened before this: the
        // last reference was let go. So relaxed loads see the final state, and
        // nobody else writes the consumer's counters.
        let taken_side = &self.control.taken_side;
        let discard = |index| {
            // SAFETY: nobody else is left to own the slot. On a plain ring the
            // positions from `taken` to the tail hold a value each (C3), on an
            // exchange ring the slots of the full cells do (X1).
            let value = unsafe { take(&self.slab[index]) };
            taken_side.discarded.add(1);
            if !drop_quietly(value) {
                taken_side.drop_panics.add(1);
            }
        };
        if self.control.policy().exchanges() {
            for cell in self.control.cells.iter() {
                if let Some(index) = super::exchange::empty_cell(cell) {
                    discard(index);
                }
            }
        } else {
            let tail = position(self.control.producer.tail.load(Ordering::Relaxed));
            for at in taken_side.taken.get()..tail {
                taken_side.taken.set(at + 1);
                taken_side.withheld.add(1);
                discard(self.control.index(at));
            }
        }
    }
}

/// Moves the value out of the slot.
///
/// # Safety
/// The caller owns the slot, and it holds a value. It holds none after.
#[inline(always)]
unsafe fn take<T>(slot: &Slot<T>) -> T {
    slot.with_mut(|slot| {
        // SAFETY: the pointer is valid; the caller owns the slot.
        let slot = unsafe { &mut *slot };
        // SAFETY: it holds a value, which nobody reads again.
        unsafe { slot.assume_init_read() }
    })
}

/// Writes to every page of the slot's memory, in a way that the compiler
/// cannot leave to a later page fault.
fn touch<T>(slot: &Slot<T>) {
    const PAGE: usize = 4096;
    slot.with_mut(|slot| {
        let bytes = slot.cast::<MaybeUninit<u8>>();
        let last = size_of::<T>().checked_sub(1);
        for offset in (0..size_of::<T>()).step_by(PAGE).chain(last) {
            // SAFETY: the offset lies within the slot.
            let byte = unsafe { bytes.add(offset) };
            // SAFETY: the slot is ours alone while it is being made, and holds
            // no value that this could spoil.
            unsafe { byte.write_volatile(MaybeUninit::new(0)) };
        }
    });
}
