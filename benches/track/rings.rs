//! Edges used alone, beside the rings of others.

// The rule keeps the primitives of the library in one file; what measures
// stands outside.
#![allow(clippy::disallowed_types)]

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use crossbeam_queue::ArrayQueue;
use rtrb::RingBuffer;
use tidegate::edge::{Consumer, Policy, Producer, channel};
use tidegate::message::Message;

use crate::machine::{Cores, on_core, spawn_on};
use crate::measure::{Pair, nanos_each, quantile};
use crate::pulse::moment;

const CAPACITY: usize = 1024;
const BATCH: usize = 64;
const TRANSFERS: u64 = 400_000;
const OVERFLOWING: u64 = 200_000;
const ONE_THREAD: u64 = 200_000;
/// Of a slow consumer, in hints to the processor.
const PAUSE: usize = 8;
const ROUND_TRIPS: u64 = 5_000;

fn ring(policy: Policy<u64>) -> (Producer<u64>, Consumer<u64>) {
    channel(CAPACITY, policy).expect("the capacity is sound")
}

/// `produce` on the first core, `consume` on the second, from the first message
/// to the end of `consume`: nanoseconds per message.
fn side_by_side(
    cores: [usize; 2],
    messages: u64,
    produce: impl FnOnce() + Send,
    consume: impl FnOnce() + Send + 'static,
) -> f64 {
    let start = Arc::new(Barrier::new(2));
    let started = Arc::clone(&start);
    let consumer = spawn_on(cores[1], move || {
        started.wait();
        consume();
        moment()
    });
    let begin = on_core(cores[0], move || {
        start.wait();
        let begin = moment();
        produce();
        begin
    });
    let end = consumer.join().expect("every message arrives in order");
    end.duration_since(begin).as_nanos() as f64 / messages as f64
}

/// Takes what `receive` finds until the last message has come; each must be
/// the next one.
fn expect_in_order(mut receive: impl FnMut() -> Option<u64>) {
    let mut next = 0;
    while next < TRANSFERS {
        match receive() {
            Some(number) => {
                assert_eq!(number, next);
                next += 1;
            }
            None => spin_loop(),
        }
    }
}

pub(crate) fn rtrb_one_by_one(cores: [usize; 2]) -> f64 {
    rtrb_elements(cores, |number| number, |number| number)
}

/// Elements as large as a message of the engine's: a header and eight bytes.
pub(crate) fn rtrb_of_message_size(cores: [usize; 2]) -> f64 {
    const WORDS: usize = size_of::<Message<u64>>() / size_of::<u64>();
    rtrb_elements(cores, |number| [number; WORDS], |words| words[0])
}

fn rtrb_elements<T: Send + 'static>(
    cores: [usize; 2],
    wrap: fn(u64) -> T,
    unwrap: fn(T) -> u64,
) -> f64 {
    let (mut producer, mut consumer) = RingBuffer::new(CAPACITY);
    let produce = move || {
        for number in 0..TRANSFERS {
            while producer.push(wrap(number)).is_err() {
                spin_loop();
            }
        }
    };
    side_by_side(cores, TRANSFERS, produce, move || {
        expect_in_order(|| consumer.pop().ok().map(unwrap));
    })
}

/// Block, two threads, one by one.
pub(crate) fn block_one_by_one(cores: Cores) -> Pair {
    let cores = cores.both();
    let ours = move || {
        let (mut producer, mut consumer) = ring(Policy::Block);
        let monitor = producer.monitor();
        let produce = move || {
            for number in 0..TRANSFERS {
                while producer.send(number).is_err() {
                    spin_loop();
                }
            }
        };
        let nanos = side_by_side(cores, TRANSFERS, produce, move || {
            expect_in_order(|| consumer.recv().ok());
        });
        let ledger = monitor.ledger();
        assert!(
            ledger.is_balanced() && ledger.delivered == TRANSFERS,
            "{ledger}"
        );
        nanos
    };
    Pair::new(ours, move || rtrb_one_by_one(cores))
}

