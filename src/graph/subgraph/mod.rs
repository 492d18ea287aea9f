//! Declaring a graph.

mod failing;
mod injecting;
mod nesting;
#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::node::{Direction, Node, NodeOptions, PortSpec, PortTable};
use crate::sync::unique_number;
use crate::util::Name;

use super::edge_options::{Edge, EdgeFor};
use super::entry::{
    Connection, Door, Exposure, Factory, Group, LateConnection, NodeEntry, Place, PortKey, Scope,
};
use super::error::{AddError, ConnectError};
use super::issue::Issue;
use super::references::{InputRef, NodeRef, OutputRef};
use super::validate;

/// A composition of nodes, edges and nested subgraphs, with a name.
///
/// What one call can judge by itself is an error of that call: a name that
/// cannot be used, a port that does not exist, payload types that differ. What
/// only the whole graph can tell is found by [`validate`](Self::validate), all
/// at once.
///
/// A node in a nested subgraph has a path: `decoder/parser` is the node
/// `parser` of the subgraph `decoder`. Ports are addressed as `path:port`.
///
/// None of this is for the hot path: all methods may allocate.
///
/// ```
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("filter");
/// let numbers = graph.add("numbers", builtin::source_iter(0..10_u32))?;
/// let even = graph.add("even", builtin::filter(|n: &u32| n.is_multiple_of(2)))?;
/// graph.connect(numbers.output(|n| &n.output), even.input(|n| &n.input), Edge::block(8))?;
///
/// let issues = graph.validate(); // where do the even numbers go?
/// assert_eq!(issues.len(), 1);
/// assert!(issues[0].to_string().contains("even:out"), "{}", issues[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Subgraph {
    /// Tells the references of different graphs apart.
    id: u64,
    /// As the application wrote it; checked by `validate`.
    name: String,
    nodes: Vec<NodeEntry>,
    /// Of nested subgraphs at any depth.
    scopes: Vec<Scope>,
    /// The first node or scope of each path.
    places: BTreeMap<String, Place>,
    connections: Vec<Connection>,
    late_connections: Vec<LateConnection>,
    exposures: Vec<Exposure>,
    /// Only of the graph that an engine is built from.
    doors: Vec<Door>,
    /// The inputs into which handles may inject, nested ones included.
    injectables: Vec<(Door, PortKey)>,
    /// This one's and those of nested subgraphs, where one was set.
    groups: Vec<Group>,
}

impl Subgraph {
    /// An empty graph. A name that cannot be used is an issue in
    /// [`validate`](Self::validate).
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            id: unique_number(),
            name: name.into(),
            nodes: Vec::new(),
            scopes: Vec::new(),
            places: BTreeMap::new(),
            connections: Vec::new(),
            late_connections: Vec::new(),
            exposures: Vec::new(),
            doors: Vec::new(),
            injectables: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// The graph's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds a node with default options.
    ///
    /// # Errors
    /// [`AddError`] when the name cannot be used or the node declares ports
    /// that cannot stand. That the name is taken is an issue in
    /// [`validate`](Self::validate).
    pub fn add<N: Node>(&mut self, name: &str, node: N) -> Result<NodeRef<N>, AddError> {
        self.add_with(name, node, NodeOptions::new())
    }

