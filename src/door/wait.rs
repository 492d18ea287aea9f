//! Waiting on a thread, with a timeout.

use core::task::{Poll, Waker};
use core::time::Duration;
use std::task::Wake;

use crate::sync::thread;
use crate::time::{Clock, MonotonicClock};

/// Wakes a thread.
struct Parker(thread::Thread);

/// The waker of the thread that waited last at a handle. Kept as long as the
/// handle, so that it is not a worker who frees it.
#[derive(Default)]
pub(crate) struct ThreadWaker(Option<(thread::Thread, Waker)>);

impl ThreadWaker {
    /// Of the calling thread. Allocates when that is another than before.
    pub(super) fn get(&mut self) -> Waker {
        let current = thread::current();
        match &self.0 {
            Some((thread, waker)) if thread.id() == current.id() => waker.clone(),
            _ => {
                let waker = Waker::from(std::sync::Arc::new(Parker(current.clone())));
                self.0 = Some((current, waker.clone()));
                waker
            }
        }
    }
}

impl Wake for Parker {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

/// Calls `poll` until it is ready or `timeout` is over, and sleeps between,
/// until the waker is woken. `None`: the time is over.
///
/// By the machine's time, and with the waker of this thread. Enters the kernel
/// to sleep.
pub(super) fn wait<R>(
    timeout: Duration,
    waker: &Waker,
    mut poll: impl FnMut(&Waker) -> Poll<R>,
) -> Option<R> {
    let clock = MonotonicClock::new();
    loop {
        if let Poll::Ready(result) = poll(waker) {
            return Some(result);
        }
        let elapsed = Duration::from_nanos(clock.now().as_nanos());
        let left = timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}
