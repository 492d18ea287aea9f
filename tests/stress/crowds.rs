//! Several producers and several consumers, inside the engine and outside.

use std::sync::mpsc::channel;

use tidegate::door::{Entrance, Exit};
use tidegate::edge::{PolicyKind, RecvError};
use tidegate::graph::Edge;
use tidegate::node::{Direction, NodeOptions, builtin};

use super::common::{Io, Lab, Log, PATIENCE, Probe, Pulse, Seed};
use super::{assert_sound, seconds};

/// Nodes that produce, and threads.
const SOURCES: u64 = 4;
const THREADS: u64 = 2;
const PRODUCERS: u64 = SOURCES + THREADS;

/// The number of its producer in the upper bits.
fn item(producer: u64, number: u64) -> u64 {
    producer << 48 | number
}

/// What each producer's next number is at least, or exactly.
struct Order {
    next: [u64; PRODUCERS as usize],
    /// Nothing may be missing.
    complete: bool,
}

impl Order {
    fn new(complete: bool) -> Self {
        Self {
            next: [0; PRODUCERS as usize],
            complete,
        }
    }

    /// Whether this one may come now.
    fn follows(&mut self, item: u64) -> bool {
        let next = &mut self.next[(item >> 48) as usize];
        let number = item & ((1 << 48) - 1);
        let follows = number == *next || (!self.complete && number > *next);
        *next = number + 1;
        follows
    }
}

/// Sends in bursts, and rests in between.
fn source(producer: u64, mut seed: Seed) -> Probe {
    let mut next = 0;
    Probe::new().eager().on_message(move |io, cx| {
        let mut burst = seed.in_range(0..16);
        while burst > 0 && cx.next_turn() {
            if io.output.send(cx, item(producer, next)).is_err() {
                break;
            }
            next += 1;
            burst -= 1;
        }
        Ok(())
    })
}

fn sink(complete: bool, disorder: &Log<u64>) -> Probe {
    let (mut order, disorder) = (Order::new(complete), disorder.clone());
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(item) = io.input.recv(cx) {
            if !order.follows(item) {
                disorder.push(item);
            }
        }
        Ok(())
    })
}

/// Sends until the engine takes nothing more; how many it took.
fn send_all(mut entrance: Entrance<u64>, producer: u64) -> u64 {
    let mut next = 0;
    loop {
        match entrance.send_timeout(item(producer, next), PATIENCE) {
            Ok(_) => next += 1,
            Err(refused) => {
                assert!(refused.is_closed(), "{refused:?}");
                return next;
            }
        }
    }
}

/// Receives until the engine has ended; how many there were.
fn receive_all(mut exit: Exit<u64>, complete: bool, disorder: &Log<u64>) -> u64 {
    let (mut order, mut received) = (Order::new(complete), 0);
    loop {
        match exit.recv_timeout(PATIENCE) {
            Ok(item) => {
                received += 1;
                if !order.follows(*item) {
                    disorder.push(*item);
                }
            }
            Err(RecvError::Closed) => return received,
            Err(empty) => panic!("{empty:?}: nothing came for {PATIENCE:?}"),
        }
    }
}

