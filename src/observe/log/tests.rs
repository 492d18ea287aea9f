use std::io::{Read, Seek};
use std::sync::Arc;

use serde_json::Value;
use tracing_subscriber::fmt;

use super::*;
use crate::engine::{Engine, SteppedEngine};
use crate::graph::{Edge, Subgraph};
use crate::message::TraceId;
use crate::node::{FaultPolicy, NodeOptions, builtin};
use crate::observe::{
    Event, EventKind, Outcome, RecordedEdge, RecordedWorker, Recorder, Recording, Versions,
};
use crate::sched::Priority;
use crate::time::{ManualClock, Timestamp};

/// The events that `run` emits at debug level and above, as JSON.
fn captured(run: impl FnOnce()) -> Vec<Value> {
    let file = Arc::new(tempfile::tempfile().expect("a temporary file"));
    let subscriber = fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(Arc::clone(&file))
        .finish();
    tracing::subscriber::with_default(subscriber, run);
    let mut text = String::new();
    let mut file = &*file;
    file.rewind().expect("a file can be rewound");
    file.read_to_string(&mut text).expect("JSON is text");
    let parse = |line| serde_json::from_str(line).expect("a line is a JSON object");
    text.lines().map(parse).collect()
}

/// Those events of `target` that have the message `what`.
fn of<'e>(events: &'e [Value], target: &str, what: &str) -> Vec<&'e Value> {
    let is_it = |event: &&Value| event["target"] == target && event["fields"]["message"] == what;
    events.iter().filter(is_it).collect()
}

/// A source of what `numbers` gives, into an edge that drops what is beyond
/// two, to a sink that panics at 13.
fn engine(numbers: impl Iterator<Item = i32> + Send + 'static) -> SteppedEngine {
    let mut graph = Subgraph::new("plant");
    let source = graph.add("source", builtin::source_iter(numbers));
    let source = source.expect("a free name");
    let sink = builtin::sink(|n: i32| assert_ne!(n, 13, "the number 13"));
    let options = NodeOptions::new().on_panic(FaultPolicy::Quarantine { after: 1 });
    let sink = graph.add_with("sink", sink, options).expect("a free name");
    let edge = Edge::drop_newest(2).max_capacity(4);
    graph
        .connect(source.output(|n| &n.output), sink.input(|n| &n.input), edge)
        .expect("free ports");
    Engine::builder(graph).stepping().expect("a sound graph")
}

#[test]
fn a_run_is_told_from_its_phases_over_its_fault_to_its_end() {
    let events = captured(|| {
        let mut engine = engine([1, 13].into_iter());
        let mut log = LogObserver::new(engine.handle());
        log.look();
        engine.run_until_idle(100);
        log.look();
        let report = engine.shutdown(100);
        assert!(report.is_balanced(), "{report}");
        log.finish(&report);
    });
    let lifecycle = "tidegate::lifecycle";
    assert_eq!(of(&events, lifecycle, "worker placed").len(), 1);
    assert_eq!(of(&events, lifecycle, "engine is running").len(), 1);
    assert_eq!(of(&events, lifecycle, "engine is stopping").len(), 1);
    let fault = of(&events, "tidegate::fault", "node failed");
    assert_eq!(fault.len(), 1, "{events:#?}");
    assert_eq!(fault[0]["level"], "WARN");
    assert_eq!(fault[0]["fields"]["graph"], "plant");
    assert_eq!(fault[0]["fields"]["node"], "sink");
    assert_eq!(fault[0]["fields"]["hook"], "on_message");
    let error = fault[0]["fields"]["error"].as_str().expect("a text");
    assert!(error.contains("the number 13"), "{error}");
    assert_eq!(
        of(&events, "tidegate::fault", "node is quarantined").len(),
        1
    );
    let end = of(&events, lifecycle, "engine stopped, everything handled");
    assert_eq!(end.len(), 1, "{events:#?}");
    assert_eq!(end[0]["level"], "INFO");
    assert_eq!(end[0]["fields"]["faults"], 1);
}

#[test]
fn nothing_is_said_twice_and_fault_texts_can_be_left_out() {
    let events = captured(|| {
        let mut engine = engine([13].into_iter());
        engine.run_until_idle(100);
        let mut log = LogObserver::new(engine.handle()).fault_texts(false);
        log.look();
        log.look();
        let report = engine.shutdown(100);
        assert!(report.is_balanced(), "{report}");
        log.finish(&report);
    });
    let fault = of(&events, "tidegate::fault", "node failed");
    assert_eq!(fault.len(), 1, "{events:#?}");
    assert_eq!(fault[0]["fields"].get("error"), None);
    assert!(!format!("{events:?}").contains("the number 13"));
}

