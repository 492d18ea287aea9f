//! A value that is replaced while others read it, and freed by who replaces
//! it.
//!
//! Readers *load* the version in force, wait-free, and hold it for as long as
//! they look. Who *replaces* it keeps the version before in a list, until
//! nobody else refers to it. So when a reader lets go it is never the last one,
//! and no reader frees: a worker must not.
//!
//! # Why the list suffices
//!
//! `ArcSwap::swap` returns when every reader of the version before either holds
//! a counted reference or has given it up; nobody can begin to read it later.
//! The list holds one reference itself. While another one exists the count is
//! above one, and the list keeps its own; once it is one, it stays so.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::sync::{ArcSwap, Guard, Mutex, lock};

/// The version in force of a `T`, and those before that are still read.
#[derive(Debug)]
pub(crate) struct Published<T> {
    current: ArcSwap<T>,
    /// Among those who replace alone.
    retired: Mutex<Vec<Arc<T>>>,
}

impl<T> Published<T> {
    pub(crate) fn new(first: T) -> Self {
        Self {
            current: ArcSwap::from_pointee(first),
            retired: Mutex::new(Vec::new()),
        }
    }

    /// The version in force. Wait-free with `std`; neither this nor dropping it frees
    /// anything. (A thread's first call allocates: workers make it before the
    /// engine runs.)
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        self.current.load()
    }

    /// Puts what `next` makes of the version in force in its place, and frees
    /// those before that nobody reads any more. Not on a worker.
    #[cfg_attr(tidegate_rtsan, sanitize(realtime = "blocking"))]
    pub(crate) fn replace(&self, next: impl FnOnce(&T) -> T) {
        let mut retired = lock(&self.retired);
        let version = next(&self.current.load());
        retired.push(self.current.swap(Arc::new(version)));
        retired.retain(|old| Arc::strong_count(old) > 1);
    }

    /// How many versions are kept that are not in force any more.
    #[cfg(test)]
    pub(crate) fn retired(&self) -> usize {
        lock(&self.retired).len()
    }
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use super::*;
    use crate::sync::{AtomicBool, Ordering, thread};

    /// Says which thread dropped it.
    struct Witness {
        version: u64,
        drops: Arc<Mutex<Vec<(u64, String)>>>,
    }

    impl Drop for Witness {
        fn drop(&mut self) {
            let thread = thread::current().name().unwrap_or("none").to_owned();
            lock(&self.drops).push((self.version, thread));
        }
    }

    #[test]
    fn every_retired_version_is_freed_once_by_who_replaces_and_never_by_a_reader() {
        let versions = if cfg!(miri) { 100 } else { 20_000 };
        let drops = Arc::new(Mutex::new(Vec::new()));
        let witness = |version| Witness {
            version,
            drops: Arc::clone(&drops),
        };
        let published = Arc::new(Published::new(witness(0)));
        let done = Arc::new(AtomicBool::new(false));
        let readers = (0..3).map(|reader| {
            let (published, done) = (Arc::clone(&published), Arc::clone(&done));
            let body = move || {
                let mut held = published.load();
                let mut loads = 0_u64;
                loop {
                    // The one before is held while the next is loaded.
                    let next = published.load();
                    assert!(next.version >= held.version, "in their order");
                    held = next;
                    loads += 1;
                    if loads % 7 == reader {
                        thread::yield_now();
                    }
                    // After a look at least, also when it came too late for all.
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            };
            let name = format!("reader-{reader}");
            thread::Builder::new().name(name).spawn(body).unwrap()
        });
        let readers: Vec<_> = readers.collect();
        let me = thread::current().name().unwrap_or("none").to_owned();
        for version in 1..=versions {
            published.replace(|_| witness(version));
            // Each reader holds two at most.
            assert!(published.retired() <= 6, "{}", published.retired());
            if version % 64 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
        published.replace(|_| witness(versions + 1));
        assert_eq!(published.retired(), 0, "nobody reads any more");
        drop(published);
        let mut drops = lock(&drops).clone();
        drops.sort_unstable();
        let freed: Vec<_> = drops.iter().map(|(version, _)| *version).collect();
        assert!(freed.into_iter().eq(0..=versions + 1), "each of them once");
        let elsewhere: Vec<_> = drops.iter().filter(|(_, thread)| *thread != me).collect();
        assert!(elsewhere.is_empty(), "freed by a reader: {elsewhere:?}");
    }

    #[test]
    fn a_version_that_is_held_outlives_its_replacement_and_is_freed_by_a_later_one() {
        let drops = Arc::new(Mutex::new(Vec::new()));
        let witness = |version| Witness {
            version,
            drops: Arc::clone(&drops),
        };
        let published = Published::new(witness(0));
        let held = published.load();
        published.replace(|_| witness(1));
        published.replace(|_| witness(2));
        assert_eq!(held.version, 0);
        assert_eq!(published.retired(), 1);
        drop(held);
        assert!(
            lock(&drops).iter().all(|(version, _)| *version != 0),
            "letting go frees nothing"
        );
        published.replace(|_| witness(3));
        assert_eq!(published.retired(), 0);
    }
}
