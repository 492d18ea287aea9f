//! Chains of nodes, beside rings and tokio's tasks.

use std::hint::black_box;
use std::sync::mpsc;
use std::time::Instant;

use tidegate::engine::{Engine, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, builtin};
use tidegate::observe::{Metrics, Recorder};
use tidegate::sched::IdleStrategy;

use crate::chain;
use crate::machine::{Cores, on_core};
use crate::measure::{Pair, least_of_four, nanos_each};
use crate::pulse::moment;
use crate::rings::{rtrb_of_message_size, rtrb_one_by_one, rtrb_push_pop};

const CAPACITY: usize = 1024;
const BATCH: u64 = 8;
const MESSAGES: u64 = 10_000;
const ACROSS: u64 = 200_000;
/// Messages until both workers are surely running.
const WARM_UP: u64 = 20_000;
/// Chains per sample, where it matters little what one chain costs.
const PLACES: usize = 6;
const PLACES_APART: usize = 389;
/// What each worker's recorder keeps, where one is on.
const EVENTS: usize = 4096;

/// A source, so many maps and a sink on one worker, driven step by step.
struct Chain {
    engine: SteppedEngine,
    steps: usize,
}

impl Chain {
    /// As an engine is built when nothing is set.
    fn new(maps: usize) -> Self {
        Self::observed(maps, Metrics::default(), Recorder::default())
    }

    fn observed(maps: usize, metrics: Metrics, recorder: Recorder) -> Self {
        // Each map has added one.
        let mut next = maps as u64;
        let graph = chain::chain(maps, CAPACITY, move |number| {
            assert_eq!(number, next);
            next += 1;
        });
        let builder = Engine::builder(graph)
            .metrics(metrics)
            .recorder(recorder, EVENTS);
        let mut chain = Self {
            engine: builder.stepping().expect(SOUND),
            // Each node is activated once per batch.
            steps: (maps + 2) * (MESSAGES / BATCH) as usize,
        };
        chain.check();
        chain
    }

    /// As many messages as one run measures arrive, in order and accounted
    /// for.
    fn check(&mut self) {
        let before = self.delivered();
        self.run();
        assert_eq!(self.delivered() - before, MESSAGES);
        let snapshot = self.engine.snapshot();
        assert!(snapshot.is_balanced(), "{snapshot}");
        let faults: u64 = snapshot.nodes.iter().map(|node| node.panics).sum();
        assert_eq!(faults, 0, "{snapshot}");
    }

    fn delivered(&self) -> u64 {
        let snapshot = self.engine.snapshot();
        let last = snapshot
            .edges
            .iter()
            .find(|edge| edge.id.ends_with("->sink:in"));
        last.expect("the chain ends in the sink").ledger.delivered
    }

    /// Nanoseconds per message.
    fn run(&mut self) -> f64 {
        nanos_each(MESSAGES, || {
            black_box(self.engine.run_until_idle(self.steps));
        })
    }
}

const SOUND: &str = "the graph is sound";

/// What one more stage costs, with an engine's usual settings.
fn one_more_stage(core: usize) -> impl FnMut() -> f64 {
    stage_between(core, Chain::new(1), Chain::new(8))
}

/// Eight maps against one, over seven.
fn stage_between(core: usize, mut short: Chain, mut long: Chain) -> impl FnMut() -> f64 {
    move || on_core(core, || difference(|| long.run(), || short.run()))
}

/// A seventh of what the long chain takes more. What strikes one of the two
/// would be taken for a stage, so the best of some goes counts.
fn difference(long: impl FnMut() -> f64, short: impl FnMut() -> f64) -> f64 {
    (least_of_four(long) - least_of_four(short)) / 7.0
}

/// One more stage on one worker, beside rtrb's push and pop.
pub(crate) fn stage(cores: Cores) -> Pair {
    Pair::new(one_more_stage(cores.first), rtrb_push_pop(cores.first))
}

/// Metrics on, the recorder at the level of the life cycle, beside neither.
pub(crate) fn stage_with_metrics(cores: Cores) -> Pair {
    stage_beside_unobserved(cores, Recorder::Lifecycle)
}

/// Metrics on, the recorder keeping every activation, beside neither.
pub(crate) fn stage_fully_recorded(cores: Cores) -> Pair {
    stage_beside_unobserved(cores, Recorder::Full)
}

