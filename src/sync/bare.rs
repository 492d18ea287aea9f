//! The primitives that `std` has, for targets without it: there are no threads
//! to put to sleep, so whoever waits spins.
//!
//! What is locked is short, and never by a worker's turn in a steady flow. But a
//! lock is not for interrupt handlers: one that interrupts its holder would spin
//! for ever.

use alloc::sync::Arc;
use core::time::Duration;

pub(crate) use mpsc::TryRecvError;
pub(crate) use spin::MutexGuard;

pub(crate) type Mutex<T> = spin::Mutex<T>;

/// See the twin in the module above.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// Nobody sleeps here.
#[derive(Debug)]
pub(crate) struct Sleeper;

impl Sleeper {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn register(&self) {}

    pub(crate) fn is_registered(&self) -> bool {
        false
    }

    pub(crate) fn wake(&self) {}

    /// Returns for no reason at all, as it may.
    pub(crate) fn sleep(&self, _timeout: Option<Duration>) {
        core::hint::spin_loop();
    }
}

/// Takes the place of `arc-swap`'s, which needs thread-locals: a lock, held for
/// as long as it takes to count a reference.
#[derive(Debug)]
pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

/// What `load` gives.
pub(crate) type Guard<P> = P;

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> Self {
        Self(Mutex::new(Arc::new(value)))
    }

    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        Arc::clone(&lock(&self.0))
    }

    pub(crate) fn swap(&self, next: Arc<T>) -> Arc<T> {
        core::mem::replace(&mut *lock(&self.0), next)
    }
}

pub(crate) mod thread {
    use core::time::Duration;

    // The tests run on a host.
    #[cfg(test)]
    pub(crate) use std::thread::{Builder, current, yield_now};

    #[cfg(not(test))]
    pub(crate) fn yield_now() {
        core::hint::spin_loop();
    }

    /// Returns for no reason at all, as it may.
    pub(crate) fn park_timeout(_timeout: Duration) {
        core::hint::spin_loop();
    }
}

/// Channels for one message.
pub(crate) mod mpsc {
    use alloc::sync::Arc;

    use super::{Mutex, lock};

    #[derive(Debug)]
    pub(crate) struct Sender<T>(Arc<Mutex<Option<T>>>);

    #[derive(Debug)]
    pub(crate) struct Receiver<T>(Arc<Mutex<Option<T>>>);

    /// Why nothing was received.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum TryRecvError {
        Empty,
        Disconnected,
    }

    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let place = Arc::new(Mutex::new(None));
        (Sender(Arc::clone(&place)), Receiver(place))
    }

    impl<T> Sender<T> {
        /// The message comes back when nobody will receive it.
        pub(crate) fn send(self, message: T) -> Result<(), T> {
            if Arc::strong_count(&self.0) == 1 {
                return Err(message);
            }
            *lock(&self.0) = Some(message);
            Ok(())
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
            // Before the look: who has sent does so before it goes.
            let alone = Arc::strong_count(&self.0) == 1;
            lock(&self.0).take().ok_or(if alone {
                TryRecvError::Disconnected
            } else {
                TryRecvError::Empty
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_message_is_received_once_also_when_its_sender_is_gone() {
            let (sender, receiver) = channel();
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(sender.send(7), Ok(()));
            assert_eq!(receiver.try_recv(), Ok(7));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        }

        #[test]
        fn a_message_for_nobody_comes_back() {
            let (sender, receiver) = channel();
            drop(receiver);
            assert_eq!(sender.send(7), Err(7));
        }
    }
}