/// Block, two threads, in batches of up to 64.
pub(crate) fn block_in_batches(cores: Cores) -> Pair {
    let cores = cores.both();
    let ours = move || {
        let (mut producer, mut consumer) = ring(Policy::Block);
        let produce = move || {
            let mut next = 0;
            while next < TRANSFERS {
                let sent = producer.send_batch((next..TRANSFERS).take(BATCH));
                next += sent as u64;
                if sent == 0 {
                    spin_loop();
                }
            }
        };
        side_by_side(cores, TRANSFERS, produce, move || {
            let mut next = 0;
            while next < TRANSFERS {
                let before = next;
                for number in consumer.drain(BATCH) {
                    assert_eq!(number, next);
                    next += 1;
                }
                if next == before {
                    spin_loop();
                }
            }
        })
    };
    Pair::new(ours, move || rtrb_in_chunks(cores))
}

fn rtrb_in_chunks(cores: [usize; 2]) -> f64 {
    let (mut producer, mut consumer) = RingBuffer::new(CAPACITY);
    let produce = move || {
        let mut next = 0;
        while next < TRANSFERS {
            let left = (TRANSFERS - next) as usize;
            let room = producer.slots().min(BATCH).min(left);
            if let Ok(chunk) = producer.write_chunk_uninit(room) {
                next += chunk.fill_from_iter(next..TRANSFERS) as u64;
            }
            if room == 0 {
                spin_loop();
            }
        }
    };
    side_by_side(cores, TRANSFERS, produce, move || {
        let mut next = 0;
        while next < TRANSFERS {
            let pending = consumer.slots().min(BATCH);
            if let Ok(chunk) = consumer.read_chunk(pending) {
                for number in chunk {
                    assert_eq!(number, next);
                    next += 1;
                }
            }
            if pending == 0 {
                spin_loop();
            }
        }
    })
}

/// The median of how long it takes until the other core's answer is here.
fn round_trip_p50(
    cores: [usize; 2],
    mut ask: impl FnMut(u64) + Send,
    mut answered: impl FnMut() -> Option<u64> + Send,
    mut asked: impl FnMut() -> Option<u64> + Send + 'static,
    mut answer: impl FnMut(u64) + Send + 'static,
) -> f64 {
    let echo = spawn_on(cores[1], move || {
        for expected in 1..=ROUND_TRIPS {
            let number = wait_for(&mut asked);
            assert_eq!(number, expected);
            answer(number);
        }
    });
    let mut nanos = Vec::with_capacity(ROUND_TRIPS as usize);
    on_core(cores[0], || {
        for number in 1..=ROUND_TRIPS {
            let begin = moment();
            ask(number);
            let back = wait_for(&mut answered);
            nanos.push(begin.elapsed().as_nanos() as f64);
            assert_eq!(back, number);
        }
    });
    echo.join().expect("the echo hears each number in order");
    quantile(&nanos, 0.5)
}

fn wait_for(look: &mut impl FnMut() -> Option<u64>) -> u64 {
    loop {
        if let Some(number) = look() {
            return number;
        }
        spin_loop();
    }
}

fn block_round_trip(cores: [usize; 2]) -> f64 {
    let (mut ask, mut asked) = ring(Policy::Block);
    let (mut answer, mut answered) = ring(Policy::Block);
    round_trip_p50(
        cores,
        move |number| assert!(ask.send(number).is_ok()),
        move || answered.recv().ok(),
        move || asked.recv().ok(),
        move |number| assert!(answer.send(number).is_ok()),
    )
}

/// Block there and Block back, beside rtrb.
pub(crate) fn round_trip(cores: Cores) -> Pair {
    let cores = cores.both();
    let peer = move || {
        let (mut ask, mut asked) = RingBuffer::new(CAPACITY);
        let (mut answer, mut answered) = RingBuffer::new(CAPACITY);
        round_trip_p50(
            cores,
            move |number| assert!(ask.push(number).is_ok()),
            move || answered.pop().ok(),
            move || asked.pop().ok(),
            move |number| assert!(answer.push(number).is_ok()),
        )
    };
    Pair::new(move || block_round_trip(cores), peer)
}

