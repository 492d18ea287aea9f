//! What the scheduler promises, under load.

use std::hint::black_box;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tidegate::Band;
use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Node, NodeOptions, NodeResult, Ports, Tick, builtin};
use tidegate::sched::IdleStrategy;

use crate::machine::{Cores, on_core, spawn_on};
use crate::measure::{Pair, nanos_each, quantile, spin_until};
use crate::pulse::{Pulse, moment};
use crate::ready::restless;

const SOUND: &str = "the graph is sound";
/// So many that ten of them are beyond the 99th percentile; so few that other
/// programs leave some samples alone.
const COMMANDS: usize = 1_000;
const BETWEEN_COMMANDS: Duration = Duration::from_micros(20);
const ACTIVATIONS: usize = 100_000;
const TICK: Duration = Duration::from_millis(1);
/// How long the loop is watched.
const WATCH: Duration = Duration::from_millis(25);

/// About a microsecond of computing: what a handler of a saturated graph does.
fn work(number: u64) -> u64 {
    (0..500).fold(number, |sum, step| black_box(sum.rotate_left(1) ^ step))
}

fn handler_nanos() -> f64 {
    nanos_each(1_000, || {
        for number in 0..1_000 {
            black_box(work(number));
        }
    })
}

/// The delays of commands in the Control band, in nanoseconds. They come from
/// the second core to a worker on the first, which handles messages of the
/// Normal band without end.
fn control_delays(cores: [usize; 2], batch: u32) -> Vec<f64> {
    let mut graph = Subgraph::new("saturated");
    let (loaded, other) = (NodeOptions::new().worker(0), NodeOptions::new().worker(1));
    let source = builtin::source_iter(0_u64..);
    let source = graph.add_with("source", source, loaded).expect(SOUND);
    let map = graph
        .add_with("work", builtin::map(work), loaded)
        .expect(SOUND);
    let consume = builtin::sink(|number: u64| {
        black_box(work(number));
    });
    let sink = graph.add_with("sink", consume, loaded).expect(SOUND);
    let (from, to) = (source.output(|n| &n.output), map.input(|n| &n.input));
    graph.connect(from, to, Edge::block(1024)).expect(SOUND);
    let (from, to) = (map.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, Edge::block(1024)).expect(SOUND);

    let pulse = Pulse::new(BETWEEN_COMMANDS, COMMANDS);
    let pulse = graph.add_with("pulse", pulse, other).expect(SOUND);
    let (sender, delays) = mpsc::sync_channel(COMMANDS);
    let obey = builtin::sink(move |sent: Instant| {
        // Never full, and the receiver outlives the engine.
        let _ = sender.send(sent.elapsed());
    });
    let obey = graph.add_with("obey", obey, loaded).expect(SOUND);
    let (from, to) = (pulse.output(|n| &n.output), obey.input(|n| &n.input));
    graph
        .connect(from, to, Edge::block(64).band(Band::Control))
        .expect(SOUND);

    let builder = Engine::builder(graph).workers(2).cores(cores).batch(batch);
    let engine = builder.idle(IdleStrategy::Spin).start().expect(SOUND);
    let delays = delays.iter().take(COMMANDS);
    let nanos: Vec<f64> = delays.map(|delay| delay.as_nanos() as f64).collect();
    let report = engine.shutdown(Duration::from_secs(10));
    assert!(report.is_balanced() && report.drained, "{report}");
    assert_eq!(nanos.len(), COMMANDS, "a command is lost");
    nanos
}

/// The same between two threads, without an engine: the first core's computes
/// all the time and looks for a command between two handlers.
fn bare_delays(cores: [usize; 2]) -> Vec<f64> {
    let (mut commands, mut obeyed) = rtrb::RingBuffer::<Instant>::new(COMMANDS);
    let commander = spawn_on(cores[1], move || {
        for _ in 0..COMMANDS {
            spin_until(moment() + BETWEEN_COMMANDS);
            commands.push(moment()).expect("there is room");
        }
    });
    let nanos = on_core(cores[0], move || {
        let mut nanos = Vec::with_capacity(COMMANDS);
        for number in 0.. {
            if let Ok(sent) = obeyed.pop() {
                nanos.push(sent.elapsed().as_nanos() as f64);
            }
            if nanos.len() == COMMANDS {
                break;
            }
            black_box(work(number));
        }
        nanos
    });
    commander.join().expect("every command is sent");
    nanos
}

fn control_p99_of_ours(cores: [usize; 2]) -> f64 {
    quantile(&control_delays(cores, 8), 0.99)
}

