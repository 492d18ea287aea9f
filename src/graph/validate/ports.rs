//! Ports with too few edges, and ports with too many.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::graph::entry::PortKey;
use crate::graph::issue::{Issue, IssueCode};
use crate::node::Direction;

use super::Extent;
use super::wiring::{Wire, Wiring};

pub(super) fn check(wiring: &Wiring<'_>, extent: Extent, issues: &mut Vec<Issue>) {
    duplicate_edges(wiring, issues);
    for direction in [Direction::Output, Direction::Input] {
        shared_ports(wiring, direction, issues);
    }
    injectable_ports(wiring, issues);
    unconnected_ports(wiring, extent, issues);
}

fn duplicate_edges(wiring: &Wiring<'_>, issues: &mut Vec<Issue>) {
    let mut seen = BTreeSet::new();
    for wire in &wiring.wires {
        if !seen.insert((wire.from, wire.to)) {
            issues.push(Issue::new(
                IssueCode::DuplicateEdge,
                wiring.label(wire),
                "these two ports are connected more than once",
                "connect them once; raise the capacity if one edge is too small",
            ));
        }
    }
}

/// Reports ports with edges to different other ports: an edge has one
/// producer and one consumer, and a port one edge.
fn shared_ports(wiring: &Wiring<'_>, direction: Direction, issues: &mut Vec<Issue>) {
    let (node, other_end): (_, fn(&Wire<'_>) -> PortKey) = match direction {
        Direction::Output => ("tee", |wire| wire.to),
        Direction::Input => ("merge", |wire| wire.from),
    };
    for (&key, wires) in wiring.ports(direction) {
        let ends: BTreeSet<_> = wires
            .iter()
            .map(|&wire| other_end(&wiring.wires[wire]))
            .collect();
        if ends.len() > 1 {
            issues.push(Issue::new(
                IssueCode::PortInUse,
                wiring.graph.port_label(key, direction),
                format!("this {direction} has {} edges", ends.len()),
                format!("keep one of them, or put a {node} node between"),
            ));
        }
    }
}

/// Reports injectable inputs that have another edge.
fn injectable_ports(wiring: &Wiring<'_>, issues: &mut Vec<Issue>) {
    for (index, door) in wiring.doors.iter().enumerate() {
        if !door.injects {
            continue;
        }
        let wired = !wiring.wires_at(door.port, Direction::Input).is_empty();
        // Doors come before all injectable inputs, and of those the same twice
        // is reported at the second.
        let mut earlier = wiring.doors[..index].iter();
        let opened =
            earlier.any(|other| other.direction == Direction::Input && other.port == door.port);
        if wired || opened {
            issues.push(Issue::new(
                IssueCode::PortInUse,
                wiring.graph.port_label(door.port, Direction::Input),
                "this input is injectable, and has another edge",
                "keep one of them, or put a merge node between and make another of its inputs \
                 injectable",
            ));
        }
    }
}

fn unconnected_ports(wiring: &Wiring<'_>, extent: Extent, issues: &mut Vec<Issue>) {
    let graph = wiring.graph;
    let exposed: BTreeSet<(Direction, PortKey)> = graph
        .exposures()
        .iter()
        .filter_map(|exposure| Some((exposure.direction, graph.target(exposure).ok()?)))
        .collect();
    let opened: BTreeSet<_> = wiring
        .doors
        .iter()
        .map(|door| (door.direction, door.port))
        .collect();
    for (node, entry) in graph.nodes().iter().enumerate() {
        for direction in [Direction::Input, Direction::Output] {
            for (port, spec) in entry.ports(direction).iter().enumerate() {
                let key = PortKey { node, port };
                if spec.optional
                    || !wiring.wires_at(key, direction).is_empty()
                    || opened.contains(&(direction, key))
                {
                    continue;
                }
                let is_exposed = exposed.contains(&(direction, key));
                let (message, advice) = match (is_exposed, extent) {
                    (true, Extent::Part) => continue,
                    (true, Extent::Whole) => (
                        "is exposed, but nothing outside is connected to it",
                        match direction {
                            Direction::Input => {
                                "open a door to it with EngineBuilder::entrance, or nest the \
                                 graph in another that connects it"
                            }
                            Direction::Output => {
                                "open a door to it with EngineBuilder::exit, or nest the graph \
                                 in another that connects it"
                            }
                        },
                    ),
                    (false, _) => (
                        "is required and has no edge",
                        "connect it, expose it, or declare it optional in Node::ports",
                    ),
                };
                issues.push(Issue::new(
                    IssueCode::UnconnectedPort,
                    graph.port_label(key, direction),
                    format!("this {direction} {message}"),
                    advice,
                ));
            }
        }
    }
}
