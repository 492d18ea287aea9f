//! What OpenTelemetry gets of a run.

use std::time::Duration;

use opentelemetry::Value;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tidegate_exporters::telemetry;

#[test]
fn a_run_is_a_span_with_the_engines_log_as_its_events_and_activations_as_its_children() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    // For many of the plant's ticks.
    let run = telemetry::run(&provider, 20, Duration::from_millis(10));
    let report = run.expect("it runs");
    assert!(report.is_balanced(), "{report}");

    let spans = exporter.get_finished_spans().expect("they are in memory");
    // It ends after everything in it.
    let (run, activations) = spans.split_last().expect("a span");
    assert_eq!(run.name, "run");
    assert!(!activations.is_empty(), "what the recorder kept");
    for activation in activations {
        assert_eq!(activation.parent_span_id, run.span_context.span_id());
        let node = report.node(&activation.name);
        assert!(node.is_some(), "{} is a node", activation.name);
    }
    let graph = run
        .attributes
        .iter()
        .find(|pair| pair.key.as_str() == "graph");
    assert_eq!(graph.map(|pair| &pair.value), Some(&Value::from("plant")));
    let events: Vec<_> = run.events.iter().map(|event| event.name.as_ref()).collect();
    for told in [
        "worker placed",
        "engine is running",
        "engine stopped, everything handled",
    ] {
        assert!(events.contains(&told), "{told} in {events:#?}");
    }
}
