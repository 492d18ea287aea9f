//! Batches: one publication for many messages.

use super::super::{Policy, SendError, Sent, channel};
use super::{Alive, KINDS, Run, assert_balanced, edge};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[test]
fn a_batch_stops_at_a_full_edge_without_taking_another_item() {
    for policy in [Policy::Block, Policy::Drop] {
        let (mut producer, mut consumer) = channel(3, policy).unwrap();
        let mut numbers = 0..10;
        assert_eq!(producer.send_batch(&mut numbers), 3);
        assert_eq!(numbers, 3..10);
        assert_eq!(producer.send_batch(&mut numbers), 0);
        assert!(consumer.drain(2).eq(0..2));
        assert_eq!(producer.send_batch(&mut numbers), 2);
        assert!(consumer.drain(9).eq(2..5));
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.sent, ledger.dropped), (5, 0));
        assert_balanced(ledger);
    }
}

#[test]
fn a_batch_on_latest_and_coalesce_takes_everything() {
    let (mut producer, mut consumer) = channel(2, Policy::Latest).unwrap();
    assert_eq!(producer.send_batch(0..9), 9);
    assert!(consumer.drain(9).eq(7..9));
    let (mut producer, mut consumer) = channel(2, Policy::coalesce(|a, b| *a += b)).unwrap();
    assert_eq!(producer.send_batch(0..9), 9);
    assert!(consumer.drain(9).eq([0, (1..9).sum()]));
}

#[test]
fn a_drain_ends_at_its_limit_and_leaves_the_rest() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 4, 4);
        producer.send_batch((0..4).map(|number| Run::new(number, &alive)));
        assert_eq!(consumer.drain(3).count(), 3);
        assert_eq!(consumer.len(), 1);
        assert_eq!(consumer.drain(0).count(), 0);
        assert_eq!(consumer.drain(3).next().unwrap().first, 3);
        assert_balanced(consumer.monitor().ledger());
    }
}

#[test]
fn a_drain_publishes_its_room_when_dropped() {
    let (mut producer, mut consumer) = channel(1, Policy::Block).unwrap();
    assert!(producer.send(1).is_ok());
    let mut drain = consumer.drain(1);
    assert_eq!(drain.next(), Some(1));
    assert_eq!(producer.send(2), Err(SendError::Full(2)));
    drop(drain);
    assert_eq!(producer.send(2), Ok(Sent::Stored));
}

#[test]
fn a_leaked_drain_neither_repeats_nor_loses_messages() {
    for kind in KINDS {
        let alive: Arc<Alive> = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 4, 4);
        producer.send_batch((0..4).map(|number| Run::new(number, &alive)));
        let mut drain = consumer.drain(4);
        let first = drain.next().unwrap();
        std::mem::forget(drain);
        assert_eq!(first.numbers(), (0, 0));
        assert_eq!(consumer.recv().unwrap().numbers(), (1, 1));
        let mut drain = consumer.drain(4);
        drop(drain.next());
        std::mem::forget(drain);
        drop(first);
        drop(consumer);
        assert_eq!(alive.get(), 0, "{kind}");
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.delivered, ledger.discarded), (3, 1), "{kind}");
        assert_balanced(ledger);
    }
}

#[test]
fn a_panicking_iterator_leaves_what_it_gave_sent() {
    for kind in KINDS {
        let alive: Arc<Alive> = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 4, 4);
        let broken = (0..4).map(|number| match number {
            0 | 1 => Run::new(number, &alive),
            _ => std::panic::resume_unwind(Box::new("no more")),
        });
        let result = catch_unwind(AssertUnwindSafe(|| producer.send_batch(broken)));
        assert!(result.is_err());
        assert_eq!(consumer.drain(9).count(), 2, "{kind}");
        assert_balanced(consumer.monitor().ledger());
        assert_eq!(alive.get(), 0);
    }
}

#[test]
fn a_drain_takes_what_is_pending_at_its_beginning() {
    let (mut producer, mut consumer) = channel(8, Policy::Block).unwrap();
    producer.send_batch(0..2);
    let mut drain = consumer.drain(4);
    assert_eq!(drain.size_hint(), (2, Some(2)));
    assert_eq!(drain.next(), Some(0));
    producer.send_batch(2..8);
    assert_eq!((drain.next(), drain.next()), (Some(1), None));
    drop(drain);
    assert!(consumer.drain(usize::MAX).eq(2..8));
}

#[test]
fn receiving_and_taking_may_alternate() {
    for kind in KINDS {
        let alive: Arc<Alive> = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 8, 8);
        let control = consumer.control().clone();
        producer.send_batch((0..8).map(|number| Run::new(number, &alive)));
        for number in (0..6).step_by(3) {
            assert_eq!(consumer.take().unwrap().first, number);
            assert_eq!(consumer.recv().unwrap().first, number + 1);
            let _ = control.publish();
            assert!(control.has_pending());
            assert_eq!(consumer.drain(1).next().unwrap().first, number + 2);
            assert_eq!(consumer.len() as u64, 5 - number);
        }
        assert_eq!(consumer.discard(), 2);
        assert!(!control.has_pending() && consumer.is_empty(), "{kind}");
        let ledger = consumer.monitor().ledger();
        assert_eq!((ledger.delivered, ledger.discarded), (6, 2), "{kind}");
        assert_balanced(ledger);
    }
}
