//! Waiting at a door on a thread, with a timeout.

use core::task::{Poll, Waker};
use core::time::Duration;
use std::task::Wake;

use crate::edge::RecvError;
use crate::message::Message;
use crate::node::SendOutcome;
use crate::sync::thread;
use crate::time::{Clock, MonotonicClock};

use super::entrance::{Entrance, outcome};
use super::error::{SendError, SendFailure};
use super::exit::Exit;

/// Wakes a thread.
struct Parker(thread::Thread);

/// The waker of the thread that waited last at a handle. Kept as long as the
/// handle, so that it is not a worker who frees it.
#[derive(Default)]
pub(crate) struct ThreadWaker(Option<(thread::Thread, Waker)>);

impl ThreadWaker {
    /// Of the calling thread. Allocates when that is another than before.
    fn get(&mut self) -> Waker {
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

impl<T: Send + 'static> Entrance<T> {
    /// Sends a payload; waits for room on this thread, for at most `timeout` of
    /// the machine's time.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send), which it tries first.
    ///
    /// # Panics
    /// As [`try_send`](Self::try_send).
    ///
    /// # Real-time
    /// Sleeps; allocates when the handle waits for the first time, and when it waits
    /// on another thread than the last time. The worker that makes room wakes it
    /// with a system call, only when it waits.
    pub fn send_timeout(
        &mut self,
        payload: T,
        timeout: Duration,
    ) -> Result<SendOutcome, SendError<T>> {
        self.send_message_timeout(Message::new(payload), timeout)
    }

    /// As [`send_timeout`](Self::send_timeout), for a whole message.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    ///
    /// # Panics
    /// As [`try_send`](Self::try_send).
    pub fn send_message_timeout(
        &mut self,
        message: Message<T>,
        timeout: Duration,
    ) -> Result<SendOutcome, SendError<T>> {
        let message = match self.try_send_message(message) {
            Err(error) if error.is_full() => error.message,
            done => return done,
        };
        let mut kept = Some(message);
        let waker = self.frame.thread.get();
        let sent = wait(timeout, &waker, |waker| self.poll_send(waker, &mut kept));
        drop(self.stop_waiting());
        match (sent, kept) {
            (Some(result), _) => result.map(outcome),
            (None, Some(message)) => Err(SendError::new(SendFailure::Full, message)),
            (None, None) => unreachable!("a message that was not sent is kept"),
        }
    }
}

impl<T: Send + 'static> Exit<T> {
    /// Takes the oldest message; waits for one on this thread, for at most
    /// `timeout` of the machine's time.
    ///
    /// # Errors
    /// [`RecvError::Empty`] when the time is over, otherwise as
    /// [`try_recv`](Self::try_recv), which it tries first.
    ///
    /// # Real-time
    /// Sleeps; allocates when the handle waits for the first time, and when it waits
    /// on another thread than the last time. The worker that sends wakes it with a
    /// system call, only when it waits.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Message<T>, RecvError> {
        match self.try_recv() {
            Err(RecvError::Empty) => {}
            done => return done,
        }
        let waker = self.frame.thread.get();
        let received = wait(timeout, &waker, |waker| self.poll(waker));
        self.stop_waiting();
        received.unwrap_or(Err(RecvError::Empty))
    }
}

/// Calls `poll` until it is ready or `timeout` is over, and sleeps between,
/// until the waker is woken. `None`: the time is over.
///
/// By the machine's time, and with the waker of this thread. Enters the kernel
/// to sleep.
fn wait<R>(timeout: Duration, waker: &Waker, mut poll: impl FnMut(&Waker) -> Poll<R>) -> Option<R> {
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
