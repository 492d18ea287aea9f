//! Delays before labelled steps, for `cfg(tidegate_delays)`.
//!
//! A thread may be interrupted for milliseconds between any two steps. On a machine with
//! cores to spare that hardly ever happens, and neither do the schedules that it leads to:
//! of the engine, and of tests that take it for granted that one thing comes before another.
//! In this build a thread may sleep before each step that has a label, each lock and each
//! count. `ci/delays.sh` runs the tests so.
//!
//! It replaces [`order`], [`mutant`] and [`seeded_bug`] of the ordinary build, and needs
//! `std`.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In how many of a thread's first steps it sleeps once. In later ones it does more and
/// more rarely, so that a million messages pass as well.
const FIRST_STEPS: u64 = 16;

/// After how many steps it does so half as often, a third as often, and so on.
const RARER_AFTER: u64 = 64 * FIRST_STEPS;

/// Sleeps last 2^4 to 2^13 microseconds, each power as often as any other.
const POWERS: std::ops::Range<u64> = 4..14;

/// What the threads' numbers are drawn from: another seed, other delays.
static SEED: LazyLock<u64> = LazyLock::new(|| {
    let set = std::env::var("TIDEGATE_DELAYS").ok();
    set.and_then(|seed| seed.parse().ok()).unwrap_or(1)
});

/// Sleeps, or does not.
pub(super) fn delay() {
    std::thread_local! {
        /// The latest random number, 0 before the first; the steps so far.
        static STATE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }
    // A thread that is ending takes its last steps without delay.
    let _ = STATE.try_with(|state| {
        let (random, steps) = state.get();
        let random = next(if random == 0 { first() } else { random });
        state.set((random, steps + 1));
        let one_in = FIRST_STEPS + steps * FIRST_STEPS / RARER_AFTER;
        if (random >> 32).is_multiple_of(one_in) {
            let power = POWERS.start + (random & 0xFFFF) % (POWERS.end - POWERS.start);
            std::thread::sleep(Duration::from_micros(1 << power));
        }
    });
}

/// What a thread begins with, which is not 0.
fn first() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    let mixed = (*SEED << 32).wrapping_add(thread);
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

/// Marsaglia's xorshift64.
const fn next(mut random: u64) -> u64 {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    random
}

/// That of the ordinary build, delayed.
pub(crate) fn order(_mutant: &str, real: Ordering, _weakened: Ordering) -> Ordering {
    delay();
    real
}

/// That of the ordinary build, delayed.
pub(crate) fn mutant(_name: &str) -> bool {
    delay();
    false
}

/// That of the ordinary build, delayed.
pub(crate) fn seeded_bug(_name: &str) -> bool {
    delay();
    false
}
