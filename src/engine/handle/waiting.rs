//! Waiting on a thread until what was asked for is done.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::sync::thread;
use crate::time::{Clock, MonotonicClock};

use super::EngineHandle;
use super::error::{ControlError, NotApplied, NotDrained};
use super::injecting::{Injected, NotTaken};
use super::quarantine::Receipt;
use super::record::{Acknowledgement, Change, Taken};

/// Looks with yielding, before sleeping in between.
const EAGER_LOOKS: u32 = 50;

/// How long whoever waits sleeps between two looks.
const NAP: Duration = Duration::from_micros(200);

/// Looks until it is `done`, the time is over, or it had `ended` before the look;
/// what it saw last.
fn look_until<R>(
    timeout: Duration,
    ended: impl Fn() -> bool,
    look: impl Fn() -> R,
    done: impl Fn(&R) -> bool,
) -> R {
    let clock = MonotonicClock::new();
    for looks in 0_u32.. {
        let ended = ended();
        let seen = look();
        let left = timeout.saturating_sub(Duration::from_nanos(clock.now().as_nanos()));
        if done(&seen) || ended || left.is_zero() {
            return seen;
        }
        if looks < EAGER_LOOKS {
            thread::yield_now();
        } else {
            thread::park_timeout(left.min(NAP));
        }
    }
    look()
}

impl EngineHandle {
    /// Waits until a change is in force on every worker, for at most `timeout`
    /// of the machine's time. From then on no activation works by what was
    /// before: a node that was paused is not being called, nor will be.
    ///
    /// Not in stepping mode, where the caller's own steps put it in force.
    ///
    /// # Errors
    /// [`NotApplied`] names the workers: a handler runs there for as long, or
    /// the engine has stopped.
    pub fn wait_applied(
        &self,
        change: Change,
        timeout: Duration,
    ) -> Result<Acknowledgement, NotApplied> {
        let done = |acknowledgement: &Acknowledgement| acknowledgement.is_complete();
        let last = self.wait(timeout, || self.acknowledgement(change), done);
        if last.is_complete() {
            return Ok(last);
        }
        let workers = last.workers.iter().enumerate();
        let waiting = workers.filter(|(_, applied)| applied.is_none());
        Err(NotApplied {
            version: change.version(),
            workers: waiting.map(|(worker, _)| worker).collect(),
            stopped: self.has_stopped(),
        })
    }

    /// Looks until it is `done`, the time is over, or the engine has stopped;
    /// what it saw last.
    fn wait<R>(&self, timeout: Duration, look: impl Fn() -> R, done: impl Fn(&R) -> bool) -> R {
        look_until(timeout, || self.has_stopped(), look, done)
    }

    /// Waits until every node of a drain has come to rest, for at most
    /// `timeout` of the machine's time. A node that a later call paused or
    /// resumed is in the drain no more.
    ///
    /// Not in stepping mode, where the caller's own steps carry it out.
    ///
    /// # Errors
    /// [`NotDrained`] names the nodes that are still at work. The drain goes
    /// on; [`resume`](Self::resume) ends it.
    pub fn wait_drained(&self, drain: Change, timeout: Duration) -> Result<(), NotDrained> {
        let done = |left: &Option<Vec<String>>| left.as_ref().is_none_or(Vec::is_empty);
        let last = self.wait(timeout, || self.undrained(drain), done);
        match last {
            Some(left) if left.is_empty() => Ok(()),
            last => Err(NotDrained {
                version: drain.version(),
                stopped: self.has_stopped() && last.is_some(),
                nodes: last.unwrap_or_default(),
            }),
        }
    }

    /// Waits until an injected message was taken, and the activation that took it
    /// has returned; for at most `timeout` of the machine's time. Taken is not
    /// handled, see [`taken`](Self::taken).
    ///
    /// Not in stepping mode, where the caller's own steps take it.
    ///
    /// # Errors
    /// [`NotTaken`] says whether it still may be.
    pub fn wait_taken(&self, injected: Injected, timeout: Duration) -> Result<Taken, NotTaken> {
        let blueprint = &self.control.blueprint;
        let look = || (blueprint.taken(injected), blueprint.is_lost(injected));
        let (taken, lost) = self.wait(timeout, look, |(taken, lost)| taken.is_some() || *lost);
        // It may have been taken between the two looks.
        let taken = taken.or_else(|| blueprint.taken(injected));
        taken.ok_or_else(|| NotTaken {
            input: blueprint.injectables[injected.input].address.clone(),
            number: injected.number,
            lost: lost || self.has_stopped(),
        })
    }
}

impl Receipt {
    /// Waits until the request was carried out, or could not be, for at most
    /// `timeout` of the machine's time: `None` if it is not decided by then, as
    /// while a handler on the node's worker does not return. The request stands
    /// all the same.
    ///
    /// In stepping mode nothing happens before the next step: use
    /// [`poll`](Self::poll) there.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn wait(&self, timeout: Duration) -> Option<Result<(), ControlError>> {
        // An engine that has stopped answers, if only by its end.
        look_until(timeout, || false, || self.poll(), Option::is_some)
    }
}
