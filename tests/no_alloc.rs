//! After `start` has returned, no worker allocates or frees: for every policy,
//! with backpressure, eviction, merges, drops, ticks, commands and changes,
//! everything measured and recorded, until the last `on_stop`.
//!
//! One test only, because the allocator counts for the whole process.

mod allocator;
mod common;

use std::time::Duration;

use allocator::{counted, watcher};
use common::{Count, Lab, PATIENCE, Probe, wait_until};
use tidegate::Band;
use tidegate::engine::{EngineHandle, Report};
use tidegate::graph::Edge;
use tidegate::node::{Context, Direction, NodeResult, Tick, builtin};
use tidegate::observe::{Metrics, Recorder};
use tidegate::sched::Weights;

/// What nodes count besides what passes their ports.
#[derive(Clone, Default)]
struct Seen {
    ticks: Count,
    commands: Count,
}

/// Consumes; with each tick it sends a command back to the source.
fn sink(seen: &Seen) -> Probe {
    let seen = seen.clone();
    Probe::new()
        .on_message(|io, cx| {
            while io.input.recv(cx).is_some() {}
            Ok(())
        })
        .on_tick(Tick::Global, move |io, cx| {
            seen.ticks.up();
            io.output.send(cx, 0)?;
            Ok(())
        })
}

/// Produces without end, and hears commands.
fn source(seen: &Seen, extra: impl Fn(u64) + Send + 'static) -> Probe {
    let seen = seen.clone();
    let mut next = 0;
    let on_message = move |io: &mut common::Io<u64>, cx: &mut Context<'_>| -> NodeResult {
        while io.control.recv(cx).is_some() {
            seen.commands.up();
        }
        while cx.next_turn() {
            io.output.send(cx, next)?;
            next += 1;
            extra(next);
        }
        Ok(())
    };
    Probe::new().uncredited().eager().on_message(on_message)
}

/// All policies and features on two workers, changed while it runs.
fn run(recorder: Recorder, extra: impl Fn(u64) + Send + 'static) -> (Report, (u64, u64)) {
    let (mut lab, seen) = (Lab::new(), Seen::default());
    lab.add_on(0, "watcher0", watcher());
    lab.add_on(1, "watcher1", watcher());
    lab.add_on(0, "source", source(&seen, extra));
    lab.graph.add("tee", builtin::tee::<u64>(4)).unwrap();
    lab.connect("source:out", "tee:in", Edge::block(16).max_capacity(64));
    let edges: [Edge; 4] = [
        Edge::block(4).max_capacity(16),
        Edge::drop_newest(4).max_capacity(16),
        Edge::latest(4).max_capacity(16),
        Edge::coalesce(4, |pending: &mut u64, new: u64| *pending += new)
            .max_capacity(16)
            .into(),
    ];
    for (index, edge) in edges.into_iter().enumerate() {
        let name = format!("sink{index}");
        lab.add_on(1 - index % 2, &name, sink(&seen));
        lab.connect(&format!("tee:out{index}"), &format!("{name}:in"), edge);
    }
    let feedback = Edge::block(4).band(Band::Control);
    lab.connect("sink0:out", "source:control", feedback);
    let before = counted();
    let builder = lab.engine().workers(2).tick(Duration::from_micros(500));
    let builder = builder
        .metrics(Metrics::every_activation())
        .recorder(recorder, 1_024);
    let engine = builder.start().unwrap();
    let handle = engine.handle();
    let progress = |more: u64| {
        let goal = handle.snapshot().edges[0].ledger.delivered + more;
        wait_until("more is through", || {
            handle.snapshot().edges[0].ledger.delivered >= goal
        });
    };
    progress(1_000);
    change_everything(&handle, progress);
    wait_until("ticks and commands have come", || {
        seen.ticks.get() > 20 && seen.commands.get() > 5
    });
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained, "{report}");
    let after = counted();
    (report, (after.0 - before.0, after.1 - before.1))
}

