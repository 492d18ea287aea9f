//! The report of a run as one HTML file that needs nothing else.
//!
//! What stands in it, from the top: what is wrong, in words; every edge, node
//! and worker with its figures and distributions; how full the fullest edges
//! were over time; how long the slowest nodes took; a timeline of the workers;
//! the faults. Drawings are inline, nothing is loaded from anywhere. Tables can
//! be filtered and sorted where scripts may run, and are complete where not.
//!
//! An edge's depth over time needs snapshots that were taken while the engine
//! ran; the timeline needs a [`Recording`]. Without them those parts are absent.
//! What is measured only with metrics on is absent without. Payloads are not in
//! any of it; texts of faults are, as their authors wrote them.
//!
//! ```
//! use core::time::Duration;
//! use tidegate::engine::Engine;
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//! use tidegate::observe::html::HtmlReport;
//!
//! let mut graph = Subgraph::new("numbers");
//! let numbers = graph.add("numbers", builtin::source_iter(1..=3))?;
//! let print = graph.add("print", builtin::sink(|_: i32| ()))?;
//! graph.connect(
//!     numbers.output(|n| &n.output),
//!     print.input(|n| &n.input),
//!     Edge::block(8),
//! )?;
//! let engine = Engine::builder(graph).start()?;
//! let mut history = vec![engine.snapshot()]; // and more, now and then
//! let report = engine.shutdown(Duration::from_secs(1));
//! history.push(report.snapshot.clone());
//!
//! let page = HtmlReport::new(&report).history(&history).render();
//! assert!(page.contains("No trouble"));
//! # assert!(report.is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod charts;
mod page;
mod tables;
mod timeline;
mod trouble;

#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use std::io;

use crate::engine::{Report, Snapshot};

use super::Recording;

/// A run, to be made a page of.
#[derive(Clone, Copy, Debug)]
pub struct HtmlReport<'a> {
    report: &'a Report,
    history: &'a [Snapshot],
    recording: Option<&'a Recording>,
}

impl<'a> HtmlReport<'a> {
    /// A page of what a shutdown left behind.
    #[must_use]
    pub const fn new(report: &'a Report) -> Self {
        Self {
            report,
            history: &[],
            recording: None,
        }
    }

    /// Shows depths over time from these snapshots, in the order in which they
    /// were taken. Those of another graph are left out.
    #[must_use]
    pub const fn history(mut self, snapshots: &'a [Snapshot]) -> Self {
        self.history = snapshots;
        self
    }

    /// Shows a timeline of what was recorded.
    #[must_use]
    pub const fn recording(mut self, recording: &'a Recording) -> Self {
        self.recording = Some(recording);
        self
    }

    /// The page.
    #[must_use]
    pub fn render(&self) -> String {
        page::page(self).into_string()
    }

    /// Writes the page, in UTF-8.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(self.render().as_bytes())
    }

    /// The snapshots that are of this report's graph.
    fn snapshots(&self) -> impl Iterator<Item = &'a Snapshot> {
        let last = &self.report.snapshot;
        self.history.iter().filter(move |snapshot| {
            let edges = snapshot.edges.iter().map(|edge| &edge.id);
            edges.eq(last.edges.iter().map(|edge| &edge.id))
        })
    }
}
