//! The same graph, seed and calls give the same run; headers on their way.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, Probe, Seed, feed, relay};
use tidegate::Band;
use tidegate::engine::Step;
use tidegate::graph::Edge;
use tidegate::message::{Header, Kind, Message, TraceId};
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports, Tick, builtin};
use tidegate::time::{ManualClock, Timestamp};

/// A sink that keeps headers.
struct Headers {
    input: Input<u64>,
    seen: Log<(u64, Header)>,
}

impl Headers {
    fn into(seen: &Log<(u64, Header)>) -> Self {
        Self {
            input: Input::new(),
            seen: seen.clone(),
        }
    }
}

impl Node for Headers {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(message) = self.input.recv(cx) {
            self.seen.push((*message, *message.header()));
        }
        Ok(())
    }
}

/// A run of a graph with ticks, priorities, lossy edges and changes at
/// random (but given by the test's seed); all steps and all headers.
fn run(seed: u64) -> (Vec<Step>, Vec<(u64, Header)>) {
    let mut random = Seed::new();
    let (mut lab, clock, seen) = (Lab::new(), ManualClock::new(), Log::new());
    lab.add("source", feed(2_000));
    let mut ticks = 0;
    let ticker = Probe::new().on_tick(Tick::Every(Duration::from_micros(700)), move |io, cx| {
        ticks += 1;
        io.output.send(cx, ticks)?;
        Ok(())
    });
    lab.add("ticker", ticker).add("relay", relay());
    lab.graph.add("merge", builtin::merge::<u64>(2)).unwrap();
    lab.graph.add("sink", Headers::into(&seen)).unwrap();
    lab.connect("source:out", "relay:in", Edge::latest(4));
    lab.connect("relay:out", "merge:in0", Edge::block(4));
    let edge = Edge::block(8).band(Band::Control);
    lab.connect("ticker:out", "merge:in1", edge);
    lab.connect("merge:out", "sink:in", Edge::block(4));
    let builder = lab.engine().clock(clock.clone()).seed(seed);
    let mut engine = builder.stepping().unwrap();
    let handle = engine.handle();
    let mut steps = Vec::new();
    for _ in 0..3_000 {
        clock.advance(Duration::from_nanos(random.in_range(1..100_000)));
        if random.once_in(50) {
            handle.set_batch(random.in_range(1..10) as u32).unwrap();
        }
        steps.push(engine.step());
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.seed, seed);
    (steps, seen.take())
}

#[test]
fn the_same_seed_and_calls_give_the_same_steps_and_headers() {
    let (steps, headers) = run(1);
    assert!(headers.len() > 500, "only {} messages", headers.len());
    let again = run(1);
    assert_eq!(steps, again.0);
    assert_eq!(headers, again.1);
}

#[test]
fn another_seed_changes_the_trace_ids_and_nothing_else() {
    let (steps, headers) = run(1);
    let (other_steps, other_headers) = run(2);
    assert_eq!(steps, other_steps);
    assert_eq!(headers.len(), other_headers.len());
    for ((number, header), (other_number, other)) in headers.iter().zip(&other_headers) {
        assert_eq!(number, other_number);
        assert_eq!(header.origin(), other.origin());
        assert_ne!(header.trace(), other.trace());
    }
}

#[test]
fn a_source_begins_a_trace_for_each_message_and_a_chain_inherits_it() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    let (first, last) = (Log::new(), Log::new());
    lab.add("source", feed(20));
    lab.graph.add("tee", builtin::tee::<u64>(2)).unwrap();
    lab.graph.add("first", Headers::into(&first)).unwrap();
    // Sends payloads: the headers are inherited.
    lab.add("relay", relay());
    // Forwards messages: the headers are kept.
    lab.graph
        .add("map", builtin::map(|n: u64| n + 100))
        .unwrap();
    lab.graph.add("last", Headers::into(&last)).unwrap();
    lab.connect("source:out", "tee:in", Edge::block(4));
    lab.connect("tee:out0", "first:in", Edge::block(4));
    lab.connect("tee:out1", "relay:in", Edge::block(4));
    lab.connect("relay:out", "map:in", Edge::block(4));
    lab.connect("map:out", "last:in", Edge::block(4));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    while !engine.shutdown_requested() {
        clock.advance(Duration::from_micros(1));
        engine.step();
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let (first, last) = (first.take(), last.take());
    assert_eq!(first.len(), 20);
    for ((number, header), (mapped, inherited)) in first.iter().zip(&last) {
        assert_eq!(number + 100, *mapped);
        assert_eq!(header.trace(), inherited.trace());
        assert_eq!(header.origin(), inherited.origin());
        assert!(header.origin() > Some(Timestamp::EPOCH));
    }
    let mut traces: Vec<_> = first
        .iter()
        .map(|(_, h)| h.trace().unwrap().get())
        .collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 20, "a trace of its own for each");
}

/// Sends messages whose headers it made itself.
#[derive(Default)]
struct Composer {
    output: Output<u64>,
}

impl Node for Composer {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("out", &mut self.output).fan_out(2);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let composed = Message::error(7_u64)
            .with_schema(3)
            .with_trace(TraceId::new(42).expect("not zero"))
            .with_origin(Timestamp::from_nanos(5));
        self.output.send_message(cx, composed)?;
        self.output.send_message(cx, Message::control(8))?;
        Ok(())
    }
}

#[test]
fn what_a_header_already_has_stays_across_every_edge() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    lab.graph.add("composer", Composer::default()).unwrap();
    lab.graph
        .add("filter", builtin::filter(|_: &u64| true))
        .unwrap();
    lab.graph.add("sink", Headers::into(&seen)).unwrap();
    lab.connect("composer:out", "filter:in", Edge::block(4));
    lab.connect("filter:out", "sink:in", Edge::latest(4));
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    let seen = seen.take();
    assert_eq!(seen.len() as u64, report.snapshot.edges[1].ledger.delivered);
    let (composed, control) = (seen[0].1, seen[1].1);
    assert_eq!(composed.kind(), Kind::Error);
    assert_eq!(composed.schema(), 3);
    assert_eq!(composed.trace(), TraceId::new(42));
    assert_eq!(composed.origin(), Some(Timestamp::from_nanos(5)));
    assert_eq!(control.kind(), Kind::Control);
    assert!(control.trace().is_some() && control.trace() != TraceId::new(42));
    assert!(control.origin().is_some());
}
