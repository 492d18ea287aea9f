//! What the scheduler asks of an edge's control block.

use super::super::{Policy, PolicyKind, SendError, channel, channel_growable};
use super::{KINDS, Run, assert_balanced, edge};
use std::sync::Arc;

#[test]
fn taking_gives_room_only_when_published() {
    let (mut producer, mut consumer) = channel(2, Policy::Block).unwrap();
    producer.send_batch(0..2);
    assert_eq!(consumer.take(), Some(0));
    assert_eq!(producer.send(9), Err(SendError::Full(9)));
    assert_eq!(producer.control().room(), 0);
    assert!(!consumer.control().publish(), "nobody waits");
    assert_eq!(producer.control().room(), 1);
    assert!(producer.send(2).is_ok());
}

#[test]
fn a_waiting_producer_is_notified_by_the_next_publication_once() {
    let (mut producer, mut consumer) = channel(2, Policy::Block).unwrap();
    producer.send_batch(0..2);
    assert!(producer.control().wait_for_room(1));
    assert!(!consumer.control().publish(), "nothing was taken");
    assert_eq!(consumer.take(), Some(0));
    assert!(consumer.control().publish());
    assert_eq!(consumer.take(), Some(1));
    assert!(!consumer.control().publish());
}

#[test]
fn waiting_is_refused_when_there_is_room() {
    let (mut producer, mut consumer) = channel(3, Policy::Block).unwrap();
    producer.send_batch(0..2);
    assert!(!producer.control().wait_for_room(1));
    assert!(!producer.control().is_awaited(), "it found room");
    assert!(producer.control().wait_for_room(2));
    assert!(producer.control().is_awaited());
    assert!(
        producer.control().wait_for_room(9),
        "more than the capacity means empty"
    );
    consumer.discard();
    let _ = consumer.control().publish();
    assert!(!producer.control().wait_for_room(9));
    assert!(!producer.control().is_awaited());
}

#[test]
fn who_is_gone_waits_for_no_room() {
    let (mut producer, consumer) = channel(1, Policy::Block).unwrap();
    assert!(producer.send(0).is_ok());
    assert!(producer.control().wait_for_room(1));
    assert!(consumer.control().is_awaited());
    drop(producer);
    assert!(!consumer.control().is_awaited());
}

#[test]
fn growing_and_closing_notify_a_waiting_producer() {
    let (mut producer, consumer) = channel_growable(1, 2, Policy::Block).unwrap();
    assert!(producer.send(0).is_ok());
    assert_eq!(producer.control().set_capacity(2), Ok(false));
    assert!(producer.send(1).is_ok());
    assert!(producer.control().wait_for_room(1));
    assert_eq!(producer.control().set_capacity(2), Ok(true));
    assert_eq!(producer.control().set_capacity(2), Ok(false));
    assert!(producer.control().wait_for_room(1));
    assert!(consumer.control().close_consumer());
    assert!(!producer.control().wait_for_room(1), "no use to wait");
    assert!(producer.control().room() > 0, "the send will report it");
    assert_eq!(producer.send(2), Err(SendError::Closed(2)));
}

#[test]
fn only_block_edges_have_anybody_wait() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 1, 2);
        drop(producer.send(Run::new(0, &alive)));
        let block = kind == PolicyKind::Block;
        assert_eq!(
            producer.control().room(),
            if block { 0 } else { usize::MAX }
        );
        assert_eq!(producer.control().wait_for_room(1), block, "{kind}");
        drop(consumer.take());
        assert_eq!(consumer.control().publish(), block, "{kind}");
        assert_eq!(consumer.control().set_capacity(2), Ok(false));
        assert!(!consumer.control().close_consumer());
    }
}

#[test]
fn pending_drained_and_ended_follow_the_messages() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 2, 2);
        let control = consumer.control().clone();
        assert!(!control.has_pending() && control.is_drained() && !control.has_ended());
        for number in 0..5 {
            drop(producer.send(Run::new(number, &alive)));
        }
        assert!(control.has_pending() && !control.is_drained());
        control.close_producer();
        assert!(!control.has_ended(), "something is pending");
        drop(consumer.take());
        assert!(control.has_pending());
        drop(consumer.take());
        assert!(!control.has_pending() && control.has_ended(), "{kind}");
        assert!(!control.is_drained(), "not published yet");
        let _ = control.publish();
        assert!(control.is_drained(), "{kind}");
    }
}

#[test]
fn a_local_edge_tells_its_producer_of_room_and_of_every_change_of_the_limit() {
    let (mut producer, mut consumer) = channel_growable(1, 2, Policy::Block).unwrap();
    let control = consumer.control().clone();
    control.mark_local();
    assert!(producer.send(0).is_ok());
    assert!(control.wait_for_room(1));
    assert_eq!(consumer.take(), Some(0));
    assert!(control.publish());
    assert!(producer.send(1).is_ok());
    assert_eq!(consumer.take(), Some(1));
    assert!(!control.publish(), "nobody waits any more");
    assert_eq!(control.set_capacity(2), Ok(true), "it may be about to wait");
    assert!(control.close_consumer());
}

#[test]
fn messages_shown_together_count_against_the_room_before_they_show() {
    let (mut producer, mut consumer) = channel(2, Policy::Block).unwrap();
    let control = consumer.control().clone();
    control.show_together();
    assert!(producer.send(0).is_ok() && producer.send(1).is_ok());
    assert!(!control.has_pending() && consumer.is_empty());
    assert_eq!(consumer.take(), None);
    assert_eq!(control.room(), 0);
    assert_eq!(producer.send(2), Err(SendError::Full(2)));
    control.show();
    assert!(control.has_pending());
    assert_eq!((consumer.take(), consumer.take()), (Some(0), Some(1)));
    let _ = control.publish();
    assert!(producer.send(2).is_ok());
    drop(producer);
    control.show();
    assert_eq!(consumer.take(), Some(2), "closing shows what was sent");
    assert!(consumer.is_closed() && control.has_ended());
    assert_balanced(consumer.monitor().ledger());
}

#[test]
fn what_was_taken_is_delivered_and_what_was_thrown_away_is_not() {
    for kind in KINDS {
        let alive = Arc::default();
        let (mut producer, mut consumer) = edge(kind, 4, 4);
        producer.send_batch((0..4).map(|number| Run::new(number, &alive)));
        let counts = |consumer: &super::Consumer<Run>| {
            let ledger = consumer.monitor().ledger();
            (ledger.delivered, ledger.discarded, ledger.in_flight)
        };
        drop(consumer.take());
        drop(consumer.take());
        let _ = consumer.control().publish();
        assert_eq!(counts(&consumer), (2, 0, 2), "{kind}");
        drop(consumer.take());
        assert_eq!(consumer.throw_away(), 1);
        assert_eq!(counts(&consumer), (3, 1, 0), "{kind}");
        let _ = consumer.control().publish();
        assert_eq!(counts(&consumer), (3, 1, 0), "{kind}");
        assert_balanced(consumer.monitor().ledger());
    }
}
