//! Reading what the workers write about themselves.

use alloc::vec::Vec;
use core::time::Duration;

use crate::graph::ObservationBytes;
use crate::metrics::{FlightRing, Histogram, HistogramSnapshot, Observation};
use crate::metrics::{RecordedEdge, RecordedWorker, Recording, Versions, told};
use crate::sched::{EdgeStats, NodeState};
use crate::sync::thread;
use crate::time::Timestamp;
use crate::time::counter::{Pace, Reading};

use super::blueprint::{Blueprint, EdgeInfo, NodeInfo};
use super::real_time::Grants;
use super::snapshot::{EdgeReport, EndToEnd, Hop, NodeReport, Snapshot, WorkerReport};

/// How often somebody outside may be met in the few instructions between moving
/// a message and counting it, before they are taken to have stopped there for
/// good.
const LOOKS: usize = 10_000;

/// The bytes that measuring and recording take.
pub(super) const fn bytes(observation: Observation) -> ObservationBytes {
    let histogram = if observation.measures() {
        Histogram::heap_bytes()
    } else {
        0
    };
    let flight = if observation.records() {
        FlightRing::footprint(observation.events)
    } else {
        0
    };
    ObservationBytes {
        worker: (2 * histogram).saturating_add(flight),
        edge: EdgeStats::footprint(observation),
        node: histogram,
        cadence: histogram,
        sink: histogram,
    }
}

impl Blueprint {
    /// Reads all figures.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let edges = self.edges.iter().enumerate();
        let edges: Vec<_> = edges
            .map(|(index, edge)| self.edge_report(index, edge, now))
            .collect();
        let nodes = self.nodes.iter().enumerate();
        let mut nodes: Vec<_> = nodes
            .map(|(index, node)| self.node_report(index, node, &edges))
            .collect();
        name_slowest_hops(&mut nodes, &edges);
        let workers = self.grants.iter().enumerate();
        Snapshot {
            taken_at: now,
            sampling: self.shared.observation.metrics.stride(),
            edges,
            nodes,
            workers: workers
                .map(|(index, grants)| self.worker_report(index, grants, now))
                .collect(),
            memory_lock: self.memory_lock.get(),
        }
    }

    /// The same when the nodes are gone. Only what is left in exits can still
    /// move, and at an entrance a send that nobody waited for; that is read
    /// between two moves.
    pub(super) fn last_snapshot(&self) -> Snapshot {
        let is_moving = |edge: &EdgeReport| {
            let is_door = edge.producer.is_none() || edge.consumer.is_none();
            is_door && !edge.ledger.is_balanced()
        };
        for _ in 0..LOOKS {
            let snapshot = self.snapshot();
            if !snapshot.edges.iter().any(is_moving) {
                return snapshot;
            }
            thread::yield_now();
        }
        self.snapshot()
    }

    fn edge_report(&self, index: usize, edge: &EdgeInfo, now: Timestamp) -> EdgeReport {
        let config = self.shared.config.load();
        let measures = self.shared.observation.measures();
        let stats = &self.shared.edge_stats[index];
        let (ledger, depth) = (edge.control.ledger(), edge.control.len());
        let capacity = config.edge_capacities[index];
        // What was dropped, evicted or merged met a full edge.
        let full = ledger.dropped + ledger.evicted + ledger.coalesced > 0;
        let seen = stats.producer.high_water().max(depth);
        EdgeReport {
            id: edge.id.clone(),
            producer: edge.producer,
            consumer: edge.consumer,
            policy: edge.policy,
            band: config.edge_bands[index],
            capacity,
            depth,
            high_water: measures.then(|| if full { seen.max(capacity) } else { seen }),
            waits: stats.producer.holds(),
            blocked: measures.then(|| Duration::from_nanos(stats.producer.blocked(now))),
            queue_age: stats.queue_age.as_ref().map(Histogram::snapshot),
            ledger,
        }
    }

    fn node_report(&self, index: usize, node: &NodeInfo, edges: &[EdgeReport]) -> NodeReport {
        let stats = &self.shared.node_stats[index];
        let ticks = stats.ticks.get();
        let inputs = edges.iter().filter(|edge| edge.consumer == Some(index));
        NodeReport {
            path: node.path.clone(),
            worker: node.worker,
            state: NodeState::from_number(stats.state.get()),
            activations: stats.activations.get(),
            messages: stats.messages.get(),
            ticks,
            late_ticks: stats.late_ticks.get(),
            missed_ticks: stats.missed_ticks.get(),
            mean_lateness: Duration::from_nanos(
                stats.lateness_sum.get().checked_div(ticks).unwrap_or(0),
            ),
            max_lateness: Duration::from_nanos(stats.lateness_max.get()),
            lateness: stats.lateness.as_ref().map(Histogram::snapshot),
            execution: stats.execution.as_ref().map(Histogram::snapshot),
            queue_age: merged(inputs.filter_map(|edge| edge.queue_age.as_ref())),
            end_to_end: stats.end_to_end.as_ref().map(|age| EndToEnd {
                age: age.snapshot(),
                slowest_hop: None,
            }),
            errors: stats.errors.get(),
            panics: stats.panics.get(),
            restarts: stats.restarts.get(),
            overruns: stats.overruns.get(),
            parked: stats.parked.get(),
        }
    }

    fn worker_report(&self, index: usize, grants: &Grants, now: Timestamp) -> WorkerReport {
        let stats = &self.shared.worker_stats[index];
        let measures = self.shared.observation.measures();
        WorkerReport {
            index,
            pinning: grants.pinning(),
            scheduling: grants.scheduling(),
            picks: [2, 1, 0].map(|band: usize| stats.picks[band].get()),
            runnable: measures.then(|| stats.runnable.get() as usize),
            loop_latency: stats.loop_latency.as_ref().map(Histogram::snapshot),
            parks: stats.parks.get(),
            asleep: measures.then(|| Duration::from_nanos(stats.asleep(now))),
            wake_latency: stats.wake_latency.as_ref().map(Histogram::snapshot),
            busy: measures.then(|| Duration::from_nanos(stats.busy.get())),
            running_since: stats.running_since(),
            lost_fault_reports: stats.lost_reports.get(),
        }
    }

    /// Reads the flight recorders; `None` when they are off.
    pub(crate) fn recording(&self) -> Option<Recording> {
        let observation = self.shared.observation;
        if !observation.records() {
            return None;
        }
        let flights = self.shared.flights.iter().flatten();
        let notes: Vec<_> = flights.map(|flight| flight.read()).collect();
        // After the notes, so that they are before it.
        let pace = self.shared.counting_since.map(|early| Pace {
            early,
            late: Reading::of(&*self.clock),
        });
        let taken_at = pace.map_or_else(|| self.clock.now(), |pace| pace.late.at);
        let workers = notes.into_iter().map(|(notes, lost)| RecordedWorker {
            events: told(&notes, pace.as_ref(), taken_at),
            lost,
        });
        let edges = self.edges.iter().map(|edge| RecordedEdge {
            id: edge.id.clone(),
            producer: edge.producer,
            consumer: edge.consumer,
        });
        Some(Recording {
            graph: self.name.clone(),
            level: observation.recorder,
            taken_at,
            #[cfg(feature = "std")]
            wall_at_epoch: self.clock.wall_at_epoch(),
            nodes: self.nodes.iter().map(|node| node.path.clone()).collect(),
            edges: edges.collect(),
            workers: workers.collect(),
            seed: self.seed,
            versions: Versions::current(),
        })
    }
}

