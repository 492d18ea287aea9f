//! The primitives of an ordinary build: those of `core`, `alloc` and `std`, as
//! far as these are there.

#[cfg(feature = "alloc")]
pub(crate) use alloc::sync::Arc;
#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) use atomic_waker::AtomicWaker;
pub(crate) use core::sync::atomic::Ordering;
#[cfg(feature = "std")]
pub(crate) use std::sync::{MutexGuard, mpsc};

// Aliases, not re-exports: the lint that bans the originals elsewhere looks
// through a re-export.
pub(crate) type AtomicBool = core::sync::atomic::AtomicBool;
pub(crate) type AtomicU8 = core::sync::atomic::AtomicU8;
pub(crate) type AtomicU64 = core::sync::atomic::AtomicU64;
pub(crate) type AtomicUsize = core::sync::atomic::AtomicUsize;
#[cfg(feature = "std")]
pub(crate) type Mutex<T> = std::sync::Mutex<T>;

/// The ordering of one protocol step: `real`.
///
/// The checked build can be told to use `weakened` for the step called
/// `_mutant` instead, to prove that some model notices.
#[cfg(not(tidegate_delays))]
#[inline(always)]
pub(crate) const fn order(_mutant: &str, real: Ordering, _weakened: Ordering) -> Ordering {
    real
}

/// Whether the protocol step called `_name` is to be left out or done wrong:
/// never. The checked build can be told to, as with [`order`].
#[cfg(not(tidegate_delays))]
#[inline(always)]
pub(crate) const fn mutant(_name: &str) -> bool {
    false
}

/// A cell whose contents are reached through raw pointers only.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Runs `f` with a pointer for writing.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[cfg(any(feature = "std", feature = "stepping"))]
pub(crate) mod hint {
    pub(crate) use core::hint::spin_loop;
}

#[cfg(feature = "std")]
pub(crate) mod thread {
    pub(crate) use std::thread::{Builder, JoinHandle, Thread, current, yield_now};

    // Functions, not re-exports: as with the aliases above.
    pub(crate) fn park() {
        std::thread::park();
    }

    pub(crate) fn park_timeout(timeout: core::time::Duration) {
        std::thread::park_timeout(timeout);
    }
}
