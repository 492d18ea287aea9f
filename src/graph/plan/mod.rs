//! The graph as it will run: checked, ordered, placed, and added up.

mod memory;
mod placing;
#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use core::fmt;

use crate::band::Band;
use crate::edge::{EdgeError, PolicyKind};
use crate::node::{EdgeParts, ErasedPolicy, Node, NodeOptions, PortSpec, PortTable, Tick};

use super::cycles::{Link, topological_order};
use super::entry::{Connection, Factory, NodeEntry, PortKey};
use super::error::PlanError;
use super::issue::{Issue, Severity};
use super::placement::{Costs, Task};
use super::subgraph::Subgraph;
use super::validate;

pub use memory::Memory;
use placing::{check_costs, check_loads, check_workers, costs};

/// How an engine will run a graph: what is placed where, and how much memory
/// that takes.
///
/// Made by the engine's builder. Nothing in it can fail any more: what could
/// be wrong was found while making it.
pub struct Plan {
    pub(crate) name: String,
    /// In topological order: a node comes after those it receives from, as far
    /// as cycles allow.
    pub(crate) nodes: Vec<PlannedNode>,
    /// In the order in which they were connected.
    pub(crate) edges: Vec<PlannedEdge>,
    pub(crate) workers: usize,
    pub(crate) warnings: Vec<Issue>,
    memory: Memory,
}

/// A node, and where it runs.
pub(crate) struct PlannedNode {
    pub(crate) path: String,
    pub(crate) node: Box<dyn Node>,
    pub(crate) factory: Option<Box<dyn FnMut() -> Box<dyn Node> + Send>>,
    pub(crate) table: PortTable,
    pub(crate) options: NodeOptions,
    pub(crate) worker: usize,
    /// What it counts for in its worker's load.
    pub(crate) cost: u64,
    /// The edge at each input, by index in [`Plan::edges`].
    pub(crate) inputs: Vec<Option<usize>>,
    /// The edge at each output.
    pub(crate) outputs: Vec<Option<usize>>,
}

/// An edge with all its settings.
pub(crate) struct PlannedEdge {
    /// `path:port->path:port`.
    pub(crate) id: String,
    /// Indices in [`Plan::nodes`], and of their ports.
    pub(crate) from_node: usize,
    pub(crate) from_port: usize,
    pub(crate) to_node: usize,
    pub(crate) to_port: usize,
    pub(crate) policy: ErasedPolicy,
    pub(crate) kind: PolicyKind,
    pub(crate) capacity: usize,
    pub(crate) max_capacity: usize,
    pub(crate) band: Band,
    /// Bytes of memory.
    pub(crate) footprint: usize,
    pub(crate) type_name: &'static str,
}

impl PlannedEdge {
    /// Makes the edge, between an output and an input of these specifications.
    ///
    /// # Errors
    /// [`EdgeError`] when the edge layer refuses the settings. Those of a
    /// validated graph it accepts.
    pub(crate) fn build(self, from: &PortSpec, to: &PortSpec) -> Result<EdgeParts, EdgeError> {
        (from.make_edge)(
            self.capacity,
            self.max_capacity,
            self.policy,
            to.validator.as_ref(),
        )
    }
}

/// What the engine knows about itself that planning needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanSettings<'a> {
    pub(crate) workers: usize,
    /// What nodes cost, by measurement.
    pub(crate) costs: Option<&'a Costs>,
    /// The most bytes that may be set aside.
    pub(crate) memory_budget: Option<usize>,
    /// The scheduler's own bytes for each worker.
    pub(crate) worker_bytes: usize,
    /// The scheduler's own bytes for each node.
    pub(crate) node_bytes: usize,
    /// What metrics and recorders take.
    pub(crate) observation: ObservationBytes,
    /// The most nodes a worker can hold.
    pub(crate) nodes_per_worker: usize,
    /// The bytes that are touched of each worker's stack.
    pub(crate) stack_bytes: usize,
}

/// The bytes in which workers write about themselves, for each of these.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ObservationBytes {
    pub(crate) worker: usize,
    pub(crate) edge: usize,
    pub(crate) node: usize,
    /// A node with a cadence, on top.
    pub(crate) cadence: usize,
    /// A node without outgoing edges, on top.
    pub(crate) sink: usize,
}

impl PlannedNode {
    /// The cadence that it begins with.
    pub(crate) fn tick(&self) -> Tick {
        self.options.tick.unwrap_or(self.table.tick)
    }

