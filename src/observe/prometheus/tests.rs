use super::*;
use crate::engine::Engine;
use crate::graph::{Edge, Subgraph};
use crate::node::{FaultPolicy, NodeOptions, builtin};

/// A source of five numbers and a sink that panics at the number 3, with
/// awkward names, after everything has come to rest.
fn stopped() -> EngineHandle {
    let mut graph = Subgraph::new("g\"1\"");
    let source = builtin::source_iter(0..5);
    let source = graph.add("a,b=c", source).expect("a free name");
    let sink = builtin::sink(|n: i32| assert_ne!(n, 3, "a number that is not liked"));
    let options = NodeOptions::new().on_panic(FaultPolicy::Continue);
    let sink = graph.add_with("s\\ink", sink, options);
    let sink = sink.expect("a free name");
    let edge = Edge::block(8).band(crate::Band::High);
    graph
        .connect(source.output(|n| &n.output), sink.input(|n| &n.input), edge)
        .expect("free ports");
    let mut engine = Engine::builder(graph).stepping().expect("a sound graph");
    engine.run_until_idle(100);
    let handle = engine.handle();
    let report = engine.shutdown(100);
    assert!(report.is_balanced(), "{report}");
    handle
}

fn page() -> String {
    render(&stopped()).expect("a string takes everything")
}

/// The value of the series that is written like this.
fn value<'p>(page: &'p str, series: &str) -> &'p str {
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {series} in\n{page}"))
}

#[test]
fn edges_nodes_and_workers_show_what_they_did() {
    let page = page();
    let edge = r#"graph="g\"1\"",edge="a,b=c:out->s\\ink:in",policy="block""#;
    let source = r#"graph="g\"1\"",node="a,b=c",worker="0""#;
    let sink = r#"graph="g\"1\"",node="s\\ink",worker="0""#;
    let worker = r#"graph="g\"1\"",worker="0""#;
    let expected = [
        (format!("edge_sent_total{{{edge}}}"), "5"),
        (format!("edge_delivered_total{{{edge}}}"), "5"),
        (format!("edge_lost_total{{{edge},fate=\"dropped\"}}"), "0"),
        (format!("edge_depth_messages{{{edge}}}"), "0"),
        (format!("edge_capacity_messages{{{edge}}}"), "8"),
        (format!("edge_band{{{edge}}}"), "1"),
        (format!("node_messages_total{{{source}}}"), "5"),
        (format!("node_messages_total{{{sink}}}"), "5"),
        (format!("node_faults_total{{{sink},kind=\"panic\"}}"), "1"),
        (format!("node_faults_total{{{sink},kind=\"error\"}}"), "0"),
        (format!("node_overruns_total{{{sink}}}"), "0"),
        (format!("node_state{{{sink},state=\"finished\"}}"), "1"),
        (format!("node_state{{{sink},state=\"active\"}}"), "0"),
        (format!("worker_pinned{{{worker}}}"), "0"),
        (format!("worker_priority{{{worker}}}"), "0"),
    ];
    for (series, figure) in expected {
        let series = format!("tidegate_{series}");
        assert_eq!(value(&page, &series), figure, "{series}\n{page}");
    }
}

#[test]
fn every_series_belongs_to_the_family_announced_before_it() {
    let page = page();
    let mut family = String::new();
    let mut series = 0;
    let mut announced_only = false;
    let mut seen = std::collections::BTreeSet::new();
    for line in page.lines() {
        if let Some(announced) = line.strip_prefix("# TYPE ") {
            family = announced.split(' ').next().unwrap_or_default().into();
            assert!(seen.insert(family.clone()), "{family} twice");
            assert!(!announced_only, "a family without a series before {family}");
            announced_only = true;
        } else if !line.starts_with('#') {
            series += 1;
            announced_only = false;
            assert!(line.starts_with(&family), "{line} is not of {family}");
            // A bucket's bound may stand before it.
            assert!(line.contains(r#"graph="g\"1\"""#), "{line}");
        }
    }
    assert!(series > 30 && page.ends_with("# EOF\n"), "{page}");
}

#[test]
fn a_writer_that_fails_is_an_error_and_not_a_panic() {
    struct Full;
    impl fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let written = write_snapshot(&mut Full, "numbers", stopped().snapshot());
    assert_eq!(written, Err(fmt::Error));
}
