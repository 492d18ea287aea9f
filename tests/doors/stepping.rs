//! Doors of an engine that is driven step by step, on the same thread.

use std::num::NonZeroU32;
use std::time::Duration;

use tidegate::door::SendFailure;
use tidegate::edge::RecvError;
use tidegate::engine::{Engine, StopReason};
use tidegate::graph::{Edge, Subgraph};
use tidegate::message::Kind;
use tidegate::node::{SendOutcome, builtin};
use tidegate::observe::Metrics;
use tidegate::time::{ManualClock, Timestamp};
use tidegate::{Band, Message};

use crate::common::{Log, MANY, Probe};
use crate::pair::{self, IN, OUT, assert_conserved};

#[test]
fn messages_go_in_and_come_out_between_steps() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(4), Edge::block(4));
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Empty);
    for round in 0..10 {
        assert_eq!(entrance.try_send(round).unwrap(), SendOutcome::Stored);
        engine.run_until_idle(MANY);
        assert_eq!(*exit.try_recv().unwrap(), round + 100);
        assert_eq!(exit.try_recv().unwrap_err(), RecvError::Empty);
    }
    let report = engine.shutdown(10);
    assert!(report.drained);
    assert_conserved(&report, 10, 10, 0);
}

#[test]
fn a_full_block_door_hands_the_message_back_and_does_not_count_it() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(2), Edge::block(1));
    assert!(entrance.try_send(1).is_ok());
    assert!(entrance.try_send(2).is_ok());
    let error = entrance.try_send(3).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_payload(), 3);
    engine.run_until_idle(MANY);
    // One is in the exit, which is full; the relay is parked.
    assert_eq!((entrance.len(), exit.len()), (1, 1));
    assert_eq!(*exit.try_recv().unwrap(), 101);
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 102);
    let waits = engine.snapshot().edge(OUT).unwrap().waits;
    assert_eq!(waits, 1, "the relay waited for the outside");
    let report = engine.shutdown(10);
    assert_conserved(&report, 2, 2, 0);
}

#[test]
fn every_policy_does_at_a_door_what_it_does_elsewhere() {
    let sum = |pending: &mut u64, new| *pending += new;
    let cases: [(Edge, [SendOutcome; 3], &[u64]); 3] = [
        (
            Edge::drop_newest(2),
            [
                SendOutcome::Stored,
                SendOutcome::Stored,
                SendOutcome::Dropped,
            ],
            &[101, 102],
        ),
        (
            Edge::latest(2),
            [
                SendOutcome::Stored,
                SendOutcome::Stored,
                SendOutcome::Replaced,
            ],
            &[102, 103],
        ),
        (
            Edge::coalesce(2, sum).into(),
            [
                SendOutcome::Stored,
                SendOutcome::Stored,
                SendOutcome::Coalesced,
            ],
            &[101, 105],
        ),
    ];
    for (edge, outcomes, received) in cases {
        let name = format!("{edge:?}");
        let (mut engine, mut entrance, mut exit) = pair::stepping(edge, Edge::block(8));
        for (number, outcome) in (1..).zip(outcomes) {
            assert_eq!(entrance.try_send(number).unwrap(), outcome, "{name}");
        }
        engine.run_until_idle(MANY);
        for number in received {
            assert_eq!(*exit.try_recv().unwrap(), *number, "{name}");
        }
        let report = engine.shutdown(10);
        assert_conserved(&report, 3, 2, 0);
    }
}

#[test]
fn every_policy_of_an_exit_keeps_what_it_promises() {
    let sum = |pending: &mut u64, new| *pending += new;
    let cases: [(Edge, &[u64]); 3] = [
        (Edge::drop_newest(2), &[101, 102]),
        (Edge::latest(2), &[102, 103]),
        (Edge::coalesce(2, sum).into(), &[101, 205]),
    ];
    for (edge, received) in cases {
        let name = format!("{edge:?}");
        let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(8), edge);
        for number in 1..=3 {
            assert!(entrance.try_send(number).is_ok());
        }
        engine.run_until_idle(MANY);
        for number in received {
            assert_eq!(*exit.try_recv().unwrap(), *number, "{name}");
        }
        assert_eq!(exit.try_recv().unwrap_err(), RecvError::Empty);
        let report = engine.shutdown(10);
        assert_conserved(&report, 3, 2, 0);
    }
}

