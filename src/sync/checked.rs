//! The primitives of the model-checked build: loom's.
//!
//! Two switches, thread-local so that tests of one binary do not disturb each
//! other (loom runs all threads of a model on the test's own thread):
//!
//! - [`set_shimmed`]: loads become `fetch_or(0)` and stores become `swap`.
//!   loom (0.7) leaves out interleavings when a thread loads an atomic and
//!   later stores to it; read-modify-writes bring them back, at the price of
//!   hiding stale reads. So models run both ways.
//! - [`set_mutant`]: one named protocol step is weakened or left out, to prove
//!   that some model notices.

use core::cell::Cell;

pub(crate) use loom::sync::atomic::Ordering;
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard, mpsc};

std::thread_local! {
    static SHIMMED: Cell<bool> = const { Cell::new(false) };
    static MUTANT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Whether models on this thread run with read-modify-writes for loads and
/// stores.
pub fn set_shimmed(shimmed: bool) {
    SHIMMED.set(shimmed);
}

/// Which mutant models on this thread run.
pub fn set_mutant(name: Option<&'static str>) {
    MUTANT.set(name);
}

/// See the native twin.
pub(crate) fn mutant(name: &str) -> bool {
    MUTANT.get() == Some(name)
}

/// See the native twin.
pub(crate) fn order(name: &str, real: Ordering, weakened: Ordering) -> Ordering {
    if mutant(name) { weakened } else { real }
}

macro_rules! integers {
    ($($name:ident($int:ty);)+) => {$(
        #[derive(Debug)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl $name {
            pub(crate) fn new(value: $int) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $int {
                if SHIMMED.get() {
                    self.0.fetch_or(0, order)
                } else {
                    self.0.load(order)
                }
            }

            pub(crate) fn store(&self, value: $int, order: Ordering) {
                if SHIMMED.get() {
                    self.0.swap(value, order);
                } else {
                    self.0.store(value, order);
                }
            }

            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                let mut seen = self.load(fetch);
                while let Some(next) = update(seen) {
                    match self.compare_exchange(seen, next, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(now) => seen = now,
                    }
                }
                Err(seen)
            }
        }

        /// Everything else is loom's own.
        impl core::ops::Deref for $name {
            type Target = loom::sync::atomic::$name;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    )+};
}

integers! {
    AtomicU8(u8);
    AtomicU64(u64);
    AtomicUsize(usize);
}

#[derive(Debug)]
pub(crate) struct AtomicBool(loom::sync::atomic::AtomicBool);

impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        Self(loom::sync::atomic::AtomicBool::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> bool {
        if SHIMMED.get() {
            self.0.fetch_or(false, order)
        } else {
            self.0.load(order)
        }
    }

    pub(crate) fn store(&self, value: bool, order: Ordering) {
        if SHIMMED.get() {
            self.0.swap(value, order);
        } else {
            self.0.store(value, order);
        }
    }
}

/// Everything else is loom's own.
impl core::ops::Deref for AtomicBool {
    type Target = loom::sync::atomic::AtomicBool;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Takes the place of `atomic-waker`'s: loom's own, which is a lock.
#[derive(Debug, Default)]
pub(crate) struct AtomicWaker(loom::future::AtomicWaker);

impl AtomicWaker {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn register(&self, waker: &core::task::Waker) {
        self.0.register_by_ref(waker);
    }

    pub(crate) fn wake(&self) {
        self.0.wake();
    }

    pub(crate) fn take(&self) -> Option<core::task::Waker> {
        self.0.take_waker()
    }
}

/// A cell whose accesses loom checks against each other.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }
}

pub(crate) mod hint {
    pub(crate) use loom::hint::spin_loop;
}

pub(crate) mod thread {
    pub(crate) use loom::thread::{Builder, JoinHandle, Thread, current, park, yield_now};

    /// loom has no time: the timeout may be over at once.
    pub(crate) fn park_timeout(_timeout: core::time::Duration) {
        yield_now();
    }
}
