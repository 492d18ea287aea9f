//! What the two ends of an edge share: on the heap, or in a `static`.
//!
//! [`Shared`] is an `Arc`; or it counts the references to what is in a
//! [`Place`], which was there before and stays. Either way the last one to go
//! drops the content, and reading through it costs no look at which it is.
//!
//! # Invariants
//!
//! - **S1** A place is filled once. From then on `holders` is the number of
//!   references to it, and the content is there until that becomes 0, for good.
//!
//! # Happens-before edges
//!
//! - **[L1→L2]** holders: what was done through a reference that was let go is
//!   visible to the last holder, which drops the content.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use super::Arc;
use super::{AtomicUsize, Ordering, order};

/// Memory for one content, which is there from the start; meant for a `static`.
// In this order (repr(C)): a pointer to the place is one to its content.
#[repr(C)]
pub(crate) struct Place<T> {
    // Not the cell that models watch: what they look for happens inside of the
    // content.
    content: core::cell::UnsafeCell<MaybeUninit<T>>,
    /// How many references there are.
    holders: AtomicUsize,
}

// SAFETY: a place gives out its content by `Shared` alone; that shares it with
// other threads, and may drop it on one of them.
unsafe impl<T: Send + Sync> Sync for Place<T> {}

impl<T> Place<T> {
    /// A place with nothing in it.
    #[cfg(not(tidegate_loom))]
    pub(crate) const fn new() -> Self {
        Self {
            content: core::cell::UnsafeCell::new(MaybeUninit::uninit()),
            holders: AtomicUsize::new(0),
        }
    }

    /// loom's atomics cannot be made at compile time.
    #[cfg(tidegate_loom)]
    pub(crate) fn new() -> Self {
        Self {
            content: core::cell::UnsafeCell::new(MaybeUninit::uninit()),
            holders: AtomicUsize::new(0),
        }
    }

    /// Puts `content` into the place, and gives the first reference to it.
    ///
    /// # Safety
    /// This is done once with a place.
    pub(crate) unsafe fn fill(&'static self, content: T) -> Shared<T> {
        // SAFETY: there are no references to the content yet (S1).
        unsafe { (*self.content.get()).write(content) };
        // Relaxed: the first reference is handed on by means that order this.
        self.holders.store(1, Ordering::Relaxed);
        Shared {
            at: NonNull::from(self).cast(),
            #[cfg(feature = "alloc")]
            heap: None,
        }
    }
}

/// A counted reference to something that other threads may refer to as well.
pub(crate) struct Shared<T> {
    /// The content: in `heap`, or else at the beginning of a place.
    at: NonNull<T>,
    #[cfg(feature = "alloc")]
    heap: Option<Arc<T>>,
}

// SAFETY: as for `Arc`: it shares its content, and the last one drops it.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Puts `content` on the heap.
    #[cfg(feature = "alloc")]
    pub(crate) fn new(content: T) -> Self {
        let heap = Arc::new(content);
        Self {
            at: NonNull::from(&*heap),
            heap: Some(heap),
        }
    }

    /// The place that the content is in, if it is in one.
    #[inline]
    fn place(&self) -> Option<&Place<T>> {
        #[cfg(feature = "alloc")]
        if self.heap.is_some() {
            return None;
        }
        // SAFETY: not on the heap, so `at` was made of a reference to a place,
        // which is never freed and never borrowed mutably.
        Some(unsafe { self.at.cast().as_ref() })
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the content is there as long as this reference (S1, or the
        // `Arc`), and nobody has a mutable one to it.
        unsafe { self.at.as_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        if let Some(place) = self.place() {
            // Relaxed: this reference keeps the content meanwhile.
            place.holders.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            at: self.at,
            #[cfg(feature = "alloc")]
            heap: self.heap.clone(),
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let Some(place) = self.place() else {
            return; // the `Arc` does it
        };
        // Release [L1]: what was done through this reference. Acquire [L2]: and
        // through all others, if it is the last one.
        let both = order("let-go", Ordering::AcqRel, Ordering::Relaxed);
        if place.holders.fetch_sub(1, both) == 1 {
            let content = place.content.get();
            // SAFETY: there are no other references, and never will be (S1).
            let content = unsafe { &mut *content };
            // SAFETY: the place was filled, and this happens once (S1).
            unsafe { content.assume_init_drop() };
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
