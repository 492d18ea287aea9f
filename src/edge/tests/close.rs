//! Either end goes away.

use super::super::{RecvError, SendError};
use super::{KINDS, Run, assert_balanced, edge};
use std::sync::Arc;

#[test]
fn closed_is_reported_only_after_everything_was_received() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 2, 2);
        drop(producer.send(Run::new(0, &alive)));
        drop(producer.send(Run::new(1, &alive)));
        assert!(!consumer.is_closed());
        producer.close();
        assert!(consumer.is_closed());
        assert!(consumer.recv().is_ok());
        assert!(consumer.recv().is_ok());
        assert_eq!(consumer.recv().unwrap_err(), RecvError::Closed, "{kind}");
        assert_eq!(consumer.recv().unwrap_err(), RecvError::Closed, "{kind}");
        assert_balanced(consumer.monitor().ledger());
    }
}

#[test]
fn a_closed_latest_edge_ends_after_evictions_too() {
    for (capacity, max) in [(1, 1), (2, 2), (1, 4), (3, 4)] {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(super::PolicyKind::Latest, capacity, max);
        for number in 0..11 {
            drop(producer.send(Run::new(number, &alive)));
        }
        producer.close();
        assert_eq!(consumer.drain(99).count(), capacity);
        assert_eq!(consumer.recv().unwrap_err(), RecvError::Closed);
    }
}

#[test]
fn an_edge_nobody_sent_over_ends_at_once() {
    for kind in KINDS {
        let (producer, mut consumer) = edge(kind, 1, 1);
        drop(producer);
        assert_eq!(consumer.recv().unwrap_err(), RecvError::Closed);
    }
}

#[test]
fn sends_fail_at_once_when_the_consumer_is_gone() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, consumer) = edge(kind, 4, 4);
        drop(producer.send(Run::new(0, &alive)));
        assert!(!producer.is_closed());
        consumer.close();
        assert!(producer.is_closed());
        // There would be room, and it was seen before the consumer went.
        let error = producer.send(Run::new(1, &alive)).unwrap_err();
        assert!(matches!(error, SendError::Closed(_)), "{kind}");
        assert_eq!(error.into_inner().numbers(), (1, 1));
        assert_eq!(producer.send_batch([Run::new(2, &alive)]), 0, "{kind}");
        let ledger = producer.monitor().ledger();
        assert_eq!((ledger.sent, ledger.discarded), (1, 1));
        assert_balanced(ledger);
        assert_eq!(alive.get(), 0);
    }
}

#[test]
fn a_new_capacity_does_not_open_a_closed_edge() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, consumer) = edge(kind, 1, 4);
        drop(consumer);
        producer.monitor().set_capacity(4).unwrap();
        assert_eq!(producer.capacity(), 4);
        assert!(producer.send(Run::new(1, &alive)).unwrap_err().is_closed());
    }
}

#[test]
fn a_monitor_outlives_both_ends() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, consumer) = edge(kind, 2, 2);
        let monitor = consumer.monitor();
        assert!(!monitor.is_closed());
        drop(producer.send(Run::new(0, &alive)));
        drop((producer, consumer));
        assert!(monitor.is_closed() && monitor.is_empty());
        assert_eq!(monitor.policy(), kind);
        assert_eq!(monitor.ledger().discarded, 1);
    }
}
