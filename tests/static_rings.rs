//! Edges without an engine, as a program without `std` uses them; run with every
//! set of features, on the library as it is compiled then (`ci/no-std.sh`).

use std::sync::Arc;
use std::thread;

use tidegate::Band;
use tidegate::edge::{Consumer, Policy, Producer, RecvError, SendError, StaticRing};
use tidegate::message::Message;
use tidegate::time::Timestamp;

/// How many messages go from one thread to the other.
const COUNT: u64 = if cfg!(miri) { 40 } else { 20_000 };

/// Sends all numbers, boxed: one that is dropped twice or never, a sanitizer
/// would see.
fn send_all(mut producer: Producer<Box<u64>>) {
    for number in 1..=COUNT {
        let mut next = Box::new(number);
        while let Err(SendError::Full(back)) = producer.send(next).map(drop) {
            next = back;
            thread::yield_now();
        }
    }
}

/// What arrives until the end, which is in order.
fn receive_all(mut consumer: Consumer<Box<u64>>) -> (u64, u64) {
    let (mut received, mut last) = (0, 0);
    loop {
        match consumer.recv() {
            Ok(number) => {
                assert!(*number > last, "{number} after {last}");
                last = *number;
                received += 1;
            }
            Err(RecvError::Empty) => thread::yield_now(),
            Err(RecvError::Closed) => return (received, last),
        }
    }
}

#[test]
fn every_policy_streams_between_threads_through_a_static() {
    static BLOCK: StaticRing<Box<u64>, 8> = StaticRing::new();
    static DROP: StaticRing<Box<u64>, 8> = StaticRing::new();
    static LATEST: StaticRing<Box<u64>, 8> = StaticRing::new();
    static COALESCE: StaticRing<Box<u64>, 8> = StaticRing::new();
    let newest = Policy::coalesce(|pending: &mut Box<u64>, new| *pending = new);
    for (ring, capacity, policy) in [
        (&BLOCK, 8, Policy::Block),
        (&DROP, 3, Policy::Drop),
        (&LATEST, 1, Policy::Latest),
        (&COALESCE, 5, newest),
    ] {
        let kind = policy.kind();
        let (producer, consumer) = ring.split(capacity, policy).unwrap();
        let monitor = producer.monitor();
        let (received, last) = thread::scope(|scope| {
            scope.spawn(|| send_all(producer));
            receive_all(consumer)
        });
        let ledger = monitor.ledger();
        assert!(ledger.is_balanced(), "{kind}: {ledger}");
        assert_eq!((ledger.sent, ledger.delivered), (COUNT, received), "{kind}");
        match kind.is_lossy() {
            false => assert_eq!(received, COUNT),
            true => assert!(last <= COUNT),
        }
    }
}

#[test]
fn either_end_of_a_static_edge_may_go_while_the_other_is_at_work() {
    static RINGS: [StaticRing<Arc<()>, 4>; 3] = [const { StaticRing::new() }; 3];
    for (ring, policy) in RINGS
        .iter()
        .zip([Policy::Block, Policy::Drop, Policy::Latest])
    {
        // Each message is one more reference to this.
        let token = Arc::new(());
        let (mut producer, mut consumer) = ring.split(3, policy).unwrap();
        let monitor = producer.monitor();
        producer.send_batch([token.clone(), token.clone()]);
        thread::scope(|scope| {
            let message = token.clone();
            scope.spawn(move || {
                while !matches!(producer.send(message.clone()), Err(SendError::Closed(_))) {
                    thread::yield_now();
                }
            });
            assert!(consumer.recv().is_ok());
            drop(consumer);
        });
        let ledger = monitor.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        assert_eq!((ledger.in_flight, ledger.delivered), (0, 1));
        assert_eq!(Arc::strong_count(&token), 1, "each is dropped once");
    }
}

#[test]
fn messages_with_headers_pass_through_a_static() {
    static RING: StaticRing<Message<u16>, 2> = StaticRing::new();
    let (mut producer, mut consumer) = RING.split(2, Policy::Latest).unwrap();
    for reading in [3, 4, 5] {
        let message = Message::new(reading).with_origin(Timestamp::from_nanos(9));
        assert!(producer.send(message).unwrap().is_stored());
    }
    let message = consumer.recv().unwrap();
    assert_eq!(*message, 4, "the oldest was evicted");
    assert_eq!(message.header().origin(), Some(Timestamp::from_nanos(9)));
    assert_eq!(Band::ALL[0], Band::Control);
    let ledger = producer.monitor().ledger();
    assert_eq!((ledger.evicted, ledger.in_flight), (1, 1));
    assert!(ledger.is_balanced(), "{ledger}");
}

#[cfg(feature = "alloc")]
#[test]
fn an_edge_on_the_heap_needs_no_standard_library() {
    use tidegate::edge::{Sent, channel};

    let policy = Policy::coalesce(|total: &mut u64, next| *total += next);
    let (mut producer, mut consumer) = channel(1, policy).unwrap();
    assert_eq!(producer.send(1), Ok(Sent::Stored));
    assert_eq!(producer.send(2), Ok(Sent::Coalesced));
    assert_eq!(consumer.recv(), Ok(3));
    drop(producer);
    assert_eq!(consumer.recv(), Err(RecvError::Closed));
    let ledger = consumer.monitor().ledger();
    assert!(ledger.is_balanced(), "{ledger}");
}
