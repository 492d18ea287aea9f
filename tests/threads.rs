//! End to end on threads.

mod common;

use common::{Lab, Log, PATIENCE, Probe, eat, feed, feed_forever, relay, wait_until};
use tidegate::Band;
use tidegate::edge::PolicyKind;
use tidegate::engine::StopReason;
use tidegate::graph::Edge;
use tidegate::node::{SendFailure, SendOutcome, builtin};
use tidegate::sched::{IdleStrategy, NodeState};

fn edge(policy: PolicyKind, capacity: usize) -> Edge {
    match policy {
        PolicyKind::Block => Edge::block(capacity),
        PolicyKind::Drop => Edge::drop_newest(capacity),
        PolicyKind::Latest => Edge::latest(capacity),
        PolicyKind::Coalesce => {
            // Of two neighbours the newer stands for both.
            Edge::coalesce(capacity, |pending: &mut u64, new: u64| *pending = new).into()
        }
    }
}

const POLICIES: [PolicyKind; 4] = [
    PolicyKind::Block,
    PolicyKind::Drop,
    PolicyKind::Latest,
    PolicyKind::Coalesce,
];

#[test]
fn every_policy_and_capacity_is_exact_and_in_order_across_workers() {
    const MESSAGES: u64 = 10_000;
    for workers in [2, 3] {
        for policy in POLICIES {
            for capacity in [8, 64, 1024] {
                let (mut lab, eaten) = (Lab::new(), Log::new());
                lab.add_on(0, "source", feed(MESSAGES));
                lab.add_on(1, "relay", relay());
                lab.add_on(workers - 1, "sink", eat(&eaten));
                lab.connect("source:out", "relay:in", edge(policy, capacity));
                lab.connect("relay:out", "sink:in", edge(policy, capacity));
                let report = lab.engine().workers(workers).start().unwrap().wait();
                lab.assert_conserved(&report);
                assert_eq!(report.reason, StopReason::Completed);
                assert!(report.drained);
                let numbers = eaten.take();
                let name = format!("{policy}, {capacity}, {workers} workers");
                assert!(numbers.is_sorted_by(|a, b| a < b), "{name}: {numbers:?}");
                match policy {
                    PolicyKind::Block => assert_eq!(numbers.len() as u64, MESSAGES, "{name}"),
                    // Everything but Drop has the last one.
                    PolicyKind::Drop => assert_eq!(numbers[0], 0, "{name}"),
                    _ => assert_eq!(numbers.last(), Some(&(MESSAGES - 1)), "{name}"),
                }
            }
        }
    }
}

#[test]
fn every_idle_strategy_brings_everything_through() {
    let never_sleeps = [IdleStrategy::Spin, IdleStrategy::Yield];
    let sleeps_at_once = IdleStrategy::Park {
        spins: 0,
        yields: 0,
    };
    let sleepers = [IdleStrategy::default(), sleeps_at_once];
    for (idle, sleeps) in never_sleeps
        .map(|idle| (idle, false))
        .into_iter()
        .chain(sleepers.map(|idle| (idle, true)))
    {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        // There and back again, so that both workers wait for the other.
        lab.add_on(0, "source", feed(2_000));
        lab.add_on(1, "there", relay());
        lab.add_on(0, "sink", eat(&eaten));
        lab.connect("source:out", "there:in", Edge::block(1));
        lab.connect("there:out", "sink:in", Edge::block(1));
        let report = lab.engine().workers(2).idle(idle).start().unwrap().wait();
        lab.assert_conserved(&report);
        assert_eq!(eaten.take(), (0..2_000).collect::<Vec<_>>(), "{idle:?}");
        let parks: u64 = report.snapshot.workers.iter().map(|w| w.parks).sum();
        assert!(sleeps || parks == 0, "{idle:?} slept {parks} times");
    }
}

#[test]
fn a_worker_runs_as_many_nodes_as_it_can_hold() {
    // 2 × 2,015 nodes in pairs, and one by itself.
    const PAIRS: usize = 2_015;
    let (mut lab, eaten) = (Lab::new(), Log::new());
    for pair in 0..PAIRS {
        lab.add(&format!("source{pair}"), feed(10));
        lab.add(&format!("sink{pair}"), eat(&eaten));
        lab.connect(
            &format!("source{pair}:out"),
            &format!("sink{pair}:in"),
            Edge::block(4),
        );
    }
    let alone = Probe::new().eager().on_message(|_, cx| {
        cx.finish();
        Ok(())
    });
    lab.add("alone", alone);
    let report = lab.engine().start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.snapshot.nodes.len(), 4_031);
    assert_eq!(eaten.len(), 10 * PAIRS);
    for node in &report.snapshot.nodes {
        assert_eq!(node.state, NodeState::Finished, "{}", node.path);
    }
}

#[test]
fn one_node_more_than_a_worker_can_hold_is_refused() {
    let mut lab = Lab::new();
    for index in 0..4_032 {
        lab.add(&format!("node{index}"), feed(1));
    }
    let error = lab.engine().start().err().expect("too many");
    assert!(error.to_string().contains("4031"), "{error}");
}

