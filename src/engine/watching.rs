//! Settings for when something goes wrong: who looks, after what time, and what
//! is written.

use alloc::boxed::Box;
use core::time::Duration;
#[cfg(feature = "std")]
use std::path::PathBuf;

use super::handle::EngineHandle;
use super::settings::EngineBuilder;

impl EngineBuilder {
    /// Hands an observer the engine's handle as soon as there is one: on the
    /// thread that builds it, before any node starts. So an observer sees the
    /// starts as well, also of an engine that somebody else goes on to build.
    /// Of several calls the last one holds.
    pub fn on_built(mut self, observe: impl FnOnce(EngineHandle) + Send + 'static) -> Self {
        self.settings.on_built = Some(Box::new(observe));
        self
    }

    /// Where a directory is written when something goes wrong: a node faults, a
    /// shutdown reaches its timeout, the [stall detector](Self::stall_after)
    /// reports. Nothing is written unless set.
    ///
    /// Each directory holds `summary.txt`, which says who waits for whom and
    /// why, the figures of all edges, nodes and workers, the flight recorders'
    /// last events if they are [on](Self::recorder), and with the feature
    /// `inspect` all of it as JSON. No payload is in it; the texts of faults
    /// are, as the authors of the nodes wrote them. It is made for its owner
    /// alone, under a new name; missing directories above it are made. A run
    /// writes at most [`MAX_ARTEFACTS`](super::MAX_ARTEFACTS) because of
    /// faults and as many because of stalls; a shutdown with a timeout of zero
    /// writes none. See [`Report::artefacts`](super::Report::artefacts).
    ///
    /// # Real-time
    /// Written by the supervisor's thread, in stepping mode by the caller's:
    /// workers go on, but for a copy of their ready sets. Replacements of nodes
    /// and a shutdown wait until it is written, so name a directory on a local
    /// disk.
    ///
    /// ```
    /// # use tidegate::engine::Engine;
    /// # use tidegate::graph::{Edge, Subgraph};
    /// # use tidegate::node::builtin;
    /// # let mut graph = Subgraph::new("failing");
    /// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
    /// # graph.add("sum", builtin::sink(|n: u64| assert!(n != 7, "seven")))?;
    /// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let report = Engine::builder(graph).artefacts(folder).start()?.wait();
    /// for directory in &report.artefacts.written {
    ///     println!("{}", std::fs::read_to_string(directory.join("summary.txt"))?);
    /// }
    /// # assert_eq!(report.artefacts.written.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn artefacts(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.artefacts = Some(directory.into());
        self
    }

    /// Reports a [`Stall`](super::Stall) when messages wait in an edge and none
    /// of them has been taken for so long; off unless set.
    ///
    /// The supervisor's thread looks four times in that time, and sleeps
    /// otherwise; the workers notice nothing. The cause of a stall is reported
    /// once while it lasts, and again when it comes back or is another: a
    /// deadlock that was broken and closes again, a node that was resumed and
    /// paused again, a handler that returned and does not return again. Time in
    /// which the whole process stood still is left out. What may take
    /// long on purpose (a consumer that is paused, a handler that waits for
    /// something outside) counts too, so choose a time that means trouble.
    ///
    /// Nothing is reported in stepping mode: ask
    /// [`SteppedEngine::diagnosis`](super::SteppedEngine::diagnosis) there.
    pub fn stall_after(mut self, limit: Duration) -> Self {
        self.settings.stall_after = Some(limit);
        self
    }
}
