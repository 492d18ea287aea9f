//! Values shared between the nodes of an engine and the test around it.

// The rule keeps the primitives of the library in one file; tests stand
// outside.
#![allow(clippy::disallowed_types)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidegate::time::{Clock, MonotonicClock};

/// More steps than any test here needs.
pub(crate) const MANY: usize = 1_000_000;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 900 } else { 20 });

/// A number shared by clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }

    /// Adds 1; the number before.
    pub(crate) fn up(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn raise_to(&self, value: u64) {
        self.0.fetch_max(value, Ordering::SeqCst);
    }
}

/// A list shared by clones.
#[derive(Debug)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&self, entry: T) {
        self.with(|entries| entries.push(entry));
    }

    pub(crate) fn len(&self) -> usize {
        self.with(|entries| entries.len())
    }

    /// A copy of all entries.
    pub(crate) fn entries(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.with(|entries| entries.clone())
    }

    /// Takes all entries out.
    pub(crate) fn take(&self) -> Vec<T> {
        self.with(std::mem::take)
    }

    fn with<R>(&self, f: impl FnOnce(&mut Vec<T>) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits until `condition` holds; fails when it does not within [`PATIENCE`].
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let clock = MonotonicClock::new();
    while !condition() {
        let waited = Duration::from_nanos(clock.now().as_nanos());
        assert!(waited < PATIENCE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
