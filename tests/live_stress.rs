//! A thousand random changes a second under load: nothing is lost, nothing
//! stands still, and no worker allocates or frees.
//!
//! Some seconds long; `TIDEGATE_TEST_SECONDS` makes it longer, and
//! `TIDEGATE_TEST_SEED` chooses other changes. One test only, because the
//! allocator counts for the whole process.

mod allocator;
mod common;

use std::time::Duration;

use allocator::{counted, watcher};
use common::{Io, Lab, PATIENCE, Probe, Seed, feed_forever, relay, test_seconds, wait_until};
use tidegate::Band;
use tidegate::engine::{Change, ControlError, EngineHandle, Snapshot};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Direction, NodeOptions, Tick, builtin};
use tidegate::observe::{Metrics, Recorder};
use tidegate::sched::Weights;
use tidegate::time::{Clock, MonotonicClock};

/// Calls in a second.
const RATE: u64 = 1_000;

/// Calls from one look at the whole to the next.
const ROUND: u64 = 500;

/// `source -> group/{first, second} -> tee`, and a sink for each policy behind
/// that; on two workers, by turns.
fn plant(lab: &mut Lab) {
    lab.add_on(0, "watcher0", watcher());
    lab.add_on(1, "watcher1", watcher());
    lab.add_on(0, "source", feed_forever());
    let mut group = Subgraph::new("group");
    let options = |worker| NodeOptions::new().worker(worker);
    group.add_with("first", relay(), options(1)).unwrap();
    group.add_with("second", relay(), options(0)).unwrap();
    let inner = Edge::block(8).max_capacity(64);
    group
        .connect_by_name("first:out", "second:in", inner)
        .unwrap();
    group.expose_later(Direction::Input, "in", "first:in");
    group.expose_later(Direction::Output, "out", "second:out");
    lab.graph.nest(group).unwrap();
    let tee = builtin::tee::<u64>(4);
    lab.graph.add_with("tee", tee, options(1)).unwrap();
    let edges: [Edge; 4] = [
        Edge::block(8).max_capacity(64),
        Edge::drop_newest(8).max_capacity(64),
        Edge::latest(8).max_capacity(64),
        Edge::coalesce(8, |pending: &mut u64, new: u64| {
            *pending = pending.wrapping_add(new);
        })
        .max_capacity(64)
        .into(),
    ];
    lab.connect("source:out", "group:in", Edge::block(16).max_capacity(64));
    lab.connect("group:out", "tee:in", Edge::block(16).max_capacity(64));
    for (index, edge) in edges.into_iter().enumerate() {
        let name = format!("sink{index}");
        lab.add_on(
            index % 2,
            &name,
            Probe::new().on_message(|io: &mut Io<u64>, cx| {
                while io.input.recv(cx).is_some() {}
                Ok(())
            }),
        );
        lab.connect(&format!("tee:out{index}"), &format!("{name}:in"), edge);
    }
}

/// What may be paused.
const PATHS: [&str; 7] = [
    "source",
    "group",
    "group/first",
    "group/second",
    "tee",
    "sink0",
    "sink2",
];

/// One call, valid or now and then not.
fn call(handle: &EngineHandle, before: &Snapshot, seed: &mut Seed) -> Result<Change, ControlError> {
    let edge = &before.edges[seed.in_range(0..before.edges.len() as u64) as usize].id;
    let path = PATHS[seed.in_range(0..PATHS.len() as u64) as usize];
    let node = &before.nodes[seed.in_range(0..before.nodes.len() as u64) as usize].path;
    match seed.in_range(0..12) {
        0 => {
            let band = Band::ALL[seed.in_range(0..3) as usize];
            handle.set_edge_band(edge, band)
        }
        1 | 2 => handle.set_edge_capacity(edge, seed.in_range(0..70) as usize),
        3 => handle.pause(path),
        4 | 5 => handle.resume(path),
        6 => handle.set_batch(seed.in_range(0..100) as u32),
        7 => {
            let mut weight = || seed.in_range(1..9) as u8;
            let weights = Weights::new(weight(), weight(), weight());
            handle.set_weights(weights.unwrap())
        }
        8 | 9 => handle.drain(path),
        10 => handle.set_tick(Duration::from_micros(seed.in_range(100..5_000))),
        _ => {
            let tick = match seed.in_range(0..3) {
                0 => Tick::Never,
                1 => Tick::Global,
                _ => Tick::Every(Duration::from_micros(seed.in_range(100..5_000))),
            };
            handle.set_node_tick(node, tick)
        }
    }
}

/// Everything goes on, and does: each edge moves.
fn resume_all(handle: &EngineHandle) {
    for path in PATHS {
        handle.resume(path).unwrap();
    }
    let delivered = || -> Vec<u64> {
        let edges = handle.snapshot().edges;
        edges.iter().map(|edge| edge.ledger.delivered).collect()
    };
    let before = delivered();
    wait_until("every edge moves", || {
        let mut pairs = delivered().into_iter().zip(&before);
        pairs.all(|(now, before)| now > before + 10)
    });
}

#[test]
#[allow(clippy::print_stdout)] // the figures of a long run
fn a_thousand_changes_a_second_under_load_lose_nothing_and_cost_no_worker_an_allocation() {
    let seconds = test_seconds(2);
    let mut seed = Seed::new();
    let (mut lab, clock) = (Lab::new(), MonotonicClock::new());
    plant(&mut lab);
    let before = counted();
    let builder = lab.engine().workers(2).tick(Duration::from_millis(1));
    let builder = builder
        .metrics(Metrics::every_activation())
        .recorder(Recorder::Full, 1_024)
        .stall_after(PATIENCE);
    let engine = builder.start().unwrap();
    let handle = engine.handle();
    resume_all(&handle);
    let names = handle.snapshot();
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    let mut delays = Vec::new();
    for number in 0..seconds * RATE {
        // Not faster than promised; slower only where the machine is.
        let due = Duration::from_nanos(number * (1_000_000_000 / RATE));
        while Duration::from_nanos(clock.now().as_nanos()) < due {
            std::thread::yield_now();
        }
        match call(&handle, &names, &mut seed) {
            Ok(change) => {
                accepted += 1;
                if number % 10 == 0 {
                    let asked = clock.now();
                    handle.wait_applied(change, PATIENCE).unwrap();
                    delays.push(clock.now().since(asked));
                }
            }
            Err(ControlError::Stopped) => panic!("nobody stopped it"),
            Err(_) => refused += 1,
        }
        if number % ROUND == ROUND - 1 {
            resume_all(&handle);
        }
    }
    resume_all(&handle);
    let took = Duration::from_nanos(clock.now().as_nanos());
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained, "{report}");
    assert!(report.stalls.is_empty(), "{report}");
    let after = counted();
    let counted = (after.0 - before.0, after.1 - before.1);
    assert_eq!(
        counted,
        (0, 0),
        "allocations and frees on workers\n{report}"
    );
    assert!(accepted > refused && refused > 0);
    let block = report.edge("tee:out0->sink0:in").unwrap().ledger;
    assert_eq!((block.sent, block.discarded), (block.delivered, 0));
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    println!(
        "{accepted} changes accepted, {refused} refused in {took:?}; {} messages through; \
         in force on both workers after {:?} (median), {:?} (99 %), {:?} (at most)",
        block.delivered,
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
