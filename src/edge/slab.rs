//! Rows of elements that stay where they are, on the heap or in a `static`.

use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use super::error::EdgeError;

/// A row of elements, reached alike wherever it is.
pub(super) struct Slab<E> {
    row: NonNull<[E]>,
    #[cfg(feature = "alloc")]
    on_heap: bool,
}

// SAFETY: a slab on the heap owns its elements as a box does; others share
// those of a static. Either way it gives out shared references only.
unsafe impl<E: Send + Sync> Send for Slab<E> {}
// SAFETY: as above.
unsafe impl<E: Send + Sync> Sync for Slab<E> {}

impl<E> Slab<E> {
    /// `count` elements on the heap, each made by `make` from its index.
    #[cfg(feature = "alloc")]
    pub(super) fn allocate(count: usize, make: impl FnMut(usize) -> E) -> Result<Self, EdgeError> {
        let mut row = alloc::vec::Vec::new();
        row.try_reserve_exact(count)
            .map_err(|_| EdgeError::OutOfMemory {
                slots: count,
                slot_bytes: size_of::<E>(),
            })?;
        row.extend((0..count).map(make));
        Ok(Self {
            row: NonNull::from(alloc::boxed::Box::leak(row.into_boxed_slice())),
            on_heap: true,
        })
    }

    /// The elements of a static.
    pub(super) fn of_static(row: &'static [E]) -> Self {
        Self {
            row: NonNull::from(row),
            #[cfg(feature = "alloc")]
            on_heap: false,
        }
    }
}

impl<E> Deref for Slab<E> {
    type Target = [E];

    #[inline(always)]
    fn deref(&self) -> &[E] {
        // SAFETY: the row is there as long as this, and borrowed by shared
        // references only.
        unsafe { self.row.as_ref() }
    }
}

#[cfg(feature = "alloc")]
impl<E> Drop for Slab<E> {
    fn drop(&mut self) {
        if self.on_heap {
            // SAFETY: the row was leaked from a box, and nobody refers to it
            // any more.
            drop(unsafe { alloc::boxed::Box::from_raw(self.row.as_ptr()) });
        }
    }
}

impl<E> fmt::Debug for Slab<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slab").field("len", &self.len()).finish()
    }
}
