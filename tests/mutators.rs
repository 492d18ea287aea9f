//! Changes while the engine runs.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, Seed, eat, feed, feed_forever, relay, wait_until};
use tidegate::Band;
use tidegate::engine::{Change, ControlError, Step};
use tidegate::graph::Edge;
use tidegate::node::Tick;
use tidegate::sched::{NodeState, Weights};

fn chain(lab: &mut Lab, eaten: &Log<u64>, source: Probe, workers: usize) {
    lab.add_on(0, "source", source);
    lab.add_on(workers - 1, "relay", relay());
    lab.add_on(0, "sink", eat(eaten));
    lab.connect("source:out", "relay:in", Edge::block(8).max_capacity(64));
    lab.connect("relay:out", "sink:in", Edge::block(8).max_capacity(64));
}

#[test]
fn the_batch_bounds_what_an_activation_handles() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(300)).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(1024));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    handle.resume("sink").unwrap();
    for batch in [1, 8, 64] {
        handle.set_batch(batch).unwrap();
        let before = eaten.len();
        engine.step();
        assert_eq!(eaten.len() - before, batch as usize);
    }
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.len(), 300);
}

#[test]
fn the_band_of_an_edge_decides_where_its_consumer_is_picked_from() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed_forever()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(8));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    for band in [Band::Normal, Band::Control, Band::High, Band::Normal] {
        handle.set_edge_band("source:out->sink:in", band).unwrap();
        let mut picked = Vec::new();
        for _ in 0..20 {
            if let Step::Activated { node, band } = engine.step()
                && node == "sink"
            {
                picked.push(band);
            }
        }
        assert!(!picked.is_empty());
        assert!(
            picked.iter().all(|&from| from == band),
            "{band}: {picked:?}"
        );
        assert_eq!(engine.snapshot().edges[0].band, band);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn weights_change_the_shares() {
    let mut lab = Lab::new();
    for (name, band) in [("high", Band::High), ("normal", Band::Normal)] {
        // Each keeps itself busy through an edge of its band.
        let own = Probe::new()
            .uncredited()
            .on_start(|io, cx| {
                io.output.send(cx, 0)?;
                Ok(())
            })
            .on_message(|io, cx| {
                while let Some(number) = io.control.recv(cx) {
                    io.output.send(cx, number)?;
                }
                Ok(())
            });
        lab.add(name, own);
        let edge = Edge::block(2).band(band);
        lab.connect(&format!("{name}:out"), &format!("{name}:control"), edge);
    }
    let mut engine = lab.engine().batch(1).stepping().unwrap();
    let handle = engine.handle();
    let mut shares = |weights: Weights| {
        let before = engine.snapshot().workers[0].picks;
        handle.set_weights(weights).unwrap();
        engine.run_until_idle(10 * weights.period());
        let after = engine.snapshot().workers[0].picks;
        [after[1] - before[1], after[2] - before[2]]
    };
    // An empty band's slots go to the highest that is ready.
    assert_eq!(shares(Weights::new(1, 1, 1).unwrap()), [20, 10]);
    assert_eq!(shares(Weights::new(1, 1, 8).unwrap()), [20, 80]);
    assert_eq!(shares(Weights::new(1, 6, 1).unwrap()), [70, 10]);
    let report = engine.shutdown(10);
    lab.assert_conserved(&report);
}

#[test]
fn a_paused_node_is_not_called_and_its_input_keeps_what_arrives() {
    for workers in [1, 2] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        chain(&mut lab, &eaten, feed_forever(), workers);
        let received = lab.count("relay:in");
        let engine = lab.engine().workers(workers).start().unwrap();
        let handle = engine.handle();
        handle.pause("relay").unwrap();
        wait_until("it is paused", || {
            engine.snapshot().node("relay").unwrap().state == NodeState::Paused
        });
        let before = received.get();
        wait_until("its input is full", || {
            engine.snapshot().edges[0].ledger.in_flight == 8
        });
        assert_eq!(received.get(), before, "not called meanwhile");
        handle.resume("relay").unwrap();
        wait_until("it goes on", || received.get() > before + 100);
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        let sent = report.snapshot.edges[0].ledger.sent;
        assert_eq!(eaten.take(), (0..sent).collect::<Vec<_>>());
    }
}

#[test]
fn a_paused_source_goes_on_where_it_was() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    chain(&mut lab, &eaten, feed(100), 1);
    let sent = lab.count("source:out");
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.step();
    handle.pause("source").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(sent.get(), 8);
    assert_eq!(eaten.len(), 8);
    // Twice changes nothing.
    handle.pause("source").unwrap();
    assert_eq!(engine.run_until_idle(MANY), 0);
    handle.resume("source").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..100).collect::<Vec<_>>());
}

