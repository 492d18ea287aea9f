//! A node in the middle: messages go from one edge to the next in one loop,
//! while their producer and their consumer are at work.

use std::sync::Arc;

use super::harness::{Model, Run, edge, look_twice, send_all};
use super::model_tests;
use crate::edge::{PolicyKind, transfer};
use crate::sync::{Counter, thread};

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "relay_to_consumer",
        run: to_consumer,
        outcomes: &["--", "-0", "0,1", "0-"],
        executions: [44, 14],
        preemptions: None,
    },
    Model {
        name: "relay_from_producer",
        run: from_producer,
        outcomes: &["0 of 0", "1 of 1", "2 of 2"],
        executions: [10, 5],
        preemptions: None,
    },
];

model_tests!(relay_to_consumer, relay_from_producer);

/// Two messages wait in the first edge; the second one's consumer looks twice.
fn to_consumer() -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut input) = edge(PolicyKind::Block, 2, 2);
    let (mut output, mut consumer) = edge(PolicyKind::Block, 2, 2);
    let books = [producer.monitor(), output.monitor()];
    send_all(&mut producer, 0..2, &alive);
    let relay = thread::Builder::new().spawn(move || {
        let moved = transfer(&mut input, &mut output, 8, || true, Some);
        assert_eq!(moved, 2);
        assert!(!input.control().publish(), "nobody waits");
        (input, output)
    });
    let seen = look_twice(&mut consumer);
    let ends = relay.unwrap().join().unwrap();
    drop((producer, ends, consumer));
    for books in books {
        assert!(books.ledger().is_balanced(), "{}", books.ledger());
    }
    assert_eq!(alive.get(), 0, "each is dropped once");
    seen
}

/// The producer sends two while the relay takes what there is, once.
fn from_producer() -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut input) = edge(PolicyKind::Block, 2, 2);
    let (mut output, mut consumer) = edge(PolicyKind::Block, 2, 2);
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            send_all(&mut producer, 0..2, &alive);
            producer
        })
    };
    let moved = transfer(&mut input, &mut output, 8, || true, |run: Run| Some(run));
    let mut received = 0;
    while let Ok(run) = consumer.recv() {
        assert_eq!(run.first, received, "in order");
        received += 1;
    }
    drop(sender.unwrap().join().unwrap());
    drop((input, output, consumer));
    assert_eq!(alive.get(), 0, "each is dropped once");
    format!("{moved} of {received}")
}
