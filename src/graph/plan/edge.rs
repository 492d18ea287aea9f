//! An edge with all its settings, between two nodes or at a door.

use alloc::string::String;
use core::time::Duration;

use crate::band::Band;
use crate::edge::{EdgeError, PolicyKind};
use crate::graph::edge_options::Edge;
use crate::graph::entry::{Connection, Door, NodeEntry, PortKey};
use crate::node::{Direction, EdgeParts, ErasedPolicy, PortSpec};

use super::PlannedNode;

/// An edge with all its settings.
pub(crate) struct PlannedEdge {
    /// `path:port->path:port`; with a door `>door->path:port` and
    /// `path:port->door>`; from handles `>>handle->path:port`.
    pub(crate) id: String,
    pub(crate) ends: Ends,
    pub(crate) policy: ErasedPolicy,
    pub(crate) kind: PolicyKind,
    pub(crate) capacity: usize,
    pub(crate) max_capacity: usize,
    pub(crate) max_age: Option<Duration>,
    /// The soft and the hard one.
    pub(crate) watermarks: Option<(usize, usize)>,
    pub(crate) band: Band,
    /// Bytes of memory.
    pub(crate) footprint: usize,
    pub(crate) type_name: &'static str,
}

/// What an edge joins. Ports by numbers: of the node in
/// [`Plan::nodes`](super::Plan::nodes), and of its output or input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Between { from: PortKey, to: PortKey },
    Entrance { door: String, to: PortKey },
    Exit { from: PortKey, door: String },
    Injection { door: String, to: PortKey },
}

impl Ends {
    /// The output that sends, unless that is a door.
    pub(crate) const fn from(&self) -> Option<PortKey> {
        match self {
            Self::Between { from, .. } | Self::Exit { from, .. } => Some(*from),
            Self::Entrance { .. } | Self::Injection { .. } => None,
        }
    }

    /// The input that receives, unless that is a door.
    pub(crate) const fn to(&self) -> Option<PortKey> {
        match self {
            Self::Between { to, .. } | Self::Entrance { to, .. } | Self::Injection { to, .. } => {
                Some(*to)
            }
            Self::Exit { .. } => None,
        }
    }

    pub(crate) const fn is_door(&self) -> bool {
        !matches!(self, Self::Between { .. })
    }

    /// Whether it comes from the engine's handles.
    pub(crate) const fn injects(&self) -> bool {
        matches!(self, Self::Injection { .. })
    }

    /// The name of the door, if there is one, and which way its port faces.
    pub(crate) fn door(&self) -> Option<(Direction, &str)> {
        match self {
            Self::Between { .. } => None,
            Self::Entrance { door, .. } | Self::Injection { door, .. } => {
                Some((Direction::Input, door))
            }
            Self::Exit { door, .. } => Some((Direction::Output, door)),
        }
    }
}

impl PlannedEdge {
    pub(super) fn between(connection: Connection, nodes: &[NodeEntry]) -> Self {
        let Connection { from, to, edge } = connection;
        let (output, input) = (
            &nodes[from.node].table.outputs[from.port],
            &nodes[to.node].table.inputs[to.port],
        );
        let id = format!(
            "{}:{}->{}:{}",
            nodes[from.node].path, output.name, nodes[to.node].path, input.name
        );
        Self::new(id, Ends::Between { from, to }, edge, output, input)
    }

    pub(super) fn through(door: Door, port: PortKey, nodes: &[NodeEntry]) -> Self {
        let entry = &nodes[port.node];
        let inside = &entry.ports(door.direction)[port.port];
        let id = door.label(&format!("{}:{}", entry.path, inside.name));
        let outside = inside.facing();
        let (edge, direction, injects) = (door.edge, door.direction, door.injects);
        let (door, to) = (door.name, port);
        match direction {
            Direction::Input => {
                let ends = if injects {
                    Ends::Injection { door, to }
                } else {
                    Ends::Entrance { door, to }
                };
                Self::new(id, ends, edge, &outside, inside)
            }
            Direction::Output => {
                Self::new(id, Ends::Exit { from: port, door }, edge, inside, &outside)
            }
        }
    }

    fn new(id: String, ends: Ends, edge: Edge, output: &PortSpec, input: &PortSpec) -> Self {
        let settled = edge.settle(output, input);
        Self {
            id,
            ends,
            policy: edge.into_policy(settled),
            kind: settled.policy,
            capacity: settled.capacity,
            max_capacity: settled.max_capacity,
            max_age: settled.max_age,
            watermarks: settled.watermarks,
            band: settled.band,
            footprint: (output.edge_footprint)(settled.max_capacity, settled.policy),
            type_name: output.type_name,
        }
    }

    /// The port that sends, unless that is a door.
    pub(crate) fn output<'a>(&self, nodes: &'a [PlannedNode]) -> Option<&'a PortSpec> {
        let from = self.ends.from()?;
        Some(&nodes[from.node].table.outputs[from.port])
    }

    /// The port that receives, unless that is a door.
    pub(crate) fn input<'a>(&self, nodes: &'a [PlannedNode]) -> Option<&'a PortSpec> {
        let to = self.ends.to()?;
        Some(&nodes[to.node].table.inputs[to.port])
    }

    /// Makes the edge, between ports of these nodes.
    ///
    /// # Errors
    /// [`EdgeError`] when the edge layer refuses the settings. Those of a
    /// validated graph it accepts.
    pub(crate) fn build(self, nodes: &[PlannedNode]) -> Result<EdgeParts, EdgeError> {
        let validator = self.input(nodes).and_then(|input| input.validator.as_ref());
        // Both ports are for the same payload type.
        let make_edge = match self.ends {
            Ends::Between { from, .. } | Ends::Exit { from, .. } => {
                nodes[from.node].table.outputs[from.port].make_edge
            }
            Ends::Entrance { to, .. } | Ends::Injection { to, .. } => {
                nodes[to.node].table.inputs[to.port].make_edge
            }
        };
        make_edge(
            self.capacity,
            self.max_capacity,
            self.policy,
            self.max_age,
            validator,
        )
    }
}
