//! Edges with watermarks: who is told that they fill up, and when.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, eat, feed_forever, wait_until};
use tidegate::Band;
use tidegate::engine::{Crossing, Engine, EngineHandle, Level};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Tick, builtin};
use tidegate::time::ManualClock;

/// Has every crossing logged, as level and depth.
fn log_crossings(handle: &EngineHandle) -> Log<(Level, usize)> {
    let crossings = Log::new();
    let log = crossings.clone();
    handle.on_watermark(move |crossing| log.push((crossing.level, crossing.depth)));
    crossings
}

/// Sends one number for each tick.
fn metronome() -> Probe {
    Probe::new().on_tick(Tick::Every(Duration::from_millis(1)), |io, cx| {
        io.output.send(cx, 1)?;
        Ok(())
    })
}

#[test]
fn each_level_is_told_once_when_it_is_entered() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", metronome()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(16).watermarks(4, 8));
    let builder = lab.engine().clock(clock.clone()).batch(1);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    let crossings = log_crossings(&handle);
    engine.run_until_idle(MANY);
    handle.pause("sink").unwrap();
    for _ in 0..10 {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(MANY);
    }
    assert_eq!(crossings.take(), [(Level::Soft, 4), (Level::Hard, 8)]);
    // One by one, as the batch is 1.
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(crossings.take(), [(Level::Soft, 4), (Level::Low, 2)]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(crossings.len(), 0);
}

#[test]
fn who_begins_to_listen_is_told_what_is_not_low() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", metronome()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::latest(4).watermarks(1, 4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    engine.run_until_idle(MANY);
    handle.pause("sink").unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(MANY);
    }
    let first = log_crossings(&handle);
    engine.step();
    assert_eq!(first.take(), [(Level::Soft, 3)]);
    let second = log_crossings(&handle);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    assert_eq!(first.len(), 0, "the last one that listens holds");
    assert_eq!(second.take(), [(Level::Hard, 4)]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}

#[test]
fn a_listener_that_panics_or_sets_another_harms_nobody() {
    let (mut lab, clock, eaten) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", metronome()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(16).watermarks(1, 3));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    let log = Log::new();
    let (next, inner) = (handle.clone(), log.clone());
    handle.on_watermark(move |_| {
        let inner = inner.clone();
        next.on_watermark(move |crossing| inner.push(crossing.level));
        panic!("it fails, and another has taken its place");
    });
    engine.run_until_idle(MANY);
    handle.pause("sink").unwrap();
    for _ in 0..4 {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(MANY);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(log.take(), [Level::Hard, Level::Low]);
}

/// A source that sends while the valve is open, told by `pressure`.
struct Valve {
    pressure: tidegate::node::Input<Crossing>,
    output: tidegate::node::Output<u64>,
    open: bool,
}

impl tidegate::node::Node for Valve {
    fn ports(&mut self, ports: &mut tidegate::node::Ports<'_>) {
        ports.input("pressure", &mut self.pressure);
        ports.output("out", &mut self.output);
        ports.tick(Tick::Every(Duration::from_millis(1)));
    }

    fn on_message(&mut self, cx: &mut tidegate::node::Context<'_>) -> tidegate::node::NodeResult {
        while let Some(crossing) = self.pressure.recv(cx) {
            self.open = crossing.level < Level::Soft;
        }
        Ok(())
    }

    fn on_tick(&mut self, cx: &mut tidegate::node::Context<'_>) -> tidegate::node::NodeResult {
        if self.open {
            self.output.send(cx, 1)?;
        }
        Ok(())
    }
}

#[test]
fn a_crossing_becomes_a_control_message_through_a_door() {
    let clock = ManualClock::new();
    let mut graph = Subgraph::new("plant");
    let valve = Valve {
        pressure: Default::default(),
        output: tidegate::node::Output::new(),
        open: true,
    };
    let valve = graph.add("valve", valve).unwrap();
    let sink = graph.add("sink", builtin::sink(|_: u64| ())).unwrap();
    let filling = Edge::drop_newest(16).watermarks(4, 16);
    let (from, to) = (valve.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, filling).unwrap();
    let pressure = valve.input(|n| &n.pressure);
    graph.expose_input("pressure", pressure).unwrap();
    let builder = Engine::builder(graph).clock(clock.clone());
    let builder = builder.entrance("pressure", Edge::block(8).band(Band::Control));
    let mut engine = builder.stepping().unwrap();
    let mut pressure = engine.take_entrance::<Crossing>("pressure").unwrap();
    let handle = engine.handle();
    handle.on_watermark(move |crossing| {
        pressure.try_send(crossing.clone()).unwrap();
    });
    engine.run_until_idle(MANY);
    handle.pause("sink").unwrap();
    for _ in 0..10 {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(MANY);
    }
    let depth = |handle: &EngineHandle| handle.snapshot().edge("valve:out->sink:in").unwrap().depth;
    assert_eq!(depth(&handle), 4, "the valve closed at the soft mark");
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced() && report.drained, "{report}");
    let sent = report.edge("valve:out->sink:in").unwrap().ledger.sent;
    assert_eq!(sent, 5, "and opened again");
}

