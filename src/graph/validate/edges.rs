//! Capacities, policies and bands of edges, and cycles of them.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::band::Band;
use crate::edge::{MAX_CAPACITY, PolicyKind};
use crate::graph::cycles::{Link, cycles};
use crate::graph::edge_options::{Edge, Settled};
use crate::graph::issue::{Issue, IssueCode};
use crate::node::{Direction, PortSpec};

use super::wiring::{Wire, Wiring};

pub(super) fn check(wiring: &Wiring<'_>, issues: &mut Vec<Issue>) {
    let graph = wiring.graph;
    for wire in &wiring.wires {
        let subject = Subject {
            label: &wiring.label(wire),
            edge: wire.edge,
            settled: wire.settled,
            output: graph.output_spec(wire.from),
            input: graph.input_spec(wire.to),
        };
        subject.check(issues);
    }
    for door in &wiring.doors {
        let (output, input) = door.ends(graph);
        let subject = Subject {
            label: &door.label,
            edge: door.edge,
            settled: door.settled,
            output,
            input,
        };
        subject.check(issues);
    }
    block_cycles(wiring, issues);
}

/// An edge by itself.
struct Subject<'a> {
    label: &'a str,
    edge: &'a Edge,
    settled: Settled,
    output: &'a PortSpec,
    input: &'a PortSpec,
}

impl Subject<'_> {
    fn check(&self, issues: &mut Vec<Issue>) {
        capacity(self, issues);
        age(self, issues);
        watermarks(self, issues);
        policy(self, issues);
    }
}

fn capacity(subject: &Subject<'_>, issues: &mut Vec<Issue>) {
    let settled = subject.settled;
    let mut report = |code, message: String, advice: &str| {
        issues.push(Issue::new(code, subject.label, message, advice));
    };
    if settled.capacity == 0 {
        return report(
            IssueCode::ZeroCapacity,
            "the capacity is 0".into(),
            "give it at least 1",
        );
    }
    if settled.capacity.max(settled.max_capacity) > MAX_CAPACITY {
        return report(
            IssueCode::OversizedCapacity,
            format!(
                "the capacity {} (at most {}) is above the limit of {MAX_CAPACITY}",
                settled.capacity, settled.max_capacity
            ),
            "lower it; a queue that long hides a consumer that is too slow",
        );
    }
    if settled.max_capacity < settled.capacity {
        report(
            IssueCode::MaxCapacityTooSmall,
            format!(
                "the maximum capacity {} is below the capacity {}",
                settled.max_capacity, settled.capacity
            ),
            "raise Edge::max_capacity, or leave it out",
        );
    }
    let fan_out = subject.output.fan_out;
    if settled.policy == PolicyKind::Block && fan_out as usize > settled.capacity {
        report(
            IssueCode::FanOutTooLarge,
            format!(
                "the output may send {fan_out} messages for one, but the edge holds {}: \
                 the producer would wait for ever",
                settled.capacity
            ),
            "raise the capacity to the output's fan-out at least",
        );
    }
}

fn age(subject: &Subject<'_>, issues: &mut Vec<Issue>) {
    let (code, message, advice) = match subject.settled.max_age {
        Some(Duration::ZERO) => (
            IssueCode::ZeroAge,
            "the maximum age is 0, which nothing ever sent is below",
            "give Edge::max_age the longest time a message is worth handling after",
        ),
        Some(_) if subject.settled.band == Band::Control => (
            IssueCode::LossyControl,
            "it is a control edge, but drops commands that are too old",
            "leave Edge::max_age out unless a late command is worse than none",
        ),
        _ => return,
    };
    issues.push(Issue::new(code, subject.label, message, advice));
}

fn watermarks(subject: &Subject<'_>, issues: &mut Vec<Issue>) {
    let Some((soft, hard)) = subject.settled.watermarks else {
        return;
    };
    let most = subject.settled.max_capacity;
    if soft == 0 || soft >= hard || hard > most {
        issues.push(Issue::new(
            IssueCode::BadWatermarks,
            subject.label,
            format!("its watermarks are {soft} and {hard}, of at most {most} messages"),
            "give Edge::watermarks a soft one of at least 1 and a hard one above it, \
             which the capacity or Edge::max_capacity reaches",
        ));
    }
}

fn policy(subject: &Subject<'_>, issues: &mut Vec<Issue>) {
    if subject
        .edge
        .inherits_coalesce(subject.output, subject.input)
    {
        issues.push(Issue::new(
            IssueCode::BadPortDefault,
            subject.label,
            "the default policy of its port is coalesce, which has no merge function",
            "give the edge one with Edge::coalesce, or change the port's default",
        ));
    }
    if subject.settled.band != Band::Control {
        return;
    }
    let (code, message) = match subject.settled.policy {
        PolicyKind::Block => return,
        PolicyKind::Drop => (
            IssueCode::DropOnControl,
            "it is a control edge, but drops the newest commands when full",
        ),
        PolicyKind::Latest => (
            IssueCode::LossyControl,
            "it is a control edge, but drops old commands for new ones when full",
        ),
        PolicyKind::Coalesce => (
            IssueCode::LossyControl,
            "it is a control edge, but merges commands when full",
        ),
    };
    issues.push(Issue::new(
        code,
        subject.label,
        message,
        "use Edge::block, or another band",
    ));
}

/// A cycle of Block edges can deadlock: when all are full, each node waits for
/// room in the next. An edge into an uncredited input breaks the cycle, since
/// its consumer takes messages without waiting for room anywhere.
fn block_cycles(wiring: &Wiring<'_>, issues: &mut Vec<Issue>) {
    let graph = wiring.graph;
    let blocking: Vec<&Wire<'_>> = wiring
        .wires
        .iter()
        .filter(|wire| {
            wire.settled.policy == PolicyKind::Block && graph.input_spec(wire.to).credited
        })
        .collect();
    let links: Vec<Link> = blocking
        .iter()
        .map(|wire| Link {
            from: wire.from.node,
            to: wire.to.node,
        })
        .collect();
    for cycle in cycles(graph.nodes().len(), &links) {
        let path: Vec<String> = cycle
            .iter()
            .map(|&link| {
                let wire = blocking[link];
                format!(
                    "{} -> {}",
                    graph.port_label(wire.from, Direction::Output),
                    graph.port_label(wire.to, Direction::Input)
                )
            })
            .collect();
        issues.push(Issue::new(
            IssueCode::BlockCycle,
            graph.nodes()[links[cycle[0]].from].path.clone(),
            format!(
                "the cycle {} is made only of block edges: when all are full, \
                 each node waits for the next for ever",
                path.join(", ")
            ),
            "give one of its edges another policy, or receive one through an uncredited input",
        ));
    }
}
