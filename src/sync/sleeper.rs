//! Where a thread sleeps until another one wakes it.

use core::time::Duration;
use std::sync::OnceLock;

use super::thread;

/// A place to sleep at, for one thread.
#[derive(Debug)]
pub(crate) struct Sleeper(OnceLock<thread::Thread>);

impl Sleeper {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Makes the calling thread the one that is woken. Once.
    pub(crate) fn register(&self) {
        // A second call would come from the same thread, and changes nothing.
        let _ = self.0.set(thread::current());
    }

    /// Whether there is a thread to wake.
    pub(crate) fn is_registered(&self) -> bool {
        self.0.get().is_some()
    }

    /// Wakes the thread, or keeps it from falling asleep next. A system call.
    #[inline]
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }

    /// Sleeps until woken, or the timeout is over, or for no reason at all. By
    /// the thread that is registered.
    pub(crate) fn sleep(&self, timeout: Option<Duration>) {
        match timeout {
            Some(timeout) => thread::park_timeout(timeout),
            None => thread::park(),
        }
    }
}