#[test]
fn a_message_gets_its_trace_and_the_time_of_the_call_at_the_door() {
    let clock = ManualClock::new();
    let builder = pair::builder(Edge::block(4), Edge::block(4)).clock(clock.clone());
    let mut engine = builder.seed(7).stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    clock.advance(Duration::from_nanos(50));
    assert!(entrance.try_send(1).is_ok());
    clock.advance(Duration::from_nanos(20));
    let given = Message::control(2).with_origin(Timestamp::from_nanos(5));
    assert!(entrance.try_send_message(given.with_schema(9)).is_ok());
    clock.advance(Duration::from_nanos(30));
    engine.run_until_idle(MANY);
    let (first, second) = (exit.try_recv().unwrap(), exit.try_recv().unwrap());
    assert_eq!(first.header().origin(), Some(Timestamp::from_nanos(50)));
    assert_eq!(second.header().origin(), Some(Timestamp::from_nanos(5)));
    assert_eq!(
        (second.header().kind(), second.header().schema()),
        (Kind::Control, 9)
    );
    let traces = [first.header().trace(), second.header().trace()];
    assert!(traces[0].is_some() && traces[1].is_some() && traces[0] != traces[1]);
    let age = engine.snapshot().edge(IN).unwrap().queue_age.clone();
    assert_eq!(
        age.unwrap().max(),
        Duration::from_nanos(50),
        "the first is timed"
    );
    assert_conserved(&engine.shutdown(10), 2, 2, 0);
}

#[test]
fn a_merged_message_leaves_no_time_for_the_next_one() {
    let (clock, sum) = (ManualClock::new(), |pending: &mut u64, new| *pending += new);
    let builder = pair::builder(Edge::coalesce(1, sum), Edge::block(4));
    let every_second = Metrics::sampled(NonZeroU32::new(2).unwrap());
    let builder = builder.clock(clock.clone()).metrics(every_second);
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    assert!(entrance.try_send(1).is_ok()); // timed
    engine.run_until_idle(MANY);
    assert!(entrance.try_send(2).is_ok());
    assert_eq!(entrance.try_send(3).unwrap(), SendOutcome::Coalesced); // would be timed
    engine.run_until_idle(MANY);
    clock.advance(Duration::from_nanos(50));
    assert!(entrance.try_send(4).is_ok());
    engine.run_until_idle(MANY);
    let age = engine.snapshot().edge(IN).unwrap().queue_age.clone();
    let age = age.unwrap();
    assert_eq!((age.count(), age.max()), (1, Duration::ZERO));
    for number in [101, 105, 104] {
        assert_eq!(*exit.try_recv().unwrap(), number);
    }
    assert_conserved(&engine.shutdown(10), 4, 3, 0);
}

#[test]
fn a_validator_refuses_at_the_door() {
    let mut graph = Subgraph::new("strict");
    graph.add("sink", Strict::default()).unwrap();
    graph.expose_later(tidegate::node::Direction::Input, "in", "sink:in");
    let builder = Engine::builder(graph).entrance("in", Edge::block(4));
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let error = entrance.try_send(13).unwrap_err();
    assert_eq!(error.failure, SendFailure::Refused("unlucky"));
    assert_eq!(error.into_payload(), 13);
    assert!(entrance.try_send(14).is_ok());
    engine.run_until_idle(MANY);
    let report = engine.shutdown(10);
    assert!(report.is_balanced());
    assert_eq!(report.edge(">in->sink:in").unwrap().ledger.delivered, 1);
}

/// Does not like 13.
#[derive(Default)]
struct Strict {
    input: tidegate::node::Input<u64>,
}

impl tidegate::node::Node for Strict {
    fn ports(&mut self, ports: &mut tidegate::node::Ports<'_>) {
        let lucky = |n: &u64| if *n == 13 { Err("unlucky") } else { Ok(()) };
        ports.input("in", &mut self.input).validator(lucky);
    }

    fn on_message(&mut self, cx: &mut tidegate::node::Context<'_>) -> tidegate::node::NodeResult {
        while self.input.recv(cx).is_some() {}
        Ok(())
    }
}

#[test]
fn an_engine_whose_doors_close_completes() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(4), Edge::block(4));
    assert!(entrance.try_send(1).is_ok());
    entrance.close();
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "every node has finished");
    assert_eq!(*exit.try_recv().unwrap(), 101);
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
    let report = engine.shutdown(10);
    assert_eq!(report.reason, StopReason::Completed);
    assert_conserved(&report, 1, 1, 0);
}

#[test]
fn an_idle_node_behind_a_closed_door_finishes_too() {
    let (mut engine, mut entrance, exit) = pair::stepping(Edge::block(4), Edge::block(4));
    assert!(entrance.try_send(1).is_ok());
    engine.run_until_idle(MANY);
    assert!(!engine.shutdown_requested());
    drop(entrance);
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested());
    drop(exit);
    let report = engine.shutdown(10);
    assert_conserved(&report, 1, 0, 0);
    assert_eq!(report.edge(OUT).unwrap().ledger.discarded, 1);
}

