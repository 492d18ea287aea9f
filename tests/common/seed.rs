//! Random numbers that can be had again.

use std::ops::Range;

/// A generator whose seed is printed when the test fails. Set
/// `TIDEGATE_TEST_SEED` to use another seed.
pub(crate) struct Seed {
    seed: u64,
    state: u64,
}

impl Seed {
    pub(crate) fn new() -> Self {
        let seed = match std::env::var("TIDEGATE_TEST_SEED") {
            Ok(text) => text.parse().expect("TIDEGATE_TEST_SEED is a number"),
            Err(_) => 0x7469_6465_6761_7465,
        };
        Self { seed, state: seed }
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
            eprintln!("to see this again: TIDEGATE_TEST_SEED={}", self.seed);
        }
    }
}