/// All of these together; `None` when there are none.
fn merged<'a>(
    mut histograms: impl Iterator<Item = &'a HistogramSnapshot>,
) -> Option<HistogramSnapshot> {
    let mut merged = histograms.next()?.clone();
    histograms.for_each(|histogram| merged.merge(histogram));
    Some(merged)
}

/// Finds, for each sink, the hop upstream of it in which messages spend most
/// time: queued and handled, by the means.
fn name_slowest_hops(nodes: &mut [NodeReport], edges: &[EdgeReport]) {
    let mean = |histogram: &Option<HistogramSnapshot>| {
        histogram
            .as_ref()
            .map_or(Duration::ZERO, HistogramSnapshot::mean)
    };
    for sink in 0..nodes.len() {
        if nodes[sink].end_to_end.is_none() {
            continue;
        }
        let upstream = upstream_of(sink, nodes.len(), edges);
        let hops = edges.iter().filter_map(|edge| {
            let consumer = edge.consumer.filter(|&node| upstream[node])?;
            Some(Hop {
                edge: edge.id.clone(),
                node: nodes[consumer].path.clone(),
                queued: mean(&edge.queue_age),
                execution: mean(&nodes[consumer].execution),
            })
        });
        let slowest = hops
            .filter(|hop| hop.queued + hop.execution > Duration::ZERO)
            .max_by_key(|hop| hop.queued + hop.execution);
        if let Some(end_to_end) = &mut nodes[sink].end_to_end {
            end_to_end.slowest_hop = slowest;
        }
    }
}

/// By node: whether messages get from there to `sink`, itself included.
fn upstream_of(sink: usize, nodes: usize, edges: &[EdgeReport]) -> Vec<bool> {
    let mut upstream = vec![false; nodes];
    upstream[sink] = true;
    let mut found = vec![sink];
    while let Some(node) = found.pop() {
        let into = edges.iter().filter(|edge| edge.consumer == Some(node));
        for producer in into.filter_map(|edge| edge.producer) {
            if !core::mem::replace(&mut upstream[producer], true) {
                found.push(producer);
            }
        }
    }
    upstream
}
