//! A producer that waits for room is always told: a lost wake-up is a
//! deadlock, which the model checker reports.

use super::harness::Model;
use super::model_tests;
use crate::edge::{Consumer, Policy, Producer, SendError, channel_growable};
use crate::sync::thread;

/// A full edge of capacity 1, growable to 2.
fn full_edge() -> (Producer<u32>, Consumer<u32>) {
    let (mut producer, consumer) = channel_growable(1, 2, Policy::Block).unwrap();
    assert!(producer.send(0).is_ok());
    (producer, consumer)
}

/// Sends `numbers`, sleeping while there is no room for `need`; how often it
/// slept, and a `c` when the consumer was gone.
fn send_waiting(
    producer: &mut Producer<u32>,
    numbers: core::ops::Range<u32>,
    need: usize,
) -> String {
    let mut slept = String::new();
    for number in numbers {
        let mut value = number;
        loop {
            if need > 1 && producer.control().room() < need {
                if producer.control().wait_for_room(need) {
                    slept.push('z');
                    thread::park();
                }
                continue;
            }
            match producer.send(value) {
                Ok(_) => break,
                Err(SendError::Closed(_)) => return slept + "c",
                Err(SendError::Full(back)) => value = back,
            }
            if producer.control().wait_for_room(1) {
                slept.push('z');
                thread::park();
            }
        }
    }
    slept
}

/// The consumer makes room, twice.
fn publish() -> String {
    let (mut producer, mut consumer) = full_edge();
    let sender = thread::Builder::new()
        .spawn(move || send_waiting(&mut producer, 1..3, 1))
        .unwrap();
    for expected in 0..2 {
        while !consumer.control().has_pending() {
            thread::yield_now();
        }
        assert_eq!(consumer.take(), Some(expected));
        if consumer.control().publish() {
            sender.thread().unpark();
        }
    }
    sender.join().unwrap()
}

/// The capacity grows.
fn grow() -> String {
    let (mut producer, consumer) = full_edge();
    let sender = thread::Builder::new()
        .spawn(move || send_waiting(&mut producer, 1..2, 1))
        .unwrap();
    if consumer.control().set_capacity(2).unwrap() {
        sender.thread().unpark();
    }
    sender.join().unwrap()
}

/// The consumer goes.
fn close() -> String {
    let (mut producer, consumer) = full_edge();
    let sender = thread::Builder::new()
        .spawn(move || send_waiting(&mut producer, 1..2, 1))
        .unwrap();
    if consumer.control().close_consumer() {
        sender.thread().unpark();
    }
    drop(consumer);
    sender.join().unwrap()
}

/// The consumer makes room while the capacity grows: either one may be the
/// one to tell.
fn publish_and_grow() -> String {
    let (mut producer, mut consumer) = full_edge();
    let control = producer.control().clone();
    let sender = thread::Builder::new()
        .spawn(move || send_waiting(&mut producer, 1..3, 1))
        .unwrap();
    let wake = sender.thread().clone();
    let grower = thread::Builder::new()
        .spawn(move || {
            if control.set_capacity(2).unwrap() {
                wake.unpark();
            }
        })
        .unwrap();
    assert_eq!(consumer.take(), Some(0));
    if consumer.control().publish() {
        sender.thread().unpark();
    }
    grower.join().unwrap();
    sender.join().unwrap()
}

/// The producer needs room for two, and gets it in two steps.
fn need_two() -> String {
    let (mut producer, mut consumer) = channel_growable(2, 2, Policy::Block).unwrap();
    assert!(producer.send(0).is_ok());
    assert!(producer.send(1).is_ok());
    let sender = thread::Builder::new()
        .spawn(move || send_waiting(&mut producer, 2..3, 2))
        .unwrap();
    for expected in 0..2 {
        assert_eq!(consumer.take(), Some(expected));
        if consumer.control().publish() {
            sender.thread().unpark();
        }
    }
    sender.join().unwrap()
}

/// One thread uses both ends: its consumer makes room once, after that only
/// the capacity grows, on another thread.
fn local() -> String {
    let (mut producer, mut consumer) = full_edge();
    let control = producer.control().clone();
    control.mark_local();
    let worker = thread::Builder::new()
        .spawn(move || {
            if !producer.control().wait_for_room(1) {
                return send_waiting(&mut producer, 1..2, 1);
            }
            assert_eq!(consumer.take(), Some(0));
            assert!(consumer.control().publish(), "the producer waits");
            "w".to_owned() + &send_waiting(&mut producer, 1..3, 1)
        })
        .unwrap();
    if control.set_capacity(2).unwrap() {
        worker.thread().unpark();
    }
    worker.join().unwrap()
}

macro_rules! waits {
    ($($name:ident: $run:expr => [$($outcome:literal),* $(,)?], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || $run,
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: Some(4),
        }),+];

        model_tests!($($name),+);
    };
}

// The outcomes: how often the producer slept; on the local edge also whether
// the consumer had to make room.
waits! {
    publish_wakes: publish() => ["", "z", "zz"], 130 / 470;
    grow_wakes: grow() => ["", "z"], 35 / 34;
    close_wakes: close() => ["c", "zc"], 4_900 / 290;
    publish_and_grow_wake: publish_and_grow() => ["", "z", "zz"], 9_200 / 5_400;
    need_two_wakes: need_two() => ["", "z", "zz"], 22 / 35;
    local_wakes: local() => ["", "w", "wz"], 10 / 10;
}
