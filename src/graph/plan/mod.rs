//! The graph as it will run: checked, ordered, placed, and added up.

mod edge;
mod memory;
mod placing;
#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::node::{Escalation, Node, NodeOptions, PortTable, Tick};

use super::cycles::{Link, topological_order};
use super::entry::{Connection, Door, Factory, Group, NodeEntry, PortKey, is_within};
use super::error::PlanError;
use super::issue::{Issue, Severity};
use super::placement::{Costs, Task};
use super::subgraph::Subgraph;
use super::validate;

#[cfg(all(test, not(tidegate_loom)))]
use edge::Ends;
pub(crate) use edge::PlannedEdge;
pub use memory::Memory;
use placing::{check_costs, check_loads, check_workers, costs};

/// How an engine will run a graph: what is placed where, and how much memory
/// that takes.
///
/// Made by the engine's builder. Nothing in it can fail any more: what could
/// be wrong was found while making it.
///
/// ```
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("planned");
/// let numbers = graph.add("numbers", builtin::source_iter(0..10_u32))?;
/// let print = graph.add("print", builtin::sink(|n: u32| println!("{n}")))?;
/// graph.connect(numbers.output(|n| &n.output), print.input(|n| &n.input), Edge::block(8))?;
///
/// let prepared = Engine::builder(graph).memory_budget(1 << 20).prepare()?;
/// let plan = prepared.plan();
/// println!("{}", plan.memory()); // in all, and for what
/// assert!(plan.memory().total() <= 1 << 20);
/// assert!(plan.node_paths().eq(["numbers", "print"])); // along the flow
/// assert_eq!(plan.worker_of("print"), Some(0));
/// println!("{}", plan.to_mermaid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Plan {
    pub(crate) name: String,
    /// In topological order: a node comes after those it receives from, as far
    /// as cycles allow.
    pub(crate) nodes: Vec<PlannedNode>,
    /// In the order in which they were connected, doors last.
    pub(crate) edges: Vec<PlannedEdge>,
    pub(crate) workers: usize,
    pub(crate) warnings: Vec<Issue>,
    /// Inner ones before those around them.
    pub(crate) groups: Vec<PlannedGroup>,
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

/// Nodes about which is decided together when one of them escalates.
pub(crate) struct PlannedGroup {
    /// Of the subgraph; empty for the outermost.
    pub(crate) path: String,
    pub(crate) policy: Escalation,
    /// In the plan's order.
    pub(crate) members: Vec<usize>,
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
    /// The bytes of a door, apart from its edge.
    pub(crate) door_bytes: usize,
    /// What an injectable input takes on top.
    pub(crate) inlet_bytes: usize,
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

    /// `path:port`.
    pub(crate) fn address_of_input(&self, port: usize) -> String {
        format!("{}:{}", self.path, self.table.inputs[port].name)
    }

    /// Whether no edge leaves it but for dead letters, and some edge leads to it.
    pub(crate) fn is_sink(&self) -> bool {
        let edges = self.outputs.iter().zip(&self.table.outputs);
        let mut own = edges.filter(|(_, port)| port.dead_letters_of.is_none());
        own.all(|(edge, _)| edge.is_none()) && self.inputs.iter().any(Option::is_some)
    }
}

impl Plan {
    /// Checks `graph` and plans how it runs.
    ///
    /// # Errors
    /// [`PlanError`] with every error of the graph, or with what else stands
    /// in the way.
    pub(crate) fn new(mut graph: Subgraph, settings: &PlanSettings<'_>) -> Result<Self, PlanError> {
        if settings.workers == 0 {
            return Err(PlanError::NoWorkers);
        }
        let mut issues = validate::whole(&graph);
        check_workers(graph.nodes(), settings.workers, &mut issues);
        check_costs(graph.nodes(), settings.costs, &mut issues);
        let mut warnings = refuse_errors(issues)?;

        let name = graph.name().to_owned();
        let groups = graph.take_groups();
        let (nodes, mut connections, mut doors) = graph.into_parts();
        let nodes = in_topological_order(nodes, &mut connections, &mut doors);
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

        let connections = connections.into_iter();
        let edges: Vec<_> = connections
            .map(|connection| PlannedEdge::between(connection, &nodes))
            .chain(
                doors
                    .into_iter()
                    .map(|(door, port)| PlannedEdge::through(door, port, &nodes)),
            )
            .collect();
        // Without costs, all nodes count alike.
        let costs = costs.unwrap_or_else(|| vec![1; nodes.len()]);
        let placed = placed.into_iter().zip(costs);
        let mut nodes: Vec<_> = nodes.into_iter().zip(placed).map(plan_node).collect();
        for (index, edge) in edges.iter().enumerate() {
            if let Some(from) = edge.ends.from() {
                nodes[from.node].outputs[from.port] = Some(index);
            }
            if let Some(to) = edge.ends.to() {
                nodes[to.node].inputs[to.port] = Some(index);
            }
        }
        let memory = add_up(&nodes, &edges, settings);
        check_budget(&memory, settings)?;
        Ok(Self {
            name,
            edges,
            workers: settings.workers,
            warnings,
            groups: plan_groups(groups, &nodes),
            nodes,
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
    /// they were connected; then those of the [doors](crate::door),
    /// `>door->path:port` or `path:port->door>`, and of
    /// [injectable](Subgraph::injectable) inputs, `>>handle->path:port`.
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
            .filter(move |edge| match (edge.ends.from(), edge.ends.to()) {
                (Some(from), Some(to)) => worker(from.node) != worker(to.node),
                _ => false,
            })
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

/// Sorts the nodes, and renumbers the connections and doors accordingly.
fn in_topological_order(
    nodes: Vec<NodeEntry>,
    connections: &mut [Connection],
    doors: &mut [(Door, PortKey)],
) -> Vec<NodeEntry> {
    let order = topological_order(nodes.len(), &links(connections));
    let mut position = vec![0; nodes.len()];
    for (new, &old) in order.iter().enumerate() {
        position[old] = new;
    }
    let moved = |key: PortKey| PortKey {
        node: position[key.node],
        port: key.port,
    };
    for connection in connections {
        connection.from = moved(connection.from);
        connection.to = moved(connection.to);
    }
    for (_, port) in doors {
        *port = moved(*port);
    }
    let mut nodes: Vec<_> = nodes.into_iter().zip(&position).collect();
    nodes.sort_unstable_by_key(|&(_, position)| position);
    nodes.into_iter().map(|(node, _)| node).collect()
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

fn plan_groups(groups: Vec<Group>, nodes: &[PlannedNode]) -> Vec<PlannedGroup> {
    let mut planned: Vec<_> = groups
        .into_iter()
        .map(|Group { path, policy }| PlannedGroup {
            members: (0..nodes.len())
                .filter(|&node| is_within(&nodes[node].path, &path))
                .collect(),
            path,
            policy,
        })
        .collect();
    planned.sort_by_key(|group| core::cmp::Reverse(group.path.len()));
    planned
}

fn add_up(nodes: &[PlannedNode], edges: &[PlannedEdge], settings: &PlanSettings<'_>) -> Memory {
    let per_worker = settings.workers.saturating_mul(settings.worker_bytes);
    let per_node = nodes.len().saturating_mul(settings.node_bytes);
    let doors = edges.iter().filter(|edge| edge.ends.is_door()).count();
    let inlets = edges.iter().filter(|edge| edge.ends.injects()).count();
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
        scheduler: per_worker
            .saturating_add(per_node)
            .saturating_add(doors.saturating_mul(settings.door_bytes))
            .saturating_add(inlets.saturating_mul(settings.inlet_bytes)),
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
