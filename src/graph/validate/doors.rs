//! Doors: whether there is a port behind each, and what it is between.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::edge_options::{Edge, Settled};
use crate::graph::entry::{Door, PortKey};
use crate::graph::issue::{Issue, IssueCode};
use crate::graph::subgraph::Subgraph;
use crate::node::{Direction, PortSpec};

/// A door whose port exists and fits.
pub(super) struct OpenDoor<'a> {
    pub(super) direction: Direction,
    pub(super) injects: bool,
    /// The id of the edge.
    pub(super) label: String,
    pub(super) port: PortKey,
    /// Of the side that the handle is on.
    outside: PortSpec,
    pub(super) edge: &'a Edge,
    pub(super) settled: Settled,
}

impl OpenDoor<'_> {
    /// The output and the input that the edge joins.
    pub(super) fn ends<'s>(&'s self, graph: &'s Subgraph) -> (&'s PortSpec, &'s PortSpec) {
        match self.direction {
            Direction::Input => (&self.outside, graph.input_spec(self.port)),
            Direction::Output => (graph.output_spec(self.port), &self.outside),
        }
    }
}

/// The doors of `graph` that lead somewhere, and the inputs that handles may
/// inject into; what is wrong with the others is an issue.
pub(super) fn find<'a>(graph: &'a Subgraph, issues: &mut Vec<Issue>) -> Vec<OpenDoor<'a>> {
    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for door in graph.doors() {
        if !seen.insert((door.direction, &door.name)) {
            issues.push(Issue::new(
                IssueCode::DuplicateEdge,
                door.label("?"),
                format!("more than one door leads to the exposed {}", door.direction),
                "open it once; several threads need a door each and a merge or tee node",
            ));
        } else if let Some(port) = graph.exposed_port(door.direction, &door.name) {
            open.extend(opened(graph, door, port, issues));
        } else {
            issues.push(unknown(graph, door));
        }
    }
    for (door, port) in graph.injectables() {
        open.extend(opened(graph, door, *port, issues));
    }
    open
}

fn opened<'a>(
    graph: &'a Subgraph,
    door: &'a Door,
    port: PortKey,
    issues: &mut Vec<Issue>,
) -> Option<OpenDoor<'a>> {
    let inside = graph.spec(port, door.direction);
    let label = door.label(&graph.port_label(port, door.direction));
    if let Some(merges) = door.edge.foreign_merge(inside) {
        issues.push(Issue::new(
            IssueCode::TypeMismatch,
            label,
            format!(
                "the merge function is for {merges}, the port for {}",
                inside.type_name
            ),
            "write the merge function for the port's payload type",
        ));
        return None;
    }
    let outside = inside.facing();
    let settled = match door.direction {
        Direction::Input => door.edge.settle(&outside, inside),
        Direction::Output => door.edge.settle(inside, &outside),
    };
    Some(OpenDoor {
        direction: door.direction,
        injects: door.injects,
        label,
        port,
        outside,
        edge: &door.edge,
        settled,
    })
}

fn unknown(graph: &Subgraph, door: &Door) -> Issue {
    let direction = door.direction;
    let exposed: Vec<_> = graph
        .exposures()
        .iter()
        .filter(|exposure| exposure.direction == direction)
        .map(|exposure| exposure.name.as_str())
        .collect();
    Issue::new(
        IssueCode::UnknownPort,
        door.label("?"),
        format!(
            "the graph exposes no {direction} {:?}; it exposes: {}",
            door.name,
            exposed.join(", ")
        ),
        format!("correct the name, or expose it with Subgraph::expose_{direction}"),
    )
}
