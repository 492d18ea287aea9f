//! Serves the metrics of a running engine to Prometheus.
//!
//!     cargo run --bin prometheus -- [ADDRESS [SECONDS]]
//!
//! The address is 127.0.0.1:9184 unless given; without a number of seconds it
//! runs until it is killed.

use std::error::Error;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tidegate::engine::Engine;
use tidegate::observe::prometheus::EngineCollector;
use tidegate_exporters::{http::MetricsServer, plant};

#[allow(clippy::disallowed_methods)] // this program may sleep
fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9184".into());
    let seconds = arguments.next().map(|text| text.parse::<u64>());
    let seconds = seconds.transpose()?.unwrap_or(u64::MAX);

    let graph = plant::graph().map_err(|error| error.to_string())?;
    let engine = Engine::builder(graph).workers(2).start()?;
    let mut registry = Registry::default();
    registry.register_collector(Box::new(EngineCollector::new(engine.handle())));
    let server = MetricsServer::start(&address, registry)?;
    println!("http://{}/metrics", server.address());

    std::thread::sleep(Duration::from_secs(seconds));
    let report = engine.shutdown(Duration::from_secs(30));
    println!("{report}");
    Ok(())
}
