//! How long sleeping threads take to wake up.

use core::time::Duration;
use std::sync::Arc;

use crate::sync::{AtomicU64, Ordering, thread};
use crate::time::{Clock, MonotonicClock, Timestamp};

use super::Latency;
use super::measure::{distribution, pin, spawn};

/// How many times.
const TIMES: usize = 200;

/// How long the one who wakes sleeps in between, so that the other one, and its
/// core, fall asleep as well.
const PAUSE: Duration = Duration::from_millis(1);

/// Nothing was asked since the last answer.
const NOTHING: u64 = 0;

/// There will be nothing more.
const OVER: u64 = u64::MAX;

/// From `unpark` until the other thread runs, and how much longer than asked for
/// the pauses took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WakeUps {
    pub(super) wake_up: Option<Latency>,
    pub(super) timer_lateness: Option<Latency>,
}

/// Measures with a thread on the first core that wakes one on the second, or
/// with threads wherever the system puts them.
///
/// The asked moment is handed over in an atomic, relaxed: nothing else travels,
/// and `unpark` comes after the store. An early return of `park` finds nothing
/// or the new moment.
pub(super) fn wake_ups(cores: Option<[usize; 2]>) -> WakeUps {
    let asked = Arc::new(AtomicU64::new(NOTHING));
    let clock = MonotonicClock::new();
    let sleeper = {
        let asked = Arc::clone(&asked);
        spawn("doctor-sleeps", move || {
            cores.map(|[_, core]| pin(core));
            sleep(&asked, clock)
        })
    };
    let Some(sleeper) = sleeper else {
        return WakeUps::default();
    };
    let to_wake = sleeper.thread().clone();
    let wakes = {
        let (asked, to_wake) = (Arc::clone(&asked), to_wake.clone());
        spawn("doctor-wakes", move || {
            cores.map(|[core, _]| pin(core));
            wake(&asked, &to_wake, clock)
        })
    };
    let lateness = wakes.and_then(|thread| thread.join().ok());
    asked.store(OVER, Ordering::Relaxed);
    to_wake.unpark();
    let latencies = sleeper.join().ok();
    WakeUps {
        wake_up: latencies.and_then(|mut times| distribution(&mut times)),
        timer_lateness: lateness.and_then(|mut times| distribution(&mut times)),
    }
}

fn sleep(asked: &AtomicU64, clock: MonotonicClock) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(TIMES);
    loop {
        match asked.swap(NOTHING, Ordering::Relaxed) {
            OVER => return latencies,
            NOTHING => thread::park(),
            moment => latencies.push(clock.now().since(Timestamp::from_nanos(moment))),
        }
    }
}

fn wake(asked: &AtomicU64, sleeper: &thread::Thread, clock: MonotonicClock) -> Vec<Duration> {
    let mut lateness = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begin = clock.now();
        thread::park_timeout(PAUSE);
        lateness.push(clock.now().since(begin.after(PAUSE)));
        // Otherwise it has not even taken the last one: that one is measured.
        if asked.load(Ordering::Relaxed) == NOTHING {
            asked.store(clock.now().as_nanos().max(1), Ordering::Relaxed);
            sleeper.unpark();
        }
    }
    lateness
}
