//! Building and starting graphs, and what a message costs along a chain.
//!
//! `cargo bench --bench graph`. Exploratory: compare figures of one run only.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidegate::engine::Engine;
use tidegate::graph::Subgraph;

#[path = "support/chain.rs"]
mod chain;

const CAPACITY: usize = 64;
/// Activations that one iteration of `chain` runs.
const STEPS: usize = 10_000;
const SOUND: &str = "the graph is sound";

/// A source, maps and a sink: so many nodes.
fn chain_of(nodes: usize) -> Subgraph {
    chain::chain(nodes - 2, CAPACITY, |number| {
        black_box(number);
    })
}

/// Adding and connecting nodes.
fn build(c: &mut Criterion) {
    let mut group = c.benchmark_group("build");
    for nodes in [10, 100, 1_000] {
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            b.iter_with_large_drop(|| chain_of(nodes));
        });
    }
    group.finish();
}

/// Checking, planning, allocating and starting, on the caller's thread.
fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    for nodes in [10, 100, 1_000] {
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            b.iter_batched(
                || chain_of(nodes),
                |graph| Engine::builder(graph).stepping().expect(SOUND),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// Activations of a running chain, by its length.
fn chain(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain");
    group.throughput(Throughput::Elements(STEPS as u64));
    for nodes in [3, 10, 100, 1_000] {
        let mut engine = Engine::builder(chain_of(nodes)).stepping().expect(SOUND);
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            b.iter(|| engine.run_until_idle(STEPS));
        });
        let snapshot = engine.snapshot();
        assert!(snapshot.is_balanced(), "{snapshot}");
    }
    group.finish();
}

criterion_group!(benches, build, start, chain);
criterion_main!(benches);