#[test]
fn a_closed_exit_gives_the_node_its_messages_back() {
    let mut graph = Subgraph::new("open-ended");
    let refused = Log::new();
    let log = refused.clone();
    let probe = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            if let Err(error) = io.output.port.send(cx, number) {
                log.push((error.failure, error.message.into_payload()));
            }
        }
        Ok(())
    });
    graph.add("probe", probe).unwrap();
    graph.expose_later(tidegate::node::Direction::Input, "in", "probe:in");
    graph.expose_later(tidegate::node::Direction::Output, "out", "probe:out");
    let builder = Engine::builder(graph)
        .entrance("in", Edge::block(4))
        .exit("out", Edge::block(1));
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let exit = engine.take_exit::<u64>("out").unwrap();
    for number in 1..=3 {
        assert!(entrance.try_send(number).is_ok());
    }
    engine.run_until_idle(MANY); // 1 fills the exit
    exit.close(); // and wakes the probe
    engine.run_until_idle(MANY);
    let closed = tidegate::node::SendFailure::Closed;
    assert_eq!(refused.take(), [(closed, 2), (closed, 3)]);
    let report = engine.shutdown(10);
    assert!(report.is_balanced() && report.drained, "{report}");
    let ledger = report.edge("probe:out->out>").unwrap().ledger;
    assert_eq!((ledger.sent, ledger.discarded), (1, 1));
}

#[test]
fn a_node_that_fails_for_good_closes_its_doors() {
    let mut graph = Subgraph::new("faulty");
    let map = builtin::map(|n: u64| if n == 2 { panic!("two") } else { n });
    let options = tidegate::node::NodeOptions::new()
        .on_panic(tidegate::node::FaultPolicy::Quarantine { after: 1 });
    graph.add_with("map", map, options).unwrap();
    graph.expose_later(tidegate::node::Direction::Input, "in", "map:in");
    graph.expose_later(tidegate::node::Direction::Output, "out", "map:out");
    let builder = Engine::builder(graph)
        .entrance("in", Edge::block(4))
        .exit("out", Edge::block(4));
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    for number in 1..=3 {
        assert!(entrance.try_send(number).is_ok());
    }
    engine.run_until_idle(MANY);
    assert!(entrance.try_send(4).unwrap_err().is_closed());
    assert_eq!(*exit.try_recv().unwrap(), 1);
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
    let report = engine.shutdown(10);
    assert!(report.is_balanced(), "{report}");
    let ledger = report.edge(">in->map:in").unwrap().ledger;
    assert_eq!((ledger.sent, ledger.delivered, ledger.discarded), (3, 2, 1));
}

#[test]
fn capacity_and_band_of_a_door_can_be_changed_while_it_is_in_use() {
    let edge = Edge::block(1).max_capacity(4);
    let (mut engine, mut entrance, mut exit) = pair::stepping(edge, Edge::block(8));
    assert!(entrance.try_send(1).is_ok());
    assert!(entrance.try_send(2).is_err());
    let handle = engine.handle();
    handle.set_edge_capacity(IN, 3).unwrap();
    handle.set_edge_band(IN, Band::High).unwrap();
    engine.step();
    assert_eq!(entrance.capacity(), 3);
    for number in 2..=4 {
        assert!(entrance.try_send(number).is_ok());
    }
    engine.run_until_idle(MANY);
    for number in 1..=4 {
        assert_eq!(*exit.try_recv().unwrap(), 100 + number);
    }
    assert_eq!(engine.snapshot().edge(IN).unwrap().band, Band::High);
    // The first message alone, with the change, then the other three.
    assert_eq!(engine.snapshot().workers[0].picks, [0, 2, 0]);
    assert_conserved(&engine.shutdown(10), 4, 4, 0);
}

#[test]
fn doors_of_nested_subgraphs_are_opened_through_the_top() {
    let mut top = Subgraph::new("top");
    let inner = top.nest(pair::graph()).unwrap();
    top.expose_input("feed", inner.input::<u64>("in").unwrap())
        .unwrap();
    top.expose_output("take", inner.output::<u64>("out").unwrap())
        .unwrap();
    let builder = Engine::builder(top)
        .entrance("feed", Edge::block(4))
        .exit("take", Edge::block(4));
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("feed").unwrap();
    let mut exit = engine.take_exit::<u64>("take").unwrap();
    assert!(entrance.try_send(1).is_ok());
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 101);
    let report = engine.shutdown(10);
    assert!(report.is_balanced());
    assert_eq!(report.edge(">feed->pair/relay:in").unwrap().ledger.sent, 1);
    assert_eq!(
        report
            .edge("pair/relay:out->take>")
            .unwrap()
            .ledger
            .delivered,
        1
    );
}

#[test]
fn what_is_too_old_at_an_exit_expires() {
    let clock = ManualClock::new();
    let exit = Edge::block(4).max_age(Duration::from_millis(1));
    let builder = pair::builder(Edge::block(4), exit).clock(clock.clone());
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance("in").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    entrance.try_send(1_u64).unwrap();
    engine.run_until_idle(MANY);
    clock.advance(Duration::from_millis(2));
    entrance.try_send(2).unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 102);
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Empty);
    let report = engine.shutdown(10);
    assert_eq!(report.edge(OUT).unwrap().ledger.expired, 1);
    assert_conserved(&report, 2, 1, 0);
}
