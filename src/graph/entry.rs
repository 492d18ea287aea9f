//! What a graph stores about its nodes, connections and exposures.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

use crate::band::Band;
use crate::node::{Direction, Escalation, Node, NodeOptions, PortSpec, PortTable};

use super::edge_options::Edge;
use super::error::ConnectError;

/// A node of a type that is no longer known, but can be asked for again.
pub(super) trait AnyNode: Node + Any {}

impl<N: Node> AnyNode for N {}

/// Makes further instances of a node.
pub(super) type Factory = Box<dyn FnMut() -> Box<dyn Node> + Send>;

/// A node of the graph or of a subgraph nested in it.
pub(super) struct NodeEntry {
    /// `node`, or `subgraph/node` and so on.
    pub(super) path: String,
    pub(super) node: Box<dyn AnyNode>,
    pub(super) factory: Option<Factory>,
    /// Without errors.
    pub(super) table: PortTable,
    pub(super) options: NodeOptions,
}

impl NodeEntry {
    pub(super) fn ports(&self, direction: Direction) -> &[PortSpec] {
        match direction {
            Direction::Input => &self.table.inputs,
            Direction::Output => &self.table.outputs,
        }
    }
}

/// A port by numbers. Its direction follows from where the key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PortKey {
    /// Index in the graph's nodes.
    pub(crate) node: usize,
    /// Index in the node's inputs or outputs.
    pub(crate) port: usize,
}

impl PortKey {
    /// The same port after its node's graph was nested behind `nodes` others.
    pub(super) const fn shifted(self, nodes: usize) -> Self {
        Self {
            node: self.node + nodes,
            port: self.port,
        }
    }
}

/// Two ports known to fit, and the edge between them.
pub(super) struct Connection {
    pub(super) from: PortKey,
    pub(super) to: PortKey,
    pub(super) edge: Edge,
}

/// A connection by names that are looked up when the graph is complete.
pub(super) struct LateConnection {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) edge: Edge,
}

/// An edge between a port and other threads.
pub(super) struct Door {
    /// Of the port.
    pub(super) direction: Direction,
    /// The name it is exposed under.
    pub(super) name: String,
    /// Its producer is the engine's handles, and the port need not be exposed.
    pub(super) injects: bool,
    pub(super) edge: Edge,
}

impl Door {
    /// Through which handles inject Control messages.
    pub(super) fn of_handles(capacity: usize) -> Self {
        Self {
            direction: Direction::Input,
            name: "handle".into(),
            injects: true,
            edge: Edge::block(capacity).band(Band::Control),
        }
    }

    /// The id of the edge: `>door->path:port` into the graph, `path:port->door>`
    /// out of it, and `>>handle->path:port` from handles. No name contains `>`,
    /// so it is no other edge's id.
    pub(super) fn label(&self, port: &str) -> String {
        match self.direction {
            Direction::Input if self.injects => format!(">>{}->{port}", self.name),
            Direction::Input => format!(">{}->{port}", self.name),
            Direction::Output => format!("{port}->{}>", self.name),
        }
    }
}

/// A port that a subgraph offers to the graph it is nested in.
#[derive(Clone)]
pub(super) struct Exposure {
    pub(super) direction: Direction,
    /// As the application wrote it.
    pub(super) name: String,
    pub(super) target: Target,
}

/// What an exposure stands for.
#[derive(Clone)]
pub(super) enum Target {
    Port(PortKey),
    /// Looked up when the graph is complete.
    Address(String),
}

/// A subgraph nested in the graph, directly or not: its nodes are among the
/// graph's own, so what remains is what it exposes.
pub(super) struct Scope {
    pub(super) path: String,
    pub(super) exposures: Vec<Exposure>,
}

/// What a subgraph does when one of its nodes escalates.
pub(super) struct Group {
    /// Of the subgraph; empty for the outermost.
    pub(super) path: String,
    pub(super) policy: Escalation,
}

/// What a path stands for: an index in the graph's nodes or scopes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Node(usize),
    Scope(usize),
}

/// The name a nested thing has in the graph around it.
pub(super) fn nested_path(subgraph: &str, inner: &str) -> String {
    format!("{subgraph}/{inner}")
}

/// Whether the node or subgraph at `path` is in the subgraph at `group`; an
/// empty path is that of the outermost.
pub(super) fn is_within(path: &str, group: &str) -> bool {
    let inside = path.strip_prefix(group);
    group.is_empty() || inside.is_some_and(|inside| inside.starts_with('/'))
}

/// The two halves of `node:port`.
pub(super) fn split_address(address: &str) -> Result<(&str, &str), ConnectError> {
    match address.split_once(':') {
        Some((node, port)) if !node.is_empty() && !port.is_empty() => Ok((node, port)),
        _ => Err(ConnectError::Address {
            address: address.into(),
        }),
    }
}
