//! What the scheduler costs: picking, waking, bands, workers, a turn.
//!
//! `cargo bench --bench sched`, some two minutes. Exploratory: compare figures
//! of one run only.
//!
//! | group | per | what |
//! |---|---|---|
//! | `activate` | activation | picking one of so many ready nodes, and calling it |
//! | `wake` | hand-over | a node makes the next of so many ready, and that one is called |
//! | `bands` | hand-over | three such rings of 64, in one band or in three |
//! | `workers` | hand-over | a ring of two nodes on one worker, or on two that wait in each way |
//! | `loop` | turn | so many nodes, and none of them ready |
//! | `tick` | tick | so many nodes whose ticks are all due |

use std::sync::mpsc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use tidegate::Band;
use tidegate::engine::{Engine, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Input, Node, NodeOptions, NodeResult, Output, Ports, Tick};
use tidegate::sched::IdleStrategy;
use tidegate::time::ManualClock;

#[path = "support/pulse.rs"]
#[allow(dead_code)] // only the clock
mod pulse;
#[path = "support/ready.rs"]
mod ready;

use pulse::moment;
use ready::restless;

/// Numbers of nodes.
const NODES: [usize; 3] = [1, 64, 4_000];
/// Activations that one iteration takes; a multiple of the numbers of nodes.
const STEPS: usize = 8_000;
const SOUND: &str = "the graph is sound";

/// Hands a number to the next node of its ring.
#[derive(Default)]
struct Station {
    input: Input<u64>,
    output: Output<u64>,
    /// How often this one still hands it on; `None`: always.
    left: Option<u64>,
    /// Whether the number begins here.
    begins: bool,
    /// Where this one says when it handed the number on first, and last.
    moments: Option<mpsc::SyncSender<Instant>>,
}

impl Node for Station {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        // A ring whose edges all wait for room could wait for ever. Here there
        // is one message in it.
        ports.input("in", &mut self.input).uncredited();
        ports.output("out", &mut self.output);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if self.begins {
            cx.rearm();
        }
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if std::mem::take(&mut self.begins) {
            self.tell();
            self.output.send(cx, 0)?;
        }
        // One at a time, also where a ring has one node.
        if let Some(number) = self.input.recv(cx) {
            match &mut self.left {
                Some(0) => {
                    self.tell();
                    cx.request_shutdown();
                    return Ok(());
                }
                Some(left) => *left -= 1,
                None => {}
            }
            self.output.send(cx, *number.payload() + 1)?;
        }
        Ok(())
    }
}

impl Station {
    fn tell(&self) {
        if let Some(moments) = &self.moments {
            // Never full, and the receiver outlives the engine.
            let _ = moments.try_send(moment());
        }
    }
}

/// A ring of so many stations in this band, the first as given, dealt out to
/// the workers.
fn add_ring(
    graph: &mut Subgraph,
    name: &str,
    band: Band,
    first: Station,
    (nodes, workers): (usize, usize),
) {
    let mut stations = vec![first];
    stations.resize_with(nodes, Station::default);
    let added = stations.into_iter().enumerate().map(|(index, station)| {
        let options = NodeOptions::new().worker(index % workers);
        let path = format!("{name}{index}");
        graph.add_with(&path, station, options).expect(SOUND)
    });
    let added: Vec<_> = added.collect();
    for (index, station) in added.iter().enumerate() {
        let next = &added[(index + 1) % nodes];
        let (from, to) = (station.output(|n| &n.output), next.input(|n| &n.input));
        let edge = Edge::block(2).band(band);
        graph.connect(from, to, edge).expect(SOUND);
    }
}

fn beginning() -> Station {
    Station {
        begins: true,
        ..Station::default()
    }
}

/// Rings of so many stations, one in each of these bands, under way.
fn rings(bands: &[Band], nodes: usize) -> SteppedEngine {
    let mut graph = Subgraph::new("rings");
    for (index, &band) in bands.iter().enumerate() {
        add_ring(
            &mut graph,
            &format!("ring{index}-"),
            band,
            beginning(),
            (nodes, 1),
        );
    }
    let mut engine = Engine::builder(graph).stepping().expect(SOUND);
    run(&mut engine, 3 * nodes * bands.len());
    engine
}

