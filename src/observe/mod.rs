//! Looking at an engine from outside: exports of its figures to other tools.
//!
//! Everything here only reads. It runs on the caller's thread or on one of its
//! own, never on a worker, and takes its figures from
//! [snapshots](crate::engine::Snapshot) and [reports](crate::engine::Report),
//! so an export costs the workers nothing. No export contains a payload.
//!
//! [`picture`] draws a running engine for Graphviz and Mermaid. Each export that
//! needs another crate is a cargo feature, off by default.
//!
//! | feature | module | what it makes |
//! |---|---|---|
//! | `inspect` | `inspect` | readings for other processes, over a Unix socket |
//! | `prometheus` | `prometheus` | OpenMetrics text, for a Prometheus scrape |

mod figures;
#[cfg(all(feature = "inspect", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "inspect")))]
pub mod inspect;
pub mod picture;
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub mod prometheus;
