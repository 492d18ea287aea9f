//! All connections of a graph, those by name looked up.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::graph::edge_options::{Edge, Settled};
use crate::graph::entry::PortKey;
use crate::graph::error::ConnectError;
use crate::graph::issue::{Issue, IssueCode};
use crate::graph::subgraph::Subgraph;
use crate::node::Direction;

use super::doors::{self, OpenDoor};

/// A connection whose two ports exist and fit.
pub(super) struct Wire<'a> {
    pub(super) from: PortKey,
    pub(super) to: PortKey,
    pub(super) edge: &'a Edge,
    pub(super) settled: Settled,
}

/// A graph seen as ports and the wires at them.
pub(super) struct Wiring<'a> {
    pub(super) graph: &'a Subgraph,
    pub(super) wires: Vec<Wire<'a>>,
    pub(super) doors: Vec<OpenDoor<'a>>,
    /// Indices of the wires at each port that has any.
    at_outputs: BTreeMap<PortKey, Vec<usize>>,
    at_inputs: BTreeMap<PortKey, Vec<usize>>,
}

impl<'a> Wiring<'a> {
    /// Collects the wires of `graph`; what cannot be connected is an issue.
    pub(super) fn of(graph: &'a Subgraph, issues: &mut Vec<Issue>) -> Self {
        let mut wiring = Self {
            graph,
            wires: Vec::new(),
            doors: doors::find(graph, issues),
            at_outputs: BTreeMap::new(),
            at_inputs: BTreeMap::new(),
        };
        for connection in graph.connections() {
            wiring.push(connection.from, connection.to, &connection.edge);
        }
        for late in graph.late_connections() {
            match graph.find_connection(&late.from, &late.to, &late.edge) {
                Ok((from, to)) => wiring.push(from, to, &late.edge),
                Err(error) => {
                    let location = format!("{}->{}", late.from, late.to);
                    issues.push(issue_of(&error, location));
                }
            }
        }
        wiring
    }

    fn push(&mut self, from: PortKey, to: PortKey, edge: &'a Edge) {
        let index = self.wires.len();
        let settled = edge.settle(self.graph.output_spec(from), self.graph.input_spec(to));
        self.wires.push(Wire {
            from,
            to,
            edge,
            settled,
        });
        self.at_outputs.entry(from).or_default().push(index);
        self.at_inputs.entry(to).or_default().push(index);
    }

    /// The ports of this direction that have wires, with their wires' indices.
    pub(super) fn ports(&self, direction: Direction) -> &BTreeMap<PortKey, Vec<usize>> {
        match direction {
            Direction::Input => &self.at_inputs,
            Direction::Output => &self.at_outputs,
        }
    }

    /// The wires at a port.
    pub(super) fn wires_at(&self, key: PortKey, direction: Direction) -> &[usize] {
        self.ports(direction).get(&key).map_or(&[], Vec::as_slice)
    }

    /// The id of the edge that a wire becomes.
    pub(super) fn label(&self, wire: &Wire<'_>) -> String {
        self.graph.edge_label(wire.from, wire.to)
    }
}

/// The issue that a failed look-up amounts to.
pub(super) fn issue_of(error: &ConnectError, location: String) -> Issue {
    let (code, advice) = match error {
        ConnectError::WrongDirection { .. } => (
            IssueCode::WrongDirection,
            "name an output first and an input second",
        ),
        ConnectError::TypeMismatch { .. }
        | ConnectError::MergeType { .. }
        | ConnectError::ExposedType { .. } => (
            IssueCode::TypeMismatch,
            "choose ports of the same payload type, or put a map between them",
        ),
        ConnectError::Address { .. }
        | ConnectError::UnknownNode { .. }
        | ConnectError::UnknownPort { .. }
        | ConnectError::Foreign { .. }
        | ConnectError::DeadLetters { .. }
        | ConnectError::Undeclared { .. } => (
            IssueCode::UnknownPort,
            "correct the name, or add what it names",
        ),
    };
    Issue::new(code, location, error.to_string(), advice)
}
