//! A cache line between two cores.

use core::time::Duration;
use std::sync::Arc;

use crate::sync::{AtomicU64, Ordering, hint};
use crate::time::{Clock, MonotonicClock, Timestamp};
use crate::util::Padded;

use super::RoundTrip;
use super::measure::{distribution, pin, spawn};

/// Round trips that are timed together: reading the clock takes a good part of
/// one.
const TOGETHER: u32 = 100;

/// How many of those.
const TIMES: usize = 50;

/// What was not done by then is given up: the cores are wanted by others.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many looks between two readings of the clock.
const LOOKS: u32 = 1 << 12;

/// Says that there is nothing to answer any more.
const OVER: u64 = u64::MAX;

/// Measures between threads on these cores; `None` when they cannot be pinned
/// there, or not both run for long enough.
///
/// One thread writes odd numbers, the other answers with the next even one. All
/// orderings are relaxed: nothing but the number itself travels.
pub(super) fn round_trip(cores: [usize; 2]) -> Option<RoundTrip> {
    let line = Arc::new(Padded(AtomicU64::new(0)));
    let answers = {
        let line = Arc::clone(&line);
        spawn("doctor-answers", move || pin(cores[1]) && answer(&line))?
    };
    let asks = {
        let line = Arc::clone(&line);
        spawn("doctor-asks", move || {
            pin(cores[0]).then(|| ask(&line)).flatten()
        })
    };
    let times = asks.and_then(|thread| thread.join().ok()).flatten();
    // Here, so that it is said also when the other thread did not start, or
    // panicked.
    line.store(OVER, Ordering::Relaxed);
    let answered = answers.join().ok()?;
    let mut times = times.filter(|_| answered)?;
    Some(RoundTrip {
        cores,
        latency: distribution(&mut times)?,
    })
}

fn answer(line: &AtomicU64) -> bool {
    let mut last = 0;
    loop {
        match line.load(Ordering::Relaxed) {
            OVER => return true,
            asked if asked != last && asked % 2 == 1 => {
                last = asked + 1;
                // Unless it is over meanwhile.
                let said = line.compare_exchange(asked, last, Ordering::Relaxed, Ordering::Relaxed);
                if said.is_err() {
                    return true;
                }
            }
            _ => hint::spin_loop(),
        }
    }
}

/// Means of [`TOGETHER`] round trips each.
fn ask(line: &AtomicU64) -> Option<Vec<Duration>> {
    let clock = MonotonicClock::new();
    let deadline = clock.now().after(PATIENCE);
    let mut times = Vec::with_capacity(TIMES);
    let mut number = 0;
    // The first time, the other thread may still have to start.
    for _ in 0..=TIMES {
        let begin = clock.now();
        for _ in 0..TOGETHER {
            number += 2;
            line.store(number - 1, Ordering::Relaxed);
            await_number(line, number, &clock, deadline)?;
        }
        times.push(clock.now().since(begin) / TOGETHER);
    }
    times.remove(0);
    Some(times)
}

fn await_number(
    line: &AtomicU64,
    number: u64,
    clock: &MonotonicClock,
    deadline: Timestamp,
) -> Option<()> {
    loop {
        for _ in 0..LOOKS {
            if line.load(Ordering::Relaxed) == number {
                return Some(());
            }
            hint::spin_loop();
        }
        if clock.now() > deadline {
            return None;
        }
    }
}
