//! User code that panics: the merge function and `Drop`.

use super::super::{Policy, RecvError, Sent, channel, channel_growable};
use super::assert_balanced;
use crate::sync::Counter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Counts its drops, and panics in those of odd numbers.
struct Grenade {
    number: u64,
    drops: Arc<Counter>,
}

impl Grenade {
    /// Drops it without a panic. Its number.
    fn defuse(mut self) -> u64 {
        core::mem::take(&mut self.number)
    }
}

impl Drop for Grenade {
    fn drop(&mut self) {
        self.drops.add(1);
        if self.number % 2 == 1 {
            resume_unwind(Box::new("boom"));
        }
    }
}

fn grenades(numbers: core::ops::Range<u64>, drops: &Arc<Counter>) -> impl Iterator<Item = Grenade> {
    numbers.map(|number| Grenade {
        number,
        drops: drops.clone(),
    })
}

fn policies() -> [Policy<Grenade>; 4] {
    [
        Policy::Block,
        Policy::Drop,
        Policy::Latest,
        Policy::coalesce(|_, _| ()),
    ]
}

#[test]
fn a_panicking_merge_loses_only_the_new_message_and_is_counted() {
    for capacity in [1, 3] {
        let policy = Policy::coalesce(|pending: &mut u64, new| {
            if new == 66 {
                *pending += 1000;
                resume_unwind(Box::new("cannot merge"));
            }
            *pending += new;
        });
        let (mut producer, mut consumer) = channel(capacity, policy).unwrap();
        producer.send_batch((0..capacity).map(|_| 1));
        let result = catch_unwind(AssertUnwindSafe(|| producer.send(66)));
        assert!(result.is_err(), "the caller learns of it");
        assert_eq!(consumer.len(), capacity, "nothing pending is lost");
        assert_eq!(producer.send(5), Ok(Sent::Coalesced), "the edge works on");
        let received: Vec<_> = consumer.drain(9).collect();
        assert_eq!(received.last(), Some(&1006));
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.dropped, ledger.merge_panics), (1, 1));
        assert_eq!((ledger.sent, ledger.coalesced), (capacity as u64 + 2, 1));
        assert_balanced(ledger);
    }
}

#[test]
fn panicking_drops_lose_no_other_message_when_the_consumer_goes() {
    for policy in policies() {
        let drops = Arc::default();
        let (mut producer, consumer) = channel(8, policy).unwrap();
        producer.send_batch(grenades(0..8, &drops));
        drop(consumer);
        assert_eq!(drops.get(), 8);
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.discarded, ledger.drop_panics), (8, 4));
        assert_balanced(ledger);
    }
}

#[test]
fn what_a_panicking_drop_throws_may_panic_when_dropped_too() {
    /// Panics when dropped, and throws a grenade.
    struct Chain(Arc<Counter>);
    impl Drop for Chain {
        fn drop(&mut self) {
            let drops = self.0.clone();
            resume_unwind(Box::new(Grenade { number: 1, drops }));
        }
    }
    for policy in [Policy::Block, Policy::Latest] {
        let thrown = Arc::default();
        let (mut producer, consumer) = channel(8, policy).unwrap();
        producer.send_batch((0..8).map(|_| Chain(Arc::clone(&thrown))));
        drop(consumer);
        assert_eq!(thrown.get(), 8);
        assert_eq!(producer.monitor().ledger().drop_panics, 8);
    }
}

#[test]
fn a_consumer_dropped_by_a_panic_still_drops_everything_once() {
    for policy in policies() {
        let drops = Arc::default();
        let (mut producer, consumer) = channel(8, policy).unwrap();
        producer.send_batch(grenades(0..8, &drops));
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _consumer = consumer;
            resume_unwind(Box::new("the node failed"));
        }));
        assert!(result.is_err());
        assert_eq!(drops.get(), 8);
    }
}

#[test]
fn panicking_drops_of_evicted_messages_do_not_stop_a_send() {
    let drops = Arc::default();
    let (mut producer, mut consumer) = channel_growable(8, 8, Policy::Latest).unwrap();
    producer.send_batch(grenades(0..8, &drops));
    producer.monitor().set_capacity(2).unwrap();
    let mut more = grenades(8..9, &drops);
    let sent = producer.send(more.next().unwrap()).unwrap();
    assert!(matches!(&sent, Sent::Replaced(evicted) if evicted.number == 6));
    assert_eq!(drops.get(), 6, "0 to 5 went before the send began");
    let ledger = producer.monitor().ledger();
    assert_eq!((ledger.evicted, ledger.drop_panics), (7, 3));
    assert_balanced(ledger);
    let left = consumer.drain(9).map(Grenade::defuse);
    assert!(left.eq(7..9));
    drop(sent);
}

#[test]
fn discarding_counts_and_leaves_the_edge_usable() {
    for policy in policies() {
        let drops = Arc::default();
        let (mut producer, mut consumer) = channel(4, policy).unwrap();
        producer.send_batch(grenades(0..4, &drops));
        assert_eq!(consumer.discard(), 4);
        assert_eq!(consumer.discard(), 0);
        assert_eq!(drops.get(), 4);
        producer.send_batch(grenades(4..5, &drops));
        assert_eq!(consumer.recv().map(|grenade| grenade.number), Ok(4));
        assert!(matches!(consumer.recv(), Err(RecvError::Empty)));
        let ledger = consumer.monitor().ledger();
        assert_eq!((ledger.delivered, ledger.discarded), (1, 4));
        assert_eq!(ledger.drop_panics, 2);
        assert_balanced(ledger);
    }
}