fn run(engine: &mut SteppedEngine, steps: usize) {
    assert_eq!(engine.run_until_idle(steps), steps);
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, mut engine: SteppedEngine) {
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function(id, |b| b.iter(|| run(&mut engine, STEPS)));
    let snapshot = engine.snapshot();
    assert!(snapshot.is_balanced(), "{snapshot}");
}

fn activate(c: &mut Criterion) {
    let mut group = c.benchmark_group("activate");
    for nodes in NODES {
        measure(
            &mut group,
            BenchmarkId::from_parameter(nodes),
            restless(nodes),
        );
    }
    group.finish();
}

fn wake(c: &mut Criterion) {
    let mut group = c.benchmark_group("wake");
    for nodes in NODES {
        let engine = rings(&[Band::Normal], nodes);
        measure(&mut group, BenchmarkId::from_parameter(nodes), engine);
    }
    group.finish();
}

fn bands(c: &mut Criterion) {
    let mut group = c.benchmark_group("bands");
    for (name, bands) in [("one", [Band::Normal; 3]), ("three", Band::ALL)] {
        let engine = rings(&bands, 64);
        measure(&mut group, BenchmarkId::from_parameter(name), engine);
    }
    group.finish();
}

/// How long it takes to hand a number on so often, in a ring of two.
fn hand_over(times: u64, workers: usize, idle: IdleStrategy) -> Duration {
    let (sender, moments) = mpsc::sync_channel(2);
    let first = Station {
        // It hands on every other time.
        left: Some(times.div_ceil(2)),
        moments: Some(sender),
        ..beginning()
    };
    let mut graph = Subgraph::new("ring");
    add_ring(&mut graph, "station", Band::Normal, first, (2, workers));
    let builder = Engine::builder(graph).workers(workers).idle(idle);
    let report = builder.start().expect(SOUND).wait();
    assert!(report.is_balanced(), "{report}");
    let (begin, end) = (moments.recv(), moments.recv());
    let (begin, end) = (begin.expect("it began"), end.expect("it came back"));
    end.duration_since(begin)
}

fn workers(c: &mut Criterion) {
    let mut group = c.benchmark_group("workers");
    let park = IdleStrategy::Park {
        spins: 0,
        yields: 0,
    };
    for (name, workers, idle) in [
        ("one", 1, IdleStrategy::Spin),
        ("two, spinning", 2, IdleStrategy::Spin),
        ("two, yielding", 2, IdleStrategy::Yield),
        ("two, sleeping", 2, park),
        ("two, by default", 2, IdleStrategy::default()),
    ] {
        group.bench_function(name, |b| {
            b.iter_custom(|times| hand_over(times, workers, idle));
        });
    }
    group.finish();
}

/// Does nothing, whenever its time has come.
struct Ticking;

impl Node for Ticking {
    fn ports(&mut self, _: &mut Ports<'_>) {}

    fn on_tick(&mut self, _: &mut Context<'_>) -> NodeResult {
        Ok(())
    }
}

fn turn(c: &mut Criterion) {
    let mut group = c.benchmark_group("loop");
    for nodes in NODES {
        let mut graph = Subgraph::new("idle");
        for index in 0..nodes {
            graph.add(&format!("node{index}"), Ticking).expect(SOUND);
        }
        let mut engine = Engine::builder(graph).stepping().expect(SOUND);
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            b.iter(|| assert_eq!(engine.run_until_idle(1), 0));
        });
    }
    group.finish();
}

fn tick(c: &mut Criterion) {
    let interval = Duration::from_millis(1);
    let mut group = c.benchmark_group("tick");
    for nodes in NODES {
        let mut graph = Subgraph::new("ticking");
        for index in 0..nodes {
            let options = NodeOptions::new().tick(Tick::Every(interval));
            let name = format!("node{index}");
            graph.add_with(&name, Ticking, options).expect(SOUND);
        }
        let clock = ManualClock::new();
        let builder = Engine::builder(graph).clock(clock.clone());
        let mut engine = builder.stepping().expect(SOUND);
        // Cadences begin with the first turn.
        assert_eq!(engine.run_until_idle(1), 0);
        group.throughput(Throughput::Elements(nodes as u64));
        group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
            b.iter(|| {
                clock.advance(interval);
                run(&mut engine, nodes);
            });
        });
    }
    group.finish();
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = benches;
    config = settings();
    targets = activate, wake, bands, workers, turn, tick
}
criterion_main!(benches);
