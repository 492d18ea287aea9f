//! The log on a thread of its own.

use core::time::Duration;
use std::io;

use ::tracing::dispatcher::{Dispatch, get_default, with_default};

use crate::engine::Report;
use crate::sync::mpsc::{RecvTimeoutError, Sender, channel};
use crate::sync::thread::{Builder, JoinHandle};

use super::LogObserver;

impl LogObserver {
    /// Looks now, and then every so often, on a thread of its own, which
    /// speaks to the caller's subscriber.
    ///
    /// # Errors
    /// The platform refused the thread.
    pub fn spawn(mut self, every: Duration) -> io::Result<LogThread> {
        let (stop, stopped) = channel::<()>();
        let subscriber = get_default(Dispatch::clone);
        let thread = Builder::new().name("tidegate-log".into()).spawn(move || {
            with_default(&subscriber, || {
                self.look();
                // Nothing is ever sent: the other end is dropped.
                while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    self.look();
                }
            });
            self
        })?;
        Ok(LogThread {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A thread that logs, until this is [finished](Self::finish) or dropped.
pub struct LogThread {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<LogObserver>>,
}

impl LogThread {
    /// Ends the thread, says what is left to say and how the engine ended.
    pub fn finish(mut self, report: &Report) {
        // A subscriber that panicked has spoken for itself.
        if let Some(observer) = self.end() {
            observer.finish(report);
        }
    }

    fn end(&mut self) -> Option<LogObserver> {
        drop(self.stop.take());
        self.thread.take()?.join().ok()
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        self.end();
    }
}
