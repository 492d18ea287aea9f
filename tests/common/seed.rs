//! Random numbers that can be had again.
//!
//! Everything random in a test begins with [`test_seed`]: tests here, unit tests
//! in `src/` and in the examples, properties, and the schedulers of
//! `loom-tests/shuttle`, which compile this file too.

// Each of them uses a part of this.
#![allow(dead_code)]

use std::ops::Range;

/// What a run begins with, unless the environment says otherwise. Always the
/// same, so that a gate fails because of a change and not by chance.
const USUAL: u64 = 0x7469_6465_6761_7465;

/// The seed of this run: `TIDEGATE_TEST_SEED`, decimal or with `0x`
/// hexadecimal, or the usual one.
pub(crate) fn test_seed() -> u64 {
    match std::env::var("TIDEGATE_TEST_SEED") {
        Ok(text) => number(&text).expect("TIDEGATE_TEST_SEED is a number of 64 bits"),
        Err(_) => USUAL,
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What to set to have the same numbers again.
pub(crate) fn again(seed: u64) -> String {
    format!("to see this again: TIDEGATE_TEST_SEED={seed}")
}

/// A generator that begins with [`test_seed`], and prints it when the test
/// fails. So it belongs to the test's own thread; what runs elsewhere gets
/// a [`fork`](Self::fork).
pub(crate) struct Seed {
    seed: u64,
    state: u64,
}

impl Seed {
    pub(crate) fn new() -> Self {
        let seed = test_seed();
        Self { seed, state: seed }
    }

    /// Another sequence of numbers, given by this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self {
            seed: self.seed,
            state: self.next(),
        }
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
    /// generators).
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn in_range(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

impl Drop for Seed {
    #[allow(clippy::print_stderr)] // for whoever reads the failed test
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", again(self.seed));
        }
    }
}
