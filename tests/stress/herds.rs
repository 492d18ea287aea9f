//! Thousands of nodes that are called now and then, beside one that always has
//! something to do.

use tidegate::Band;
use tidegate::graph::Edge;

use super::common::{Count, Io, Lab, PATIENCE, Probe, Pulse, feed_forever, wait_until};
use super::{assert_sound, seconds, swallow};

const HERD: usize = 3_000;

/// How many messages go round.
const TOKENS: u64 = 20;

/// Sends on what it receives.
fn sheep() -> Probe {
    Probe::new()
        .uncredited()
        .on_message(|io: &mut Io<u64>, cx| {
            while let Some(token) = io.control.recv(cx) {
                io.output.send(cx, token)?;
            }
            Ok(())
        })
}

/// Begins and counts the rounds, until `over` is not 0.
fn shepherd(rounds: &Count, over: &Count) -> Probe {
    let (rounds, over) = (rounds.clone(), over.clone());
    Probe::new()
        .uncredited()
        .on_start(|io: &mut Io<u64>, cx| {
            for token in 0..TOKENS {
                io.output.send(cx, token)?;
            }
            Ok(())
        })
        .on_message(move |io, cx| {
            while let Some(token) = io.control.recv(cx) {
                rounds.up();
                if over.get() == 0 {
                    io.output.send(cx, token)?;
                }
            }
            Ok(())
        })
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn a_node_that_is_always_busy_keeps_none_of_thousands_waiting_for_ever() {
    let (mut lab, rounds, over) = (Lab::new(), Count::default(), Count::default());
    // A ring whose every step is to the other worker.
    lab.add_on(0, "node0", shepherd(&rounds, &over));
    for node in 1..HERD {
        lab.add_on(node % 2, &format!("node{node}"), sheep());
    }
    for node in 0..HERD {
        let (from, to) = (format!("node{node}:out"), (node + 1) % HERD);
        lab.connect(&from, &format!("node{to}:control"), Edge::block(32));
    }
    // Hot in the band above, so that the herd has the lowest share.
    lab.add_on(0, "hot-source", feed_forever());
    lab.add_on(0, "hot", swallow());
    let hot = Edge::block(1024).band(Band::Control);
    lab.connect("hot-source:out", "hot:in", hot);
    Pulse::plant(&mut lab);
    let (engine, mut pulse) = Pulse::start(lab.engine().workers(2));
    pulse.pass(seconds());
    // However slow the machine is: each token has gone round, and again.
    let steps = || {
        let edges = engine.snapshot().edges.into_iter();
        let ring = edges.filter(|edge| edge.id.starts_with("node"));
        ring.map(|edge| edge.ledger.delivered).sum::<u64>()
    };
    while rounds.get() <= TOKENS {
        let before = steps();
        wait_until("some node of the herd is served", || steps() > before);
    }
    over.up();
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_sound(&report);
    let hot = report.node("hot").unwrap().activations;
    println!(
        "{} rounds of {HERD} nodes, {hot} calls of the hot one",
        rounds.get()
    );
    // Every token has gone all its way, over every edge.
    for edge in &report.snapshot.edges {
        if edge.id.starts_with("node") {
            assert_eq!(edge.ledger.delivered, rounds.get(), "{}", edge.id);
        }
    }
    assert!(hot > rounds.get(), "it was always busy");
}
