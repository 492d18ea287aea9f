//! What every edge promises, and what each policy promises when full.

use super::super::{
    EdgeError, MAX_CAPACITY, Policy, PolicyKind, RecvError, SendError, Sent, channel,
    channel_growable, memory_for,
};
use super::{Alive, KINDS, Run, assert_balanced, edge};
use std::sync::Arc;

#[test]
fn below_capacity_every_policy_stores_and_delivers_in_order() {
    for kind in KINDS {
        for capacity in [1, 2, 3, 8] {
            let alive = Arc::default();
            let (mut producer, mut consumer) = edge(kind, capacity, capacity);
            // Enough laps to pass the end of the ring several times.
            for lap in 0..5 {
                let numbers = lap * 100..lap * 100 + capacity as u64;
                for number in numbers.clone() {
                    let sent = producer.send(Run::new(number, &alive)).unwrap();
                    assert!(matches!(sent, Sent::Stored), "{kind} {capacity}");
                }
                assert_eq!(producer.len(), capacity);
                for number in numbers {
                    let run = consumer.recv().unwrap();
                    assert_eq!(run.numbers(), (number, number), "{kind} {capacity}");
                }
                assert!(consumer.is_empty());
                assert_eq!(consumer.recv().unwrap_err(), RecvError::Empty);
            }
            let ledger = consumer.monitor().ledger();
            assert_eq!(ledger.sent, 5 * capacity as u64);
            assert_eq!(ledger.delivered, ledger.sent);
            assert_balanced(ledger);
            assert_eq!(alive.get(), 0);
        }
    }
}

#[test]
fn a_full_block_edge_hands_the_message_back_and_counts_nothing() {
    for capacity in [1, 2, 3, 8] {
        let (mut producer, mut consumer) = channel(capacity, Policy::Block).unwrap();
        for number in 0..capacity {
            assert_eq!(producer.send(number), Ok(Sent::Stored));
        }
        assert_eq!(producer.send(99), Err(SendError::Full(99)));
        let ledger = producer.monitor().ledger();
        assert_eq!(
            (ledger.sent, ledger.in_flight),
            (capacity as u64, capacity as u64)
        );
        assert_eq!(consumer.recv(), Ok(0));
        assert_eq!(producer.send(99), Ok(Sent::Stored));
        assert_eq!(producer.send(100), Err(SendError::Full(100)));
        assert_balanced(producer.monitor().ledger());
    }
}

#[test]
fn a_full_drop_edge_drops_the_newest_and_counts_it() {
    let (mut producer, mut consumer) = channel(3, Policy::Drop).unwrap();
    for number in 0..3 {
        assert_eq!(producer.send(number), Ok(Sent::Stored));
    }
    assert_eq!(producer.send(3), Ok(Sent::Dropped(3)));
    assert_eq!(producer.send(4), Ok(Sent::Dropped(4)));
    assert_eq!(producer.len(), 3, "the depth is unchanged");
    assert!(consumer.drain(9).eq(0..3));
    let ledger = producer.monitor().ledger();
    assert_eq!((ledger.sent, ledger.dropped, ledger.delivered), (5, 2, 3));
    assert_balanced(ledger);
}

#[test]
fn a_full_latest_edge_evicts_the_oldest_and_hands_it_back() {
    // 3 of 4 cells and 4 of 4: with a free cell and in place.
    for (capacity, max) in [(1, 1), (1, 4), (2, 2), (3, 3), (3, 8), (8, 8)] {
        let (mut producer, mut consumer) = channel_growable(capacity, max, Policy::Latest).unwrap();
        for number in 0..capacity {
            assert_eq!(producer.send(number), Ok(Sent::Stored));
        }
        for number in capacity..40 {
            assert_eq!(producer.send(number), Ok(Sent::Replaced(number - capacity)));
            assert_eq!(producer.len(), capacity);
        }
        assert!(
            consumer.drain(99).eq(40 - capacity..40),
            "the newest {capacity}"
        );
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.sent, ledger.evicted), (40, 40 - capacity as u64));
        assert_balanced(ledger);
    }
}

#[test]
fn a_full_coalesce_edge_merges_into_the_newest_in_order() {
    for capacity in [1, 2, 3, 8] {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(PolicyKind::Coalesce, capacity, capacity);
        let newest = capacity as u64 - 1;
        for number in 0..20 {
            let sent = producer.send(Run::new(number, &alive)).unwrap();
            assert_eq!(matches!(sent, Sent::Coalesced), number > newest);
        }
        for number in 0..newest {
            assert_eq!(consumer.recv().unwrap().numbers(), (number, number));
        }
        assert_eq!(consumer.recv().unwrap().numbers(), (newest, 19));
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.sent, ledger.coalesced), (20, 19 - newest));
        assert_balanced(ledger);
        assert_eq!(alive.get(), 0);
    }
}