/// A relay between two doors, at both of which a thread waits now and then: its
/// worker wakes them.
fn doors() -> (Report, (u64, u64)) {
    const MESSAGES: u64 = 2_000;
    let mut lab = Lab::new();
    lab.add("watcher", watcher());
    lab.add("relay", common::relay());
    lab.graph.expose_later(Direction::Input, "in", "relay:in");
    lab.graph
        .expose_later(Direction::Output, "out", "relay:out");
    let before = counted();
    let builder = lab.engine().metrics(Metrics::every_activation());
    let builder = builder.entrance("in", Edge::block(2));
    let mut engine = builder.exit("out", Edge::block(2)).start().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    let sender = std::thread::Builder::new().spawn(move || {
        for number in 0..MESSAGES {
            entrance.send_timeout(number, PATIENCE).unwrap();
        }
        entrance
    });
    for number in 0..MESSAGES {
        assert_eq!(*exit.recv_timeout(PATIENCE).unwrap(), number);
    }
    let entrance = sender.unwrap().join().unwrap();
    let report = engine.shutdown(PATIENCE);
    drop((entrance, exit));
    lab.assert_conserved(&report);
    let waits = report.snapshot.edges.iter().map(|edge| edge.waits);
    assert!(waits.sum::<u64>() > 0, "{report}");
    let after = counted();
    (report, (after.0 - before.0, after.1 - before.1))
}

/// Every change there is, with some work in between. Each retires settings
/// that the workers still refer to.
fn change_everything(handle: &EngineHandle, progress: impl Fn(u64)) {
    for round in 0..50_u32 {
        handle.set_batch(1 + round % 20).unwrap();
        let weights = Weights::new(1 + (round % 4) as u8, 2, 1).unwrap();
        handle.set_weights(weights).unwrap();
        let band = Band::ALL[round as usize % 3];
        handle.set_edge_band("source:out->tee:in", band).unwrap();
        for index in 0..4 {
            let id = format!("tee:out{index}->sink{index}:in");
            let capacity = 1 + (round as usize * 7 + index) % 16;
            handle.set_edge_capacity(&id, capacity).unwrap();
        }
        handle
            .set_tick(Duration::from_micros(300 + u64::from(round)))
            .unwrap();
        let every = Tick::Every(Duration::from_micros(200));
        handle.set_node_tick("sink1", every).unwrap();
        // Latest and Coalesce meet a consumer that does not run.
        for path in ["sink1", "sink2", "sink3"] {
            handle.pause(path).unwrap();
        }
        progress(100);
        for path in ["sink1", "sink2", "sink3"] {
            handle.resume(path).unwrap();
        }
        progress(10);
    }
}

#[test]
fn no_worker_allocates_or_frees_from_start_to_the_last_on_stop() {
    for recorder in [Recorder::Off, Recorder::Lifecycle] {
        let (report, counted) = run(recorder, |_| ());
        assert_eq!(counted, (0, 0), "allocations and frees\n{report}");
    }
    let (report, counted) = run(Recorder::Full, |_| ());
    assert_eq!(counted, (0, 0), "allocations and frees\n{report}");
    // It was no walk in the park.
    let total = |figure: fn(&tidegate::edge::Ledger) -> u64| -> u64 {
        let edges = report.snapshot.edges.iter();
        edges.map(|edge| figure(&edge.ledger)).sum()
    };
    assert!(total(|ledger| ledger.dropped) > 0, "{report}");
    assert!(total(|ledger| ledger.evicted) > 0, "{report}");
    assert!(total(|ledger| ledger.coalesced) > 0, "{report}");
    let parked: u64 = report.snapshot.nodes.iter().map(|node| node.parked).sum();
    assert!(parked > 0, "{report}");

    let (report, counted) = doors();
    assert_eq!(counted, (0, 0), "allocations and frees\n{report}");

    // The check bites: one allocation in one handler shows, and its free.
    let (_, counted) = run(Recorder::Off, |number| {
        if number == 500 {
            drop(std::hint::black_box(Box::new(number)));
        }
    });
    assert_eq!(counted, (1, 1));
}
