//! A consumer that asks to be told about messages is told: a lost wake-up is a
//! deadlock, which the model checker reports.

use super::harness::Model;
use super::model_tests;
use crate::edge::{Consumer, Policy, channel};
use crate::sync::thread;

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "asking_block",
        run: || asking(Policy::Block, 2),
        outcomes: &["", "z", "zz"],
        executions: [1_400, 250],
        preemptions: None,
    },
    Model {
        name: "asking_coalesce",
        run: || asking(Policy::coalesce(|pending, new: u32| *pending += new), 1),
        outcomes: &["", "z", "zz"],
        executions: [4_200, 32_000],
        preemptions: None,
    },
];

model_tests!(asking_block, asking_coalesce);

/// Sends 1 and 2. How often the consumer slept.
fn asking(policy: Policy<u32>, capacity: usize) -> String {
    let (mut producer, consumer) = channel(capacity, policy).unwrap();
    let receiver = sleeper(consumer);
    for number in 1..3 {
        assert!(producer.send(number).is_ok());
        if producer.control().take_asked() {
            receiver.thread().unpark();
        }
    }
    receiver.join().unwrap()
}

/// Takes messages until they add up to 3, and sleeps whenever it has asked and
/// there is nothing: a `z` for each time.
pub(super) fn sleeper(mut consumer: Consumer<u32>) -> thread::JoinHandle<String> {
    let sleeping = thread::Builder::new().spawn(move || {
        let (mut sum, mut slept) = (0, String::new());
        while sum < 3 {
            match consumer.take() {
                Some(number) => sum += number,
                None if consumer.control().ask() => {}
                None => {
                    slept.push('z');
                    thread::park();
                }
            }
        }
        slept
    });
    sleeping.unwrap()
}
