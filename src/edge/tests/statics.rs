//! Edges whose memory is a static: they are the same as those on the heap.

use std::sync::Arc;

use super::super::{EdgeError, MAX_CAPACITY, StaticRing, channel, channel_growable};
use super::{Alive, Consumer, KINDS, Policy, Producer, Run, assert_balanced, policy};
use crate::seed::Seed;

/// What an edge answers to a long sequence of sends, receives and changes of
/// its capacity, and its books after.
fn answers(mut ends: (Producer<Run>, Consumer<Run>), capacities: usize) -> (String, String) {
    let alive: Arc<Alive> = Arc::default();
    let mut random = Seed::new();
    let mut answers = String::new();
    let monitor = ends.0.monitor();
    let mut next = 0;
    for _ in 0..if cfg!(miri) { 100 } else { 3_000 } {
        let (producer, consumer) = &mut ends;
        match random.in_range(0..8) {
            0..4 => {
                let sent = producer.send(Run::new(next, &alive));
                answers += &format!("{sent:?}");
                next += u64::from(sent.is_ok()); // a merge wants no gaps
            }
            4..6 => answers += &format!("{:?}", consumer.recv().map(|run| run.numbers())),
            6 => {
                let most = random.in_range(0..5) as usize;
                let runs = consumer.drain(most).map(|run| run.numbers());
                answers += &format!("{:?}", runs.collect::<Vec<_>>());
            }
            _ => {
                let capacity = random.in_range(1..capacities as u64 + 1) as usize;
                monitor.set_capacity(capacity).unwrap();
                answers += &format!("{}", monitor.len());
            }
        }
    }
    drop(ends);
    assert_eq!(alive.get(), 0, "each is dropped once");
    assert_balanced(monitor.ledger());
    (answers, monitor.ledger().to_string())
}

#[test]
fn a_static_edge_answers_as_one_on_the_heap_does() {
    static RINGS: [StaticRing<Run, 8>; 4] = [const { StaticRing::new() }; 4];
    static REGISTERS: [StaticRing<Run, 1>; 4] = [const { StaticRing::new() }; 4];
    for ((kind, ring), register) in KINDS.into_iter().zip(&RINGS).zip(&REGISTERS) {
        let on_heap = channel_growable(3, 8, policy(kind)).unwrap();
        let in_static = ring.split(3, policy(kind)).unwrap();
        assert_eq!(answers(in_static, 8), answers(on_heap, 8), "{kind}");
        let on_heap = channel(1, policy(kind)).unwrap();
        let in_static = register.split(1, policy(kind)).unwrap();
        assert_eq!(answers(in_static, 1), answers(on_heap, 1), "{kind}");
    }
}

#[test]
fn messages_left_in_a_static_edge_are_dropped_once_by_whoever_goes_last() {
    static RINGS: [StaticRing<Run, 4>; 8] = [const { StaticRing::new() }; 8];
    for (index, ring) in RINGS.iter().enumerate() {
        let (kind, consumer_first) = (KINDS[index / 2], index % 2 == 0);
        let alive: Arc<Alive> = Arc::default();
        let (mut producer, mut consumer) = ring.split(3, policy(kind)).unwrap();
        for number in 0..7 {
            drop(producer.send(Run::new(number, &alive)));
        }
        drop(consumer.recv());
        drop(producer.send(Run::new(7, &alive)));
        let monitor = producer.monitor();
        if consumer_first {
            drop(consumer);
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

#[test]
fn a_message_that_the_consumer_cannot_have_seen_is_dropped_with_the_slots() {
    static RING: StaticRing<Run, 2> = StaticRing::new();
    let alive: Arc<Alive> = Arc::default();
    let (mut producer, consumer) = RING.split(2, Policy::Block).unwrap();
    let monitor = producer.monitor();
    producer.control().show_together();
    assert!(producer.send(Run::new(0, &alive)).is_ok());
    drop(consumer);
    assert_eq!(alive.get(), 1, "it did not show");
    drop(producer);
    assert_eq!(alive.get(), 0);
    assert_eq!(monitor.ledger().discarded, 1);
    assert_balanced(monitor.ledger());
}

#[test]
fn a_static_ring_is_split_once() {
    static RING: StaticRing<u8, 4> = StaticRing::new();
    let refuse = |capacity| RING.split(capacity, Policy::Block).map(drop).unwrap_err();
    assert_eq!(refuse(0), EdgeError::ZeroCapacity);
    let too_large = EdgeError::CapacityTooLarge {
        capacity: 5,
        max: 4,
    };
    assert_eq!(refuse(5), too_large);
    assert_eq!(
        format!("{RING:?}"),
        "StaticRing { max_capacity: 4, split: false, .. }"
    );
    let ends = RING.split(2, Policy::Block).unwrap();
    assert_eq!(ends.0.max_capacity(), 4);
    assert_eq!(refuse(2), EdgeError::AlreadySplit);
    drop(ends);
    assert_eq!(refuse(2), EdgeError::AlreadySplit, "its memory is used up");
}

#[test]
fn a_static_edge_takes_the_memory_of_its_static() {
    static RING: StaticRing<[u64; 2], 16> = StaticRing::new();
    let (producer, _consumer) = RING.split(16, Policy::Latest).unwrap();
    let memory = producer.monitor().memory_bytes();
    assert_eq!(memory, size_of_val(&RING));
    assert!(memory < 2_000 + 16 * 8 + 18 * 16, "{memory}");
    const { assert!(size_of::<StaticRing<u8, MAX_CAPACITY>>() > 9 * MAX_CAPACITY) };
}

#[test]
fn payloads_of_any_size_and_alignment_pass_through_a_static_edge() {
    #[repr(align(256))]
    #[derive(Debug, PartialEq)]
    struct Aligned(u8);
    static ALIGNED: StaticRing<Aligned, 2> = StaticRing::new();
    static EMPTY: StaticRing<(), 2> = StaticRing::new();
    let newest = Policy::coalesce(|pending, new| *pending = new);
    let (mut producer, mut consumer) = ALIGNED.split(2, newest).unwrap();
    for lap in 0..5 {
        assert!(producer.send(Aligned(lap)).is_ok());
        assert!(producer.send(Aligned(lap + 1)).is_ok());
        assert_eq!(consumer.recv(), Ok(Aligned(lap)));
        assert_eq!(consumer.recv(), Ok(Aligned(lap + 1)));
    }
    let (mut producer, mut consumer) = EMPTY.split(2, Policy::Latest).unwrap();
    assert_eq!(producer.send_batch([(), (), ()]), 3);
    assert_eq!(consumer.drain(9).count(), 2);
}