fn stage_beside_unobserved(cores: Cores, recorder: Recorder) -> Pair {
    Pair::new(
        one_more_stage_anywhere(cores.first, Metrics::default(), recorder),
        one_more_stage_anywhere(cores.first, Metrics::off(), Recorder::Off),
    )
}

/// What one more stage costs with this much observed, wherever its memory lies:
/// how fast a chain is depends on that by more than on what is looked for here,
/// so each sample is the mean of several chains, each somewhere else.
fn one_more_stage_anywhere(
    core: usize,
    metrics: Metrics,
    recorder: Recorder,
) -> impl FnMut() -> f64 {
    let mut turn = 0;
    move || {
        let mut elsewhere = || {
            turn += 1;
            // Moves what is allocated after it, and by no round number.
            let ballast = vec![0_u8; 16 * (turn * PLACES_APART % 1_021)];
            let chain = |maps| Chain::observed(maps, metrics, recorder);
            let nanos = stage_between(core, chain(1), chain(8))();
            drop(black_box(ballast));
            nanos
        };
        (0..PLACES).map(|_| elsewhere()).sum::<f64>() / PLACES as f64
    }
}

/// One more stage on one worker, beside one more task of tokio's.
pub(crate) fn stage_beside_tokio(cores: Cores) -> Pair {
    let tasks = || difference(|| tokio_chain(8), || tokio_chain(1));
    let peer = move || on_core(cores.first, tasks);
    Pair::new(one_more_stage(cores.first), peer)
}

/// Tasks on a current-thread runtime, channels of the same capacity.
/// Nanoseconds per message.
fn tokio_chain(maps: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime without drivers can be built");
    let chain = async move {
        let (source, mut input) = tokio::sync::mpsc::channel(CAPACITY);
        tokio::spawn(async move {
            for number in 0..MESSAGES {
                source.send(number).await.expect("the chain lives");
            }
        });
        for _ in 0..maps {
            let (output, next) = tokio::sync::mpsc::channel(CAPACITY);
            tokio::spawn(async move {
                while let Some(number) = input.recv().await {
                    output.send(number + 1).await.expect("the chain lives");
                }
            });
            input = next;
        }
        let mut last = maps;
        while let Some(number) = input.recv().await {
            assert_eq!(number, last);
            last += 1;
        }
        assert_eq!(last, maps + MESSAGES);
    };
    nanos_each(MESSAGES, || runtime.block_on(chain))
}

/// From a source on one worker to a sink on another, per message, beside
/// rtrb's two threads.
pub(crate) fn across_workers(cores: Cores) -> Pair {
    let cores = cores.both();
    Pair::new(
        move || source_to_sink(cores),
        move || rtrb_one_by_one(cores),
    )
}

/// The same beside a ring whose elements are as large as the messages.
pub(crate) fn across_workers_by_size(cores: Cores) -> Pair {
    let cores = cores.both();
    Pair::new(
        move || source_to_sink(cores),
        move || rtrb_of_message_size(cores),
    )
}

fn source_to_sink(cores: [usize; 2]) -> f64 {
    let mut graph = Subgraph::new("across");
    let source = builtin::source_iter(0..WARM_UP + ACROSS);
    let source = graph
        .add_with("source", source, NodeOptions::new().worker(0))
        .expect(SOUND);
    let (sender, moments) = mpsc::sync_channel::<Instant>(2);
    let mut next = 0;
    let consume = move |number: u64| {
        assert_eq!(number, next);
        next += 1;
        if next == WARM_UP || next == WARM_UP + ACROSS {
            // The receiver waits for both.
            let _ = sender.send(moment());
        }
    };
    let sink = builtin::sink(consume);
    let sink = graph
        .add_with("sink", sink, NodeOptions::new().worker(1))
        .expect(SOUND);
    let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, Edge::block(CAPACITY)).expect(SOUND);
    let builder = Engine::builder(graph)
        .workers(2)
        .cores(cores)
        .idle(IdleStrategy::Spin);
    let report = builder.start().expect(SOUND).wait();
    assert!(report.is_balanced(), "{report}");
    let (begin, end) = (moments.recv(), moments.recv());
    let (begin, end) = (begin.expect("warmed up"), end.expect("all arrived"));
    end.duration_since(begin).as_nanos() as f64 / ACROSS as f64
}
