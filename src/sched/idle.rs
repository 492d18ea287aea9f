//! What a worker does while it has nothing to do.

use core::time::Duration;

use crate::sync::{hint, thread};
use crate::time::Timestamp;

use super::worker::Worker;

/// How a worker waits for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdleStrategy {
    /// Looks again at once, for ever: the quickest reaction, a core used up.
    Spin,
    /// Looks again after giving the core to others that want it.
    Yield,
    /// Looks `spins` times, then `yields` times with yielding, then sleeps
    /// until it is woken or a tick is due. Uses no CPU while idle. Waking a
    /// sleeping worker costs whoever wakes it a system call.
    Park {
        /// Looks before yielding.
        spins: u32,
        /// Looks with yielding before sleeping.
        yields: u32,
    },
}

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The worker stayed awake.
    Looked,
    /// The worker slept, from this moment if it was asked for.
    Slept { from: Option<Timestamp> },
}

impl Default for IdleStrategy {
    /// Sleeps after a short spin.
    fn default() -> Self {
        Self::Park {
            spins: 200,
            yields: 1,
        }
    }
}

impl IdleStrategy {
    /// Waits until there may be something to do for the worker: mail, messages,
    /// or `due` reached. Returns after one look for the strategies that never
    /// sleep. Reads the clock before it sleeps if `timed`, or to see when to
    /// wake up.
    pub(crate) fn wait(self, worker: &mut Worker, due: Option<Timestamp>, timed: bool) -> Rest {
        match self {
            Self::Spin => {
                hint::spin_loop();
                Rest::Looked
            }
            Self::Yield => {
                thread::yield_now();
                Rest::Looked
            }
            Self::Park { spins, yields } => {
                for _ in 0..spins {
                    if worker.has_arrivals() {
                        return Rest::Looked;
                    }
                    hint::spin_loop();
                }
                for _ in 0..yields {
                    if worker.has_arrivals() {
                        return Rest::Looked;
                    }
                    thread::yield_now();
                }
                // From here on only mail can end the wait.
                if worker.stop_looking() {
                    return Rest::Looked;
                }
                let from = (timed || due.is_some()).then(|| worker.clock().now());
                let timeout = due.zip(from).map(|(due, now)| due.since(now));
                if timeout == Some(Duration::ZERO) {
                    return Rest::Looked;
                }
                let from = from.filter(|_| timed);
                let fall_asleep = || worker.stats.fall_asleep(from);
                if worker.mail().park_with(timeout, fall_asleep) {
                    Rest::Slept { from }
                } else {
                    Rest::Looked
                }
            }
        }
    }
}