#[test]
fn losses_of_an_edge_come_as_one_sum_per_interval() {
    let events = captured(|| {
        let mut engine = engine(0..10);
        let clock = ManualClock::new();
        engine.handle().pause("sink").expect("it is there");
        let mut log = LogObserver::new(engine.handle())
            .interval(Duration::from_secs(1))
            .clock(clock.clone());
        // One message per step: two are stored, the others dropped.
        let mut steps = |engine: &mut SteppedEngine, most| {
            engine.run_until_idle(most);
            log.look();
        };
        engine.handle().set_batch(1).expect("a sound batch");
        for _ in 0..4 {
            steps(&mut engine, 1);
        }
        clock.advance(Duration::from_secs(1));
        steps(&mut engine, 1);
        steps(&mut engine, 100);
        let report = engine.shutdown(100);
        assert!(report.is_balanced(), "{report}");
        assert_eq!(report.snapshot.edges[0].ledger.dropped, 8);
        log.finish(&report);
    });
    let lost = of(&events, "tidegate::policy", "messages lost");
    let counts: Vec<_> = lost
        .iter()
        .map(|event| &event["fields"]["dropped"])
        .collect();
    assert_eq!(lost[0]["fields"]["edge"], "source:out->sink:in");
    assert_eq!(counts, [1, 2, 5], "{lost:#?}");
}

#[test]
fn every_change_is_told_with_what_was_before() {
    let events = captured(|| {
        let engine = engine(0..1);
        let mut log = LogObserver::new(engine.handle());
        log.look();
        let handle = engine.handle();
        let edge = "source:out->sink:in";
        handle.set_batch(3).expect("a sound batch");
        handle.pause("source").expect("it is there");
        handle
            .set_edge_capacity(edge, 4)
            .expect("within its maximum");
        handle
            .set_edge_band(edge, crate::Band::High)
            .expect("it is there");
        log.look();
        let report = engine.shutdown(100);
        assert!(report.is_balanced(), "{report}");
        log.finish(&report);
    });
    let changes = of(&events, "tidegate::change", "setting changed");
    let told: Vec<_> = changes
        .iter()
        .map(|event| {
            let fields = &event["fields"];
            let text = |name: &str| fields[name].as_str().unwrap_or("-").to_owned();
            ["setting", "edge", "node", "from", "to"]
                .map(text)
                .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "batch - - 8 3",
            "band source:out->sink:in - Normal High",
            "capacity source:out->sink:in - 2 4",
            "paused - source false true",
        ]
    );
}

#[test]
fn a_log_on_a_thread_speaks_to_the_subscriber_of_who_started_it() {
    let events = captured(|| {
        let mut graph = Subgraph::new("plant");
        let source = graph.add("source", builtin::source_iter(0..4));
        let source = source.expect("a free name");
        let sink = graph.add("sink", builtin::sink(|_: i32| ()));
        let sink = sink.expect("a free name");
        let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
        graph.connect(from, to, Edge::block(8)).expect("free ports");
        let engine = Engine::builder(graph).start().expect("a sound graph");
        let log = LogObserver::new(engine.handle());
        let log = log.spawn(Duration::from_secs(3_600)).expect("a thread");
        let report = engine.wait();
        assert!(report.is_balanced(), "{report}");
        log.finish(&report);
    });
    // The first by its thread, the second by this one.
    for what in ["worker placed", "engine stopped, everything handled"] {
        let found = of(&events, "tidegate::lifecycle", what).len();
        assert_eq!(found, 1, "{what}");
    }
}

#[test]
fn what_the_kernel_refused_is_a_warning_and_what_it_granted_is_told() {
    let priority = Priority::Fifo(9);
    let events = captured(|| {
        say_scheduling("plant", 0, Scheduling::Ordinary);
        say_scheduling("plant", 1, Scheduling::Granted(priority));
        say_scheduling("plant", 2, Scheduling::Unavailable(priority));
        say_memory("plant", MemoryLock::NotAsked);
        say_memory("plant", MemoryLock::Locked);
        say_memory("plant", MemoryLock::Unavailable);
    });
    let told = |what| {
        let events = of(&events, "tidegate::lifecycle", what);
        let levels = events.iter().map(|event| event["level"].to_string());
        levels.collect::<Vec<_>>()
    };
    assert_eq!(events.len(), 4, "{events:#?}");
    assert_eq!(told("worker has its priority"), ["\"INFO\""]);
    assert_eq!(told("worker did not get its priority"), ["\"WARN\""]);
    assert_eq!(told("memory is locked"), ["\"INFO\""]);
    assert_eq!(told("memory could not be locked"), ["\"WARN\""]);
}