#[test]
fn on_threads_a_paused_consumer_is_told_and_so_is_its_recovery() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_on(0, "source", feed_forever());
    lab.add_on(1, "sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(64).watermarks(32, 64));
    let engine = lab.engine().workers(2).start().unwrap();
    let handle = engine.handle();
    let crossings = log_crossings(&handle);
    handle.pause("sink").unwrap();
    wait_until("the edge is full", || {
        crossings
            .entries()
            .last()
            .is_some_and(|it| it.0 == Level::Hard)
    });
    handle.pause("source").unwrap();
    handle.resume("sink").unwrap();
    wait_until("the edge is empty", || {
        crossings
            .entries()
            .last()
            .is_some_and(|it| it.0 == Level::Low)
    });
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
}

#[test]
fn a_crowd_at_an_entrance_is_told() {
    let mut graph = Subgraph::new("hall");
    let sink = graph.add("sink", builtin::sink(|_: u64| ())).unwrap();
    let input = sink.input(|n| &n.input);
    graph.expose_input("in", input).unwrap();
    let door = Edge::block(8).watermarks(2, 8);
    let builder = Engine::builder(graph).entrance("in", door);
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    let crossings = log_crossings(&handle);
    for number in 0..8 {
        entrance.try_send(number).unwrap();
    }
    engine.run_until_idle(MANY);
    engine.step();
    assert_eq!(crossings.take(), [(Level::Hard, 8)]);
    drop(entrance);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
}

/// A listener that holds a handle of the engine, and what shows whether it lives.
fn listening(handle: &EngineHandle) -> std::sync::Weak<()> {
    let alive = std::sync::Arc::new(());
    let (own, weak) = (handle.clone(), std::sync::Arc::downgrade(&alive));
    handle.on_watermark(move |_| {
        let _ = (&own, &alive);
    });
    weak
}

#[test]
fn a_listener_with_a_handle_of_its_own_engine_goes_with_it() {
    let lab = || {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        lab.add("source", feed_forever()).add("sink", eat(&eaten));
        lab.connect("source:out", "sink:in", Edge::block(64).watermarks(32, 64));
        lab.engine()
    };
    let engine = lab().start().unwrap();
    let handle = engine.handle();
    let early = listening(&handle);
    let report = engine.shutdown(PATIENCE);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(early.strong_count(), 0, "at the end");
    assert_eq!(listening(&handle).strong_count(), 0, "after the end");

    let engine = lab().stepping().unwrap();
    let handle = engine.handle();
    let early = listening(&handle);
    assert_eq!(early.strong_count(), 1);
    drop(engine);
    assert_eq!(early.strong_count(), 0, "dropped without a shutdown");
    assert_eq!(listening(&handle).strong_count(), 0);
}
