//! What a shutdown does to doors.

use std::time::Duration;

use tidegate::edge::RecvError;
use tidegate::engine::{Engine, StopReason};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Direction, FaultPolicy, NodeError, NodeOptions};

use crate::common::{MANY, PATIENCE, Probe};
use crate::pair::{self, IN, OUT, assert_conserved};

#[test]
fn what_was_accepted_is_drained_and_nothing_is_accepted_after() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(8), Edge::block(8));
    engine.run_until_idle(MANY);
    for number in 0..5 {
        assert!(entrance.try_send(number).is_ok());
    }
    let report = engine.shutdown(MANY);
    assert!(report.drained);
    assert_conserved(&report, 5, 0, 5);
    let error = entrance.try_send(5).unwrap_err();
    assert!(error.is_closed() && entrance.is_closed());
    assert_eq!(error.into_payload(), 5);
    // What the engine left can still be received, and counts from then on.
    for number in 0..5 {
        assert_eq!(*exit.try_recv().unwrap(), number + 100);
    }
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
    let ledger = exit.monitor().ledger();
    assert!(ledger.is_balanced());
    assert_eq!((ledger.delivered, ledger.in_flight), (5, 0));
}

#[test]
fn what_is_left_in_a_dropped_exit_counts_as_discarded() {
    let (engine, mut entrance, exit) = pair::stepping(Edge::block(8), Edge::block(8));
    assert!(entrance.try_send(1).is_ok());
    let (handle, monitor) = (engine.handle(), exit.monitor());
    assert_conserved(&engine.shutdown(MANY), 1, 0, 1);
    drop(exit);
    assert_eq!(monitor.ledger().discarded, 1);
    let ledger = handle.snapshot().edge(OUT).unwrap().ledger;
    assert!(ledger.is_balanced());
    assert_eq!((ledger.discarded, ledger.in_flight), (1, 0));
}

#[test]
fn a_full_exit_that_nobody_reads_lets_the_drain_time_out_with_counts() {
    let (engine, mut entrance, exit) = pair::started(Edge::block(8), Edge::block(2));
    for number in 0..6 {
        let sent = entrance.send_timeout(number, PATIENCE);
        assert!(sent.is_ok());
    }
    crate::common::wait_until("the exit is full", || exit.len() == 2);
    let report = engine.shutdown(Duration::from_millis(5));
    assert!(!report.drained);
    assert_conserved(&report, 6, 0, 2);
    assert_eq!(report.edge(IN).unwrap().ledger.discarded, 4);
}

#[test]
fn an_exit_that_is_read_during_the_drain_gets_everything() {
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(64), Edge::block(1));
    for number in 0..50 {
        assert!(entrance.send_timeout(number, PATIENCE).is_ok());
    }
    let reader = std::thread::Builder::new()
        .spawn(move || {
            let mut received = 0;
            while let Ok(message) = exit.recv_timeout(PATIENCE) {
                assert_eq!(*message, 100 + received);
                received += 1;
            }
            assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
            received
        })
        .unwrap();
    let report = engine.shutdown(PATIENCE);
    assert!(report.drained);
    assert_eq!(report.reason, StopReason::Requested);
    assert_eq!(reader.join().unwrap(), 50);
    assert!(report.is_balanced());
    let ledger = report.edge(OUT).unwrap().ledger;
    assert_eq!(ledger.delivered + ledger.in_flight, 50);
}

/// A full exit holds the node back. Then it hears a command all the same, and
/// finishes or fails for good.
#[test]
fn a_node_that_ended_while_a_full_exit_held_it_keeps_no_drain() {
    for fails in [false, true] {
        let probe = Probe::new().uncredited().on_message(move |io, cx| {
            if io.control.recv(cx).is_some() {
                if fails {
                    return Err(NodeError::new("for good"));
                }
                cx.finish();
            }
            while let Some(number) = io.input.recv(cx) {
                io.output.send(cx, number)?;
            }
            Ok(())
        });
        let options = NodeOptions::new().on_error(FaultPolicy::Quarantine { after: 1 });
        let mut graph = Subgraph::new("commanded");
        graph.add_with("probe", probe, options).unwrap();
        graph.expose_later(Direction::Input, "in", "probe:in");
        graph.expose_later(Direction::Input, "control", "probe:control");
        graph.expose_later(Direction::Output, "out", "probe:out");
        let builder = Engine::builder(graph)
            .entrance("in", Edge::block(4))
            .entrance("control", Edge::block(1))
            .exit("out", Edge::block(1));
        let mut engine = builder.stepping().unwrap();
        let mut entrance = engine.take_entrance::<u64>("in").unwrap();
        let mut control = engine.take_entrance::<u64>("control").unwrap();
        let exit = engine.take_exit::<u64>("out").unwrap();
        assert!(entrance.try_send(1).is_ok() && entrance.try_send(2).is_ok());
        engine.run_until_idle(MANY);
        assert_eq!(engine.snapshot().edge("probe:out->out>").unwrap().waits, 1);
        assert!(control.try_send(0).is_ok());
        engine.run_until_idle(MANY);
        assert!(engine.shutdown_requested(), "the node has ended");
        let waits = engine.diagnosis().waits;
        assert!(waits.is_empty(), "{waits:?}");
        let report = engine.shutdown(MANY);
        assert!(report.drained && report.is_balanced(), "{report}");
        let ledger = |id| report.edge(id).unwrap().ledger;
        assert_eq!(ledger(">in->probe:in").discarded, 1);
        assert_eq!(ledger("probe:out->out>").in_flight, 1);
        drop(exit);
    }
}

#[test]
fn handles_that_nobody_took_do_not_keep_the_engine() {
    let engine = pair::builder(Edge::block(4), Edge::block(4)).pin(false);
    let report = engine.start().unwrap().wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_conserved(&report, 0, 0, 0);
}

#[test]
fn a_dropped_engine_closes_its_doors() {
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(4), Edge::block(4));
    drop(engine);
    assert!(entrance.try_send(1).unwrap_err().is_closed());
    assert_eq!(exit.recv_timeout(PATIENCE).unwrap_err(), RecvError::Closed);
    assert!(exit.monitor().ledger().is_balanced());
}

#[test]
fn a_stepped_engine_that_is_dropped_wakes_who_waits() {
    let (engine, entrance, mut exit) = pair::stepping(Edge::block(1), Edge::block(1));
    let receiver = std::thread::Builder::new()
        .spawn(move || exit.recv_timeout(Duration::from_secs(3_600)).unwrap_err())
        .unwrap();
    drop(engine);
    assert_eq!(receiver.join().unwrap(), RecvError::Closed);
    assert!(entrance.is_closed());
    assert!(entrance.monitor().ledger().is_balanced());
}
