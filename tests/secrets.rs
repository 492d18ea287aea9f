//! No payload gets into anything that is logged, exported or drawn.

use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeError, NodeOptions, NodeResult, Output, Ports, builtin,
};
use tidegate::observe::Recorder;
use tidegate::observe::html::HtmlReport;
use tidegate::observe::log::{Activations, LogObserver, say_recording};
use tidegate::observe::perfetto;
use tidegate::observe::picture::Picture;
use tidegate::observe::prometheus;

/// What must not be seen anywhere.
const SECRET: &str = "4929-1234-5678-9012";

/// A payload that would tell, were it ever formatted.
#[derive(Clone)]
struct Card(String);

impl Card {
    fn new() -> Self {
        Self(SECRET.into())
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fails with every card it handles: because it does not like it, because a
/// validator refuses it, or because there is no room.
#[derive(Default)]
struct Careless {
    cards: Input<Card>,
    checked: Output<Card>,
    narrow: Output<Card>,
    handled: usize,
}

impl Node for Careless {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("cards", &mut self.cards);
        ports
            .output("checked", &mut self.checked)
            .validator(|_: &Card| Err("an expired card"));
        ports.output("narrow", &mut self.narrow);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(card) = self.cards.recv(cx) {
            self.handled += 1;
            let kept = card.into_payload();
            if self.handled.is_multiple_of(3) {
                return Err(NodeError::new("a card that is not liked"));
            }
            if self.handled.is_multiple_of(2) {
                self.checked.send(cx, kept)?;
            } else {
                self.narrow.send(cx, kept.clone())?;
                self.narrow.send(cx, kept)?;
            }
        }
        Ok(())
    }
}

/// Everything that is exported of a run whose nodes fail with cards in hand,
/// whose edges hold some at the end.
fn everything_exported() -> Vec<(&'static str, String)> {
    let mut graph = Subgraph::new("shop");
    let cards = builtin::source_iter((0..40).map(|_| Card::new()));
    graph.add("till", cards).expect("a free name");
    let options = NodeOptions::new().on_error(FaultPolicy::Continue);
    graph
        .add_with("careless", Careless::default(), options)
        .expect("a free name");
    for sink in ["audit", "archive"] {
        graph
            .add(sink, builtin::sink(|_: Card| ()))
            .expect("a free name");
    }
    for (from, to, edge) in [
        ("till:out", "careless:cards", Edge::block(8)),
        ("careless:checked", "audit:in", Edge::latest(1)),
        ("careless:narrow", "archive:in", Edge::block(1)),
    ] {
        graph.connect_by_name(from, to, edge).expect("free ports");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let builder = Engine::builder(graph)
        .recorder(Recorder::Full, 4_096)
        .artefacts(folder.path());
    let prepared = builder.prepare().expect("a sound graph");
    let plan = [prepared.plan().to_dot(), prepared.plan().to_mermaid()].concat();
    let mut engine = prepared.stepping().expect("one worker");
    let handle = engine.handle();
    handle.resume("careless").expect("a node of this name");

    let file = Arc::new(tempfile::tempfile().expect("a temporary file"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(Arc::clone(&file))
        .finish();
    let mut exported = Vec::new();
    let (report, recording) = tracing::subscriber::with_default(subscriber, || {
        let mut log = LogObserver::new(handle.clone()).interval(Duration::ZERO);
        log.look();
        engine.run_until_idle(500);
        log.look();
        exported.push(("metrics", prometheus::render(&handle).expect("a string")));
        let snapshot = handle.snapshot();
        let picture = Picture::new(handle.graph(), &snapshot);
        exported.push(("picture", picture.to_dot() + &picture.to_mermaid()));
        exported.push(("snapshot", format!("{snapshot:?}{snapshot}")));
        let report = engine.shutdown(10);
        log.finish(&report);
        let recording = handle.recording().expect("it records");
        for activations in [Activations::Events, Activations::Spans] {
            say_recording(&recording, activations);
        }
        (report, recording)
    });
    assert!(recording.lost() == 0 && recording.events().count() > 40);
    assert!(report.is_balanced(), "{report}");
    let mut log = String::new();
    let mut file = &*file;
    file.rewind().expect("a file can be rewound");
    file.read_to_string(&mut log).expect("JSON is text");
    exported.push(("log", log));
    exported.push(("plan", plan));
    let page = HtmlReport::new(&report).recording(&recording).render();
    exported.push(("page", page));
    let mut trace = Vec::new();
    perfetto::write(&recording, &mut trace).expect("a vector takes everything");
    let trace = String::from_utf8(trace).expect("JSON is text");
    exported.push(("trace", trace));
    exported.push(("recording", format!("{recording:?}")));
    exported.push(("report", format!("{report:?}{report}")));
    // The first and the last of the faults.
    let written = &report.artefacts.written;
    assert!(written.len() > 1, "{:?}", report.artefacts);
    for directory in [&written[0], &written[written.len() - 1]] {
        for file in std::fs::read_dir(directory).expect("it is there") {
            let path = file.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("text");
            exported.push(("artefact", format!("{path:?}: {text}")));
        }
    }
    exported
}

#[test]
fn no_payload_is_in_any_export() {
    let exported = everything_exported();
    for (what, text) in &exported {
        assert!(!text.contains(SECRET), "{what}:\n{text}");
        assert!(text.contains("careless"), "{what} is of that run:\n{text}");
    }
    // The faults are there, each with its text and without its card.
    let (_, log) = &exported[3];
    for text in ["a validator refused", "the edge is full", "not liked"] {
        assert!(log.contains(text), "{text} in\n{log}");
    }
}