#[test]
fn a_recording_is_told_with_trace_ids_and_activations_can_be_spans() {
    let activation = EventKind::Activation {
        node: 0,
        band: crate::Band::High,
        messages: 3,
        span: Duration::from_nanos(70),
        trace: TraceId::new(0xABC),
    };
    let send = EventKind::Send {
        edge: 0,
        outcome: Outcome::Stored,
        messages: 3,
        trace: TraceId::new(0xABC),
    };
    let event = |at, kind| Event::new(Timestamp::from_nanos(at), kind);
    let recording = Recording {
        graph: "plant".into(),
        level: Recorder::Full,
        taken_at: Timestamp::EPOCH,
        wall_at_epoch: std::time::SystemTime::UNIX_EPOCH,
        nodes: vec!["source".into()],
        edges: vec![RecordedEdge {
            id: "source:out->sink:in".into(),
            producer: Some(0),
            consumer: Some(1),
        }],
        workers: vec![RecordedWorker {
            events: vec![event(5, activation), event(5, send)],
            lost: 0,
        }],
        seed: 0,
        versions: Versions::current(),
    };
    for (activations, span) in [
        (Activations::Events, None),
        (Activations::Spans, Some("activation")),
    ] {
        let events = captured(|| say_recording(&recording, activations));
        let told = of(&events, "tidegate::activation", "activated");
        assert_eq!(told.len(), 1, "{events:#?}");
        assert_eq!(told[0]["level"], "DEBUG");
        assert_eq!(told[0]["fields"]["node"], "source");
        assert_eq!(told[0]["fields"]["took_ns"], 70);
        assert_eq!(told[0]["fields"]["trace"], "0000000000000abc");
        assert_eq!(told[0]["span"]["name"].as_str(), span);
        let sent = of(&events, "tidegate::recorder", "sent");
        assert_eq!(sent[0]["fields"]["edge"], "source:out->sink:in");
        assert_eq!(sent[0]["fields"]["trace"], "0000000000000abc");
    }
}

#[test]
#[cfg_attr(miri, ignore = "needs a file system")]
fn a_stall_and_its_artefacts_are_told_once() {
    const PAUSE: &str = "sink is paused; resume it";
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut reported = 0;
    let events = captured(|| {
        let mut graph = Subgraph::new("plant");
        let source = graph.add("source", builtin::source_iter(0_u64..));
        let sink = graph.add("sink", builtin::sink(|_: u64| ()));
        let (source, sink) = (source.expect("free"), sink.expect("free"));
        let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
        graph.connect(from, to, Edge::block(4)).expect("free ports");
        let engine = Engine::builder(graph)
            .stall_after(Duration::from_millis(20))
            .artefacts(folder.path())
            .start()
            .expect("a sound graph");
        let handle = engine.handle();
        handle.pause("sink").expect("it is there");
        // On a busy machine another stall may come before it.
        let is_told = || {
            let (stalls, _) = handle.stalls_after(0);
            let mut causes = stalls.iter().flat_map(|stall| &stall.causes);
            causes.any(|cause| cause.to_string() == PAUSE)
        };
        while !is_told() || handle.artefacts().written.is_empty() {
            crate::sync::thread::yield_now();
        }
        let mut log = LogObserver::new(handle);
        log.look();
        log.look();
        let report = engine.shutdown(Duration::ZERO);
        assert!(report.is_balanced(), "{report}");
        reported = report.stalls.iter().map(|stall| stall.causes.len()).sum();
        log.finish(&report);
    });
    let stalls = of(&events, "tidegate::stall", "messages stand still");
    assert_eq!(stalls.len(), reported);
    let of_the_pause = |event: &&&Value| event["fields"]["cause"] == PAUSE;
    assert_eq!(stalls.iter().filter(of_the_pause).count(), 1, "{events:#?}");
    let written = of(&events, "tidegate::lifecycle", "artefacts written");
    let path = written[0]["fields"]["path"].as_str().expect("a path");
    assert!(path.contains("plant-stall-"), "{path}");
}
