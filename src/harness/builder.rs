//! What a harness can be told before it is built.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::{Engine, EngineBuilder};
use crate::graph::{AddError, Edge, Subgraph};
use crate::node::{Direction, Node, NodeOptions};
use crate::time::ManualClock;

use super::error::HarnessError;
use super::ports::Ends;
use super::{NODE, NodeHarness};

/// Settings of a [`NodeHarness`], each with a default; made by
/// [`NodeHarness::builder`].
#[must_use]
pub struct NodeHarnessBuilder {
    add: Add,
    options: NodeOptions,
    /// Other than by default; `None`: no edge.
    edges: BTreeMap<(Direction, String), Option<Edge>>,
    configure: Box<dyn FnOnce(EngineBuilder) -> EngineBuilder>,
}

/// Adds the node to a graph.
type Add = Box<dyn FnOnce(&mut Subgraph, NodeOptions) -> Result<(), AddError>>;

impl NodeHarnessBuilder {
    pub(super) fn new(node: impl Node) -> Self {
        Self::adding(|graph, options| graph.add_with(NODE, node, options).map(drop))
    }

    pub(super) fn restartable<N: Node>(factory: impl FnMut() -> N + Send + 'static) -> Self {
        Self::adding(|graph, options| graph.add_restartable(NODE, factory, options).map(drop))
    }

    fn adding(
        add: impl FnOnce(&mut Subgraph, NodeOptions) -> Result<(), AddError> + 'static,
    ) -> Self {
        Self {
            add: Box::new(add),
            options: NodeOptions::new(),
            edges: BTreeMap::new(),
            configure: Box::new(|engine| engine),
        }
    }

    /// What an application would say when it adds the node: its policy on
    /// faults, its cadence.
    pub const fn options(mut self, options: NodeOptions) -> Self {
        self.options = options;
        self
    }

    /// The edge into this input; [`Edge::inherit`] unless set.
    pub fn input(self, name: &str, edge: impl Into<Edge>) -> Self {
        self.edge(Direction::Input, name, Some(edge.into()))
    }

    /// The edge out of this output; [`Edge::inherit`] unless set.
    pub fn output(self, name: &str, edge: impl Into<Edge>) -> Self {
        self.edge(Direction::Output, name, Some(edge.into()))
    }

    /// Leaves an optional input without an edge.
    pub fn without_input(self, name: &str) -> Self {
        self.edge(Direction::Input, name, None)
    }

    /// Leaves an optional output without an edge.
    pub fn without_output(self, name: &str) -> Self {
        self.edge(Direction::Output, name, None)
    }

    fn edge(mut self, direction: Direction, name: &str, edge: Option<Edge>) -> Self {
        self.edges.insert((direction, name.into()), edge);
        self
    }

    /// Everything else that can be said about an engine: its batch, its global
    /// cadence, its recorder. The clock is the harness's.
    ///
    /// ```
    /// use tidegate::harness::NodeHarness;
    /// use tidegate::node::builtin;
    ///
    /// let mut harness = NodeHarness::builder(builtin::map(|n: u64| n))
    ///     .engine(|engine| engine.batch(1))
    ///     .build()?;
    /// harness.feed("in", [1_u64, 2])?;
    /// harness.step();
    /// assert_eq!(harness.collect::<u64>("out")?, [1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn engine(
        mut self,
        configure: impl FnOnce(EngineBuilder) -> EngineBuilder + 'static,
    ) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// Builds the engine and calls `on_start`.
    ///
    /// # Errors
    /// As [`NodeHarness::new`], and [`HarnessError::UnknownPort`] when an edge
    /// was given for a port that the node does not have.
    pub fn build(mut self) -> Result<NodeHarness, HarnessError> {
        let mut graph = Subgraph::new("harness");
        (self.add)(&mut graph, self.options)?;
        let mut doors = Vec::new();
        for direction in [Direction::Input, Direction::Output] {
            for port in graph.ports(direction) {
                let name = port.name().to_string();
                let chosen = self.edges.remove(&(direction, name.clone()));
                if let Some(edge) = chosen.unwrap_or_else(|| Some(Edge::inherit())) {
                    doors.push((direction, name, edge));
                }
            }
        }
        if let Some((direction, name)) = self.edges.into_keys().min_by_key(|(_, name)| name.clone())
        {
            let ports = graph.ports(direction);
            let known = ports.map(|port| port.name().to_string()).collect();
            return Err(HarnessError::UnknownPort {
                direction,
                name,
                known,
            });
        }
        for (direction, name, _) in &doors {
            graph.expose_later(*direction, name, format!("{NODE}:{name}"));
        }
        let mut engine = Engine::builder(graph);
        for (direction, name, edge) in doors {
            engine = match direction {
                Direction::Input => engine.entrance(name, edge),
                Direction::Output => engine.exit(name, edge),
            };
        }
        let clock = ManualClock::new();
        let engine = (self.configure)(engine).clock(clock.clone());
        let mut engine = engine.stepping()?;
        let ends = Ends::new(engine.take_doors());
        Ok(NodeHarness {
            engine,
            clock,
            ends,
        })
    }
}

impl core::fmt::Debug for NodeHarnessBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NodeHarnessBuilder")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
