//! From a plan to workers: makes the edges, attaches them, allocates
//! everything.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::door::{Doors, Frame, Inlet, Parts, Untaken};
use crate::edge::PolicyKind;
use crate::graph::{Plan, PlannedNode, PortKey};
use crate::node::{EdgeParts, Endpoints, Node, Ports, Tick, TraceIds};
use crate::sched::{
    ACKS, Address, Cell, Core, Door, FAULT_QUEUE, NodeStats, ROOM_PER_NODE, Shared,
    SupervisorLinks, Worker,
};
use crate::sync::Mutex;

use super::artefacts::ArtefactStore;
use super::blueprint::{Blueprint, EdgeInfo, FaultLog, NodeInfo, StallLog};
use super::cells::Links;
use super::diagnosis::Motion;
use super::error::BuildError;
use super::escalation::Group;
use super::handle::{Calls, Control, EngineHandle, Injectable};
use super::prepared::PreparedEngine;
use super::settings::{MAX_WORKERS, Settings};
use super::supervision::{Supervision, WorkerLink};
use super::wards::{Place, Restarts, Ward};
use super::watermarks::Watermarks;

/// A built engine, before any thread or hook has run.
pub(super) struct Wired {
    pub(super) workers: Vec<Worker>,
    pub(super) supervision: Supervision,
    pub(super) control: Arc<Control>,
    pub(super) settings: Settings,
    /// Where each node of the plan lives.
    pub(super) addresses: Vec<Address>,
    pub(super) doors: Doors,
}

