//! The log of a run as OpenTelemetry spans and events.

use std::error::Error;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidegate::engine::{Engine, Report};
use tidegate::observe::Recorder;
use tidegate::observe::log::{Activations, LogObserver, say_recording};
use tracing::info_span;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::plant;

/// How many of its last events each worker keeps: those of its end become spans.
const EVENTS: usize = 256;

/// Runs the plant under a span called `run`, whose events are what the engine's
/// log says: it looks so many times, once per interval. Then tells the last
/// activations of each worker, each as a span of its own.
///
/// # Errors
/// The engine could not be started.
#[allow(clippy::disallowed_methods)] // this program may sleep
pub fn run(
    provider: &SdkTracerProvider,
    looks: usize,
    interval: Duration,
) -> Result<Report, Box<dyn Error>> {
    let tracer = provider.tracer("tidegate");
    let subscriber = Registry::default()
        .with(LevelFilter::DEBUG)
        .with(tracing_opentelemetry::layer().with_tracer(tracer));
    tracing::subscriber::with_default(subscriber, || {
        let graph = plant::graph()?;
        let _run = info_span!("run", graph = graph.name()).entered();
        let builder = Engine::builder(graph).workers(2);
        let engine = builder.recorder(Recorder::Full, EVENTS).start()?;
        let handle = engine.handle();
        let mut log = LogObserver::new(engine.handle());
        for _ in 0..looks {
            log.look();
            std::thread::sleep(interval);
        }
        let report = engine.shutdown(Duration::from_secs(30));
        log.finish(&report);
        if let Some(recording) = handle.recording() {
            say_recording(&recording, Activations::Spans);
        }
        Ok(report)
    })
}
