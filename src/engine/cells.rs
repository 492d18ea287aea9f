//! From planned nodes to what their workers hold of them.

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::edge::PolicyKind;
use crate::graph::PlannedNode;
use crate::node::bit;
use crate::sched::resting::UNCUT;
use crate::sched::{
    Address, Cell, Conditions, EdgeHandle, EdgeStats, Gate, InputLink, NodeState, OutputLink,
    Shared,
};
use crate::time::saturating_nanos;

use super::blueprint::EdgeInfo;

/// What the cells' links are made of.
pub(super) struct Links<'a> {
    /// In the plan's order.
    pub(super) edges: &'a [EdgeInfo],
    pub(super) addresses: &'a [Address],
    pub(super) shared: &'a Shared,
}

impl Links<'_> {
    fn control(&self, edge: usize) -> EdgeHandle {
        self.edges[edge].control.clone()
    }

    /// Where this end of the edge lives: at a node, by the plan's index, or at
    /// the edge's door.
    fn address(&self, edge: usize, node: Option<usize>) -> Address {
        match (node, self.edges[edge].door) {
            (None, Some(door)) => Address::of_door(door),
            (node, _) => self.addresses[node.unwrap_or_default()],
        }
    }

    fn stats(&self, edge: usize) -> Arc<EdgeStats> {
        Arc::clone(&self.shared.edge_stats[edge])
    }

    /// The cell of the node with this index in the plan.
    pub(super) fn cell(&self, index: usize, node: &PlannedNode, restartable: bool) -> Cell {
        let config = self.shared.config.load();
        let mut edges = node.inputs.iter().flatten();
        let has_others = edges.any(|&edge| !self.edges[edge].injects);
        let inputs = node.inputs.iter().zip(&node.table.inputs).enumerate();
        let inputs = inputs.filter_map(|(index, (edge, port))| {
            let edge = (*edge)?;
            let producer = self.address(edge, self.edges[edge].producer);
            Some(InputLink {
                edge: self.control(edge),
                edge_index: edge,
                band: config.edge_bands[edge],
                credited: port.credited,
                passive: port.passive,
                secondary: if self.edges[edge].injects {
                    has_others
                } else {
                    port.passive
                },
                injects: self.edges[edge].injects,
                remote: producer.worker != node.worker,
                producer,
                source: self.edges[edge].producer,
                port: index,
                cut: UNCUT,
                stats: self.stats(edge),
            })
        });
        let outputs = node.outputs.iter().enumerate();
        let outputs = outputs.filter_map(|(port, edge)| {
            edge.map(|edge| OutputLink {
                edge: self.control(edge),
                port: bit(port),
                edge_index: edge,
                band: config.edge_bands[edge],
                passive: self.edges[edge].passive,
                lossless: self.edges[edge].policy == PolicyKind::Block,
                consumer: self.address(edge, self.edges[edge].consumer),
                stats: self.stats(edge),
                noted: Default::default(),
            })
        });
        let gates = |dead_letters: bool| {
            let outputs = node.outputs.iter().zip(&node.table.outputs);
            let outputs =
                outputs.filter(move |(_, port)| port.dead_letters_of.is_some() == dead_letters);
            outputs.filter_map(|(edge, port)| {
                let edge = (*edge)?;
                (self.edges[edge].policy == PolicyKind::Block).then(|| Gate {
                    edge: self.control(edge),
                    edge_index: edge,
                    fan_out: u64::from(port.fan_out),
                    stats: self.stats(edge),
                    head_seen: Default::default(),
                })
            })
        };
        let inputs: Box<[InputLink]> = inputs.collect();
        let uncredited = inputs.iter().enumerate();
        let uncredited = uncredited.filter(|(_, link)| !link.credited);
        let outputs: Box<[OutputLink]> = outputs.collect();
        let watched = outputs
            .iter()
            .filter(|link| self.edges[link.edge_index].watermarks.is_some())
            .fold(0, |watched, link| watched | link.port);
        Cell {
            plan_index: index,
            uncredited: uncredited.fold(0, |bits, (position, _)| bits | bit(position)),
            inputs,
            outputs,
            gates: gates(false).collect(),
            other_gates: gates(true).collect(),
            urgent: [0; 3],
            watched,
            restartable,
            tick_band: node.options.tick_band,
            on_error: node.options.on_error,
            on_panic: node.options.on_panic,
            on_overrun: node.options.on_overrun,
            budget: node.options.budget.map_or(0, saturating_nanos),
            quarantine: node.options.quarantine,
            give_up: node.options.give_up,
            windowed: node.options.restart_window.is_some(),
            stats: Arc::clone(&self.shared.node_stats[index]),
            state: NodeState::Active,
            ended: false,
            stand_in: false,
            conditions: Conditions::watching(node.options.budget.is_some()),
            hold: None,
            drain: 0,
            interval: 0,
            tick: None,
            missed: 0,
        }
    }
}
