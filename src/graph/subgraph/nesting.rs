//! Subgraphs in subgraphs, and what they expose.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::node::Direction;
use crate::util::Name;

use super::Subgraph;
use crate::graph::entry::{
    Connection, Exposure, Group, LateConnection, NodeEntry, Scope, Target, nested_path,
};
use crate::graph::error::{AddError, ConnectError};
use crate::graph::references::{Exposed, InputRef, OutputRef, SubgraphRef};

impl Subgraph {
    /// Offers an input, under this name, to the graph this one is nested in.
    ///
    /// # Errors
    /// [`ConnectError`] when the port was not declared or belongs to another
    /// graph. A name that is taken or cannot be used is an issue in
    /// [`validate`](Self::validate).
    pub fn expose_input<T: Send + 'static>(
        &mut self,
        name: impl Into<String>,
        input: InputRef<T>,
    ) -> Result<(), ConnectError> {
        let key = input.resolve(self)?;
        self.expose(Direction::Input, name.into(), Target::Port(key));
        Ok(())
    }

    /// Offers an output, under this name, to the graph this one is nested in.
    ///
    /// # Errors
    /// As [`expose_input`](Self::expose_input).
    pub fn expose_output<T: Send + 'static>(
        &mut self,
        name: impl Into<String>,
        output: OutputRef<T>,
    ) -> Result<(), ConnectError> {
        let key = output.resolve(self)?;
        self.expose(Direction::Output, name.into(), Target::Port(key));
        Ok(())
    }

    /// Offers the port at `address`, written as in
    /// [`connect_by_name`](Self::connect_by_name), under this name. The port
    /// need not exist yet; [`validate`](Self::validate) reports it when it
    /// never does.
    pub fn expose_later(
        &mut self,
        direction: Direction,
        name: impl Into<String>,
        address: impl Into<String>,
    ) {
        self.expose(direction, name.into(), Target::Address(address.into()));
    }

    fn expose(&mut self, direction: Direction, name: String, target: Target) {
        self.exposures.push(Exposure {
            direction,
            name,
            target,
        });
    }

    /// Nests `subgraph` under its own name.
    ///
    /// References to its nodes are of no use afterwards: what it exposes is
    /// reached through the returned key, or by name.
    ///
    /// # Errors
    /// [`AddError::Name`] when its name cannot be used. That the name is taken
    /// is an issue in [`validate`](Self::validate).
    ///
    /// ```
    /// # use tidegate::graph::{Edge, Subgraph};
    /// # use tidegate::node::builtin;
    /// # let mut sensor = Subgraph::new("sensor");
    /// # let numbers = sensor.add("numbers", builtin::source_iter(0..10_u32))?;
    /// # let mut graph = Subgraph::new("plant");
    /// # let print = graph.add("print", builtin::sink(|n: u32| println!("{n}")))?;
    /// sensor.expose_output("samples", numbers.output(|n| &n.output))?;
    /// let sensor = graph.nest(sensor)?;
    /// let samples = sensor.output::<u32>("samples")?;
    /// graph.connect(samples, print.input(|n| &n.input), Edge::block(8))?;
    /// # assert!(graph.validate().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nest(&mut self, subgraph: Subgraph) -> Result<SubgraphRef, AddError> {
        let name = subgraph.name.clone();
        self.nest_as(&name, subgraph)
    }

    /// Nests `subgraph` under another name than its own: for several of a
    /// kind.
    ///
    /// # Errors
    /// As [`nest`](Self::nest).
    ///
    /// ```
    /// use tidegate::graph::{Edge, Subgraph};
    /// use tidegate::node::builtin;
    ///
    /// fn channel() -> Result<Subgraph, Box<dyn std::error::Error>> {
    ///     let mut graph = Subgraph::new("channel");
    ///     let numbers = graph.add("numbers", builtin::source_iter(0..10_u32))?;
    ///     let even = graph.add("even", builtin::filter(|n: &u32| n.is_multiple_of(2)))?;
    ///     graph.connect(numbers.output(|n| &n.output), even.input(|n| &n.input), Edge::block(8))?;
    ///     graph.expose_output("even", even.output(|n| &n.output))?;
    ///     Ok(graph)
    /// }
    ///
    /// let mut graph = Subgraph::new("both");
    /// for side in ["left", "right"] {
    ///     graph.nest_as(side, channel()?)?;
    ///     graph.add(&format!("print-{side}"), builtin::sink(|n: u32| println!("{n}")))?;
    ///     let (from, to) = (format!("{side}:even"), format!("print-{side}:in"));
    ///     graph.connect_by_name(&from, &to, Edge::block(8))?;
    /// }
    /// assert!(graph.validate().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nest_as(&mut self, name: &str, subgraph: Subgraph) -> Result<SubgraphRef, AddError> {
        let path = Name::new(name)?.to_string();
        let shift = self.nodes.len();
        let within = |inner: &str| nested_path(&path, inner);
        let moved = |exposures: Vec<Exposure>| -> Vec<Exposure> {
            let target = |target| match target {
                Target::Port(key) => Target::Port(key.shifted(shift)),
                Target::Address(address) => Target::Address(within(&address)),
            };
            exposures
                .into_iter()
                .map(|exposure| Exposure {
                    target: target(exposure.target),
                    ..exposure
                })
                .collect()
        };

        for entry in subgraph.nodes {
            let path = within(&entry.path);
            self.push_node(NodeEntry { path, ..entry });
        }
        for scope in subgraph.scopes {
            self.push_scope(Scope {
                path: within(&scope.path),
                exposures: moved(scope.exposures),
            });
        }
        for group in subgraph.groups {
            let path = match group.path.as_str() {
                "" => path.clone(),
                inner => within(inner),
            };
            self.groups.push(Group { path, ..group });
        }
        let injectables = subgraph.injectables.into_iter();
        self.injectables
            .extend(injectables.map(|(door, port)| (door, port.shifted(shift))));
        let exposures = moved(subgraph.exposures);
        self.connections.extend(
            subgraph
                .connections
                .into_iter()
                .map(|connection| Connection {
                    from: connection.from.shifted(shift),
                    to: connection.to.shifted(shift),
                    edge: connection.edge,
                }),
        );
        self.late_connections
            .extend(
                subgraph
                    .late_connections
                    .into_iter()
                    .map(|late| LateConnection {
                        from: within(&late.from),
                        to: within(&late.to),
                        edge: late.edge,
                    }),
            );

        let exposed = self.exposed(&exposures);
        let reference = SubgraphRef::new(self.id, path.clone(), exposed);
        self.push_scope(Scope { path, exposures });
        Ok(reference)
    }

    /// The exposures whose ports exist.
    fn exposed(&self, exposures: &[Exposure]) -> Vec<Exposed> {
        exposures
            .iter()
            .filter_map(|exposure| {
                let key = self.target(exposure).ok()?;
                Some(Exposed {
                    name: exposure.name.clone(),
                    key,
                    spec: self.spec(key, exposure.direction).clone(),
                })
            })
            .collect()
    }
}
