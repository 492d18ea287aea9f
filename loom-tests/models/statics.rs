//! Edges whose memory is a static: whoever goes last drops what is left.

use std::sync::Arc;

use super::harness::{Model, Run, join, send_all};
use super::model_tests;
use crate::edge::{Policy, StaticRing};
use crate::sync::{Counter, thread};

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "static_block_both_go",
        run: || both_go(Policy::Block),
        outcomes: &[". 0", "x 0"],
        executions: [1_500, 1_800],
        preemptions: None,
    },
    Model {
        name: "static_coalesce_both_go",
        run: || both_go(Policy::coalesce(join)),
        outcomes: &[". 0", "x 0"],
        executions: [110, 90],
        preemptions: None,
    },
];

model_tests!(static_block_both_go, static_coalesce_both_go);

/// The consumer receives one and goes, the producer sends another and goes.
fn both_go(policy: Policy<Run>) -> String {
    let alive: Arc<Counter> = Arc::default();
    let ring: &StaticRing<Run, 2> = Box::leak(Box::new(StaticRing::new()));
    let (mut producer, mut consumer) = ring.split(2, policy).unwrap();
    let monitor = producer.monitor();
    send_all(&mut producer, 0..1, &alive);
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || send_all(&mut producer, 1..2, &alive))
    };
    let received = consumer.recv().expect("sent before").to_string();
    drop(consumer);
    let sent = sender.unwrap().join().unwrap();
    let ledger = monitor.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!((ledger.delivered, ledger.in_flight), (1, 0), "{ledger}");
    assert_eq!(alive.get(), 0, "each is dropped once: {ledger}");
    format!("{sent} {received}")
}
