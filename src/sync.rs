//! The one file that names concurrency primitives.
//!
//! Everything else in the crate takes its atomics, cells, shared pointers and
//! thread operations from here, so that one build switches the whole crate to
//! a model checker: `cfg(tidegate_loom)` to loom, `cfg(tidegate_shuttle)` to
//! shuttle. Only the packages in `loom-tests` set those cfgs; a user's build never
//! sees them. `cfg(tidegate_delays)` puts delays before labelled steps, see
//! `sync/delays.rs`.
//!
//! A unit test that makes an edge or a worker, outside a model, does not run
//! there: it stands under `cfg(all(test, not(tidegate_loom)))`.
//!
//! The API follows loom's shape: [`UnsafeCell`] gives its pointer through
//! `with_mut` only, so that a checker can observe each access.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(tidegate_loom)]
#[path = "sync/checked.rs"]
mod imp;
#[cfg(tidegate_shuttle)]
#[path = "sync/shuttled.rs"]
mod imp;
#[cfg(not(any(tidegate_loom, tidegate_shuttle)))]
#[path = "sync/native.rs"]
mod imp;

#[cfg(all(feature = "stepping", not(feature = "std")))]
mod bare;
#[cfg(tidegate_delays)]
mod delays;
mod shared;
#[cfg(feature = "std")]
mod sleeper;

#[cfg(feature = "std")]
pub(crate) use arc_swap::{ArcSwap, Guard};
#[cfg(all(feature = "stepping", not(feature = "std")))]
pub(crate) use bare::*;
#[cfg(tidegate_delays)]
pub(crate) use delays::{mutant, order, seeded_bug};
pub(crate) use imp::*;
pub(crate) use shared::{Place, Shared};
#[cfg(feature = "std")]
pub(crate) use sleeper::Sleeper;
#[cfg(feature = "std")]
pub(crate) use std::sync::mpsc::TryRecvError;

#[cfg(tidegate_shuttle)]
pub use imp::set_mutant;

/// Whether a step of the engine is to be left out or done wrong: never, but
/// when shuttle's models show that they notice. What `mutant` is to the steps
/// of the protocols, which loom's models check as well.
#[cfg(not(any(tidegate_shuttle, tidegate_delays)))]
#[inline(always)]
pub(crate) const fn seeded_bug(_name: &str) -> bool {
    false
}

/// Locks. Whoever panicked under one of these locks left nothing half-done
/// behind it.
#[cfg(feature = "std")]
#[cfg_attr(tidegate_rtsan, sanitize(realtime = "blocking"))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(tidegate_delays)]
    delays::delay();
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The machine's time, which nothing but [`time`](crate::time) reads. With
/// shuttle the model's.
#[cfg(all(feature = "std", not(tidegate_shuttle)))]
pub(crate) use std::time::Instant;

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
        #[cfg(tidegate_delays)]
        delays::delay();
        self.0.store(value, core::sync::atomic::Ordering::Relaxed);
    }

    /// By the one writer only: a load and a store, no read-modify-write.
    #[inline(always)]
    pub(crate) fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }
}

/// The highest number that anybody has raised it to.
///
/// Part of no protocol, so like [`Counter`] a plain atomic in every build.
#[derive(Debug, Default)]
pub(crate) struct Highest(core::sync::atomic::AtomicU64);

impl Highest {
    /// Raises it to `value`, if it is lower; what it is then. Any thread.
    pub(crate) fn raise(&self, value: u64) -> u64 {
        // Relaxed: each sees all that came before it in this word's own order.
        let before = (self.0).fetch_max(value, core::sync::atomic::Ordering::Relaxed);
        before.max(value)
    }
}

/// A number that no other call in this process gets: identities of graphs.
///
/// Part of no protocol, so like [`Counter`] a plain atomic in every build.
pub(crate) fn unique_number() -> u64 {
    static NEXT: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);
    // Relaxed: only distinctness matters, which any read-modify-write gives.
    NEXT.fetch_add(1, core::sync::atomic::Ordering::Relaxed)
}