    /// Whether no edge leaves it, and some edge leads to it.
    pub(crate) fn is_sink(&self) -> bool {
        self.outputs.iter().all(Option::is_none) && self.inputs.iter().any(Option::is_some)
    }
}

impl Plan {
    /// Checks `graph` and plans how it runs.
    ///
    /// # Errors
    /// [`PlanError`] with every error of the graph, or with what else stands
    /// in the way.
    pub(crate) fn new(graph: Subgraph, settings: &PlanSettings<'_>) -> Result<Self, PlanError> {
        if settings.workers == 0 {
            return Err(PlanError::NoWorkers);
        }
        let mut issues = validate::whole(&graph);
        check_workers(graph.nodes(), settings.workers, &mut issues);
        check_costs(graph.nodes(), settings.costs, &mut issues);
        let mut warnings = refuse_errors(issues)?;

        let name = graph.name().to_owned();
        let (nodes, connections) = graph.into_parts();
        let (nodes, connections) = in_topological_order(nodes, connections);
        let links = links(&connections);
        let fixed: Vec<_> = nodes.iter().map(|entry| entry.options.worker).collect();
        let costs = costs(&nodes, settings);
        let task = Task {
            fixed: &fixed,
            links: &links,
            workers: settings.workers,
            per_worker: settings.nodes_per_worker,
        };
        let placed = task.place(costs.as_deref());
        let mut loads = Vec::new();
        check_loads(&placed, costs.is_some(), settings, &mut loads);
        warnings.extend(refuse_errors(loads)?);

        let edges: Vec<_> = connections
            .into_iter()
            .map(|connection| plan_edge(connection, &nodes))
            .collect();
        // Without costs, all nodes count alike.
        let costs = costs.unwrap_or_else(|| vec![1; nodes.len()]);
        let placed = placed.into_iter().zip(costs);
        let mut nodes: Vec<_> = nodes.into_iter().zip(placed).map(plan_node).collect();
        for (index, edge) in edges.iter().enumerate() {
            nodes[edge.from_node].outputs[edge.from_port] = Some(index);
            nodes[edge.to_node].inputs[edge.to_port] = Some(index);
        }
        let memory = add_up(&nodes, &edges, settings);
        check_budget(&memory, settings)?;
        Ok(Self {
            name,
            nodes,
            edges,
            workers: settings.workers,
            warnings,
            memory,
        })
    }