impl Wired {
    pub(super) fn new(prepared: PreparedEngine) -> Result<Self, BuildError> {
        let PreparedEngine {
            plan,
            mut settings,
            config,
        } = prepared;
        let memory_bytes = plan.memory().total();
        let Plan {
            name,
            nodes,
            edges,
            warnings,
            groups,
            ..
        } = plan;

        let addresses = addresses(&nodes, settings.workers);
        let observation = settings.observation;
        let has_cadence = |node: &PlannedNode| node.tick() != Tick::Never;
        let node_stats = nodes
            .iter()
            .map(|node| NodeStats::new(observation, has_cadence(node), node.is_sink()))
            .collect();
        let doors = edges.iter().filter_map(|edge| edge.ends.door());
        let shared = Arc::new(Shared::new(
            settings.workers,
            node_stats,
            edges.len(),
            doors.map(|(direction, _)| Door::new(direction)).collect(),
            observation,
            settings.counting_since(),
            config,
        ));
        let mut ends: Vec<_> = nodes
            .iter()
            .map(|node| Endpoints::for_table(&node.table))
            .collect();
        let mut infos = Vec::with_capacity(edges.len());
        let (mut untaken, mut injectables) = (Vec::new(), Vec::new());
        let mut next_door = 0;
        for (index, edge) in edges.into_iter().enumerate() {
            let (id, policy, payload) = (edge.id.clone(), edge.kind, edge.type_name);
            let (from, to) = (edge.ends.from(), edge.ends.to());
            let watermarks = edge.watermarks;
            let passive = edge.input(&nodes).is_some_and(|input| input.passive);
            let fan_out = edge.output(&nodes).map_or(1, |output| output.fan_out);
            let injects = edge.ends.injects();
            let door = edge.ends.door();
            let door = door.map(|(direction, name)| (direction, name.to_owned()));
            let parts = edge.build(&nodes).map_err(|error| BuildError::Edge {
                id: id.clone(),
                error,
            })?;
            let worker = |port: Option<PortKey>| Some(addresses[port?.node].worker);
            if worker(from) == worker(to) {
                parts.control.mark_local();
            } else if from.is_some() && to.is_some() {
                parts.control.show_together();
            }
            let EdgeParts {
                control,
                producer,
                consumer,
            } = parts;
            let outside = match (from, to) {
                (Some(from), Some(to)) => {
                    ends[from.node].outputs[from.port] = Some(producer);
                    ends[to.node].inputs[to.port] = Some(consumer);
                    None
                }
                (None, Some(to)) => {
                    ends[to.node].inputs[to.port] = Some(consumer);
                    Some((addresses[to.node], producer))
                }
                (Some(from), None) => {
                    ends[from.node].outputs[from.port] = Some(producer);
                    Some((addresses[from.node], consumer))
                }
                (None, None) => None,
            };
            let door = door.zip(outside).map(|((direction, name), (node, end))| {
                let door = next_door;
                next_door += 1;
                let frame = Frame {
                    shared: Arc::clone(&shared),
                    door,
                    node,
                    edge: control.clone(),
                    stats: Arc::clone(&shared.edge_stats[index]),
                    passive,
                    watched: watermarks.is_some(),
                    clock: Arc::clone(&settings.clock),
                    // Workers have the lower numbers.
                    traces: TraceIds::new(settings.seed, MAX_WORKERS + door),
                    countdown: 0,
                    #[cfg(feature = "std")]
                    thread: Default::default(),
                    waiting: false,
                };
                let parts = Parts { frame, end };
                match to.filter(|_| injects) {
                    Some(to) => injectables.push(Injectable {
                        address: nodes[to.node].address_of_input(to.port),
                        node: to.node,
                        payload,
                        inlet: Mutex::new(Inlet::new(parts)),
                    }),
                    None => untaken.push(Untaken {
                        name,
                        direction,
                        payload,
                        parts: Some(parts),
                    }),
                }
                door
            });
            infos.push(EdgeInfo {
                id,
                producer: from.map(|port| port.node),
                consumer: to.map(|port| port.node),
                door,
                injects,
                policy,
                control,
                passive,
                watermarks,
                least_capacity: if policy == PolicyKind::Block {
                    fan_out as usize
                } else {
                    1
                },
            });
        }

        let mut cells: Vec<Vec<Cell>> = (0..settings.workers).map(|_| Vec::new()).collect();
        let mut bodies: Vec<Vec<Box<dyn Node>>> =
            (0..settings.workers).map(|_| Vec::new()).collect();
        let mut wards = Vec::with_capacity(nodes.len());
        let mut names = Vec::with_capacity(nodes.len());
        for (index, (mut node, mut ends)) in nodes.into_iter().zip(ends).enumerate() {
            let dead_letters = node
                .table
                .outputs
                .iter()
                .map(|p| p.dead_letters_of.is_some());
            let dead_ends = ends.outputs.iter_mut().zip(dead_letters);
            let dead_ends = dead_ends
                .map(|(end, is_dead)| end.take_if(|_| is_dead))
                .collect();
            node.node.ports(&mut Ports::attach(&mut ends));
            if !ends.is_empty() {
                return Err(BuildError::ChangedPorts { node: node.path });
            }
            names.push(NodeInfo {
                path: node.path.clone(),
                inputs: (0..node.table.inputs.len())
                    .map(|port| node.address_of_input(port))
                    .collect(),
                worker: node.worker,
                quarantine: node.options.quarantine,
                budget: node.options.budget,
            });
            let restartable = node.factory.is_some();
            wards.push(Ward {
                address: addresses[index],
                factory: node.factory.take(),
                table: node.table.clone(),
                options: node.options,
                dead_ends,
                place: Place::Worker,
                restarts: Restarts::default(),
                ordered: false,
                early: false,
                asked: None,
            });
            let worker = node.worker;
            let links = Links {
                edges: &infos,
                addresses: &addresses,
                shared: &shared,
            };
            cells[worker].push(links.cell(index, &node, restartable));
            bodies[worker].push(node.node);
        }

        let (acks, ack_ends): (Vec<_>, Vec<_>) = (0..settings.workers)
            .map(|_| rtrb::RingBuffer::new(ACKS))
            .unzip();
        let blueprint = Arc::new(Blueprint {
            name,
            shared: Arc::clone(&shared),
            nodes: names,
            edges: infos,
            grants: (0..settings.workers).map(|_| Default::default()).collect(),
            memory_lock: Default::default(),
            warnings,
            memory_bytes,
            seed: settings.seed,
            clock: Arc::clone(&settings.clock),
            faults: Mutex::new(FaultLog::default()),
            stalls: Mutex::new(StallLog::default()),
            calls: Mutex::new(Calls::new(ack_ends)),
            motion: Mutex::new(Motion::new(shared.edge_stats.len(), settings.workers)),
            artefacts: ArtefactStore::new(settings.artefacts.clone()),
            injectables,
            requests: Mutex::new(Some(Vec::new())),
            listener: Mutex::default(),
            stepped: settings.stepped,
        });
        let mut links = Vec::with_capacity(settings.workers);
        let mut workers = Vec::with_capacity(settings.workers);
        let parts = cells.into_iter().zip(bodies).zip(acks);
        for (index, ((cells, nodes), acks)) in parts.enumerate() {
            let (faults, faults_end) = rtrb::RingBuffer::new(FAULT_QUEUE);
            let room = ROOM_PER_NODE * cells.len().max(1);
            let (retired, retired_end) = rtrb::RingBuffer::new(room);
            let (dispatches_end, dispatches) = rtrb::RingBuffer::new(room);
            let ends = SupervisorLinks {
                faults,
                retired,
                dispatches,
                acks,
            };
            links.push(WorkerLink {
                faults: faults_end,
                retired: retired_end,
                dispatches: dispatches_end,
            });
            let clock = Arc::clone(&settings.clock);
            let core = Core::new(index, cells, Arc::clone(&shared), ends, clock);
            workers.push(Worker::new(
                core,
                nodes,
                Arc::clone(&settings.clock),
                settings.seed,
            ));
        }
        let control = Control::new(Arc::clone(&blueprint), settings.drain_timeout);
        let control = Arc::new(control);
        if let Some(observe) = settings.on_built.take() {
            let control = Arc::clone(&control);
            observe(EngineHandle { control });
        }
        Ok(Self {
            workers,
            control,
            supervision: Supervision {
                watermarks: Watermarks::of(&blueprint),
                due: None,
                blueprint,
                links,
                wards,
                groups: groups.into_iter().map(Group::new).collect(),
                cause: None,
                escalated: false,
            },
            settings,
            addresses,
            doors: Doors(untaken),
        })
    }
}

/// A worker's nodes keep the plan's order, so that its round-robin walk goes
/// along the chains.
fn addresses(nodes: &[PlannedNode], workers: usize) -> Vec<Address> {
    let mut next = vec![0; workers];
    nodes
        .iter()
        .map(|node| {
            let address = Address {
                worker: node.worker,
                node: next[node.worker],
            };
            next[node.worker] += 1;
            address
        })
        .collect()
}
