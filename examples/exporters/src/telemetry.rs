//! The log of a run as OpenTelemetry spans and events.

use std::error::Error;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidegate::engine::{Engine, Report};
use tidegate::observe::log::LogObserver;
use tracing::info_span;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::plant;

/// Runs the plant under a span called `run`, whose events are what the engine's
/// log says: it looks so many times, once per interval.
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
        let engine = Engine::builder(graph).workers(2).start()?;
        let mut log = LogObserver::new(engine.handle());
        for _ in 0..looks {
            log.look();
            std::thread::sleep(interval);
        }
        let report = engine.shutdown(Duration::from_secs(30));
        log.finish(&report);
        Ok(report)
    })
}
