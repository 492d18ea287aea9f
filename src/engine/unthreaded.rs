//! Without `std` there are no threads for an engine to run on.

use crate::graph::Subgraph;

use super::settings::EngineBuilder;

/// An engine on threads: there is none without `std`, but its builder builds
/// one that is driven [step by step](super::SteppedEngine).
#[derive(Debug)]
pub enum Engine {}

impl Engine {
    /// Begins to build an engine that runs `graph`.
    pub fn builder(graph: Subgraph) -> EngineBuilder {
        EngineBuilder::new(graph)
    }
}
