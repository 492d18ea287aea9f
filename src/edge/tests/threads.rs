//! Two real threads: counts and order. (The interleavings themselves are for
//! the model checks.)

use super::super::{PolicyKind, RecvError, SendError};
use super::{KINDS, Run, assert_balanced, edge};
use crate::sync::{Counter, thread};
use std::sync::Arc;

/// `Run::alive` is single-threaded, so the messages are plain numbers here.
fn stream(kind: PolicyKind, capacity: usize, max: usize, count: u64) {
    let policy = match kind {
        PolicyKind::Block => super::Policy::Block,
        PolicyKind::Drop => super::Policy::Drop,
        PolicyKind::Latest => super::Policy::Latest,
        PolicyKind::Coalesce => super::Policy::coalesce(|pending: &mut Box<_>, new| *pending = new),
    };
    let (mut producer, mut consumer) = super::channel_growable(capacity, max, policy).unwrap();
    let monitor = producer.monitor();
    let sender = thread::Builder::new()
        .spawn(move || {
            for number in 1..=count {
                let mut next = Box::new(number);
                while let Err(SendError::Full(back)) = producer.send(next).map(drop) {
                    next = back;
                    thread::yield_now();
                }
            }
        })
        .unwrap();
    let (mut last, mut received) = (0, 0);
    loop {
        match consumer.recv() {
            Ok(number) => {
                assert!(*number > last, "{kind}: {number} after {last}");
                last = *number;
                received += 1;
            }
            Err(RecvError::Empty) => thread::yield_now(),
            Err(RecvError::Closed) => break,
        }
    }
    sender.join().unwrap();
    let ledger = monitor.ledger();
    assert_balanced(ledger);
    assert_eq!((ledger.sent, ledger.delivered), (count, received), "{kind}");
    assert_eq!(ledger.in_flight, 0, "{kind}");
    match kind {
        PolicyKind::Block => assert_eq!(received, count),
        PolicyKind::Latest | PolicyKind::Coalesce => assert_eq!(last, count, "the newest stays"),
        PolicyKind::Drop => {}
    }
}

#[test]
fn a_stream_between_threads_keeps_order_and_balances() {
    let count = if cfg!(miri) { 100 } else { 20_000 };
    for kind in KINDS {
        for (capacity, max) in [(1, 1), (2, 2), (3, 3), (2, 4), (64, 64)] {
            stream(kind, capacity, max, count);
        }
    }
}

#[test]
fn either_end_may_go_while_the_other_is_at_work() {
    for kind in KINDS {
        for receive in [0, 1, 5] {
            let (mut producer, mut consumer) = edge(kind, 2, 2);
            let monitor = producer.monitor();
            let sender = thread::Builder::new()
                .spawn(move || {
                    let alive: Arc<Counter> = Arc::default();
                    for number in 0.. {
                        match producer.send(Run::new(number, &alive)) {
                            Err(SendError::Closed(_)) => break,
                            // A gap would be noticed when merging.
                            Err(SendError::Full(_)) | Ok(super::super::Sent::Dropped(_)) => {
                                thread::yield_now();
                            }
                            Ok(_) => {}
                        }
                    }
                })
                .unwrap();
            // The payloads die on both threads, so their count means nothing
            // here; exactly-once drops are checked by the model checker.
            for run in (0..receive).filter_map(|_| consumer.recv().ok()) {
                std::mem::forget(run);
            }
            drop(consumer);
            sender.join().unwrap();
            assert_balanced(monitor.ledger());
            assert_eq!(monitor.ledger().in_flight, 0, "{kind}");
        }
    }
}
