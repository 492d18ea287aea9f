use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::Value;

use super::*;
use crate::Band;
use crate::engine::{Engine, Report};
use crate::graph::{Edge, Subgraph};
use crate::message::TraceId;
use crate::node::{NodeOptions, builtin};
use crate::observe::{Event, EventKind, Outcome, RecordedEdge, RecordedWorker, Recorder, RunPhase};
use crate::time::Timestamp;

fn at(nanos: u64, kind: EventKind) -> Event {
    Event::new(Timestamp::from_nanos(nanos), kind)
}

fn activation(nanos: u64, node: usize, span: u64, trace: u64) -> Event {
    let kind = EventKind::Activation {
        node,
        band: Band::Normal,
        messages: 1,
        span: Duration::from_nanos(span),
        trace: TraceId::new(trace),
    };
    at(nanos, kind)
}

fn send(nanos: u64, edge: usize, outcome: Outcome, trace: u64) -> Event {
    let kind = EventKind::Send {
        edge,
        outcome,
        messages: 1,
        trace: TraceId::new(trace),
    };
    at(nanos, kind)
}

/// A producer on worker 0, a consumer on worker 1: one message arrives, one is
/// dropped, one is still on its way; and one of each other kind of event.
fn recording() -> Recording {
    let producer = vec![
        at(0, EventKind::Phase(RunPhase::Running)),
        activation(1_000, 0, 500, 7),
        send(1_000, 0, Outcome::Stored, 7),
        activation(2_000, 0, 500, 8),
        send(2_000, 0, Outcome::Dropped, 8),
        activation(2_500, 0, 500, 9),
        send(2_500, 0, Outcome::Stored, 9),
        at(3_100, EventKind::Block { edge: 0 }),
        at(3_200, EventKind::Park),
    ];
    let span = Duration::from_nanos(250);
    let consumer = vec![
        at(1_100, EventKind::Wake { after: span }),
        activation(1_250, 1, 2_000, 7),
        at(
            1_250,
            EventKind::Fault {
                node: 1,
                panicked: true,
            },
        ),
        at(3_300, EventKind::Change { version: 1 }),
        at(
            3_400,
            EventKind::Rearm {
                edge: 0,
                after: span,
            },
        ),
        at(
            3_500,
            EventKind::Tick {
                node: 9,
                lateness: span,
                missed: 0,
            },
        ),
    ];
    let worker = |events| RecordedWorker { events, lost: 3 };
    Recording {
        graph: "pl\"ant\"".into(),
        level: Recorder::Full,
        taken_at: Timestamp::from_nanos(4_000),
        wall_at_epoch: SystemTime::UNIX_EPOCH,
        nodes: vec!["pro\"ducer\\".into(), "consumer".into()],
        edges: vec![RecordedEdge {
            id: "pro\"ducer\\:out->consumer:in".into(),
            producer: Some(0),
            consumer: Some(1),
        }],
        workers: vec![worker(producer), worker(consumer)],
        seed: 42,
        versions: Versions::current(),
    }
}

fn written(recording: &Recording) -> Value {
    let mut out = Vec::new();
    write(recording, &mut out).expect("a vector takes everything");
    serde_json::from_slice(&out).expect("it is JSON")
}

fn number(event: &Value, field: &str) -> f64 {
    let number = event[field].as_f64();
    number.unwrap_or_else(|| panic!("no {field} in {event}"))
}

