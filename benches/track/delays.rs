//! How long one message takes from core to core when there is time between
//! two.

use std::hint::spin_loop;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, builtin};
use tidegate::sched::IdleStrategy;

use crate::machine::{Cores, on_core, spawn_on};
use crate::measure::{Pair, quantile, spin_until};
use crate::pulse::{Pulse, moment};

/// Between two messages under light load.
const LIGHT: Duration = Duration::from_micros(20);
const LIGHT_MESSAGES: usize = 1_000;
/// Between two messages, long enough for the receiver to fall asleep.
const SLEEPY: Duration = Duration::from_micros(200);
const SLEEPY_MESSAGES: usize = 100;

/// The median delay from a pulse on the first core to a sink on the second.
fn across_workers(
    cores: [usize; 2],
    idle: IdleStrategy,
    interval: Duration,
    messages: usize,
) -> f64 {
    let sound = "the graph is sound";
    let mut graph = Subgraph::new("delay");
    let pulse = Pulse::new(interval, messages);
    let pulse = graph
        .add_with("pulse", pulse, NodeOptions::new().worker(0))
        .expect(sound);
    let (sender, delays) = mpsc::sync_channel(messages);
    let consume = move |sent: Instant| {
        // Never full, and the receiver outlives the engine.
        let _ = sender.send(sent.elapsed());
    };
    let sink = builtin::sink(consume);
    let sink = graph
        .add_with("sink", sink, NodeOptions::new().worker(1))
        .expect(sound);
    let (from, to) = (pulse.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, Edge::block(messages)).expect(sound);
    let builder = Engine::builder(graph).workers(2).cores(cores).idle(idle);
    let report = builder.start().expect(sound).wait();
    assert!(report.is_balanced(), "{report}");
    median(&delays.iter().collect::<Vec<_>>(), messages)
}

/// The median delay between two threads: `send` on the first core, `receive`
/// on the second.
fn between_threads(
    cores: [usize; 2],
    interval: Duration,
    messages: usize,
    mut send: impl FnMut(Instant) + Send,
    mut receive: impl FnMut() -> Instant + Send + 'static,
) -> f64 {
    let receiver = spawn_on(cores[1], move || {
        let delay = |_| receive().elapsed();
        (0..messages).map(delay).collect::<Vec<_>>()
    });
    on_core(cores[0], || {
        for _ in 0..messages {
            spin_until(moment() + interval);
            send(moment());
        }
    });
    let delays = receiver.join().expect("every message arrives");
    median(&delays, messages)
}

fn median(delays: &[Duration], expected: usize) -> f64 {
    assert_eq!(delays.len(), expected, "a message is lost");
    let nanos: Vec<f64> = delays.iter().map(|delay| delay.as_nanos() as f64).collect();
    quantile(&nanos, 0.5)
}

/// One way under light load, both sides spinning, beside rtrb.
pub(crate) fn one_way(cores: Cores) -> Pair {
    let cores = cores.both();
    let peer = move || {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(LIGHT_MESSAGES);
        let send = move |now| producer.push(now).expect("there is room");
        between_threads(cores, LIGHT, LIGHT_MESSAGES, send, move || {
            loop {
                if let Ok(sent) = consumer.pop() {
                    return sent;
                }
                spin_loop();
            }
        })
    };
    let ours = move || across_workers(cores, IdleStrategy::Spin, LIGHT, LIGHT_MESSAGES);
    Pair::new(ours, peer)
}

/// One way to a sleeping worker, beside crossbeam's blocking receive.
pub(crate) fn wake_from_park(cores: Cores) -> Pair {
    let cores = cores.both();
    let peer = move || {
        let (sender, receiver) = crossbeam_channel::bounded(SLEEPY_MESSAGES);
        let send = move |now| sender.send(now).expect("the receiver lives");
        between_threads(cores, SLEEPY, SLEEPY_MESSAGES, send, move || {
            receiver.recv().expect("the sender lives")
        })
    };
    let park = IdleStrategy::default();
    let ours = move || across_workers(cores, park, SLEEPY, SLEEPY_MESSAGES);
    Pair::new(ours, peer).undisturbed()
}