/// The 99th percentile with the default batch, beside 10 µs and one handler.
pub(crate) fn control_p99(cores: Cores) -> Pair {
    let both = cores.both();
    let limit = move || 10_000.0 + on_core(cores.first, handler_nanos);
    Pair::new(move || control_p99_of_ours(both), limit).undisturbed()
}

/// The 99th percentile, beside that of a bare loop with the same load.
pub(crate) fn control_p99_beside_bare(cores: Cores) -> Pair {
    let cores = cores.both();
    let bare = move || quantile(&bare_delays(cores), 0.99);
    Pair::new(move || control_p99_of_ours(cores), bare)
        .undisturbed()
        .often(2)
}

fn control_mean(cores: [usize; 2], batch: u32) -> f64 {
    let delays = control_delays(cores, batch);
    delays.iter().sum::<f64>() / delays.len() as f64
}

/// The mean with this batch, beside batches of 1.
fn control_mean_of(cores: Cores, batch: u32) -> Pair {
    let cores = cores.both();
    let ours = move || control_mean(cores, batch);
    Pair::new(ours, move || control_mean(cores, 1)).undisturbed()
}

/// The mean with batches of 8, beside batches of 1.
pub(crate) fn control_mean_of_8(cores: Cores) -> Pair {
    control_mean_of(cores, 8)
}

/// The mean with batches of 64, beside batches of 1.
pub(crate) fn control_mean_of_64(cores: Cores) -> Pair {
    control_mean_of(cores, 64)
}

/// Picking and activating one of 4,000 ready nodes, beside one of 16.
pub(crate) fn pick(cores: Cores) -> Pair {
    let among = move |nodes| {
        let mut engine = restless(nodes);
        let mut activate = move || assert_eq!(engine.run_until_idle(ACTIVATIONS), ACTIVATIONS);
        move || {
            on_core(cores.first, || {
                nanos_each(ACTIVATIONS as u64, &mut activate)
            })
        }
    };
    Pair::new(among(4_000), among(16)).undisturbed()
}

/// The 95th percentile of a turn of the worker that finds something to do. Every
/// `interval`, `burst` messages enter a chain of four.
fn loop_p95(core: usize, interval: Duration, burst: u64) -> f64 {
    let mut graph = Subgraph::new("loop");
    let ticker = Bursts {
        output: tidegate::node::Output::new(),
        burst,
    };
    let options = NodeOptions::new().tick(Tick::Every(interval));
    let source = graph.add_with("source", ticker, options).expect(SOUND);
    let mut output = source.output(|n| &n.output);
    for index in 0..4 {
        let name = format!("map{index}");
        let map = graph.add(&name, builtin::map(work)).expect(SOUND);
        graph
            .connect(output, map.input(|n| &n.input), Edge::block(1024))
            .expect(SOUND);
        output = map.output(|n| &n.output);
    }
    let consume = builtin::sink(|number: u64| {
        black_box(number);
    });
    let sink = graph.add("sink", consume).expect(SOUND);
    graph
        .connect(output, sink.input(|n| &n.input), Edge::block(1024))
        .expect(SOUND);
    let mut engine = Engine::builder(graph).tick(TICK).stepping().expect(SOUND);
    let mut nanos = Vec::with_capacity(1_000_000);
    on_core(core, || {
        let end = moment() + WATCH;
        let mut begin = moment();
        while begin < end {
            let picked = engine.run_until_idle(1) == 1;
            let turned = moment();
            if picked {
                nanos.push(turned.duration_since(begin).as_nanos() as f64);
            }
            begin = turned;
        }
    });
    let report = engine.shutdown(1_000_000);
    assert!(report.is_balanced() && report.drained, "{report}");
    quantile(&nanos, 0.95)
}

/// Sends as many messages with each tick.
struct Bursts {
    output: tidegate::node::Output<u64>,
    burst: u64,
}

impl Node for Bursts {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("out", &mut self.output);
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        for number in 0..self.burst {
            self.output.send(cx, number)?;
        }
        Ok(())
    }
}

fn tick_nanos() -> f64 {
    TICK.as_nanos() as f64
}

/// The loop under steady load, beside the tick's interval.
pub(crate) fn loop_steady(cores: Cores) -> Pair {
    let every = Duration::from_micros(100);
    Pair::new(move || loop_p95(cores.first, every, 8), tick_nanos)
}

/// The loop when a whole edge full of messages comes at once.
pub(crate) fn loop_burst(cores: Cores) -> Pair {
    let every = Duration::from_millis(10);
    Pair::new(move || loop_p95(cores.first, every, 1024), tick_nanos)
}
