//! Shutdown on request: who asks, what is waited for, what is discarded.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Count, Lab, Log, MANY, PATIENCE, Probe, eat, feed, feed_forever, relay, wait_until};
use tidegate::Band;
use tidegate::engine::{ControlError, EdgeReport, StopReason};
use tidegate::graph::Edge;
use tidegate::node::NodeOptions;

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
        // These only grow, unlike what is in flight: 4 and 2 are left.
        let full = |edges: &[EdgeReport]| edges[0].ledger.sent == 6 && edges[1].ledger.sent == 2;
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
    // A handle outlives its engine, to look at it.
    assert_eq!(handle.pause("sink").unwrap_err(), ControlError::Stopped);
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
fn a_cycle_with_a_control_feedback_edge_shuts_down() {
    for workers in [1, 2] {
        let mut lab = Lab::new();
        let slowed = Count::default();
        let heard = slowed.clone();
        let mut next = 0;
        let sampler = Probe::new().uncredited().eager().on_message(move |io, cx| {
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
