//! A scrape over a real socket, read by a parser that is not ours.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{
    HistogramValue, MetricsExposition, OpenMetricsType, OpenMetricsValue, Sample,
};
use prometheus_client::registry::Registry;
use tidegate::engine::Engine;
use tidegate::observe::prometheus::{CONTENT_TYPE, EngineCollector};
use tidegate_exporters::{http::MetricsServer, plant};

/// The head and the body of the answer to `GET path`.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut socket = TcpStream::connect(address).expect("the server listens");
    write!(socket, "GET {path} HTTP/1.0\r\nHost: plant\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.into(), body.into())
}

type Page = MetricsExposition<OpenMetricsType, OpenMetricsValue>;

fn scrape(address: SocketAddr) -> Page {
    let (head, body) = get(address, "/metrics");
    assert!(head.contains(" 200 "), "{head}");
    assert!(head.contains(CONTENT_TYPE), "{head}");
    // The specification lets histograms have a unit; this parser does not.
    let mut histograms = HashSet::new();
    let readable = |line: &&str| {
        let mut words = line.split(' ').skip(1);
        match (words.next(), words.next(), words.next()) {
            (Some("TYPE"), Some(name), Some("histogram")) => histograms.insert(name.to_owned()),
            (Some("UNIT"), Some(name), _) => !histograms.contains(name),
            _ => true,
        }
    };
    let lines: Vec<_> = body.lines().filter(readable).collect();
    let page = parse_openmetrics(&(lines.join("\n") + "\n"));
    page.unwrap_or_else(|error| panic!("{error:?} in\n{body}"))
}

/// The series of a family that have these labels.
fn samples<'p>(
    page: &'p Page,
    family: &str,
    labels: &[(&str, &str)],
) -> impl Iterator<Item = &'p Sample<OpenMetricsValue>> {
    let family = page.families.get(family).expect("the family is there");
    family.iter_samples().filter(move |sample| {
        let found = sample.get_labelset().expect("labels");
        labels
            .iter()
            .all(|(name, value)| found.get_label_value(name) == Some(value))
    })
}

/// The sum of all series of a counter or gauge that have these labels.
fn sum(page: &Page, family: &str, labels: &[(&str, &str)]) -> f64 {
    samples(page, family, labels)
        .map(|sample| match &sample.value {
            OpenMetricsValue::Counter(counter) => counter.value.as_f64(),
            OpenMetricsValue::Gauge(number) => number.as_f64(),
            other => panic!("{other:?}"),
        })
        .sum()
}

/// The one histogram of a family that has these labels.
fn histogram(page: &Page, family: &str, labels: &[(&str, &str)]) -> HistogramValue {
    let sample = samples(page, family, labels).next();
    match &sample.expect("the series is there").value {
        OpenMetricsValue::Histogram(histogram) => histogram.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scrape_parses_while_the_engine_runs_and_agrees_with_its_report_afterwards() {
    let graph = plant::graph().expect("a sound graph");
    let engine = Engine::builder(graph).workers(2).start();
    let engine = engine.expect("it starts");
    let mut registry = Registry::default();
    registry.register_collector(Box::new(EngineCollector::new(engine.handle())));
    let server = MetricsServer::start("127.0.0.1:0", registry).expect("a free port");

    let live = scrape(server.address());
    assert!(live.families.len() > 15, "{:?}", live.families.keys());
    for (name, family) in &live.families {
        assert!(name.starts_with("tidegate_"), "{name}");
        assert!(!family.help.is_empty(), "{name} has no help");
    }

    let report = engine.shutdown(Duration::from_secs(5));
    assert!(report.is_balanced(), "{report}");
    let page = scrape(server.address());
    assert_eq!(report.snapshot.edges.len(), 3);
    for edge in &report.snapshot.edges {
        let labels = [("edge", edge.id.as_str()), ("graph", "plant")];
        let ledger = &edge.ledger;
        let lost = ledger.dropped + ledger.evicted + ledger.coalesced + ledger.discarded;
        for (family, count) in [
            ("tidegate_edge_sent", ledger.sent),
            ("tidegate_edge_delivered", ledger.delivered),
            ("tidegate_edge_lost", lost),
            ("tidegate_edge_depth_messages", 0),
        ] {
            assert_eq!(sum(&page, family, &labels), count as f64, "{family}");
        }
    }
    for node in &report.snapshot.nodes {
        let labels = [("node", node.path.as_str())];
        let activations = sum(&page, "tidegate_node_activations", &labels);
        assert_eq!(activations, node.activations as f64, "{}", node.path);
        assert_eq!(sum(&page, "tidegate_node_state", &labels), 1.0);
        if let Some(lateness) = &node.lateness {
            let scraped = histogram(&page, "tidegate_node_tick_lateness_seconds", &labels);
            assert_eq!(scraped.count, Some(lateness.count()), "{}", node.path);
            let last = scraped.buckets.last().expect("buckets");
            assert_eq!(last.upper_bound, f64::INFINITY);
            assert_eq!(last.count.as_f64(), node.ticks as f64);
        }
    }
}

#[test]
fn other_paths_are_refused_and_an_address_in_use_is_an_error_that_names_it() {
    let server = MetricsServer::start("127.0.0.1:0", Registry::default()).expect("a free port");
    let (head, _) = get(server.address(), "/");
    assert!(head.contains(" 404 "), "{head}");
    let address = server.address().to_string();
    let second = MetricsServer::start(&address, Registry::default());
    let error = second.err().expect("the address is in use").to_string();
    assert!(error.contains(&address), "{error}");
}
