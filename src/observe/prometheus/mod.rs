//! The figures of an engine as [OpenMetrics] text, for Prometheus.
//!
//! [OpenMetrics]: https://prometheus.io/docs/specs/om/open_metrics_spec/
//!
//! Register an [`EngineCollector`] with the registry that your service has
//! already, or let [`render`] make the whole page. Every name begins with
//! `tidegate_`; every series has the label `graph`, and as it may be `edge`,
//! `node`, `worker`, `policy`, `band`, `fate`, `kind` or `state`: all of them
//! fixed when the engine is built, none of them taken from messages.
//!
//! ```
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//! use tidegate::observe::prometheus;
//!
//! let mut graph = Subgraph::new("numbers");
//! let numbers = graph.add("numbers", builtin::source_iter(1..=3))?;
//! let print = graph.add("print", builtin::sink(|_: i32| ()))?;
//! graph.connect(
//!     numbers.output(|n| &n.output),
//!     print.input(|n| &n.input),
//!     Edge::block(8),
//! )?;
//! let mut engine = Engine::builder(graph).stepping()?;
//! engine.run_until_idle(100);
//!
//! let page = prometheus::render(&engine.handle())?;
//! let line = "tidegate_edge_sent_total{graph=\"numbers\",edge=\"numbers:out->print:in\",policy=\"block\"} 3";
//! assert!(page.lines().any(|found| found == line));
//! # assert!(engine.shutdown(100).is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/exporters` has a program that serves this over HTTP.

mod edges;
mod family;
mod nodes;
mod workers;

#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use core::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::engine::{EngineHandle, Snapshot};

use family::Families;

/// The media type of what [`render`] makes, for the header of a response.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Gives a registry the figures of an engine, read anew for each scrape.
///
/// ```
/// use prometheus_client::registry::Registry;
/// use tidegate::engine::EngineHandle;
/// use tidegate::observe::prometheus::EngineCollector;
///
/// fn registry(handle: EngineHandle) -> Registry {
///     let mut registry = Registry::default();
///     registry.register_collector(Box::new(EngineCollector::new(handle)));
///     registry
/// }
/// ```
#[derive(Clone)]
pub struct EngineCollector {
    handle: EngineHandle,
}

impl EngineCollector {
    /// A collector of the engine that this handle is of. It works on after the
    /// engine has stopped, with the final figures.
    #[must_use]
    pub const fn new(handle: EngineHandle) -> Self {
        Self { handle }
    }
}

impl Collector for EngineCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        encode_snapshot(encoder, self.handle.graph(), &self.handle.snapshot())
    }
}

impl fmt::Debug for EngineCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineCollector")
            .field("graph", &self.handle.graph())
            .finish_non_exhaustive()
    }
}

/// The present figures of an engine as a whole OpenMetrics page.
///
/// # Errors
/// [`fmt::Error`] if the encoder gives up, which it has no reason to.
///
/// # Real-time
/// Reads counters, stopping nobody; allocates. Not for a worker.
pub fn render(handle: &EngineHandle) -> Result<String, fmt::Error> {
    let mut page = String::new();
    write_snapshot(&mut page, handle.graph(), handle.snapshot())?;
    Ok(page)
}

/// Writes a snapshot as a whole OpenMetrics page; `graph` becomes the label of
/// that name.
///
/// # Errors
/// [`fmt::Error`] when `out` returns it.
pub fn write_snapshot(
    out: &mut impl fmt::Write,
    graph: impl Into<String>,
    snapshot: Snapshot,
) -> fmt::Result {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Taken {
        graph: graph.into(),
        snapshot,
    }));
    encode(out, &registry)
}

/// A snapshot that was taken already.
#[derive(Debug)]
struct Taken {
    graph: String,
    snapshot: Snapshot,
}

impl Collector for Taken {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        encode_snapshot(encoder, &self.graph, &self.snapshot)
    }
}

fn encode_snapshot(
    encoder: DescriptorEncoder<'_>,
    graph: &str,
    snapshot: &Snapshot,
) -> fmt::Result {
    let mut families = Families::new(encoder, graph);
    edges::encode(&mut families, &snapshot.edges)?;
    nodes::encode(&mut families, &snapshot.nodes)?;
    workers::encode(&mut families, &snapshot.workers)
}
