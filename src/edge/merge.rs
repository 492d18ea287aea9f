//! How messages are merged.

use core::fmt;

/// The merge function of a [`Policy::Coalesce`](super::Policy::Coalesce) edge.
pub struct Merge<T>(function::Function<T>);

type MergeFn<T> = dyn Fn(&mut T, T) + Send;

impl<T> Merge<T> {
    /// `merge(pending, new)` changes the newest pending message so that it
    /// stands for both.
    ///
    /// It runs inside `send`, on the producer's thread, while the consumer
    /// finds that message missing: keep it short. It must be deterministic,
    /// or else what is received depends on timing more than it has to.
    ///
    /// When it panics, the panic goes on through `send` to the caller. The
    /// pending message stays pending, as the merge function left it; the new
    /// one counts as dropped.
    ///
    /// Without the feature `alloc` it may capture nothing that takes memory; the
    /// compiler refuses one that does, and a pointer to a function. With it,
    /// what is captured is put on the heap.
    #[must_use]
    pub fn new(merge: impl Fn(&mut T, T) + Send + 'static) -> Self {
        Self(function::new(merge))
    }

    #[inline]
    pub(crate) fn apply(&self, pending: &mut T, new: T) {
        (self.0)(pending, new);
    }
}

impl<T> fmt::Debug for Merge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Merge(..)")
    }
}

#[cfg(feature = "alloc")]
mod function {
    use alloc::boxed::Box;

    pub(super) type Function<T> = Box<super::MergeFn<T>>;

    pub(super) fn new<T>(function: impl Fn(&mut T, T) + Send + 'static) -> Function<T> {
        Box::new(function)
    }
}

/// What takes no memory needs no heap.
#[cfg(not(feature = "alloc"))]
mod function {
    use core::ops::Deref;
    use core::ptr::NonNull;

    use super::MergeFn;

    /// Owns a function without size.
    pub(super) struct Function<T>(NonNull<MergeFn<T>>);

    // SAFETY: it owns the function, which may be sent.
    unsafe impl<T> Send for Function<T> {}

    pub(super) fn new<T, F: Fn(&mut T, T) + Send + 'static>(function: F) -> Function<T> {
        const {
            assert!(
                size_of::<F>() == 0,
                "without the feature `alloc` a merge function captures nothing"
            );
        }
        core::mem::forget(function); // kept, at any address
        Function(NonNull::<F>::dangling())
    }

    impl<T> Deref for Function<T> {
        type Target = MergeFn<T>;

        fn deref(&self) -> &MergeFn<T> {
            // SAFETY: the pointer is aligned, and a value without size can be
            // read through any that is. `new` was given that value, and kept it.
            unsafe { self.0.as_ref() }
        }
    }

    impl<T> Drop for Function<T> {
        fn drop(&mut self) {
            // SAFETY: as above; nobody refers to the value any more.
            unsafe { self.0.drop_in_place() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_merge_function_captures_is_dropped_with_it() {
        static DROPPED: std::sync::OnceLock<()> = std::sync::OnceLock::new();
        struct Captured;
        impl Drop for Captured {
            fn drop(&mut self) {
                assert!(DROPPED.set(()).is_ok(), "dropped twice");
            }
        }
        let captured = Captured;
        let merge = Merge::new(move |pending: &mut u8, new| {
            let _ = &captured;
            *pending += new;
        });
        let mut pending = 3;
        merge.apply(&mut pending, 4);
        assert_eq!((pending, DROPPED.get()), (7, None));
        drop(merge);
        assert!(DROPPED.get().is_some());
    }
}
