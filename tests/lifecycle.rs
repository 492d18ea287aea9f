//! Start, the ends of nodes, completion.

mod common;

use common::{Lab, Log, MANY, Probe, eat, feed, feed_forever, relay};
use tidegate::engine::StopReason;
use tidegate::graph::Edge;
use tidegate::node::SendFailure;
use tidegate::sched::NodeState;

/// A chain of `names`, node *i* on worker *i* modulo `workers`, that logs each
/// hook as `start name`, `message name`, `stop name`.
fn logged_chain(lab: &mut Lab, log: &Log<String>, names: &[&'static str], workers: usize) {
    let mut before: Option<&str> = None;
    for (index, &name) in names.iter().enumerate() {
        let (started, handled, stopped) = (log.clone(), log.clone(), log.clone());
        let mut left = 20;
        let probe = Probe::new()
            .on_start(move |io, cx| {
                started.push(format!("start {name}"));
                // On its way before anybody runs.
                io.output.send(cx, 0)?;
                cx.rearm();
                Ok(())
            })
            .on_message(move |io, cx| {
                handled.push(format!("message {name}"));
                if io.input.port.is_connected() {
                    while let Some(number) = io.input.recv(cx) {
                        io.output.send(cx, number)?;
                    }
                    return Ok(());
                }
                cx.rearm();
                while cx.next_turn() {
                    io.output.send(cx, left)?;
                    left -= 1;
                    if left == 0 {
                        cx.finish();
                        break;
                    }
                }
                Ok(())
            })
            .on_stop(move |_, _| {
                stopped.push(format!("stop {name}"));
                Ok(())
            });
        lab.add_on(index % workers, name, probe);
        if let Some(before) = before {
            lab.connect(
                &format!("{before}:out"),
                &format!("{name}:in"),
                Edge::block(64),
            );
        }
        before = Some(name);
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn on_start_before_any_message() {
    for workers in 1..=3 {
        for _ in 0..20 {
            let (mut lab, log) = (Lab::new(), Log::new());
            logged_chain(&mut lab, &log, &NAMES, workers);
            let report = lab.engine().workers(workers).start().unwrap().wait();
            lab.assert_conserved(&report);
            let log = log.take();
            let last_start = log.iter().rposition(|entry| entry.starts_with("start"));
            let first_message = log.iter().position(|entry| entry.starts_with("message"));
            assert!(last_start < first_message, "{log:?}");
            let starts = log.iter().filter(|entry| entry.starts_with("start"));
            assert_eq!(starts.count(), NAMES.len(), "each once");
        }
    }
}

#[test]
fn on_stop_in_reverse_topological_order() {
    let stops: Vec<_> = NAMES
        .iter()
        .rev()
        .map(|name| format!("stop {name}"))
        .collect();
    for workers in 1..=3 {
        for _ in 0..20 {
            let (mut lab, log) = (Lab::new(), Log::new());
            logged_chain(&mut lab, &log, &NAMES, workers);
            let report = lab.engine().workers(workers).start().unwrap().wait();
            lab.assert_conserved(&report);
            let log = log.take();
            assert_eq!(log[log.len() - NAMES.len()..], stops, "after all messages");
        }
    }
    let (mut lab, log) = (Lab::new(), Log::new());
    logged_chain(&mut lab, &log, &NAMES, 1);
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    log.take();
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(log.take(), stops);
}

#[test]
fn an_engine_whose_sources_finish_completes_by_itself() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(1_000)).add("relay", relay());
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "relay:in", Edge::block(8));
    lab.connect("relay:out", "sink:in", Edge::block(8));
    let report = lab.engine().start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Completed);
    assert!(report.drained);
    for node in &report.snapshot.nodes {
        assert_eq!(node.state, NodeState::Finished, "{}", node.path);
    }
    assert_eq!(eaten.take(), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn what_on_stop_sends_comes_back_closed() {
    let (mut lab, eaten, failures) = (Lab::new(), Log::new(), Log::new());
    let seen = failures.clone();
    let source = feed(3).on_stop(move |io, cx| {
        let error = io.output.send(cx, 99).expect_err("nobody receives it");
        seen.push((error.failure, error.message.into_payload()));
        Ok(())
    });
    lab.add_on(0, "source", source)
        .add_on(1, "sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::latest(8));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(failures.take(), [(SendFailure::Closed, 99)]);
    assert_eq!(report.snapshot.edges[0].ledger.sent, 3);
}

#[test]
fn a_node_finishes_when_all_of_its_inputs_have_ended_and_not_before() {
    let (mut lab, log) = (Lab::new(), Log::new());
    let list = log.clone();
    let join = Probe::new().on_message(move |io, cx| {
        loop {
            let Some(number) = io.input.recv(cx).or_else(|| io.control.recv(cx)) else {
                return Ok(());
            };
            list.push(number);
        }
    });
    lab.add("short", feed(3)).add("long", feed(300));
    lab.add("join", join);
    lab.connect("short:out", "join:in", Edge::block(4));
    lab.connect("long:out", "join:control", Edge::block(4));
    let mut engine = lab.stepping();
    while engine.snapshot().node("short").unwrap().state != NodeState::Finished {
        engine.step();
    }
    engine.run_until_idle(5);
    let join = engine.snapshot().node("join").unwrap().state;
    assert_eq!(join, NodeState::Active);
    engine.run_until_idle(MANY);
    let join = engine.snapshot().node("join").unwrap().state;
    assert_eq!(join, NodeState::Finished);
    assert!(engine.shutdown_requested());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(log.len(), 303);
}

#[test]
fn a_finished_consumer_closes_its_producer() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let list = eaten.clone();
    let sink = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            list.push(number);
            if number == 9 {
                cx.finish();
                break;
            }
        }
        Ok(())
    });
    lab.add_on(0, "source", feed_forever())
        .add_on(1, "sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(
        report.reason,
        StopReason::Completed,
        "the source finished too"
    );
    assert_eq!(eaten.take(), (0..10).collect::<Vec<_>>());
}
