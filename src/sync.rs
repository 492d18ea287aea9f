//! The one file that names concurrency primitives.
//!
//! Everything else in the crate takes its atomics, cells, shared pointers and
//! thread operations from here, so that one build switches the whole crate to
//! a model checker: `cfg(tidegate_loom)` to loom, `cfg(tidegate_shuttle)` to
//! shuttle. Only the `loom-tests` workspace package sets those cfgs; a user's
//! build never sees them.
//!
//! The API follows loom's shape: [`UnsafeCell`] gives pointers through
//! `with`/`with_mut` only, so that a checker can observe each access.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub(crate) use imp::*;

/// A statistic with one writer and any number of readers.
///
/// Loads and stores are relaxed: a reader sees some recent value, and values
/// that another happens-before edge carries over are seen exactly. It orders
/// nothing itself, so a model checker need not interleave it: it stays a
/// plain atomic in every build.
#[derive(Debug, Default)]
pub(crate) struct Counter(core::sync::atomic::AtomicU64);

impl Counter {
    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(core::sync::atomic::Ordering::Relaxed)
    }

    /// By the one writer only.
    #[inline(always)]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, core::sync::atomic::Ordering::Relaxed);
    }

    /// By the one writer only: a load and a store, no read-modify-write.
    #[inline(always)]
    pub(crate) fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }
}

#[cfg(not(any(tidegate_loom, tidegate_shuttle)))]
mod imp {
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
    pub(crate) use std::sync::{Arc, Condvar, Mutex};

    /// A cell whose contents are reached through raw pointers only.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Runs `f` with a pointer for reading.
        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Runs `f` with a pointer for writing.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    pub(crate) mod hint {
        pub(crate) use core::hint::spin_loop;
    }

    pub(crate) mod thread {
        pub(crate) use std::thread::{
            Builder, JoinHandle, Thread, current, park, park_timeout, yield_now,
        };
    }
}
