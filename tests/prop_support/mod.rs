//! Runs a property over random cases that can be had again: in `tests/` and in
//! unit tests.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use crate::seed::{again, test_seed};

/// What a property returns: an error says how it does not hold.
pub(crate) type Verdict = Result<(), TestCaseError>;

/// Checks `property` on this many cases, and fails with the smallest case found
/// for which it does not hold, and the seed.
///
/// `TIDEGATE_TEST_SEED` chooses other cases and `PROPTEST_CASES` another number
/// of them. Nothing is written to disk.
#[track_caller]
pub(crate) fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> Verdict) {
    let seed = test_seed();
    let environment = Config::default();
    let config = Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => environment.cases,
            None => cases,
        },
        // Long enough to see what matters in the case.
        max_shrink_time: 20_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..environment
    };
    if let Err(failure) = TestRunner::new(config).run(strategy, property) {
        panic!("{failure}\n{}", again(seed));
    }
}
