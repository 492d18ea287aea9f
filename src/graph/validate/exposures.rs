//! What a graph, and each subgraph nested in it, exposes.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::entry::{Exposure, PortKey};
use crate::graph::issue::{Issue, IssueCode};
use crate::node::Direction;
use crate::util::Name;

use super::wiring::{Wiring, issue_of};

pub(super) fn check(wiring: &Wiring<'_>, issues: &mut Vec<Issue>) {
    let graph = wiring.graph;
    check_scope(wiring, graph.name(), "", graph.exposures(), issues);
    for scope in graph.scopes() {
        let inside = format!("{}/", scope.path);
        check_scope(wiring, &scope.path, &inside, &scope.exposures, issues);
    }
}

/// Checks the exposures of one (sub)graph called `label`, whose nodes are
/// those with paths that begin with `inside`.
fn check_scope(
    wiring: &Wiring<'_>,
    label: &str,
    inside: &str,
    exposures: &[Exposure],
    issues: &mut Vec<Issue>,
) {
    let mut names = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for exposure in exposures {
        let direction = exposure.direction;
        let location = format!("{label}:{}", exposure.name);
        let mut report = |code, message: String, advice: &str| {
            issues.push(Issue::new(code, location.clone(), message, advice));
        };
        if let Err(error) = Name::new(&exposure.name) {
            report(
                IssueCode::BadExposure,
                format!("the exposure's name {error}"),
                "expose the port under another name",
            );
        }
        if !names.insert((direction, &exposure.name)) {
            report(
                IssueCode::DuplicateExposure,
                format!("more than one exposed {direction} has this name"),
                "rename all but one",
            );
        }
        match wiring.graph.target(exposure) {
            Err(error) => issues.push(issue_of(&error, location)),
            Ok(key) => {
                if !ports.insert((direction, key)) {
                    report(
                        IssueCode::DuplicateExposure,
                        format!(
                            "{} is exposed under more than one name",
                            wiring.graph.port_label(key, direction)
                        ),
                        "expose it once; several outside edges need a tee or merge node",
                    );
                }
                if let Some(edge) = inner_edge(wiring, key, direction, inside) {
                    report(
                        IssueCode::BadExposure,
                        format!("its port already has the edge {edge} inside"),
                        "remove one of the two, or put a tee or merge node between",
                    );
                }
            }
        }
    }
}

/// An edge that joins this port to a node inside the same subgraph.
fn inner_edge(
    wiring: &Wiring<'_>,
    key: PortKey,
    direction: Direction,
    inside: &str,
) -> Option<String> {
    wiring
        .wires_at(key, direction)
        .iter()
        .map(|&wire| &wiring.wires[wire])
        .find(|wire| {
            let other = match direction {
                Direction::Input => wire.from,
                Direction::Output => wire.to,
            };
            wiring.graph.nodes()[other.node].path.starts_with(inside)
        })
        .map(|wire| wiring.label(wire))
}
