use core::time::Duration;
use std::time::SystemTime;

use super::*;
use crate::engine::{EndToEnd, Engine, Hop};
use crate::graph::{Edge, Subgraph};
use crate::metrics::Histogram;
use crate::node::{FaultPolicy, NodeOptions, builtin};
use crate::observe::figures::grouped;
use crate::observe::{
    Event, EventKind, HistogramSnapshot, Outcome, RecordedEdge, RecordedWorker, Recorder, Versions,
};
use crate::time::{ManualClock, Timestamp};

/// Durations around a typical one, some of them far above.
fn around(typical: u64, count: u64) -> HistogramSnapshot {
    let histogram = Histogram::new();
    for number in 0..count {
        let spread = number.wrapping_mul(2_654_435_761) % 1_000;
        let slow = if spread > 985 { 12 } else { 1 };
        histogram.record(typical * slow * (700 + spread) / 1_000);
    }
    histogram.snapshot()
}

/// A run of rows of nodes behind each other: in each a source, eight stages
/// and a sink, with a lossy edge and a sink that fails in the first row, and
/// names as long as they come.
fn run(rows: usize) -> (Report, Vec<Snapshot>) {
    let mut graph = Subgraph::new("plant\"A\"<1");
    for row in 0..rows {
        let name = |stage: usize| format!("row-{row}-stage-{stage}-of-a-longer-line");
        let source = builtin::source_iter(0..2_000_u64);
        graph.add(&name(0), source).expect("a free name");
        for stage in 1..9 {
            let stage_node = builtin::map(|n: u64| n + 1);
            graph.add(&name(stage), stage_node).expect("a free name");
        }
        let sink = builtin::sink(move |n: u64| assert!(row > 0 || n != 8, "</td><script>"));
        let options = NodeOptions::new().on_panic(FaultPolicy::Continue);
        graph
            .add_with(&name(9), sink, options)
            .expect("a free name");
        for stage in 0..9 {
            let edge = match (row, stage) {
                (0, 4) => Edge::drop_newest(1),
                (1, 8) => Edge::latest(1),
                _ => Edge::block(16),
            };
            let (from, to) = (
                format!("{}:out", name(stage)),
                format!("{}:in", name(stage + 1)),
            );
            graph.connect_by_name(&from, &to, edge).expect("free ports");
        }
    }
    let clock = ManualClock::new();
    let engine = Engine::builder(graph).clock(clock.clone());
    let mut engine = engine.stepping().expect("a sound graph");
    let mut history = Vec::new();
    for moment in 0..60 {
        // The sink of the first row rests for a while, so that its row fills.
        let handle = engine.handle();
        let sink = "row-0-stage-9-of-a-longer-line";
        if moment == 20 {
            handle.pause(sink).expect("it is there");
        }
        if moment == 35 {
            handle.resume(sink).expect("it is there");
        }
        engine.run_until_idle(rows * 40);
        clock.advance(Duration::from_millis(250));
        history.push(engine.snapshot());
    }
    let mut report = engine.shutdown(1_000_000);
    assert!(report.is_balanced(), "{report}");
    // Only what is measured is made up.
    let edges: Vec<_> = report
        .snapshot
        .edges
        .iter()
        .map(|edge| edge.id.clone())
        .collect();
    for (index, node) in report.snapshot.nodes.iter_mut().enumerate() {
        node.execution = Some(around(300 + 97 * (index as u64 % 40), 2_000));
        if node.path.contains("stage-9") {
            let slowest_hop = edges
                .iter()
                .find(|id| id.ends_with(&format!(">{}:in", node.path)));
            node.end_to_end = Some(EndToEnd {
                age: around(80_000, 500),
                slowest_hop: slowest_hop.map(|edge| Hop {
                    edge: edge.clone(),
                    node: node.path.clone(),
                    queued: Duration::from_micros(9),
                    execution: Duration::from_micros(1),
                }),
            });
        }
    }
    for edge in &mut report.snapshot.edges {
        edge.queue_age = Some(around(9_000, 1_000));
        edge.blocked = (edge.waits > 0).then(|| Duration::from_micros(edge.waits));
        let seen = history
            .iter()
            .filter_map(|snapshot| snapshot.edge(&edge.id));
        edge.high_water = seen.map(|edge| edge.depth).max();
    }
    (report, history)
}

/// A recording of two workers that take turns at the nodes of a report.
fn recording(report: &Report, activations: usize) -> Recording {
    let snapshot = &report.snapshot;
    let worker = |worker: usize| {
        let mut at = 1_000 * worker as u64;
        let mut events = Vec::new();
        for number in 0..activations {
            let took = 300 + (number as u64 * 7_919 + worker as u64 * 31) % 2_500;
            let node = (number * 2 + worker) % snapshot.nodes.len();
            let moment = Timestamp::from_nanos(at);
            events.push(Event::new(
                moment,
                EventKind::Activation {
                    node,
                    band: crate::Band::Normal,
                    messages: 8,
                    span: Duration::from_nanos(took),
                    trace: None,
                },
            ));
            if number % 500 == 499 {
                events.push(Event::new(
                    moment,
                    EventKind::Fault {
                        node,
                        panicked: true,
                    },
                ));
            }
            if number % 700 == 350 {
                let outcome = Outcome::Dropped;
                events.push(Event::new(
                    moment,
                    EventKind::Send {
                        edge: 0,
                        outcome,
                        messages: 3,
                        trace: None,
                    },
                ));
            }
            at += took + if number % 97 == 0 { 40_000 } else { 0 };
        }
        RecordedWorker { events, lost: 0 }
    };
    let edges = snapshot.edges.iter().map(|edge| RecordedEdge {
        id: edge.id.clone(),
        producer: edge.producer,
        consumer: edge.consumer,
    });
    Recording {
        graph: report.name.clone(),
        level: Recorder::Full,
        taken_at: Timestamp::EPOCH,
        wall_at_epoch: SystemTime::UNIX_EPOCH,
        nodes: snapshot
            .nodes
            .iter()
            .map(|node| node.path.clone())
            .collect(),
        edges: edges.collect(),
        workers: vec![worker(0), worker(1)],
        seed: 0,
        versions: Versions::current(),
    }
}

