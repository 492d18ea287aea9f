//! Messages that are shown together: the consumer sees all of them or none, is
//! told about them, and gets what was sent before the end.

use std::sync::Arc;

use super::asking::sleeper;
use super::harness::{Model, edge, look_twice, send_all};
use super::model_tests;
use crate::edge::{Policy, PolicyKind, RecvError, channel};
use crate::sync::{Counter, thread};

pub(super) const MODELS: &[Model] = &[
    Model {
        // Plain, loom lets no load see the one store there is; shimmed, the two
        // looks and the showing come in every order.
        name: "shown_together",
        run: two_at_once,
        outcomes: &["--", "-0", "0,1"],
        executions: [1, 14],
        preemptions: None,
    },
    Model {
        name: "shown_at_the_end",
        run: closing,
        outcomes: &["0,1"],
        executions: [48, 94],
        preemptions: None,
    },
    Model {
        name: "asking_together",
        run: asking,
        outcomes: &["", "z"],
        executions: [8, 21],
        preemptions: None,
    },
];

model_tests!(shown_together, shown_at_the_end, asking_together);

/// Two messages are shown at once; the consumer looks twice.
fn two_at_once() -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(PolicyKind::Block, 2, 2);
    let books = producer.monitor();
    producer.control().show_together();
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            assert_eq!(send_all(&mut producer, 0..2, &alive), "..");
            producer.control().show();
            producer
        })
    };
    let seen = look_twice(&mut consumer);
    drop((sender.unwrap().join().unwrap(), consumer));
    assert!(books.ledger().is_balanced(), "{}", books.ledger());
    assert_eq!(alive.get(), 0, "each is dropped once");
    seen
}

/// The producer goes away without showing what it sent.
fn closing() -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(PolicyKind::Block, 2, 2);
    producer.control().show_together();
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            assert_eq!(send_all(&mut producer, 0..2, &alive), "..");
        })
    };
    let mut seen = Vec::new();
    loop {
        match consumer.recv() {
            Ok(run) => seen.push(run.to_string()),
            Err(RecvError::Closed) => break,
            Err(RecvError::Empty) => thread::yield_now(),
        }
    }
    sender.unwrap().join().unwrap();
    drop(consumer);
    assert_eq!(alive.get(), 0, "each is dropped once");
    seen.join(",")
}

/// Shows 1 and 2 together. How often the consumer slept: a lost wake-up is a
/// deadlock.
fn asking() -> String {
    let (mut producer, consumer) = channel(2, Policy::Block).unwrap();
    producer.control().show_together();
    let receiver = sleeper(consumer);
    for number in 1..3 {
        assert!(producer.send(number).is_ok());
    }
    producer.control().show();
    if producer.control().take_asked() {
        receiver.thread().unpark();
    }
    receiver.join().unwrap()
}
