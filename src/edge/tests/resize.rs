//! The capacity changes while the edge is in use.

use super::super::{EdgeError, Policy, PolicyKind, Sent, channel_growable};
use super::{KINDS, Run, assert_balanced, edge};
use std::sync::Arc;

#[test]
fn a_grown_edge_holds_more_at_once() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 2, 5);
        for number in 0..2 {
            drop(producer.send(Run::new(number, &alive)));
        }
        producer.monitor().set_capacity(5).unwrap();
        for number in 2..5 {
            let sent = producer.send(Run::new(number, &alive)).unwrap();
            assert!(matches!(sent, Sent::Stored), "{kind}");
        }
        assert_eq!((consumer.len(), consumer.capacity()), (5, 5));
        assert_eq!(consumer.drain(9).count(), 5);
        assert_balanced(consumer.monitor().ledger());
    }
}

#[test]
fn a_shrunk_block_edge_refuses_until_it_has_drained() {
    let (mut producer, mut consumer) = channel_growable(4, 4, Policy::Block).unwrap();
    assert_eq!(producer.send_batch(0..4), 4);
    producer.monitor().set_capacity(2).unwrap();
    for expected in 0..3 {
        assert!(producer.send(9).unwrap_err().is_full());
        assert_eq!(consumer.recv(), Ok(expected));
    }
    assert!(producer.send(4).is_ok());
    assert!(producer.send(5).unwrap_err().is_full());
    assert!(consumer.drain(9).eq(3..5));
}

#[test]
fn a_shrunk_drop_edge_drops_until_it_has_drained() {
    let (mut producer, mut consumer) = channel_growable(4, 4, Policy::Drop).unwrap();
    assert_eq!(producer.send_batch(0..4), 4);
    producer.monitor().set_capacity(1).unwrap();
    assert_eq!(producer.send(9), Ok(Sent::Dropped(9)));
    assert_eq!(producer.len(), 4);
    assert!(consumer.drain(4).eq(0..4));
    assert_eq!(producer.send(4), Ok(Sent::Stored));
    assert_eq!(producer.send(9), Ok(Sent::Dropped(9)));
    assert_balanced(producer.monitor().ledger());
}

#[test]
fn a_shrunk_latest_edge_keeps_the_newest_at_the_next_send() {
    for (capacity, max) in [(8, 8), (6, 8), (8, 16)] {
        for shrunk in [1, 3] {
            let (mut producer, mut consumer) =
                channel_growable(capacity, max, Policy::Latest).unwrap();
            producer.send_batch(0..20_usize);
            producer.monitor().set_capacity(shrunk).unwrap();
            assert_eq!(consumer.len(), capacity, "nothing is lost by it at once");
            assert_eq!(producer.send(20), Ok(Sent::Replaced(20 - shrunk)));
            assert!(consumer.drain(99).eq(21 - shrunk..21));
            assert_balanced(consumer.monitor().ledger());
        }
    }
}

#[test]
fn a_shrunk_coalesce_edge_merges_until_it_has_drained() {
    let alive = Arc::default();
    let (mut producer, mut consumer) = edge(PolicyKind::Coalesce, 4, 4);
    producer.send_batch((0..4).map(|number| Run::new(number, &alive)));
    producer.monitor().set_capacity(2).unwrap();
    for number in 4..7 {
        let sent = producer.send(Run::new(number, &alive)).unwrap();
        assert!(matches!(sent, Sent::Coalesced));
        assert_eq!(consumer.recv().unwrap().first, number - 4);
    }
    let sent = producer.send(Run::new(7, &alive)).unwrap();
    assert!(matches!(sent, Sent::Stored));
    let rest: Vec<_> = consumer.drain(9).map(|run| run.numbers()).collect();
    assert_eq!(rest, [(3, 6), (7, 7)]);
    assert_balanced(consumer.monitor().ledger());
}

#[test]
fn an_impossible_capacity_is_refused_and_changes_nothing() {
    for kind in KINDS {
        let (producer, _consumer) = edge(kind, 3, 5);
        let monitor = producer.monitor();
        assert_eq!(monitor.set_capacity(0), Err(EdgeError::ZeroCapacity));
        assert_eq!(
            monitor.set_capacity(6),
            Err(EdgeError::CapacityTooLarge {
                capacity: 6,
                max: 5
            })
        );
        assert_eq!((monitor.capacity(), monitor.max_capacity()), (3, 5));
    }
}