/// How often `piece` occurs.
fn count(page: &str, piece: &str) -> usize {
    page.matches(piece).count()
}

#[test]
fn the_page_names_what_went_wrong_and_where() {
    let (report, _) = run(2);
    let sentences = trouble::sentences(&report, 5);
    let [failed, lost, full] = &sentences[..] else {
        panic!("{sentences:#?}");
    };
    let node = "row-0-stage-9-of-a-longer-line";
    assert_eq!(
        *failed,
        format!("Node {node} failed (errors: 0, panics: 1); it is active.")
    );
    let ledger = &report.snapshot.edges[4].ledger;
    assert!(ledger.dropped > 0, "{report}");
    let said = format!(
        "lost {} of {} messages",
        grouped(ledger.dropped),
        grouped(ledger.sent)
    );
    assert!(lost.contains(&said), "{lost}");
    // A row of edges lacked room; the last one says who is to blame.
    let edges = report.snapshot.edges.iter();
    let before = edges.filter(|edge| edge.waits > 0).count() - 1;
    assert!(before > 1, "{report}");
    assert!(
        full.contains("stage-8-of-a-longer-line:out->row-0-stage-9"),
        "{full}"
    );
    let said = format!("and so did {before} before it");
    assert!(full.contains(&said), "{full}");
    assert!(
        full.ends_with(&format!("{node} is at times slower than what feeds it.")),
        "{full}"
    );
}

#[test]
fn of_very_many_troubles_some_are_named_and_all_are_counted() {
    let (mut report, _) = run(2);
    for node in &mut report.snapshot.nodes {
        node.errors = 3;
    }
    let sentences = trouble::sentences(&report, 5);
    let failed = sentences
        .iter()
        .filter(|text| text.contains("failed"))
        .count();
    assert_eq!(failed, 5);
    let more = "… and 15 more like the last one: see the tables.";
    assert!(sentences.iter().any(|text| text == more), "{sentences:#?}");
}

#[test]
fn every_edge_node_and_worker_has_its_row_and_the_parts_that_are_given_are_there() {
    let (report, history) = run(5);
    let bare = HtmlReport::new(&report).render();
    // A head and the rows of three tables, and of the faults.
    assert_eq!(count(&bare, "<tr"), 1 + 45 + 1 + 50 + 1 + 1 + 1 + 1);
    assert_eq!(count(&bare, "<th>dead letters</th>"), 1);
    assert_eq!(count(&bare, "<th>overruns</th>"), 1);
    assert_eq!(count(&bare, "<h2>Depth over time</h2>"), 0);
    assert_eq!(count(&bare, "<h2>Timeline</h2>"), 0);

    let recording = recording(&report, 600);
    let whole = HtmlReport::new(&report)
        .history(&history)
        .recording(&recording);
    let page = whole.render();
    assert_eq!(count(&page, "<h2>Depth over time</h2>"), 1);
    assert_eq!(count(&page, "<h2>Timeline</h2>"), 1);
    assert!(
        page.contains("1200 activations in"),
        "the timeline counts them"
    );
    assert_eq!(
        count(&page, "stroke-width=\".5\""),
        400,
        "the last ones are drawn"
    );
    // One small line per edge, and twelve charts with a limit.
    assert_eq!(count(&page, "class=\"spark\""), 45);
    assert_eq!(count(&page, "stroke-dasharray"), 12);
}

#[test]
fn snapshots_of_another_graph_are_left_out() {
    let (report, _) = run(2);
    let (_, history) = run(3);
    let page = HtmlReport::new(&report).history(&history).render();
    assert_eq!(count(&page, "<h2>Depth over time</h2>"), 0);
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_no_text_becomes_markup() {
    let (report, history) = run(2);
    let recording = recording(&report, 100);
    let page = HtmlReport::new(&report)
        .history(&history)
        .recording(&recording)
        .render();
    for loaded in ["http", "src=", "href=", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    // The fault's text and the graph's name try.
    assert_eq!(count(&page, "<script"), 1);
    assert!(
        page.contains("&lt;/td&gt;&lt;script&gt;"),
        "the text is shown"
    );
    assert!(
        page.contains("<h1>plant&quot;A&quot;&lt;1</h1>"),
        "the name is shown"
    );
}

#[test]
fn a_run_without_trouble_says_so_and_a_writer_that_fails_is_an_error() {
    let mut graph = Subgraph::new("numbers");
    let source = graph
        .add("numbers", builtin::source_iter(0..3))
        .expect("a free name");
    let sink = graph
        .add("sink", builtin::sink(|_: i32| ()))
        .expect("a free name");
    let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, Edge::block(8)).expect("free ports");
    let mut engine = Engine::builder(graph).stepping().expect("a sound graph");
    engine.run_until_idle(100);
    let report = engine.shutdown(100);
    assert!(report.is_balanced(), "{report}");
    let page = HtmlReport::new(&report);
    assert!(page.render().contains("No trouble"));
    let error = page
        .write(&mut &mut [0_u8; 100][..])
        .expect_err("there is no room");
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}
