//! Model checks of the shipped protocols.
//!
//! A [`Model`] is a small program on two to four threads, run under every
//! interleaving that loom finds, twice: with plain loads and stores, and with
//! read-modify-writes in their place (`sync/checked.rs` says why). Each run
//! returns what it observed; a model passes when no run panics, deadlocks or
//! races, when the runs together observed exactly what was expected, and when
//! there were enough of them.
//!
//! [`mutants`] proves that the models look where it matters: each protocol
//! step that is weakened or left out must make some model fail.

mod asking;
mod doors;
mod flight;
mod harness;
mod mailbox;
mod mark;
mod mutants;
mod quiescence;
mod receipts;
mod relay;
mod resize;
mod resting;
mod showing;
mod statics;
mod streams;
mod traffic;
mod waiting;

use harness::Model;

/// Every model there is.
fn all() -> impl Iterator<Item = Model> {
    [
        traffic::MODELS,
        streams::MODELS,
        relay::MODELS,
        resize::MODELS,
        showing::MODELS,
        statics::MODELS,
        waiting::MODELS,
        asking::MODELS,
        doors::MODELS,
        mailbox::MODELS,
        quiescence::MODELS,
        flight::MODELS,
        mark::MODELS,
        resting::MODELS,
        receipts::MODELS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// One test for each model of a file.
macro_rules! model_tests {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                $crate::models::harness::verify(stringify!($name));
            }
        )+

        #[test]
        fn every_model_has_a_test() {
            let tested = [$(stringify!($name)),+];
            assert!(MODELS.iter().map(|model| model.name).eq(tested));
        }
    };
}
use model_tests;
