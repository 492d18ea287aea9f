//! Doors as streams and sinks of the `futures` crates.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;

use crate::message::Message;

use super::entrance::Entrance;
use super::error::{SendError, SendFailure};
use super::exit::Exit;

/// Ends when the node behind the door or the engine has ended, and everything
/// was received.
#[cfg_attr(docsrs, doc(cfg(feature = "futures")))]
impl<T: Send + 'static> Stream for Exit<T> {
    type Item = Message<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx.waker()).map(Result::ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, None)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "futures")))]
impl<T: Send + 'static> FusedStream for Exit<T> {
    fn is_terminated(&self) -> bool {
        self.is_closed() && self.is_empty()
    }
}

/// Nothing here is pinned: a message is moved when it is sent.
impl<T: Send + 'static> Unpin for Entrance<T> {}

/// Why a sink did not take a payload.
#[cfg_attr(docsrs, doc(cfg(feature = "futures")))]
pub struct SinkError<T> {
    /// Why.
    pub failure: SendFailure,
    /// The payload, if there was one already.
    pub payload: Option<T>,
}

impl<T> From<SendError<T>> for SinkError<T> {
    fn from(error: SendError<T>) -> Self {
        Self {
            failure: error.failure,
            payload: Some(error.message.into_payload()),
        }
    }
}

impl<T> fmt::Debug for SinkError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkError")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SinkError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.failure, f)
    }
}

impl<T> core::error::Error for SinkError<T> {}

/// Sends each payload at once, so flushing has nothing to do. Closing the sink
/// closes the door.
#[cfg_attr(docsrs, doc(cfg(feature = "futures")))]
impl<T: Send + 'static> Sink<T> for Entrance<T> {
    type Error = SinkError<T>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().poll_ready(cx).map_err(|failure| SinkError {
            failure,
            payload: None,
        })
    }

    fn start_send(self: Pin<&mut Self>, payload: T) -> Result<(), Self::Error> {
        let door = self.get_mut();
        let sent = door.try_send(payload);
        drop(door.stop_waiting());
        sent.map(drop).map_err(SinkError::from)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        drop(self.get_mut().end());
        Poll::Ready(Ok(()))
    }
}
