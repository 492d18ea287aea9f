//! A consumer that asks to be told about messages is told: a lost wake-up is a
//! deadlock, which the model checker reports.

use super::harness::Model;
use super::model_tests;
use crate::edge::{Policy, channel};
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

/// Sends 1 and 2; the consumer sleeps whenever it has asked and there is
/// nothing. How often it slept.
fn asking(policy: Policy<u32>, capacity: usize) -> String {
    let (mut producer, mut consumer) = channel(capacity, policy).unwrap();
    let receiver = thread::Builder::new()
        .spawn(move || {
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
        })
        .unwrap();
    for number in 1..3 {
        assert!(producer.send(number).is_ok());
        if producer.control().take_asked() {
            receiver.thread().unpark();
        }
    }
    receiver.join().unwrap()
}