    /// Adds a node.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_with<N: Node>(
        &mut self,
        name: &str,
        node: N,
        options: NodeOptions,
    ) -> Result<NodeRef<N>, AddError> {
        self.add_node(name, node, None, options)
    }

    /// Adds a node that can be restarted after a fault
    /// ([`FaultPolicy::Restart`](crate::node::FaultPolicy::Restart)). `factory`
    /// is called at once for the first instance, and must always make nodes
    /// that declare the same ports.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_restartable<N: Node>(
        &mut self,
        name: &str,
        mut factory: impl FnMut() -> N + Send + 'static,
        options: NodeOptions,
    ) -> Result<NodeRef<N>, AddError> {
        let first = factory();
        let again = Box::new(move || -> Box<dyn Node> { Box::new(factory()) });
        self.add_node(name, first, Some(again), options)
    }

    fn add_node<N: Node>(
        &mut self,
        name: &str,
        mut node: N,
        factory: Option<Factory>,
        options: NodeOptions,
    ) -> Result<NodeRef<N>, AddError> {
        let name = Name::new(name)?;
        let mut table = PortTable::of(&mut node);
        if !table.errors.is_empty() {
            return Err(AddError::Ports {
                node: name,
                errors: core::mem::take(&mut table.errors),
            });
        }
        let reference = NodeRef::new(self.id, self.nodes.len());
        self.push_node(NodeEntry {
            path: name.to_string(),
            node: Box::new(node),
            factory,
            table,
            options,
        });
        Ok(reference)
    }

    /// Connects an output to an input of the same payload type.
    ///
    /// # Errors
    /// [`ConnectError`] when a port was not declared or belongs to another
    /// graph. Whether the edge itself makes sense is checked by
    /// [`validate`](Self::validate).
    pub fn connect<T: Send + 'static>(
        &mut self,
        from: OutputRef<T>,
        to: InputRef<T>,
        edge: impl EdgeFor<T>,
    ) -> Result<(), ConnectError> {
        let (from, to, edge) = (from.resolve(self)?, to.resolve(self)?, edge.into());
        // A coalescing edge that was converted into an `Edge` beforehand hides
        // its payload type from the compiler.
        self.check_merge(from, to, &edge)?;
        self.connections.push(Connection { from, to, edge });
        Ok(())
    }

    /// Connects the output at `from` to the input at `to`, both written
    /// `node:port`, or `subgraph:name` for what a nested subgraph exposes.
    ///
    /// # Errors
    /// [`ConnectError`] when a port does not exist (it lists those that do) or
    /// when the payload types differ (it names both ports and both types).
    ///
    /// ```
    /// use tidegate::graph::{Edge, Subgraph};
    /// use tidegate::node::builtin;
    ///
    /// let mut graph = Subgraph::new("by name");
    /// graph.add("numbers", builtin::source_iter(0..10_u32))?;
    /// graph.add("print", builtin::sink(|n: u32| println!("{n}")))?;
    /// graph.connect_by_name("numbers:out", "print:in", Edge::latest(1))?;
    ///
    /// let error = graph.connect_by_name("numbers:output", "print:in", Edge::latest(1));
    /// assert!(error.unwrap_err().to_string().contains("its outputs are: out"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect_by_name(
        &mut self,
        from: &str,
        to: &str,
        edge: impl Into<Edge>,
    ) -> Result<(), ConnectError> {
        let edge = edge.into();
        let (from, to) = self.find_connection(from, to, &edge)?;
        self.connections.push(Connection { from, to, edge });
        Ok(())
    }

    /// Like [`connect_by_name`](Self::connect_by_name), but the ports need not
    /// exist yet: they are looked up when the graph is complete, and
    /// [`validate`](Self::validate) reports all that cannot be connected. For
    /// graphs that are read from a configuration, in any order.
    pub fn connect_later(
        &mut self,
        from: impl Into<String>,
        to: impl Into<String>,
        edge: impl Into<Edge>,
    ) {
        self.late_connections.push(LateConnection {
            from: from.into(),
            to: to.into(),
            edge: edge.into(),
        });
    }

    /// Every issue of the graph as it stands, in a fixed order; empty when
    /// there is none.
    ///
    /// The ports it exposes are taken to be connected from outside. When an
    /// engine is built from the graph itself, a required port that is only
    /// exposed is an error, unless the engine has a [door](crate::door) to it.
    #[must_use]
    pub fn validate(&self) -> Vec<Issue> {
        validate::part(self)
    }

    fn push_node(&mut self, entry: NodeEntry) {
        let place = Place::Node(self.nodes.len());
        self.places.entry(entry.path.clone()).or_insert(place);
        self.nodes.push(entry);
    }

    fn push_scope(&mut self, scope: Scope) {
        let place = Place::Scope(self.scopes.len());
        self.places.entry(scope.path.clone()).or_insert(place);
        self.scopes.push(scope);
    }
}

