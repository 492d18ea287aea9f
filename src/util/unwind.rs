//! Panics of the application's code that end here.
//!
//! Without `std` nothing can catch a panic: there it goes its way, which on a
//! target without an operating system ends in the program's panic handler.

#[cfg(any(feature = "std", feature = "stepping"))]
use alloc::boxed::Box;
#[cfg(any(feature = "std", feature = "stepping"))]
use core::any::Any;
#[cfg(feature = "std")]
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many panics of panic payloads in a row are dealt with.
#[cfg(feature = "std")]
const MOST_PAYLOADS: usize = 8;

/// Runs `f`, code of the application's; what a panic of it carries.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs `f`, code of the application's. Nothing catches a panic of it.
#[cfg(all(feature = "stepping", not(feature = "std")))]
#[inline(always)]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    Ok(f())
}

/// Runs `f`, code of the application's; `None` when it panicked.
///
/// What the panic carried is dropped as well. That is the application's code
/// once more, and may panic in its turn: after some rounds of this the last
/// payload is leaked, because it could go on like this for ever.
#[cfg(feature = "std")]
pub(crate) fn catch_quietly<R>(f: impl FnOnce() -> R) -> Option<R> {
    let mut payload = match catch(f) {
        Ok(value) => return Some(value),
        Err(payload) => payload,
    };
    for _ in 0..MOST_PAYLOADS {
        match catch(|| drop(payload)) {
            Ok(()) => return None,
            Err(next) => payload = next,
        }
    }
    core::mem::forget(payload);
    None
}

/// Runs `f`, code of the application's. Nothing catches a panic of it.
#[cfg(all(feature = "stepping", not(feature = "std")))]
pub(crate) fn catch_quietly<R>(f: impl FnOnce() -> R) -> Option<R> {
    Some(f())
}

/// Drops a value of the application's; a panic in its `Drop` ends here.
/// Whether it dropped without one.
#[cfg(feature = "std")]
pub(crate) fn drop_quietly<T>(value: T) -> bool {
    catch_quietly(|| drop(value)).is_some()
}

/// Drops a value of the application's. Nothing catches a panic in its `Drop`.
#[cfg(not(feature = "std"))]
pub(crate) fn drop_quietly<T>(value: T) -> bool {
    drop(value);
    true
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::panic::resume_unwind;
    use std::sync::Arc;

    /// Panics when dropped, and has the panic carry what is inside.
    struct Bomb<T: Send + 'static>(Option<T>);

    impl<T: Send + 'static> Drop for Bomb<T> {
        fn drop(&mut self) {
            resume_unwind(Box::new(self.0.take()));
        }
    }

    #[test]
    fn a_value_that_panics_when_dropped_does_no_harm() {
        assert!(!drop_quietly(Bomb(Some("dropped"))));
        assert!(drop_quietly(1));
    }

    #[test]
    fn what_a_panic_carries_is_freed() {
        let carried = Arc::new(());
        assert!(!drop_quietly(Bomb(Some(carried.clone()))));
        assert_eq!(Arc::strong_count(&carried), 1);
    }

    #[test]
    fn what_a_panic_carries_may_panic_too() {
        assert!(!drop_quietly(Bomb(Some(Bomb(Some(1))))));
    }
}
