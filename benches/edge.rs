//! Push and pop per policy on one thread, beside rtrb in the same run.
//!
//! `cargo bench --bench edge`. Exploratory: compare ratios of one run only.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidegate::edge::{Policy, channel};

const CAPACITY: usize = 1024;
const BURST: u64 = 64;

type MakePolicy = fn() -> Policy<u64>;

fn policies() -> [(&'static str, MakePolicy); 4] {
    [
        ("block", || Policy::Block),
        ("drop", || Policy::Drop),
        ("latest", || Policy::Latest),
        ("coalesce", || {
            Policy::coalesce(|pending: &mut u64, new| *pending += new)
        }),
    ]
}

/// One message in, one message out.
fn push_pop(c: &mut Criterion) {
    let mut group = c.benchmark_group("push_pop");
    group.throughput(Throughput::Elements(1));
    group.bench_function("rtrb", |b| {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
        b.iter(|| {
            producer.push(black_box(1_u64)).unwrap();
            consumer.pop().unwrap()
        });
    });
    for (name, policy) in policies() {
        group.bench_function(name, |b| {
            let (mut producer, mut consumer) = channel(CAPACITY, policy()).unwrap();
            b.iter(|| {
                let _ = producer.send(black_box(1_u64)).unwrap();
                consumer.recv().unwrap()
            });
        });
    }
    group.finish();
}

/// 64 messages in, then 64 out.
fn burst(c: &mut Criterion) {
    let mut group = c.benchmark_group("burst_of_64");
    group.throughput(Throughput::Elements(BURST));
    group.bench_function("rtrb", |b| {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
        b.iter(|| {
            for n in 0..BURST {
                producer.push(black_box(n)).unwrap();
            }
            for _ in 0..BURST {
                black_box(consumer.pop().unwrap());
            }
        });
    });
    for (name, policy) in policies() {
        group.bench_function(name, |b| {
            let (mut producer, mut consumer) = channel(CAPACITY, policy()).unwrap();
            b.iter(|| {
                for n in 0..BURST {
                    let _ = producer.send(black_box(n)).unwrap();
                }
                for _ in 0..BURST {
                    black_box(consumer.recv().unwrap());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, push_pop, burst);
criterion_main!(benches);
