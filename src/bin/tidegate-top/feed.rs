//! Readings from the engine, one per interval, on a thread of its own: a
//! process that does not answer must not keep the keyboard from working.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tidegate::observe::inspect::{ReadError, Reading, read};

/// How long the engine may take for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) type Outcome = Result<Box<Reading>, ReadError>;

/// The thread that reads. Dropping it ends the thread.
pub(crate) struct Feed {
    pub(crate) outcomes: Receiver<Outcome>,
    /// Closed to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Reads the engine at `socket` once per `interval`, beginning now.
    pub(crate) fn start(socket: PathBuf, interval: Duration) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let (outcome, outcomes) = channel();
        let thread = Builder::new().name("feed".into()).spawn(move || {
            loop {
                let read = read(&socket, PATIENCE).map(Box::new);
                if outcome.send(read).is_err() {
                    return;
                }
                match stopped.recv_timeout(interval) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self {
            outcomes,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // At most until the engine's answer or `PATIENCE` is over.
            let _ = thread.join();
        }
    }
}
