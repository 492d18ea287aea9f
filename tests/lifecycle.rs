//! Start, completion, shutdown.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Count, Lab, Log, MANY, PATIENCE, Probe, eat, feed, feed_forever, relay, wait_until};
use tidegate::Band;
use tidegate::engine::{EdgeReport, StopReason};
use tidegate::graph::Edge;
use tidegate::node::{NodeOptions, SendFailure};
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
fn shutdown_stops_sources_and_drains_every_edge() {
    for workers in 1..=3 {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add_on(0, "source", feed_forever());
        lab.add_on(1 % workers, "relay", relay());
        lab.add_on(2 % workers, "sink", eat(&eaten));
        lab.connect("source:out", "relay:in", Edge::block(64));
        lab.connect("relay:out", "sink:in", Edge::block(64));
        let engine = lab.engine().workers(workers).start().unwrap();
        wait_until("some are through", || eaten.len() > 1_000);
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert_eq!(report.reason, StopReason::Requested);
        assert!(report.drained, "{report}");
        let numbers = eaten.take();
        let sent = report.edge("source:out->relay:in").unwrap().ledger.sent;
        assert_eq!(numbers, (0..sent).collect::<Vec<_>>(), "all that were sent");
    }
}

#[test]
fn shutdown_resumes_paused_nodes_so_that_their_inputs_can_drain() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed_forever()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(8));
    let engine = lab.engine().start().unwrap();
    engine.handle().pause("sink").unwrap();
    wait_until("the edge is full", || {
        engine.snapshot().edges[0].ledger.in_flight == 8
    });
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained);
    assert_eq!(report.snapshot.edges[0].ledger.discarded, 0);
}

#[test]
fn shutdown_times_out_and_counts_what_it_discards() {
    // The sink never receives, so its edge never empties.
    let (mut lab, relayed) = (Lab::new(), Count::default());
    let count = relayed.clone();
    let deaf = Probe::new().on_message(move |_, _| {
        count.up();
        Ok(())
    });
    lab.add_on(0, "source", feed(5)).add_on(1, "deaf", deaf);
    lab.connect("source:out", "deaf:in", Edge::block(8));
    let engine = lab.engine().workers(2).start().unwrap();
    wait_until("the messages wait", || {
        engine.snapshot().edges[0].ledger.in_flight == 5 && relayed.get() > 0
    });
    let report = engine.shutdown(Duration::from_millis(20));
    lab.assert_conserved(&report);
    assert!(!report.drained);
    assert!(report.shutdown_took >= Duration::from_millis(20));
    let ledger = &report.snapshot.edges[0].ledger;
    assert_eq!((ledger.sent, ledger.delivered, ledger.discarded), (5, 0, 5));
    assert!(report.to_string().contains("timed out and discarded"));
}

/// Nobody is ready any more, and yet something is in flight: a node is parked
/// behind an input that nobody empties.
#[test]
fn shutdown_does_not_call_it_drained_while_messages_wait_behind_a_parked_node() {
    for threaded in [false, true] {
        let mut lab = Lab::new();
        lab.add("source", feed_forever()).add("relay", relay());
        lab.add("register", Probe::new().passive());
        lab.connect("source:out", "relay:in", Edge::block(4));
        lab.connect("relay:out", "register:in", Edge::block(2));
        let full = |ledgers: &[EdgeReport]| {
            ledgers[0].ledger.in_flight == 4 && ledgers[1].ledger.in_flight == 2
        };
        let report = if threaded {
            let engine = lab.engine().start().unwrap();
            wait_until("all is full", || full(&engine.snapshot().edges));
            engine.shutdown(Duration::from_millis(20))
        } else {
            let mut engine = lab.stepping();
            engine.run_until_idle(MANY);
            assert!(full(&engine.snapshot().edges));
            engine.shutdown(MANY)
        };
        lab.assert_conserved(&report);
        assert!(!report.drained, "{report}");
        let discarded = report.snapshot.edges.iter().map(|e| e.ledger.discarded);
        assert_eq!(discarded.collect::<Vec<_>>(), [4, 2]);
    }
}

