//! Panics of the application's code that end here.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many panics of panic payloads in a row are dealt with.
const MOST_PAYLOADS: usize = 8;

/// Runs `f`, code of the application's; `None` when it panicked.
///
/// What the panic carried is dropped as well. That is the application's code
/// once more, and may panic in its turn: after some rounds of this the last
/// payload is leaked, because it could go on like this for ever.
pub(crate) fn catch_quietly<R>(f: impl FnOnce() -> R) -> Option<R> {
    let mut payload = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => return Some(value),
        Err(payload) => payload,
    };
    for _ in 0..MOST_PAYLOADS {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return None,
            Err(next) => payload = next,
        }
    }
    core::mem::forget(payload);
    None
}

/// Drops a value of the application's; a panic in its `Drop` ends here.
/// Whether it dropped without one.
pub(crate) fn drop_quietly<T>(value: T) -> bool {
    catch_quietly(|| drop(value)).is_some()
}

#[cfg(test)]
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
