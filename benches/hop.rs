//! What one more stage costs on one worker, headers, trace ids and ledger on:
//! a source, so many maps, a sink, in stepping mode.
//!
//! `cargo bench --bench hop`. The cost of a stage is the difference between
//! eight maps and one, over seven; rtrb's push and pop stand beside it in the
//! `edge` bench and here.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidegate::engine::{Engine, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

const MESSAGES: u64 = 8_000;

fn chain(maps: usize) -> SteppedEngine {
    let mut graph = Subgraph::new("chain");
    let mut next = 0_u64;
    let source = graph
        .add(
            "source",
            builtin::source(move || {
                next += 1;
                Some(next)
            }),
        )
        .unwrap();
    let mut output = source.output(|n| &n.output);
    for index in 0..maps {
        let map = graph
            .add(&format!("map{index}"), builtin::map(|n: u64| n + 1))
            .unwrap();
        graph
            .connect(output, map.input(|n| &n.input), Edge::block(1024))
            .unwrap();
        output = map.output(|n| &n.output);
    }
    let sink = graph
        .add(
            "sink",
            builtin::sink(|n: u64| {
                black_box(n);
            }),
        )
        .unwrap();
    graph
        .connect(output, sink.input(|n| &n.input), Edge::block(1024))
        .unwrap();
    Engine::builder(graph).stepping().unwrap()
}

fn hop(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain");
    group.throughput(Throughput::Elements(MESSAGES));
    for maps in [1, 8] {
        group.bench_function(format!("{maps}_maps"), |b| {
            let mut engine = chain(maps);
            // Each node is activated once per batch of 8.
            let steps = (maps + 2) * (MESSAGES as usize / 8);
            engine.run_until_idle(10 * steps);
            b.iter(|| engine.run_until_idle(steps));
            let report = engine.shutdown(1_000_000);
            assert!(report.is_balanced(), "{report}");
        });
    }
    group.bench_function("rtrb_push_pop", |b| {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(1024);
        b.iter(|| {
            for n in 0..MESSAGES {
                producer.push(black_box(n)).unwrap();
                black_box(consumer.pop().unwrap());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hop);
criterion_main!(benches);
