//! Prints the spans and events of a run as OpenTelemetry has them. In place of
//! the exporter to standard output, one that speaks OTLP sends them to a
//! collector.
//!
//!     cargo run --bin opentelemetry -- [SECONDS]

use std::error::Error;
use std::time::Duration;

use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_stdout::SpanExporter;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map(|text| text.parse::<usize>());
    let seconds = seconds.transpose()?.unwrap_or(3);
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(SpanExporter::default())
        .build();
    tidegate_exporters::telemetry::run(&provider, 10 * seconds, Duration::from_millis(100))?;
    provider.shutdown()?;
    Ok(())
}
