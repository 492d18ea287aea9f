//! The engine's end: one thread that answers connections.

use core::time::Duration;
use std::io::{self, ErrorKind};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use crate::engine::EngineHandle;
use crate::sync::thread::{Builder, JoinHandle};
use crate::time::{Clock, MonotonicClock, Timestamp, saturating_nanos};

use super::claim::Claim;
use super::error::ServeError;
use super::frame::encode;
use super::reading::Reading;

/// Connections that are answered at the same time; more wait.
const MAX_DELIVERIES: usize = 8;

/// How long a reader may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long no connection is accepted after the platform refused one.
const PAUSE: Duration = Duration::from_millis(100);

/// Sending neither waits nor raises a signal, whatever the peer did.
#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// Sending does not wait; the signal is turned off by [`without_signal`].
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::DONTWAIT;

/// Serves readings of an engine at a socket, until it is dropped.
///
/// Dropping it ends the thread, and removes the socket. It does not keep the
/// engine running; after the engine has stopped, it serves the final figures.
///
/// # Real-time
/// The thread runs beside the workers and may compete with them for a core. No
/// worker waits for it or does anything for it, whatever readers do: a slow one
/// loses its connection after five seconds, and of more than eight at a time
/// the rest wait to be accepted.
#[derive(Debug)]
#[must_use = "dropping the inspector ends it at once"]
pub struct Inspector {
    claim: Claim,
    /// Closed to end the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Inspector {
    /// Serves the engine behind `handle` at `path`, readable for this user
    /// only. The folder must exist; [`default_path`](super::default_path)
    /// names a usual place.
    ///
    /// A file `PATH.lock` beside the socket says who serves. A socket that a
    /// dead process left there is replaced.
    ///
    /// # Errors
    /// [`ServeError`] names the path, and who uses it already.
    pub fn serve(handle: &EngineHandle, path: impl AsRef<Path>) -> Result<Self, ServeError> {
        let path = path.as_ref();
        let (claim, listener) = Claim::listen(path)?;
        let (stop, stopped) =
            UnixStream::pair().map_err(ServeError::io(path, "make a pair of sockets"))?;
        let server = Server {
            handle: handle.clone(),
            clock: MonotonicClock::new(),
            listener,
            stopped,
            deliveries: Vec::with_capacity(MAX_DELIVERIES),
            paused_until: None,
        };
        let thread = Builder::new()
            .name("tidegate-inspect".into())
            .spawn(move || server.run())
            .map_err(ServeError::io(path, "start the thread"))?;
        Ok(Self {
            claim,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it serves.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.claim.path()
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its thread.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Server {
    handle: EngineHandle,
    clock: MonotonicClock,
    listener: UnixListener,
    /// Its other end closes when the inspector is dropped.
    stopped: UnixStream,
    deliveries: Vec<Delivery>,
    /// No connection is accepted before then.
    paused_until: Option<Timestamp>,
}

/// An answer on its way.
struct Delivery {
    stream: UnixStream,
    frame: Vec<u8>,
    sent: usize,
    /// Given up then.
    deadline: Timestamp,
}

/// What the thread woke up for.
struct Woken {
    stopped: bool,
    connection: bool,
}

impl Server {
    fn run(mut self) {
        // A refusal of `poll` itself leaves nothing to wait with: the thread
        // ends, and with it the socket.
        while let Ok(woken) = self.wait() {
            if woken.stopped {
                return;
            }
            let now = self.clock.now();
            if woken.connection {
                self.accept(now);
            }
            self.deliveries
                .retain_mut(|delivery| delivery.deadline > now && delivery.proceed());
        }
    }

    /// Sleeps until there is something to do.
    fn wait(&mut self) -> io::Result<Woken> {
        let now = self.clock.now();
        if self.paused_until.is_some_and(|end| end <= now) {
            self.paused_until = None;
        }
        let accepts = self.paused_until.is_none() && self.deliveries.len() < MAX_DELIVERIES;
        let deadlines = self.deliveries.iter().map(|delivery| delivery.deadline);
        let timeout = deadlines
            .chain(self.paused_until)
            .min()
            .map(|end| timespec(end.since(now)));
        let mut fds = Vec::with_capacity(2 + MAX_DELIVERIES);
        fds.push(PollFd::new(&self.stopped, PollFlags::IN));
        let listening = if accepts {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        fds.push(PollFd::new(&self.listener, listening));
        for delivery in &self.deliveries {
            fds.push(PollFd::new(&delivery.stream, PollFlags::OUT));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => Ok(Woken {
                stopped: !fds[0].revents().is_empty(),
                connection: accepts && !fds[1].revents().is_empty(),
            }),
            Err(Errno::INTR) => Ok(Woken {
                stopped: false,
                connection: false,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes one connection, and prepares its answer.
    fn accept(&mut self, now: Timestamp) {
        match self.listener.accept() {
            Ok((stream, _)) => {
                without_signal(&stream);
                let since = saturating_nanos(
                    self.clock
                        .wall_at_epoch()
                        .duration_since(std::time::SystemTime::UNIX_EPOCH)
                        .unwrap_or_default(),
                );
                self.deliveries.push(Delivery {
                    stream,
                    frame: encode(Reading::take(&self.handle, since, now)),
                    sent: 0,
                    deadline: now.after(PATIENCE),
                });
            }
            Err(error) => match error.kind() {
                // The peer was faster gone than accepted.
                ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                // No descriptors or memory left: the connection stays, and
                // would wake this thread again at once.
                _ => self.paused_until = Some(now.after(PAUSE)),
            },
        }
    }
}

impl Delivery {
    /// Sends as much as there is room for. Whether there is more to send.
    fn proceed(&mut self) -> bool {
        while self.sent < self.frame.len() {
            match send(&self.stream, &self.frame[self.sent..], SEND) {
                Ok(sent) => self.sent += sent,
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return true,
                // The peer is gone.
                Err(_) => return false,
            }
        }
        false
    }
}

/// A peer that is gone is an error of `send`, not a signal to the process:
/// where that is a property of the socket.
fn without_signal(stream: &UnixStream) {
    #[cfg(target_vendor = "apple")]
    // Refused, the peer is gone already, and so will be the connection.
    let _ = rustix::net::sockopt::set_socket_nosigpipe(stream, true);
    #[cfg(not(target_vendor = "apple"))]
    let _ = stream;
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}