#[test]
fn capacities_of_all_policies_can_be_changed_within_their_maximum() {
    let edges: [fn() -> Edge; 4] = [
        || Edge::block(4).max_capacity(16),
        || Edge::drop_newest(4).max_capacity(16),
        || Edge::latest(4).max_capacity(16),
        || {
            let sum = |pending: &mut u64, new: u64| *pending += new;
            Edge::coalesce(4, sum).max_capacity(16).into()
        },
    ];
    for edge in edges {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add("source", feed(1_000)).add("sink", eat(&eaten));
        lab.connect("source:out", "sink:in", edge());
        let mut engine = lab.stepping();
        let handle = engine.handle();
        handle.pause("sink").unwrap();
        for capacity in [4_usize, 16, 1, 9] {
            handle
                .set_edge_capacity("source:out->sink:in", capacity)
                .unwrap();
            engine.run_until_idle(4);
            assert_eq!(engine.snapshot().edges[0].capacity, capacity);
            let depth = engine.snapshot().edges[0].ledger.in_flight;
            assert!(depth <= 16, "{depth}");
        }
        handle.resume("sink").unwrap();
        engine.run_until_idle(MANY);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
    }
}

#[test]
fn invalid_changes_are_refused_by_name_and_change_nothing() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    chain(&mut lab, &eaten, feed(100), 1);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let id = "source:out->relay:in";
    let refusals: [(Result<Change, ControlError>, &[&str]); 12] = [
        (
            handle.set_edge_band("a:b->c:d", Band::High),
            &["a:b->c:d", id],
        ),
        (handle.set_edge_capacity("nothing", 1), &["nothing", id]),
        (handle.set_edge_capacity(id, 0), &[id, "capacity 0"]),
        (handle.set_edge_capacity(id, 65), &[id, "65", "64"]),
        (handle.pause("nobody"), &["nobody", "source", "sink"]),
        (handle.resume("nobody"), &["nobody", "relay"]),
        (handle.set_batch(0), &["batch of 0"]),
        (handle.set_batch(65_537), &["65537", "65536"]),
        (handle.set_tick(Duration::ZERO), &["zero"]),
        (
            handle.set_node_tick("relay", Tick::Every(Duration::ZERO)),
            &["zero"],
        ),
        (handle.set_node_tick("nobody", Tick::Never), &["nobody"]),
        (
            handle.set_node_tick("relay", Tick::Global),
            &["relay", "global", "set_tick"],
        ),
    ];
    for (refusal, parts) in refusals {
        let error = refusal.expect_err("it is invalid").to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in {error:?}");
        }
    }
    assert!(Weights::new(0, 1, 1).is_err());
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.edge(id).unwrap().capacity, 8);
    assert_eq!(eaten.len(), 100);
}

#[test]
fn changes_without_end_under_load_on_two_workers_lose_nothing() {
    let mut seed = Seed::new();
    let (mut lab, eaten) = (Lab::new(), Log::new());
    chain(&mut lab, &eaten, feed_forever(), 2);
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    let ids = ["source:out->relay:in", "relay:out->sink:in"];
    let paths = ["source", "relay", "sink"];
    for _ in 0..3_000 {
        let id = ids[seed.in_range(0..2) as usize];
        let path = paths[seed.in_range(0..3) as usize];
        match seed.in_range(0..7) {
            0 => {
                let band = Band::ALL[seed.in_range(0..3) as usize];
                handle.set_edge_band(id, band).unwrap();
            }
            1 => {
                let capacity = seed.in_range(1..65) as usize;
                handle.set_edge_capacity(id, capacity).unwrap();
            }
            2 => {
                handle.pause(path).unwrap();
            }
            3 => {
                handle.resume(path).unwrap();
            }
            4 => {
                handle.set_batch(seed.in_range(1..100) as u32).unwrap();
            }
            5 => {
                let mut weight = || seed.in_range(1..9) as u8;
                let weights = Weights::new(weight(), weight(), weight());
                handle.set_weights(weights.unwrap()).unwrap();
            }
            _ => {
                let every = Duration::from_micros(seed.in_range(100..1_000));
                handle.set_node_tick(path, Tick::Every(every)).unwrap();
            }
        }
    }
    for path in paths {
        handle.resume(path).unwrap();
    }
    let so_far = eaten.len();
    wait_until("it still runs", || eaten.len() > so_far + 1_000);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained, "{report}");
    let sent = report.edge(ids[0]).unwrap().ledger.sent;
    assert_eq!(eaten.take(), (0..sent).collect::<Vec<_>>());
}

#[test]
fn changes_before_the_first_turn_are_in_force_at_the_first_turn() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(100)).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(64));
    let sent = lab.count("source:out");
    let mut engine = lab.stepping();
    engine.handle().set_batch(3).unwrap();
    engine.step();
    assert_eq!(sent.get(), 3);
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}