/// Block there and Block back, beside a number in one cache line.
pub(crate) fn round_trip_bare(cores: Cores) -> Pair {
    /// Filled from both sides: the answer to 2n - 1 is 2n.
    #[repr(align(128))]
    struct Line(AtomicU64);

    let cores = cores.both();
    let peer = move || {
        let line = Arc::new(Line(AtomicU64::new(0)));
        let at = |line: &Arc<Line>| Arc::clone(line);
        let (ask, asked, answer, answered) = (at(&line), at(&line), at(&line), line);
        let mut next_asked = 1;
        let mut next_answered = 1;
        round_trip_p50(
            cores,
            move |number| ask.0.store(2 * number - 1, Ordering::Release),
            move || {
                let here = answered.0.load(Ordering::Acquire) == 2 * next_answered;
                here.then(|| {
                    next_answered += 1;
                    next_answered - 1
                })
            },
            move || {
                let here = asked.0.load(Ordering::Acquire) == 2 * next_asked - 1;
                here.then(|| {
                    next_asked += 1;
                    next_asked - 1
                })
            },
            move |number| answer.0.store(2 * number, Ordering::Release),
        )
    };
    Pair::new(move || block_round_trip(cores), peer)
}

/// Takes what evictions leave, each newer than the one before, until the last
/// number, and pauses between two: most are evicted, whatever the ring costs.
fn expect_rising(last: u64, mut receive: impl FnMut() -> Option<u64>) {
    let mut newest = None;
    while newest != Some(last) {
        match receive() {
            Some(number) => {
                assert!(newest.is_none_or(|newest| newest < number));
                newest = Some(number);
                for _ in 0..PAUSE {
                    spin_loop();
                }
            }
            None => spin_loop(),
        }
    }
}

/// Latest, two threads, the producer never waiting.
pub(crate) fn latest_overflowing(cores: Cores) -> Pair {
    let cores = cores.both();
    let ours = move || {
        let (mut producer, mut consumer) = ring(Policy::Latest);
        let monitor = producer.monitor();
        let produce = move || {
            for number in 0..OVERFLOWING {
                let sent = producer.send(number);
                let _ = black_box(sent).expect("Latest never refuses");
            }
        };
        let nanos = side_by_side(cores, OVERFLOWING, produce, move || {
            expect_rising(OVERFLOWING - 1, || consumer.recv().ok());
        });
        let ledger = monitor.ledger();
        assert!(
            ledger.is_balanced() && ledger.sent == OVERFLOWING,
            "{ledger}"
        );
        assert!(ledger.evicted > ledger.delivered, "{ledger}");
        nanos
    };
    let peer = move || {
        let queue = Arc::new(ArrayQueue::new(CAPACITY));
        let queued = Arc::clone(&queue);
        let produce = move || {
            for number in 0..OVERFLOWING {
                black_box(queue.force_push(number));
            }
        };
        side_by_side(cores, OVERFLOWING, produce, move || {
            expect_rising(OVERFLOWING - 1, || queued.pop());
        })
    };
    Pair::new(ours, peer)
}

/// rtrb, one message in and out on this thread.
pub(crate) fn rtrb_push_pop(core: usize) -> impl FnMut() -> f64 {
    let (mut producer, mut consumer) = RingBuffer::new(CAPACITY);
    let mut push_pop = move || {
        for number in 0..ONE_THREAD {
            producer.push(black_box(number)).expect("there is room");
            assert_eq!(consumer.pop(), Ok(number));
        }
    };
    move || on_core(core, || nanos_each(ONE_THREAD, &mut push_pop))
}

fn push_pop(cores: Cores, policy: Policy<u64>) -> Pair {
    let (mut producer, mut consumer) = ring(policy);
    let mut send_recv = move || {
        for number in 0..ONE_THREAD {
            let sent = producer.send(black_box(number));
            assert!(sent.is_ok_and(|sent| sent.is_stored()));
            assert_eq!(consumer.recv(), Ok(number));
        }
    };
    let ours = move || on_core(cores.first, || nanos_each(ONE_THREAD, &mut send_recv));
    Pair::new(ours, rtrb_push_pop(cores.first))
}

/// Block, one thread.
pub(crate) fn block_push_pop(cores: Cores) -> Pair {
    push_pop(cores, Policy::Block)
}

/// Latest, one thread.
pub(crate) fn latest_push_pop(cores: Cores) -> Pair {
    push_pop(cores, Policy::Latest)
}

/// Coalesce, one thread.
pub(crate) fn coalesce_push_pop(cores: Cores) -> Pair {
    push_pop(
        cores,
        Policy::coalesce(|pending: &mut u64, new| *pending += new),
    )
}