#[test]
fn a_stepped_shutdown_out_of_steps_counts_what_it_discards() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(100)).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::drop_newest(64));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    // One batch of 8 is handled by the one turn there is, 56 are left.
    let report = engine.shutdown(0);
    lab.assert_conserved(&report);
    assert!(!report.drained);
    assert_eq!(report.snapshot.edges[0].ledger.discarded, 56);
    assert_eq!(eaten.take(), (0..8).collect::<Vec<_>>());
}

#[test]
fn a_node_can_ask_for_shutdown() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let list = eaten.clone();
    let sink = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            list.push(number);
            if number == 500 {
                cx.request_shutdown();
            }
        }
        Ok(())
    });
    lab.add_on(0, "source", feed_forever())
        .add_on(1, "sink", sink);
    lab.connect("source:out", "sink:in", Edge::block(16));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Requested);
    assert!(report.drained);
    assert!(eaten.len() > 500);
}

#[test]
fn a_handle_can_ask_for_shutdown_from_another_thread() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed_forever()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(16));
    let engine = lab.engine().start().unwrap();
    let handle = engine.handle();
    wait_until("it runs", || eaten.len() > 0);
    let report = std::thread::scope(|scope| {
        scope.spawn(|| handle.request_shutdown(PATIENCE));
        engine.wait()
    });
    lab.assert_conserved(&report);
    assert_eq!(report.reason, StopReason::Requested);
    // A handle outlives its engine, to look at and without effect.
    handle.pause("sink").unwrap();
    assert!(handle.snapshot().is_balanced());
}

#[test]
fn an_engine_that_is_dropped_stops_and_joins_its_threads() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let stops = Count::default();
    let stopped = stops.clone();
    let source = feed_forever().on_stop(move |_, _| {
        stopped.up();
        Ok(())
    });
    lab.add_on(0, "source", source)
        .add_on(1, "sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(16));
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    wait_until("it runs", || eaten.len() > 0);
    drop(engine);
    assert_eq!(stops.get(), 1, "on_stop ran before drop returned");
    let snapshot = handle.snapshot();
    assert!(snapshot.is_balanced(), "{snapshot}");
    let ledger = &snapshot.edges[0].ledger;
    assert_eq!(ledger.in_flight, 0);
    assert_eq!(ledger.delivered, eaten.len() as u64);
    assert_eq!(ledger.sent, lab.count("source:out").get());
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

#[test]
fn a_cycle_with_a_control_feedback_edge_shuts_down() {
    for workers in [1, 2] {
        let mut lab = Lab::new();
        let slowed = Count::default();
        let heard = slowed.clone();
        let mut next = 0;
        let sampler = Probe::new()
            .uncredited()
            .on_start(|_, cx| {
                cx.rearm();
                Ok(())
            })
            .on_message(move |io, cx| {
                cx.rearm();
                while io.control.recv(cx).is_some() {
                    heard.up();
                }
                while cx.next_turn() {
                    io.output.send(cx, next)?;
                    next += 1;
                }
                Ok(())
            });
        let alarm = Probe::new().on_message(|io, cx| {
            while let Some(number) = io.input.recv(cx) {
                if number % 10 == 0 {
                    io.output.send(cx, number)?;
                }
            }
            Ok(())
        });
        lab.add_on(0, "sampler", sampler);
        lab.add_on(workers - 1, "alarm", alarm);
        lab.connect("sampler:out", "alarm:in", Edge::block(8));
        let feedback = Edge::block(2).band(Band::Control);
        lab.connect("alarm:out", "sampler:control", feedback);
        let engine = lab.engine().workers(workers).start().unwrap();
        wait_until("the feedback works", || slowed.get() > 100);
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert!(report.drained, "{report}");
    }
}

#[test]
fn shutdown_waits_for_the_handler_in_progress() {
    let (mut lab, done) = (Lab::new(), Count::default());
    let (open, gate) = channel::<()>();
    let (tell, entered) = channel::<()>();
    let finished = done.clone();
    let slow = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            tell.send(())?;
            gate.recv_timeout(PATIENCE)?;
            finished.up();
        }
        Ok(())
    });
    lab.add_with("source", feed(1), NodeOptions::new());
    lab.add("slow", slow);
    lab.connect("source:out", "slow:in", Edge::block(1));
    let engine = lab.engine().start().unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    engine.handle().request_shutdown(Duration::ZERO);
    open.send(()).unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
    assert_eq!(done.get(), 1);
    assert_eq!(report.node("slow").unwrap().errors, 0);
}
