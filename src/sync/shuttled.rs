//! The primitives of the build for randomized scheduling: shuttle's.
//!
//! shuttle runs all threads of a model on the test's own thread, one at a
//! time, and chooses at every operation here who goes on. Orderings mean
//! nothing to it: every atomic is sequentially consistent.
//!
//! Time is part of the model. It stands still, but for [`thread::park_timeout`]:
//! whether that returns because the time is over is a choice like any other,
//! and only then the time has passed. So a run depends on its schedule alone
//! and can be replayed.
//!
//! What a model does not interleave: `arc-swap`, `atomic-waker` and `rtrb`,
//! which have atomics of their own. Each of their operations is one indivisible step here.

use core::cell::Cell;
use core::time::Duration;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, mpsc};

pub(crate) use atomic_waker::AtomicWaker;

std::thread_local! {
    static MUTANT: Cell<Option<&'static str>> = const { Cell::new(None) };
    static ELAPSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Which mutant models on this thread run.
pub fn set_mutant(name: Option<&'static str>) {
    MUTANT.set(name);
}

/// See the native twin.
pub(crate) fn mutant(name: &str) -> bool {
    MUTANT.get() == Some(name)
}

/// See the twin in the module above.
pub(crate) fn seeded_bug(name: &str) -> bool {
    mutant(name)
}

/// See the native twin. Without effect: there is one ordering only.
pub(crate) fn order(_mutant: &str, real: Ordering, _weakened: Ordering) -> Ordering {
    real
}

/// A moment of the model's time; takes the place of `std`'s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(ELAPSED.get())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        ELAPSED.get().saturating_sub(self.0)
    }
}

/// A cell whose contents are reached through raw pointers only. Accesses are
/// no choices: threads take turns at the operations on atomics around them.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

pub(crate) mod hint {
    pub(crate) use shuttle::hint::spin_loop;
}

pub(crate) mod thread {
    use core::time::Duration;

    use shuttle::rand::{Rng, thread_rng};
    pub(crate) use shuttle::thread::{Builder, JoinHandle, Thread, current, park, yield_now};

    /// From here on a timeout counts as "never": who waits that long must be
    /// woken, or the model ends in a deadlock.
    const NEVER: Duration = Duration::from_secs(60 * 60);

    /// Returns for no reason or, with the time gone by, because it is over. A
    /// wake-up is no reason of its own: its token stays, and the next `park`
    /// returns at once.
    pub(crate) fn park_timeout(timeout: Duration) {
        if timeout >= NEVER {
            return park();
        }
        yield_now();
        if thread_rng().gen_bool(0.5) {
            super::ELAPSED.set(super::ELAPSED.get().saturating_add(timeout));
        }
    }
}
