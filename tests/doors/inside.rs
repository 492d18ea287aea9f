//! Somebody is inside an entrance, in a slow merge function, while the engine
//! ends.

use std::hint;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tidegate::door::Entrance;
use tidegate::engine::{Engine, EngineBuilder, Report};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::Direction;
use tidegate::sched::NodeState;

use crate::common::{Count, MANY, Probe, wait_until};

/// How often the merge function spins before it returns.
const SPINS: usize = if cfg!(miri) { 200 } else { 50_000 };

/// When the merge function was entered, and when it may return.
#[derive(Clone, Default)]
struct Signals {
    inside: Count,
    go: Count,
}

/// A node that lets the merge function return when it hears a command, or is
/// stopped.
fn builder(signals: &Signals) -> EngineBuilder {
    let (heard, stopped) = (signals.go.clone(), signals.go.clone());
    let probe = Probe::new()
        .on_message(move |io, cx| {
            while io.control.recv(cx).is_some() {
                heard.up();
            }
            while let Some(number) = io.input.recv(cx) {
                io.output.send(cx, number)?;
            }
            Ok(())
        })
        .on_stop(move |_, _| {
            stopped.up();
            Ok(())
        });
    let Signals { inside, go } = signals.clone();
    let merge = move |pending: &mut u64, new| {
        inside.up();
        while go.get() == 0 {
            thread::yield_now();
        }
        // So that an engine that does not wait is through; without giving the core
        // away, on a busy machine for longer than an engine is patient.
        for _ in 0..SPINS {
            hint::spin_loop();
        }
        *pending += new;
    };
    let mut graph = Subgraph::new("slow");
    graph.add("probe", probe).unwrap();
    graph.expose_later(Direction::Input, "in", "probe:in");
    graph.expose_later(Direction::Input, "control", "probe:control");
    graph.expose_later(Direction::Output, "out", "probe:out");
    Engine::builder(graph)
        .entrance("in", Edge::coalesce(1, merge))
        .entrance("control", Edge::block(1))
        .exit("out", Edge::block(8))
}

/// Sends two messages, of which the second is merged; returns while it is.
fn merging(mut entrance: Entrance<u64>, signals: &Signals) -> JoinHandle<()> {
    let sender = thread::Builder::new().spawn(move || {
        assert!(entrance.try_send(1).is_ok());
        assert!(entrance.try_send(2).is_ok(), "it was inside");
        assert!(entrance.is_closed());
    });
    wait_until("it merges", || signals.inside.get() == 1);
    sender.unwrap()
}

/// Both were sent, and none is left.
#[track_caller]
fn assert_counted(report: &Report, delivered: u64, discarded: u64) {
    assert!(report.is_balanced(), "{report}");
    let ledger = report.edge(">in->probe:in").unwrap().ledger;
    assert_eq!((ledger.sent, ledger.coalesced), (2, 1), "{report}");
    assert_eq!(
        (ledger.delivered, ledger.discarded, ledger.in_flight),
        (delivered, discarded, 0),
        "{report}"
    );
}

#[test]
fn a_stepped_drain_waits_for_who_is_inside_an_entrance() {
    let signals = Signals::default();
    let mut engine = builder(&signals).stepping().unwrap();
    let entrance = engine.take_entrance::<u64>("in").unwrap();
    let mut control = engine.take_entrance::<u64>("control").unwrap();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    let sender = merging(entrance, &signals);
    assert!(control.try_send(0).is_ok());
    let report = engine.shutdown(MANY);
    assert!(report.drained);
    sender.join().unwrap();
    assert_counted(&report, 1, 0);
    assert_eq!(*exit.try_recv().unwrap(), 3);
}

#[test]
fn what_comes_in_after_a_stepped_drain_gave_up_is_counted() {
    let signals = Signals::default();
    let mut engine = builder(&signals).stepping().unwrap();
    let sender = merging(engine.take_entrance("in").unwrap(), &signals);
    let report = engine.shutdown(0);
    assert!(!report.drained);
    sender.join().unwrap();
    assert_counted(&report, 0, 1);
}

#[test]
fn what_comes_in_after_a_drain_timed_out_is_counted() {
    let signals = Signals::default();
    let mut engine = builder(&signals).pin(false).start().unwrap();
    engine.handle().pause("probe").unwrap();
    wait_until("it is paused", || {
        engine.snapshot().node("probe").unwrap().state == NodeState::Paused
    });
    let sender = merging(engine.take_entrance("in").unwrap(), &signals);
    let report = engine.shutdown(Duration::ZERO);
    assert!(!report.drained);
    sender.join().unwrap();
    assert_counted(&report, 0, 1);
}