/// What an edge does with what is too much, and whether a consumer behind it
/// gets everything. Where it does not, a batch is too much.
fn edges(seed: &mut Seed) -> [(&'static str, Edge, bool); 4] {
    let capacity = seed.in_range(2..8) as usize;
    [
        ("block", Edge::block(seed.in_range(1..100) as usize), true),
        ("drop", Edge::drop_newest(capacity), false),
        ("latest", Edge::latest(capacity), false),
        (
            "coalesce",
            Edge::coalesce(capacity, |pending: &mut u64, new| *pending = new).into(),
            false,
        ),
    ]
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
#[allow(clippy::disallowed_methods)] // threads outside the engine
fn many_producers_and_consumers_inside_and_outside_agree_on_every_message() {
    let (mut seed, mut lab, disorder) = (Seed::new(), Lab::new(), Log::new());
    let options = |worker: u64| NodeOptions::new().worker(worker as usize % 2);
    let merge = builtin::merge::<u64>(PRODUCERS as usize);
    lab.graph.add_with("merge", merge, options(0)).unwrap();
    for producer in 0..SOURCES {
        let name = format!("source{producer}");
        lab.add_on(producer as usize % 2, &name, source(producer, seed.fork()));
        let capacity = seed.in_range(1..100) as usize;
        let to = format!("merge:in{producer}");
        lab.connect(&format!("{name}:out"), &to, Edge::block(capacity));
    }
    let sinks = edges(&mut seed);
    let tee = builtin::tee::<u64>(sinks.len() + 2);
    lab.graph.add_with("tee", tee, options(1)).unwrap();
    lab.connect("merge:out", "tee:in", Edge::block(64));
    let count = sinks.len();
    for (place, (name, edge, complete)) in sinks.into_iter().enumerate() {
        lab.add_on(place % 2, name, sink(complete, &disorder));
        lab.connect(&format!("tee:out{place}"), &format!("{name}:in"), edge);
    }
    Pulse::plant(&mut lab);
    for thread in 0..THREADS {
        let into = format!("merge:in{}", SOURCES + thread);
        lab.graph
            .expose_later(Direction::Input, format!("in{thread}"), into);
    }
    for (place, name) in ["all", "newest"].into_iter().enumerate() {
        let from = format!("tee:out{}", count + place);
        lab.graph.expose_later(Direction::Output, name, from);
    }
    let mut builder = lab.engine().workers(2).exit("all", Edge::block(64));
    builder = builder.exit("newest", Edge::latest(8));
    for thread in 0..THREADS {
        builder = builder.entrance(format!("in{thread}"), Edge::block(16));
    }
    let (mut engine, mut pulse) = Pulse::start(builder);
    let handle = engine.handle();

    let (done, results) = channel();
    let mut threads = Vec::new();
    for thread in 0..THREADS {
        let entrance = engine.take_entrance::<u64>(&format!("in{thread}")).unwrap();
        let done = done.clone();
        let id = format!(">in{thread}->merge:in{}", SOURCES + thread);
        threads.push(std::thread::spawn(move || {
            let sent = send_all(entrance, SOURCES + thread);
            done.send((id, sent)).unwrap();
        }));
    }
    for (place, (name, complete)) in [("all", true), ("newest", false)].into_iter().enumerate() {
        let exit = engine.take_exit::<u64>(name).unwrap();
        let (done, disorder) = (done.clone(), disorder.clone());
        let id = format!("tee:out{}->{name}>", count + place);
        threads.push(std::thread::spawn(move || {
            let received = receive_all(exit, complete, &disorder);
            done.send((id, received)).unwrap();
        }));
    }
    drop(done);
    pulse.pass(seconds());
    drop(pulse);
    let mut report = engine.shutdown(PATIENCE);
    for thread in threads {
        thread.join().unwrap();
    }
    // What waited in an exit at the end has been received since.
    report.snapshot = handle.snapshot();
    lab.assert_conserved(&report);
    assert_sound(&report);
    let disorder = disorder.take();
    assert!(disorder.is_empty(), "not in order: {disorder:?}");
    for (id, counted) in results {
        let ledger = report.edge(&id).unwrap().ledger;
        let figure = if id.starts_with('>') {
            ledger.sent
        } else {
            ledger.delivered
        };
        assert_eq!(figure, counted, "{id}\n{report}");
        println!("{id}: {counted}");
    }
    let all = report.edge("merge:out->tee:in").unwrap().ledger.delivered;
    let into_merge = report.snapshot.edges.iter();
    let into_merge = into_merge.filter(|edge| edge.id.contains("->merge:"));
    let sent: u64 = into_merge.map(|edge| edge.ledger.sent).sum();
    assert_eq!(sent, all, "what came in went out");
    println!("{all} messages of {PRODUCERS} producers in {:?}", seconds());
    for place in 0..count + 2 {
        let from = format!("tee:out{place}->");
        let edges = &report.snapshot.edges;
        let edge = edges
            .iter()
            .find(|edge| edge.id.starts_with(&from))
            .unwrap();
        assert_eq!(edge.ledger.sent, all, "{}", edge.id);
        let strict = edge.policy == PolicyKind::Block;
        assert_eq!(edge.ledger.delivered == all, strict, "{}", edge.id);
    }
}