/// What the engine adds, and a harness asks.
impl Subgraph {
    /// Opens what is exposed under this name in this direction to other
    /// threads. Whether there is such a port, and whether the edge fits it, is
    /// an issue when an engine is built.
    pub(crate) fn open(&mut self, direction: Direction, name: String, edge: Edge) {
        self.doors.push(Door {
            direction,
            name,
            injects: false,
            edge,
        });
    }

    /// The ports of all nodes, as they declared them.
    pub(crate) fn ports(&self, direction: Direction) -> impl Iterator<Item = &PortSpec> {
        self.nodes
            .iter()
            .flat_map(move |node| node.ports(direction))
    }
}

/// What the rest of the graph layer asks.
impl Subgraph {
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn nodes(&self) -> &[NodeEntry] {
        &self.nodes
    }

    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    pub(super) fn connections(&self) -> &[Connection] {
        &self.connections
    }

    pub(super) fn late_connections(&self) -> &[LateConnection] {
        &self.late_connections
    }

    pub(super) fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(super) fn take_groups(&mut self) -> Vec<Group> {
        core::mem::take(&mut self.groups)
    }

    pub(super) fn doors(&self) -> &[Door] {
        &self.doors
    }

    pub(super) fn injectables(&self) -> &[(Door, PortKey)] {
        &self.injectables
    }

    /// The port that is exposed under this name.
    pub(super) fn exposed_port(&self, direction: Direction, name: &str) -> Option<PortKey> {
        let exposure = self
            .exposures
            .iter()
            .find(|exposure| exposure.direction == direction && exposure.name == name)?;
        self.target(exposure).ok()
    }

    pub(super) fn place(&self, path: &str) -> Option<Place> {
        self.places.get(path).copied()
    }

    /// The paths of nodes and nested subgraphs.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().map(|entry| entry.path.as_str());
        nodes.chain(self.scopes.iter().map(|scope| scope.path.as_str()))
    }

    pub(super) fn spec(&self, key: PortKey, direction: Direction) -> &PortSpec {
        &self.nodes[key.node].ports(direction)[key.port]
    }

    pub(super) fn output_spec(&self, key: PortKey) -> &PortSpec {
        self.spec(key, Direction::Output)
    }

    pub(super) fn input_spec(&self, key: PortKey) -> &PortSpec {
        self.spec(key, Direction::Input)
    }

    /// `path:port`.
    pub(super) fn port_label(&self, key: PortKey, direction: Direction) -> String {
        let path = &self.nodes[key.node].path;
        format!("{path}:{}", self.spec(key, direction).name)
    }

    /// The edge id: `path:port->path:port`.
    pub(super) fn edge_label(&self, from: PortKey, to: PortKey) -> String {
        format!(
            "{}->{}",
            self.port_label(from, Direction::Output),
            self.port_label(to, Direction::Input)
        )
    }

    /// The nodes, all connections whose ports exist, and so the doors.
    pub(super) fn into_parts(mut self) -> (Vec<NodeEntry>, Vec<Connection>, Vec<(Door, PortKey)>) {
        let mut doors: Vec<_> = core::mem::take(&mut self.doors)
            .into_iter()
            .filter_map(|door| {
                let port = self.exposed_port(door.direction, &door.name)?;
                Some((door, port))
            })
            .collect();
        doors.append(&mut self.injectables);
        for late in core::mem::take(&mut self.late_connections) {
            if let Ok((from, to)) = self.find_connection(&late.from, &late.to, &late.edge) {
                let edge = late.edge;
                self.connections.push(Connection { from, to, edge });
            }
        }
        (self.nodes, self.connections, doors)
    }
}

impl fmt::Debug for Subgraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subgraph")
            .field("name", &self.name)
            .field("paths", &self.paths().collect::<Vec<_>>())
            .field(
                "edges",
                &(self.connections.len() + self.late_connections.len()),
            )
            .finish_non_exhaustive()
    }
}
