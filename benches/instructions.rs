//! How many instructions things take, counted by valgrind: the same on a busy
//! machine as on an idle one.
//!
//! ```sh
//! ci/bench.sh instructions   # gets the runner, counts, compares with baselines/
//! ```
//!
//! Each benchmark does [`OPERATIONS`] of its thing on one thread; the gate
//! divides. What is set up and thrown away is not counted.

// The macros make public items of what they find.
#![allow(missing_docs, unreachable_pub)]

use std::hint::black_box;

use gungraun::prelude::*;
use tidegate::edge::{Consumer, Policy, Producer, channel};
use tidegate::engine::{Engine, SteppedEngine};

#[path = "support/chain.rs"]
mod chain;
#[path = "support/ready.rs"]
mod ready;

use ready::restless;

/// Messages or activations per benchmark; a multiple of the batch and of
/// each number of nodes.
const OPERATIONS: usize = 8_000;
const BATCH: usize = 8;
const SOUND: &str = "the graph is sound";

type Ends = (Producer<u64>, Consumer<u64>);

fn ends(policy: Policy<u64>) -> Ends {
    channel(1024, policy).expect("the capacity is sound")
}

fn coalesce() -> Policy<u64> {
    Policy::coalesce(|pending: &mut u64, new| *pending += new)
}

/// An edge without room.
fn full(policy: Policy<u64>) -> Ends {
    let (mut producer, consumer) = ends(policy);
    while producer.len() < producer.capacity() {
        assert!(producer.send(0).is_ok());
    }
    (producer, consumer)
}

#[library_benchmark]
#[bench::block(ends(Policy::Block))]
#[bench::drop(ends(Policy::Drop))]
#[bench::latest(ends(Policy::Latest))]
#[bench::coalesce(ends(coalesce()))]
fn send_recv((mut producer, mut consumer): Ends) -> Ends {
    for number in 0..OPERATIONS as u64 {
        let _ = black_box(producer.send(black_box(number)));
        let _ = black_box(consumer.recv());
    }
    (producer, consumer)
}

#[library_benchmark]
#[bench::block(full(Policy::Block))]
#[bench::drop(full(Policy::Drop))]
#[bench::latest(full(Policy::Latest))]
#[bench::coalesce(full(coalesce()))]
fn send_full((mut producer, consumer): Ends) -> Ends {
    for number in 0..OPERATIONS as u64 {
        let _ = black_box(producer.send(black_box(number)));
    }
    (producer, consumer)
}

/// A source, so many maps and a sink, on their way already.
fn chain(maps: usize) -> SteppedEngine {
    let graph = chain::chain(maps, 1024, |n| {
        black_box(n);
    });
    let mut engine = Engine::builder(graph).stepping().expect(SOUND);
    engine.run_until_idle(100 * (maps + 2));
    engine
}

// One more stage is the difference over seven.
#[library_benchmark]
#[bench::maps_1(chain(1), 1)]
#[bench::maps_8(chain(8), 8)]
fn chain_of(mut engine: SteppedEngine, maps: usize) -> SteppedEngine {
    let steps = (maps + 2) * (OPERATIONS / BATCH);
    assert_eq!(engine.run_until_idle(steps), steps);
    engine
}

// Picking, and the activation of a node that does nothing.
#[library_benchmark]
#[bench::ready_1(restless(1))]
#[bench::ready_64(restless(64))]
#[bench::ready_4000(restless(4_000))]
fn activate(mut engine: SteppedEngine) -> SteppedEngine {
    assert_eq!(engine.run_until_idle(OPERATIONS), OPERATIONS);
    engine
}

library_benchmark_group!(name = edges, benchmarks = [send_recv, send_full]);
library_benchmark_group!(name = nodes, benchmarks = [chain_of, activate]);
main!(library_benchmark_groups = edges, nodes);
