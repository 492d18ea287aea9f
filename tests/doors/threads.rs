//! Streams through doors on threads of their own, by every policy.

use std::thread;

use tidegate::Band;
use tidegate::edge::{PolicyKind, RecvError};
use tidegate::engine::{Engine, StopReason};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, SendOutcome, builtin};

use crate::common::{Log, MANY, PATIENCE};
use crate::pair;

const MESSAGES: u64 = if cfg!(miri) { 50 } else { 5_000 };

fn edge(policy: PolicyKind, capacity: usize, band: Band) -> Edge {
    let edge = match policy {
        PolicyKind::Block => Edge::block(capacity),
        PolicyKind::Drop => Edge::drop_newest(capacity),
        PolicyKind::Latest => Edge::latest(capacity),
        PolicyKind::Coalesce => {
            Edge::coalesce(capacity, |pending: &mut u64, new: u64| *pending = new).into()
        }
    };
    edge.band(band)
}

#[test]
fn every_policy_and_band_is_exact_and_in_order_from_thread_to_thread() {
    use PolicyKind::{Block, Coalesce, Drop, Latest};
    for policy in [Block, Drop, Latest, Coalesce] {
        for (capacity, band) in [(1, Band::Normal), (8, Band::High), (256, Band::Normal)] {
            let name = format!("{policy} {capacity} {band}");
            let (engine, mut entrance, mut exit) = pair::started(
                edge(policy, capacity, band),
                edge(policy, capacity, Band::Normal),
            );
            let sender = thread::Builder::new().spawn(move || {
                let mut dropped = 0;
                for number in 0..MESSAGES {
                    let sent = entrance.send_timeout(number, PATIENCE).unwrap();
                    dropped += u64::from(sent == SendOutcome::Dropped);
                }
                dropped
            });
            let mut received = Vec::new();
            let end = loop {
                match exit.recv_timeout(PATIENCE) {
                    Ok(message) => received.push(message.into_payload()),
                    Err(end) => break end,
                }
            };
            assert_eq!(end, RecvError::Closed, "{name}");
            let dropped = sender.unwrap().join().unwrap();
            let report = engine.wait();
            assert_eq!(report.reason, StopReason::Completed, "{name}");
            pair::assert_passed(&report, MESSAGES, received.len() as u64);
            assert_eq!(report.edge(pair::IN).unwrap().ledger.dropped, dropped);
            assert!(received.is_sorted_by(|a, b| a < b), "{name}: {received:?}");
            match policy {
                Block => assert_eq!(received.len() as u64, MESSAGES, "{name}"),
                Drop => assert_eq!(received[0], 100, "{name}"),
                Latest | Coalesce => {
                    assert_eq!(received.last(), Some(&(MESSAGES + 99)), "{name}");
                }
            }
        }
    }
}

/// Doors `in0` to `in2` into a merge node on worker 0, a sink on the last.
fn merging(sum: &Log<(u64, u64)>) -> Subgraph {
    let mut graph = Subgraph::new("fan-in");
    let merge = builtin::merge::<(u64, u64)>(3);
    let merge = graph.add_with("merge", merge, NodeOptions::new().worker(0));
    let merge = merge.unwrap();
    let log = sum.clone();
    let sink = graph.add("sink", builtin::sink(move |from| log.push(from)));
    let sink = sink.unwrap();
    for index in 0..3 {
        let name = format!("in{index}");
        graph
            .expose_input(name, merge.input(move |n| n.input(index)))
            .unwrap();
    }
    graph
        .connect(
            merge.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::block(8),
        )
        .unwrap();
    graph
}

#[test]
fn several_threads_send_through_doors_of_their_own_into_a_merge() {
    let log = Log::new();
    let mut engine = Engine::builder(merging(&log))
        .entrance("in0", Edge::block(2))
        .entrance("in1", Edge::drop_newest(2))
        .entrance("in2", Edge::block(64))
        .pin(false)
        .start()
        .unwrap();
    let senders: Vec<_> = (0..3)
        .map(|index| {
            let door = engine.take_entrance::<(u64, u64)>(&format!("in{index}"));
            let mut door = door.unwrap();
            let sender = thread::Builder::new().spawn(move || {
                for number in 0..MESSAGES {
                    door.send_timeout((index, number), PATIENCE).unwrap();
                }
            });
            sender.unwrap()
        })
        .collect();
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    let report = engine.wait();
    assert!(report.is_balanced() && report.drained, "{report}");
    let received = log.take();
    for index in 0..3 {
        let numbers = received.iter().filter(|(from, _)| *from == index);
        let numbers: Vec<_> = numbers.map(|(_, number)| *number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        let id = format!(">in{index}->merge:in{index}");
        let ledger = report.edge(&id).unwrap().ledger;
        assert_eq!(ledger.sent, MESSAGES);
        assert_eq!(ledger.delivered, numbers.len() as u64);
        assert_eq!(ledger.delivered + ledger.dropped, MESSAGES);
        assert!(index == 1 || ledger.dropped == 0);
    }
}

#[test]
fn a_merge_of_doors_takes_from_them_in_turn() {
    let log = Log::new();
    let builder = Engine::builder(merging(&log))
        .entrance("in0", Edge::block(8))
        .entrance("in1", Edge::block(8))
        .entrance("in2", Edge::block(8));
    let mut engine = builder.stepping().unwrap();
    let mut doors: Vec<_> = (0..3)
        .map(|index| engine.take_entrance(&format!("in{index}")).unwrap())
        .collect();
    for (index, door) in (0_u64..).zip(&mut doors) {
        for number in 0..5_u64 {
            assert!(door.try_send((index, number)).is_ok());
        }
    }
    engine.run_until_idle(MANY);
    let received: Vec<_> = log.take();
    let turns: Vec<u64> = received.iter().map(|(from, _)| *from).collect();
    assert_eq!(turns, [0, 1, 2].repeat(5));
    assert!(engine.shutdown(10).is_balanced());
}
