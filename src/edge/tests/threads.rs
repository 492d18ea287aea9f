//! Two real threads: counts and order. (The interleavings themselves are for
//! the model checks.)

use super::super::{Policy, PolicyKind, RecvError, SendError, channel, channel_growable};
use super::{KINDS, assert_balanced};
use crate::sync::thread;
use std::sync::Arc;

fn stream(kind: PolicyKind, capacity: usize, max: usize, count: u64) {
    let policy = match kind {
        PolicyKind::Block => Policy::Block,
        PolicyKind::Drop => Policy::Drop,
        PolicyKind::Latest => Policy::Latest,
        PolicyKind::Coalesce => Policy::coalesce(|pending: &mut Box<_>, new| *pending = new),
    };
    let (mut producer, mut consumer) = channel_growable(capacity, max, policy).unwrap();
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
    let count = if cfg!(miri) { 30 } else { 20_000 };
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
            // Each message is one more reference to this.
            let token = Arc::new(());
            let policy = match kind {
                PolicyKind::Block => Policy::Block,
                PolicyKind::Drop => Policy::Drop,
                PolicyKind::Latest => Policy::Latest,
                PolicyKind::Coalesce => {
                    Policy::coalesce(|pending: &mut Arc<()>, new| *pending = new)
                }
            };
            let (mut producer, mut consumer) = channel(2, policy).unwrap();
            let monitor = producer.monitor();
            // Something is pending even if the sender is slow to start.
            producer.send_batch([token.clone(), token.clone()]);
            let sender = {
                let token = token.clone();
                thread::Builder::new().spawn(move || {
                    while !matches!(producer.send(token.clone()), Err(SendError::Closed(_))) {
                        thread::yield_now();
                    }
                })
            };
            let received = (0..receive).filter(|_| consumer.recv().is_ok()).count();
            drop(consumer);
            sender.unwrap().join().unwrap();
            let ledger = monitor.ledger();
            assert_balanced(ledger);
            assert_eq!(ledger.in_flight, 0, "{kind}");
            assert_eq!(ledger.delivered, received as u64, "{kind}");
            assert_eq!(Arc::strong_count(&token), 1, "{kind}: each is dropped once");
        }
    }
}
