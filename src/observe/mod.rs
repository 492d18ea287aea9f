//! Seeing what an engine does: distributions, events, recordings, and exports
//! to other tools.
//!
//! Workers write counters, histograms and a ring of events, each with one
//! writer. Everything here only reads. It runs on the caller's thread or on one
//! of its own, never on a worker, and takes its figures from
//! [snapshots](crate::engine::Snapshot), [reports](crate::engine::Report) and
//! [recordings](Recording), so an export costs the workers nothing. No payload,
//! nor any part of one, is in any of it.
//!
//! [`picture`] draws a running engine for Graphviz and Mermaid. Each export that
//! needs another crate is a cargo feature, off by default.
//!
//! | feature | module | what it makes |
//! |---|---|---|
//! | `inspect` | `inspect` | readings for other processes, over a Unix socket |
//! | `tracing` | `log` | structured logs |
//! | `perfetto` | `perfetto` | a recording as a trace for the Perfetto viewer |
//! | `report` | `html` | the report of a run as one HTML file |
//! | `prometheus` | `prometheus` | OpenMetrics text, for a Prometheus scrape |

mod figures;
#[cfg(feature = "report")]
#[cfg_attr(docsrs, doc(cfg(feature = "report")))]
pub mod html;
#[cfg(all(feature = "inspect", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "inspect")))]
pub mod inspect;
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub mod log;
#[cfg(feature = "perfetto")]
#[cfg_attr(docsrs, doc(cfg(feature = "perfetto")))]
pub mod perfetto;
pub mod picture;
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub mod prometheus;

pub use crate::metrics::{
    Bucket, DEFAULT_STRIDE, Event, EventKind, HistogramSnapshot, Metrics, Outcome, RecordedEdge,
    RecordedWorker, Recorder, Recording, RunPhase, Versions,
};