#[test]
fn merging_resumes_after_the_consumer_took_some() {
    let alive = Arc::default();
    let (mut producer, mut consumer) = edge(PolicyKind::Coalesce, 2, 2);
    for number in 0..4 {
        let _ = producer.send(Run::new(number, &alive)).unwrap();
    }
    assert_eq!(consumer.recv().unwrap().numbers(), (0, 0));
    let sent = producer.send(Run::new(4, &alive)).unwrap();
    assert!(matches!(sent, Sent::Stored), "there was room again");
    assert_eq!(consumer.recv().unwrap().numbers(), (1, 3));
    assert_eq!(consumer.recv().unwrap().numbers(), (4, 4));
}

#[test]
fn impossible_capacities_are_refused_with_the_limits_named() {
    let refuse = |capacity, max| {
        channel_growable::<u8>(capacity, max, Policy::Block)
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(refuse(0, 1), EdgeError::ZeroCapacity);
    assert_eq!(refuse(0, 0), EdgeError::ZeroCapacity);
    let too_large = |capacity, max| EdgeError::CapacityTooLarge { capacity, max };
    assert_eq!(refuse(5, 4), too_large(5, 4));
    assert_eq!(
        refuse(1, MAX_CAPACITY + 1),
        too_large(MAX_CAPACITY + 1, MAX_CAPACITY)
    );
    assert_eq!(refuse(1, usize::MAX), too_large(usize::MAX, MAX_CAPACITY));
    assert!(refuse(5, 4).to_string().contains("at most 4"));
}

#[test]
#[cfg_attr(miri, ignore = "sets aside megabytes, each word by itself")]
fn memory_that_cannot_exist_is_an_error_and_no_crash() {
    #[expect(dead_code, reason = "only its size matters")]
    // All of them together are more than any address space. (Much larger
    // ones overwhelm a compiler that instruments the stack.)
    struct Huge([u8; 1 << 28]);
    let error = channel::<Huge>(MAX_CAPACITY, Policy::Block)
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, EdgeError::OutOfMemory { .. }), "{error}");
}

#[test]
fn the_memory_told_beforehand_is_what_the_edge_reports() {
    for kind in KINDS {
        let (producer, _consumer) = edge(kind, 5, 9);
        assert_eq!(
            memory_for::<Run>(kind, 9),
            Ok(producer.monitor().memory_bytes())
        );
    }
    let (two, three) = (
        memory_for::<[u8; 64]>(PolicyKind::Block, 2).unwrap(),
        memory_for::<[u8; 64]>(PolicyKind::Block, 3).unwrap(),
    );
    assert_eq!(three - two, 2 * 64, "the next power of two");
    assert_eq!(
        memory_for::<u8>(PolicyKind::Drop, 0),
        Err(EdgeError::ZeroCapacity)
    );
}

#[test]
fn payloads_without_size_and_larger_than_a_page_pass_through() {
    let (mut producer, mut consumer) = channel(2, Policy::Latest).unwrap();
    assert_eq!(producer.send(()), Ok(Sent::Stored));
    assert_eq!(consumer.recv(), Ok(()));
    let (mut producer, mut consumer) = channel(2, Policy::Block).unwrap();
    for byte in 0..5_u8 {
        assert!(producer.send([byte; 10_000]).is_ok());
        assert_eq!(consumer.recv(), Ok([byte; 10_000]));
    }
}

#[test]
fn debug_output_needs_nothing_of_the_payload() {
    struct Opaque;
    let (mut producer, consumer) = channel(1, Policy::Drop).unwrap();
    assert_eq!(format!("{:?}", producer.send(Opaque)), "Ok(Stored)");
    assert_eq!(format!("{:?}", producer.send(Opaque)), "Ok(Dropped(..))");
    assert_eq!(
        format!("{producer:?}"),
        "Producer { policy: Drop, len: 1, capacity: 1, .. }"
    );
    drop(consumer);
    assert_eq!(format!("{:?}", producer.send(Opaque)), "Err(Closed(..))");
    assert_eq!(
        format!("{:?}", Policy::<Opaque>::coalesce(|_, _| ())),
        "Coalesce"
    );
}

#[test]
fn messages_left_in_an_edge_are_dropped_once() {
    for kind in KINDS {
        for consumer_first in [false, true] {
            let alive: Arc<Alive> = Arc::default();
            let (mut producer, mut consumer) = edge(kind, 3, 4);
            for number in 0..7 {
                drop(producer.send(Run::new(number, &alive)));
            }
            drop(consumer.recv());
            drop(producer.send(Run::new(7, &alive)));
            let monitor = producer.monitor();
            assert!(alive.get() > 0);
            if consumer_first {
                drop(consumer);
                assert_eq!(alive.get(), 0, "a consumer takes them along");
                drop(producer);
            } else {
                drop(producer);
                assert_eq!(alive.get(), 3, "a consumer could still receive them");
                drop(consumer);
            }
            assert_eq!(alive.get(), 0, "{kind}");
            let ledger = monitor.ledger();
            assert_eq!((ledger.discarded, ledger.in_flight), (3, 0), "{kind}");
            assert_balanced(ledger);
        }
    }
}