/// Checks a trace against the rules of the Trace Event Format. How many
/// events there are of each phase.
fn valid(trace: &Value) -> BTreeMap<String, usize> {
    let events = trace["traceEvents"].as_array().expect("an array");
    let mut counts = BTreeMap::new();
    let mut slices: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    let mut begun = BTreeSet::new();
    let mut ended = BTreeSet::new();
    let mut named = BTreeSet::new();
    for event in events {
        let phase = event["ph"].as_str().expect("a phase");
        *counts.entry(phase.to_owned()).or_insert(0) += 1;
        assert!(event["name"].is_string(), "{event}");
        assert!(event["pid"].is_u64(), "{event}");
        let track = event["tid"].as_u64().expect("a track");
        let arrow = (
            event["id"].as_u64(),
            event["cat"].as_str(),
            event["name"].as_str(),
        );
        match phase {
            "M" => {
                assert!(event["args"].is_object(), "{event}");
                if event["name"] == "thread_name" {
                    named.insert(track);
                }
            }
            "X" => {
                let (begin, length) = (number(event, "ts"), number(event, "dur"));
                assert!(begin >= 0.0 && length >= 0.0, "{event}");
                slices
                    .entry(track)
                    .or_default()
                    .push((begin, begin + length));
            }
            "i" => assert!(number(event, "ts") >= 0.0 && event["s"] == "t", "{event}"),
            "s" => assert!(begun.insert(arrow) && arrow.0.is_some(), "{event}"),
            "f" => assert!(ended.insert(arrow) && event["bp"] == "e", "{event}"),
            other => panic!("a phase {other:?} that is not expected: {event}"),
        }
    }
    assert_eq!(begun, ended, "every arrow has two ends");
    for (track, slices) in &slices {
        assert!(named.contains(track), "track {track} has no name");
        // A sum of microseconds is exact to less than this.
        let exact = 1e-6;
        let apart = slices.windows(2).all(|two| two[0].1 <= two[1].0 + exact);
        assert!(apart, "slices of track {track} overlap: {slices:?}");
    }
    for slices in slices.values_mut() {
        slices.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    for event in events
        .iter()
        .filter(|event| "sf".contains(event["ph"].as_str().unwrap()))
    {
        let (track, moment) = (event["tid"].as_u64().unwrap(), number(event, "ts"));
        let begun = slices[&track].partition_point(|slice| slice.0 <= moment);
        let around = slices[&track][..begun].last();
        assert!(
            around.is_some_and(|slice| moment <= slice.1),
            "no slice around {event}"
        );
    }
    counts
}

#[test]
fn a_recording_becomes_a_valid_trace_with_a_slice_per_activation() {
    let trace = written(&recording());
    let counts = valid(&trace);
    // Metadata: the process, and two for each track. Arrows: that of trace 7.
    // Instants: all but the activations and the messages that were stored.
    let expected = [("M", 5), ("X", 4), ("f", 1), ("i", 9), ("s", 1)];
    let expected = expected.map(|(phase, count)| (phase.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected), "{trace:#}");
    assert_eq!(trace["otherData"]["seed"], 42);
    assert_eq!(trace["otherData"]["events_lost_by_worker"][1], 3);
}

/// A line of fifty nodes, half of them on each of two workers, on real threads.
fn recorded_run() -> (Recording, Report) {
    let last = if cfg!(miri) { 8 } else { 1_000 };
    let mut graph = Subgraph::new("line");
    let on = |index: usize| NodeOptions::new().worker(index / 25);
    let source = builtin::source_iter(0..last);
    let source = graph.add_with("node-0", source, on(0)).unwrap();
    let mut output = source.output(|n| &n.output);
    for index in 1..49 {
        let map = builtin::map(|n: u64| n + 1);
        let map = graph
            .add_with(&format!("node-{index}"), map, on(index))
            .unwrap();
        let input = map.input(|n| &n.input);
        graph.connect(output, input, Edge::block(16)).unwrap();
        output = map.output(|n| &n.output);
    }
    let sink = builtin::sink(|_: u64| ());
    let sink = graph.add_with("node-49", sink, on(49)).unwrap();
    let input = sink.input(|n| &n.input);
    graph.connect(output, input, Edge::block(16)).unwrap();
    let builder = Engine::builder(graph).workers(2);
    let builder = builder.recorder(Recorder::Full, 1 << 17);
    let engine = builder.start().unwrap();
    let handle = engine.handle();
    let report = engine.wait();
    assert!(report.is_balanced(), "{report}");
    (handle.recording().expect("it records"), report)
}

#[test]
fn a_real_run_of_fifty_nodes_becomes_a_valid_trace_with_every_activation() {
    let (recording, report) = recorded_run();
    assert_eq!(recording.lost(), 0);
    let trace = written(&recording);
    let counts = valid(&trace);
    let activations = report.snapshot.nodes.iter().map(|node| node.activations);
    assert_eq!(counts["X"] as u64, activations.sum::<u64>());
    let arrows = counts["s"];
    assert!(arrows >= 49, "each edge carried a message: {arrows}");
    for index in 0..50 {
        let name = format!("node-{index}");
        let events = trace["traceEvents"].as_array().unwrap();
        let slices = events.iter().filter(|event| event["ph"] == "X");
        let own = slices
            .filter(|slice| slice["name"] == name.as_str())
            .count() as u64;
        assert_eq!(own, report.node(&name).unwrap().activations);
    }
}

#[test]
fn slices_and_arrows_say_whose_they_are_and_when() {
    let trace = written(&recording());
    let events = trace["traceEvents"].as_array().expect("an array");
    let find = |phase: &str, track: u64| {
        let is_it = |event: &&Value| event["ph"] == phase && event["tid"] == track;
        events.iter().find(is_it).expect("it is there")
    };
    let slice = find("X", 2);
    assert_eq!(slice["name"], "consumer");
    assert_eq!((number(slice, "ts"), number(slice, "dur")), (1.25, 2.0));
    assert_eq!(slice["args"]["trace"], "0000000000000007");
    assert_eq!(slice["args"]["messages"], 1);
    assert_eq!(find("X", 1)["name"], "pro\"ducer\\");
    assert_eq!(number(find("s", 1), "ts"), 1.0);
    assert_eq!(number(find("f", 2), "ts"), 1.25);
    // A node that the recording does not name is drawn all the same.
    let tick = events.iter().find(|event| event["name"] == "tick");
    assert_eq!(tick.expect("it is there")["args"]["node"], "node 9");
}

#[test]
fn a_writer_that_fails_hands_its_error_on() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let complete = {
        let mut out = Vec::new();
        write(&recording(), &mut out).expect("a vector takes everything");
        out.len()
    };
    for room in 0..complete {
        let error = write(&recording(), &mut Full(room)).expect_err("there is no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
    }
    write(&recording(), &mut Full(complete)).expect("there is room");
}