#[test]
fn a_chain_of_three_hundred_nodes_brings_everything_through() {
    for workers in [1, 2] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add("source", feed(1_000));
        let mut before = "source".to_owned();
        for index in 1..299 {
            let name = format!("relay{index}");
            lab.add_on(index * workers / 300, &name, relay());
            lab.connect(
                &format!("{before}:out"),
                &format!("{name}:in"),
                Edge::block(8),
            );
            before = name;
        }
        lab.add("sink", eat(&eaten));
        lab.connect(&format!("{before}:out"), "sink:in", Edge::block(8));
        let report = lab.engine().workers(workers).start().unwrap().wait();
        lab.assert_conserved(&report);
        assert_eq!(report.snapshot.nodes.len(), 300);
        assert_eq!(eaten.take(), (0..1_000).collect::<Vec<_>>());
    }
}

#[test]
fn a_graph_with_all_policies_and_bands_drains_on_a_request() {
    for _ in 0..20 {
        let mut lab = Lab::new();
        let eaten: [Log<u64>; 4] = std::array::from_fn(|_| Log::new());
        lab.add_on(0, "source", feed(u64::MAX));
        lab.graph.add("tee", builtin::tee::<u64>(4)).unwrap();
        lab.connect("source:out", "tee:in", Edge::block(64));
        for (index, policy) in POLICIES.into_iter().enumerate() {
            let sink = format!("sink{index}");
            lab.add_on(index % 2, &sink, eat(&eaten[index]));
            let band = [Band::Control, Band::High, Band::Normal, Band::Normal][index];
            lab.connect(
                &format!("tee:out{index}"),
                &format!("{sink}:in"),
                edge(policy, 8).band(band),
            );
        }
        let engine = lab.engine().workers(2).start().unwrap();
        common::wait_until("all sinks have some", || {
            eaten.iter().all(|log| log.len() > 100)
        });
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert!(report.drained, "{report}");
        let sent = report.edge("source:out->tee:in").unwrap().ledger.sent;
        assert_eq!(eaten[0].take(), (0..sent).collect::<Vec<_>>());
    }
}

#[test]
fn a_full_edge_to_another_worker_shows_what_is_in_it_before_the_activation_ends() {
    for policy in [PolicyKind::Block, PolicyKind::Drop] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        let seen = eaten.clone();
        let source = Probe::new().fan_out(2).eager();
        let source = source.on_message(move |io, cx| {
            for number in 0..2 {
                io.output.send(cx, number)?;
            }
            // Full: refused, or dropped.
            let refused = io.output.send(cx, 2);
            assert_ne!(refused.ok(), Some(SendOutcome::Stored));
            wait_until("the sink has taken both", || seen.len() == 2);
            cx.finish();
            Ok(())
        });
        lab.add_on(0, "source", source);
        lab.add_on(1, "sink", eat(&eaten));
        lab.connect("source:out", "sink:in", edge(policy, 2));
        let report = lab.engine().workers(2).start().unwrap().wait();
        lab.assert_conserved(&report);
        assert_eq!(report.node("source").unwrap().panics, 0, "{report}");
        assert_eq!(eaten.take(), [0, 1]);
    }
}

#[test]
fn a_node_that_has_ended_sends_nothing_more_from_on_stop() {
    for (policy, workers) in [PolicyKind::Block, PolicyKind::Drop, PolicyKind::Latest]
        .into_iter()
        .flat_map(|policy| [(policy, 1), (policy, 2)])
    {
        let (mut lab, refused) = (Lab::new(), Log::new());
        let told = refused.clone();
        let ends = Probe::new()
            .on_message(|io, cx| {
                while let Some(number) = io.input.recv(cx) {
                    io.output.send(cx, number)?;
                    cx.finish();
                }
                Ok(())
            })
            .on_stop(move |io, cx| {
                let failure = io.output.send(cx, 7).map_err(|error| error.failure);
                told.push(u64::from(failure == Err(SendFailure::Closed)));
                Ok(())
            });
        // It stops after the node that feeds back to it, so its input is open.
        let first = Probe::new().on_message(|io, cx| {
            while io.control.recv(cx).is_some() {}
            while let Some(number) = io.input.recv(cx) {
                match io.output.send(cx, number) {
                    Err(error) if error.failure != SendFailure::Closed => return Err(error.into()),
                    _ => {}
                }
            }
            Ok(())
        });
        lab.add_on(0, "source", feed_forever());
        lab.add_on(0, "first", first);
        lab.add_on(workers - 1, "ends", ends);
        lab.connect("source:out", "first:in", Edge::block(4));
        lab.connect("first:out", "ends:in", Edge::drop_newest(4));
        lab.connect("ends:out", "first:control", edge(policy, 4));
        let engine = lab.engine().workers(workers).start().unwrap();
        let handle = engine.handle();
        wait_until("it has ended", || {
            handle.snapshot().node("ends").unwrap().state == NodeState::Finished
        });
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert_eq!(refused.take(), [1], "{policy}, {workers} workers");
    }
}