    /// The graph's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many workers run the graph.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.workers
    }

    /// The memory that will be set aside before the engine starts.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What is doubtful about the graph, though it can run.
    #[must_use]
    pub fn warnings(&self) -> &[Issue] {
        &self.warnings
    }

    /// The paths of all nodes, in topological order as far as cycles allow.
    pub fn node_paths(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.path.as_str())
    }

    /// The ids of all edges, `path:port->path:port`, in the order in which
    /// they were connected.
    pub fn edge_ids(&self) -> impl Iterator<Item = &str> {
        self.edges.iter().map(|edge| edge.id.as_str())
    }

    /// The worker that runs the node at `path`, counted from 0; `None` when
    /// there is no such node.
    #[must_use]
    pub fn worker_of(&self, path: &str) -> Option<usize> {
        let node = self.nodes.iter().find(|node| node.path == path)?;
        Some(node.worker)
    }

    /// What the nodes of a worker cost together: by measurement or as
    /// declared, see [`NodeOptions::cost`](crate::node::NodeOptions::cost); how
    /// many they are when nobody says what nodes cost. `None` when there is no
    /// such worker.
    #[must_use]
    pub fn load_of(&self, worker: usize) -> Option<u64> {
        let nodes = self.nodes.iter().filter(|node| node.worker == worker);
        let load = nodes.fold(0_u64, |sum, node| sum.saturating_add(node.cost));
        (worker < self.workers).then_some(load)
    }

    /// The ids of the edges between nodes of different workers.
    pub fn crossing_edges(&self) -> impl Iterator<Item = &str> {
        let worker = |node: usize| self.nodes[node].worker;
        self.edges
            .iter()
            .filter(move |edge| worker(edge.from_node) != worker(edge.to_node))
            .map(|edge| edge.id.as_str())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("nodes", &self.node_paths().collect::<Vec<_>>())
            .field("edges", &self.edge_ids().collect::<Vec<_>>())
            .field("workers", &self.workers)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

/// The warnings among `issues`, unless there are errors.
fn refuse_errors(mut issues: Vec<Issue>) -> Result<Vec<Issue>, PlanError> {
    if issues.iter().any(|issue| issue.severity == Severity::Error) {
        issues.retain(|issue| issue.severity == Severity::Error);
        return Err(PlanError::Invalid(issues));
    }
    Ok(issues)
}

fn links(connections: &[Connection]) -> Vec<Link> {
    connections
        .iter()
        .map(|connection| Link {
            from: connection.from.node,
            to: connection.to.node,
        })
        .collect()
}

/// Sorts the nodes, and renumbers the connections accordingly.
fn in_topological_order(
    nodes: Vec<NodeEntry>,
    mut connections: Vec<Connection>,
) -> (Vec<NodeEntry>, Vec<Connection>) {
    let order = topological_order(nodes.len(), &links(&connections));
    let mut position = vec![0; nodes.len()];
    for (new, &old) in order.iter().enumerate() {
        position[old] = new;
    }
    let moved = |key: PortKey| PortKey {
        node: position[key.node],
        port: key.port,
    };
    for connection in &mut connections {
        connection.from = moved(connection.from);
        connection.to = moved(connection.to);
    }
    let mut nodes: Vec<_> = nodes.into_iter().zip(&position).collect();
    nodes.sort_unstable_by_key(|&(_, position)| position);
    (
        nodes.into_iter().map(|(node, _)| node).collect(),
        connections,
    )
}

fn plan_node((entry, (worker, cost)): (NodeEntry, (usize, u64))) -> PlannedNode {
    let factory: Option<Factory> = entry.factory;
    PlannedNode {
        path: entry.path,
        inputs: vec![None; entry.table.inputs.len()],
        outputs: vec![None; entry.table.outputs.len()],
        node: entry.node,
        factory,
        table: entry.table,
        options: entry.options,
        worker,
        cost,
    }
}

fn plan_edge(connection: Connection, nodes: &[NodeEntry]) -> PlannedEdge {
    let Connection { from, to, edge } = connection;
    let output = &nodes[from.node].table.outputs[from.port];
    let input = &nodes[to.node].table.inputs[to.port];
    let settled = edge.settle(output, input);
    PlannedEdge {
        id: format!(
            "{}:{}->{}:{}",
            nodes[from.node].path, output.name, nodes[to.node].path, input.name
        ),
        from_node: from.node,
        from_port: from.port,
        to_node: to.node,
        to_port: to.port,
        policy: edge.into_policy(settled),
        kind: settled.policy,
        capacity: settled.capacity,
        max_capacity: settled.max_capacity,
        band: settled.band,
        footprint: (output.edge_footprint)(settled.max_capacity, settled.policy),
        type_name: output.type_name,
    }
}

fn add_up(nodes: &[PlannedNode], edges: &[PlannedEdge], settings: &PlanSettings<'_>) -> Memory {
    let per_worker = settings.workers.saturating_mul(settings.worker_bytes);
    let per_node = nodes.len().saturating_mul(settings.node_bytes);
    let bytes = settings.observation;
    let cadences = nodes.iter().filter(|node| node.tick() != Tick::Never);
    let sinks = nodes.iter().filter(|node| node.is_sink());
    let observation = [
        (settings.workers, bytes.worker),
        (edges.len(), bytes.edge),
        (nodes.len(), bytes.node),
        (cadences.count(), bytes.cadence),
        (sinks.count(), bytes.sink),
    ];
    let observation = observation.iter().fold(0_usize, |sum, (count, bytes)| {
        sum.saturating_add(count.saturating_mul(*bytes))
    });
    Memory {
        // Saturating, because a product of generous capacities may exceed any
        // address space before a budget refuses it.
        edges: edges
            .iter()
            .fold(0, |sum, edge| sum.saturating_add(edge.footprint)),
        nodes: nodes.iter().map(|node| size_of_val(&*node.node)).sum(),
        scheduler: per_worker.saturating_add(per_node),
        observation,
        stacks: settings.workers.saturating_mul(settings.stack_bytes),
    }
}

fn check_budget(memory: &Memory, settings: &PlanSettings<'_>) -> Result<(), PlanError> {
    let needed = memory.total();
    match settings.memory_budget {
        Some(budget) if needed > budget => Err(PlanError::OverBudget { needed, budget }),
        _ => Ok(()),
    }
}
