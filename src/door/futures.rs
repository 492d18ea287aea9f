//! Waiting in a task, on any executor.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::message::Message;
use crate::node::SendOutcome;

use super::entrance::{Entrance, outcome};
use super::error::{SendError, SendFailure};
use super::exit::Exit;

impl<T: Send + 'static> Entrance<T> {
    /// Sends a payload; waits for room if it must.
    ///
    /// Cancel-safe in this sense: the message is sent, or it is in the future.
    /// A future that is dropped before it is ready drops the message with it,
    /// unsent and uncounted. To keep it in that case, wait with
    /// [`ready`](Self::ready) and then [`try_send`](Self::try_send) it.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send), but never
    /// [`Full`](SendFailure::Full).
    ///
    /// # Real-time
    /// Each poll as [`try_send`](Self::try_send); nothing allocates. The worker
    /// that makes room wakes the task, only when it waits.
    pub fn send(&mut self, payload: T) -> Sending<'_, T> {
        self.send_message(Message::new(payload))
    }

    /// As [`send`](Self::send), for a whole message.
    pub fn send_message(&mut self, message: Message<T>) -> Sending<'_, T> {
        Sending {
            door: self,
            message: Some(message),
        }
    }

    /// Waits until there is room for a message. As there is no other handle, the
    /// [`try_send`](Self::try_send) that follows is not
    /// [`Full`](SendFailure::Full), unless the capacity was lowered in between.
    ///
    /// Cancel-safe: dropping the future changes nothing.
    ///
    /// # Errors
    /// [`SendFailure::Closed`].
    pub fn ready(&mut self) -> Ready<'_, T> {
        Ready { door: self }
    }

    pub(super) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendFailure>> {
        let ready = loop {
            if self.is_closed() {
                break Err(SendFailure::Closed);
            }
            if self.has_room() {
                break Ok(());
            }
            if self.wait_for_room(cx.waker()) {
                return Poll::Pending;
            }
        };
        drop(self.stop_waiting());
        Poll::Ready(ready)
    }
}

impl<T: Send + 'static> Exit<T> {
    /// Takes the oldest message; waits for one if it must. `None` when none
    /// will ever come: the node behind the door or the engine has ended, and
    /// everything was received.
    ///
    /// Cancel-safe: a future that is dropped before it is ready has taken
    /// nothing.
    ///
    /// # Real-time
    /// Each poll as [`try_recv`](Self::try_recv); nothing allocates. The worker
    /// that sends wakes the task, only when it waits.
    pub fn recv(&mut self) -> Receiving<'_, T> {
        Receiving { door: self }
    }
}

/// The future of [`Entrance::send`].
#[must_use = "nothing is sent unless the future is awaited"]
pub struct Sending<'a, T: Send + 'static> {
    door: &'a mut Entrance<T>,
    /// None once it is sent.
    message: Option<Message<T>>,
}

/// Nothing here is pinned: the message is moved when it is sent.
impl<T: Send + 'static> Unpin for Sending<'_, T> {}

impl<T: Send + 'static> Future for Sending<'_, T> {
    type Output = Result<SendOutcome, SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { door, message } = self.get_mut();
        let sent = door.poll_send(cx.waker(), message);
        sent.map(|sent| sent.map(outcome))
    }
}

impl<T: Send + 'static> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        drop(self.door.stop_waiting());
    }
}

/// The future of [`Entrance::ready`].
#[must_use = "a future waits only while it is awaited"]
pub struct Ready<'a, T: Send + 'static> {
    door: &'a mut Entrance<T>,
}

impl<T: Send + 'static> Future for Ready<'_, T> {
    type Output = Result<(), SendFailure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().door.poll_ready(cx)
    }
}

impl<T: Send + 'static> Drop for Ready<'_, T> {
    fn drop(&mut self) {
        drop(self.door.stop_waiting());
    }
}

/// The future of [`Exit::recv`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct Receiving<'a, T: Send + 'static> {
    door: &'a mut Exit<T>,
}

impl<T: Send + 'static> Future for Receiving<'_, T> {
    type Output = Option<Message<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().door.poll(cx.waker()).map(Result::ok)
    }
}

impl<T: Send + 'static> Drop for Receiving<'_, T> {
    fn drop(&mut self) {
        self.door.stop_waiting();
    }
}

macro_rules! debug {
    ($($future:ident),+) => {$(
        impl<T: Send + 'static> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    .field("door", &self.door)
                    .finish_non_exhaustive()
            }
        }
    )+};
}

debug!(Sending, Ready, Receiving);
