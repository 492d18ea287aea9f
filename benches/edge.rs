//! Edges used alone: every policy, beside rtrb and crossbeam's `ArrayQueue`,
//! by capacity and size of payload, on one thread and on two.
//!
//! ```sh
//! cargo bench --bench edge                      # all, six minutes
//! cargo bench --bench edge -- two_threads/64B   # some
//! ```
//!
//! Exploratory: compare figures of one run only. `push_pop` is one message in
//! and out; `burst` fills the ring and empties it; in `two_threads` the
//! producer tries again while there is no room, but where the policy makes
//! room. All per message.

// The rule keeps the primitives of the library in one file; what measures
// stands outside.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use crossbeam_queue::ArrayQueue;
use tidegate::edge::{Policy, Sent, channel};

const CAPACITIES: [usize; 3] = [8, 64, 1024];

/// So many words of eight bytes; the first is the message's number.
type Payload<const WORDS: usize> = [u64; WORDS];

fn numbered<const WORDS: usize>(number: u64) -> Payload<WORDS> {
    let mut payload = [1; WORDS];
    payload[0] = number;
    payload
}

/// What one ring is measured by.
#[derive(Clone, Copy)]
enum Way {
    PushPop,
    Burst,
    TwoThreads,
}

impl Way {
    const ALL: [(&str, Self); 3] = [
        ("push_pop", Self::PushPop),
        ("burst", Self::Burst),
        ("two_threads", Self::TwoThreads),
    ];
}

/// Measures the ring that `ends` makes: whether it took a message, and what it
/// gives.
fn ring<const WORDS: usize, P, C>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (way, name, capacity): (Way, &str, usize),
    ends: impl Fn() -> (P, C),
) where
    P: FnMut(Payload<WORDS>) -> bool + Send,
    C: FnMut() -> Option<Payload<WORDS>> + Send,
{
    let burst = match way {
        Way::Burst => capacity as u64,
        Way::PushPop | Way::TwoThreads => 1,
    };
    group.throughput(Throughput::Elements(burst));
    group.bench_function(BenchmarkId::new(name, capacity), |b| {
        if let Way::TwoThreads = way {
            b.iter_custom(|messages| two_threads(messages, ends()));
            return;
        }
        let (mut put, mut take) = ends();
        b.iter(|| {
            for number in 0..burst {
                assert!(put(black_box(numbered(number))), "there is room");
            }
            for number in 0..burst {
                let payload = black_box(take());
                assert_eq!(payload.map(|words| words[0]), Some(number));
            }
        });
    });
}

/// How long so many messages take from one core to another. Each that arrives
/// is newer than the one before, and the last one arrives.
fn two_threads<const WORDS: usize>(
    messages: u64,
    (mut put, mut take): (
        impl FnMut(Payload<WORDS>) -> bool + Send,
        impl FnMut() -> Option<Payload<WORDS>> + Send,
    ),
) -> Duration {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let pin = |index: usize| {
        let core = cores.get(index).copied().unwrap_or(CoreId { id: index });
        core_affinity::set_for_current(core)
    };
    let ready = AtomicBool::new(false);
    thread::scope(|scope| {
        let consumer = scope.spawn(|| {
            pin(1);
            ready.store(true, Ordering::Release);
            let mut newest = None;
            while newest != Some(messages - 1) {
                let Some(payload) = take() else {
                    spin_loop();
                    continue;
                };
                assert!(newest.is_none_or(|newest| newest < payload[0]));
                newest = Some(black_box(payload)[0]);
            }
            Instant::now()
        });
        let producer = scope.spawn(|| {
            pin(0);
            while !ready.load(Ordering::Acquire) {
                spin_loop();
            }
            let begin = Instant::now();
            for number in 0..messages {
                while !put(numbered(number)) {
                    spin_loop();
                }
            }
            begin
        });
        let begin = producer.join().expect("the producer ends");
        let end = consumer.join().expect("messages arrive in order");
        end.duration_since(begin)
    })
}

type MakePolicy<T> = fn() -> Policy<T>;

fn policies<const WORDS: usize>() -> [(&'static str, MakePolicy<Payload<WORDS>>); 4] {
    [
        ("block", || Policy::Block),
        ("drop", || Policy::Drop),
        ("latest", || Policy::Latest),
        ("coalesce", || {
            Policy::coalesce(|pending, new| *pending = new)
        }),
    ]
}

/// Every policy and every peer, by capacity.
fn payload<const WORDS: usize>(c: &mut Criterion) {
    for (name, way) in Way::ALL {
        let mut group = c.benchmark_group(format!("{name}/{}B", 8 * WORDS));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600));
        for capacity in CAPACITIES {
            ring::<WORDS, _, _>(&mut group, (way, "rtrb", capacity), || {
                let (mut producer, mut consumer) = rtrb::RingBuffer::new(capacity);
                (
                    move |payload| producer.push(payload).is_ok(),
                    move || consumer.pop().ok(),
                )
            });
            let array_queue = || {
                let queue = Arc::new(ArrayQueue::new(capacity));
                (Arc::clone(&queue), queue)
            };
            ring::<WORDS, _, _>(&mut group, (way, "ArrayQueue::push", capacity), || {
                let (queue, queued) = array_queue();
                (
                    move |payload| queue.push(payload).is_ok(),
                    move || queued.pop(),
                )
            });
            let forced = (way, "ArrayQueue::force_push", capacity);
            ring::<WORDS, _, _>(&mut group, forced, || {
                let (queue, queued) = array_queue();
                let put = move |payload| {
                    black_box(queue.force_push(payload));
                    true
                };
                (put, move || queued.pop())
            });
            for (policy_name, policy) in policies::<WORDS>() {
                ring::<WORDS, _, _>(&mut group, (way, policy_name, capacity), || {
                    let (mut producer, mut consumer) =
                        channel(capacity, policy()).expect("the capacity is sound");
                    let put = move |payload| {
                        let sent = producer.send(payload);
                        !matches!(black_box(sent), Err(_) | Ok(Sent::Dropped(_)))
                    };
                    (put, move || consumer.recv().ok())
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, payload::<1>, payload::<8>, payload::<32>);
criterion_main!(benches);
