//! Two readings of an engine, as rows of figures about the time between them.

use std::time::Duration;

use serde::Serialize;
use tidegate::engine::{Difference, EdgeReport, NodeReport, Snapshot, WorkerReport};
use tidegate::observe::HistogramSnapshot;
use tidegate::observe::inspect::{Reading, ServedPhase};
use tidegate::sched::NodeState;
use tidegate::{Band, edge::PolicyKind};

use crate::trouble::{Finding, Kind, findings};

/// What is shown of an engine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    pub(crate) graph: String,
    pub(crate) process: u32,
    pub(crate) phase: ServedPhase,
    /// How long the engine has been served.
    pub(crate) served_seconds: f64,
    /// The time that rates are about; zero with one reading only.
    pub(crate) interval_seconds: f64,
    /// Every how many activations one was timed; none without metrics.
    pub(crate) sampling: Option<u32>,
    /// The worst first.
    pub(crate) trouble: Vec<Finding>,
    pub(crate) nodes: Vec<NodeRow>,
    pub(crate) edges: Vec<EdgeRow>,
    pub(crate) workers: Vec<WorkerRow>,
    pub(crate) memory_bytes: usize,
}

/// A node. Rates are per second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NodeRow {
    pub(crate) path: String,
    pub(crate) worker: usize,
    pub(crate) state: NodeState,
    /// Messages handled; of a node that handled none, messages sent.
    pub(crate) messages_rate: f64,
    pub(crate) activations_rate: f64,
    /// Which share of a core it takes: an estimate.
    pub(crate) load: Option<f64>,
    /// How long activations take.
    pub(crate) execution: Option<Spread>,
    /// How old messages are when they end here.
    pub(crate) end_to_end: Option<Spread>,
    /// The edge on the way here in which, with the node behind it, messages
    /// spend most time.
    pub(crate) slowest_hop: Option<String>,
    pub(crate) ticks_rate: f64,
    /// Ticks that began late, or not at all.
    pub(crate) late_rate: f64,
    pub(crate) lateness: Option<Spread>,
    pub(crate) fault_rate: f64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) restarts: u64,
    pub(crate) overruns: u64,
    /// How often it lacked room downstream.
    pub(crate) held_rate: f64,
    pub(crate) trouble: Option<Kind>,
}

/// An edge. Rates are per second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EdgeRow {
    pub(crate) id: String,
    /// Index in `nodes`; none at an entrance.
    pub(crate) producer: Option<usize>,
    /// Index in `nodes`; none at an exit.
    pub(crate) consumer: Option<usize>,
    pub(crate) policy: PolicyKind,
    pub(crate) band: Band,
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
    pub(crate) high_water: Option<usize>,
    pub(crate) sent_rate: f64,
    pub(crate) delivered_rate: f64,
    pub(crate) dropped_rate: f64,
    pub(crate) evicted_rate: f64,
    pub(crate) expired_rate: f64,
    pub(crate) discarded_rate: f64,
    pub(crate) coalesced_rate: f64,
    /// How often the producer was told to wait for room.
    pub(crate) waits_rate: f64,
    pub(crate) queue_age: Option<Spread>,
    pub(crate) ledger: tidegate::edge::Ledger,
    pub(crate) trouble: Option<Kind>,
}

/// A worker. Rates are per second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkerRow {
    pub(crate) index: usize,
    pub(crate) core: String,
    /// Activations in the Control, High and Normal band.
    pub(crate) picks_rate: [f64; 3],
    /// Which share of the time it runs no node: an estimate.
    pub(crate) idle: Option<f64>,
    /// Which share of the time it slept: exact.
    pub(crate) asleep: Option<f64>,
    pub(crate) parks_rate: f64,
    pub(crate) runnable: Option<usize>,
    pub(crate) loop_latency: Option<Spread>,
    pub(crate) wake_latency: Option<Spread>,
    pub(crate) lost_fault_reports: u64,
    pub(crate) trouble: Option<Kind>,
}

/// A distribution in four figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Spread {
    /// Of the interval; of the whole life while nothing was measured in it.
    fn of(
        interval: Option<&Option<HistogramSnapshot>>,
        life: Option<&HistogramSnapshot>,
    ) -> Option<Self> {
        let interval = interval.and_then(Option::as_ref);
        let spread = interval.filter(|spread| !spread.is_empty()).or(life)?;
        (!spread.is_empty()).then(|| Self {
            mean: spread.mean(),
            p50: spread.quantile(0.5),
            p99: spread.quantile(0.99),
            max: spread.max(),
        })
    }
}

impl EdgeRow {
    /// The path of the node that sends, or what to call who does.
    pub(crate) fn producer_in<'a>(&self, view: &'a View) -> &'a str {
        self.producer
            .map_or("the outside", |node| view.nodes[node].path.as_str())
    }

    /// The path of the node that receives, or what to call who does.
    pub(crate) fn consumer_in<'a>(&self, view: &'a View) -> &'a str {
        self.consumer
            .map_or("the outside", |node| view.nodes[node].path.as_str())
    }
}

impl View {
    /// Of `reading`, with the rates since `earlier`, a reading of the same
    /// engine.
    pub(crate) fn new(reading: &Reading, earlier: Option<&Reading>) -> Self {
        let now = &reading.snapshot;
        let earlier = earlier
            .filter(|earlier| earlier.is_same_engine(reading))
            .map(|earlier| &earlier.snapshot);
        let rates = earlier.map(|earlier| now.since(earlier));
        let mut view = Self {
            graph: reading.graph.clone(),
            process: reading.process,
            phase: reading.phase,
            served_seconds: reading.read_at.as_nanos() as f64 / 1e9,
            interval_seconds: rates.as_ref().map_or(0.0, |rates| rates.span.as_secs_f64()),
            sampling: now.sampling.map(Into::into),
            trouble: Vec::new(),
            nodes: nodes(now, rates.as_ref()),
            edges: edges(now, earlier, rates.as_ref()),
            workers: workers(now, rates.as_ref()),
            memory_bytes: reading.memory_bytes,
        };
        view.count_sources();
        view.compare_loads();
        view.find_trouble();
        view
    }

    /// Nodes that handle nothing count what they send.
    fn count_sources(&mut self) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.messages_rate == 0.0 {
                let out = self.edges.iter();
                let out = out.filter(|edge| edge.producer == Some(index));
                node.messages_rate = out.map(|edge| edge.sent_rate).sum();
            }
        }
    }

    /// A worker whose calls are rare may have no sample in an interval and look
    /// idle; the loads of its nodes, from exact counts and the times of the
    /// whole run, know better. What it slept is known exactly.
    fn compare_loads(&mut self) {
        for worker in &mut self.workers {
            let own = self.nodes.iter().filter(|node| node.worker == worker.index);
            let loads: f64 = own.filter_map(|node| node.load).sum();
            let least = worker.asleep.unwrap_or(0.0);
            worker.idle = worker.idle.map(|idle| idle.min(1.0 - loads).max(least));
        }
    }

    /// Fills in the findings, and marks the rows that they are about.
    pub(crate) fn find_trouble(&mut self) {
        let found = findings(self);
        // The worst one is first: a row keeps it.
        for finding in found.iter().rev() {
            for &node in &finding.nodes {
                self.nodes[node].trouble = Some(finding.kind);
            }
            for &edge in &finding.edges {
                self.edges[edge].trouble = Some(finding.kind);
            }
            for &worker in &finding.workers {
                self.workers[worker].trouble = Some(finding.kind);
            }
        }
        self.trouble = found;
    }
}

fn nodes(now: &Snapshot, rates: Option<&Difference>) -> Vec<NodeRow> {
    let row = |(index, node): (usize, &NodeReport)| {
        let rates = rates.and_then(|rates| rates.nodes.get(index));
        let execution = Spread::of(rates.map(|rates| &rates.execution), node.execution.as_ref());
        let activations_rate = rates.map_or(0.0, |rates| rates.activations);
        NodeRow {
            path: node.path.clone(),
            worker: node.worker,
            state: node.state,
            messages_rate: rates.map_or(0.0, |rates| rates.messages),
            activations_rate,
            load: execution.map(|spread| spread.mean.as_secs_f64() * activations_rate),
            execution,
            end_to_end: Spread::of(
                rates.map(|rates| &rates.end_to_end),
                node.end_to_end.as_ref().map(|sink| &sink.age),
            ),
            slowest_hop: node
                .end_to_end
                .as_ref()
                .and_then(|sink| sink.slowest_hop.as_ref())
                .map(|hop| hop.edge.clone()),
            ticks_rate: rates.map_or(0.0, |rates| rates.ticks),
            late_rate: rates.map_or(0.0, |rates| rates.late_or_missed_ticks),
            lateness: Spread::of(rates.map(|rates| &rates.lateness), node.lateness.as_ref()),
            fault_rate: rates.map_or(0.0, |rates| rates.faults),
            errors: node.errors,
            panics: node.panics,
            restarts: node.restarts,
            overruns: node.overruns,
            held_rate: rates.map_or(0.0, |rates| rates.parked),
            trouble: None,
        }
    };
    now.nodes.iter().enumerate().map(row).collect()
}

fn edges(now: &Snapshot, earlier: Option<&Snapshot>, rates: Option<&Difference>) -> Vec<EdgeRow> {
    let row = |(index, edge): (usize, &EdgeReport)| {
        let rate = rates.and_then(|rates| rates.edges.get(index));
        let seconds = rates.map_or(0.0, |rates| rates.span.as_secs_f64());
        let earlier = earlier.and_then(|earlier| earlier.edges.get(index));
        let per_second = |count: fn(&tidegate::edge::Ledger) -> u64| {
            let before = earlier.filter(|_| seconds > 0.0);
            before.map_or(0.0, |earlier| {
                count(&edge.ledger).saturating_sub(count(&earlier.ledger)) as f64 / seconds
            })
        };
        EdgeRow {
            id: edge.id.clone(),
            producer: edge.producer,
            consumer: edge.consumer,
            policy: edge.policy,
            band: edge.band,
            depth: edge.depth,
            capacity: edge.capacity,
            high_water: edge.high_water,
            sent_rate: rate.map_or(0.0, |rate| rate.sent),
            delivered_rate: rate.map_or(0.0, |rate| rate.delivered),
            dropped_rate: rate.map_or(0.0, |rate| rate.dropped),
            evicted_rate: rate.map_or(0.0, |rate| rate.evicted),
            expired_rate: per_second(|ledger| ledger.expired),
            discarded_rate: per_second(|ledger| ledger.discarded),
            coalesced_rate: rate.map_or(0.0, |rate| rate.coalesced),
            waits_rate: rate.map_or(0.0, |rate| rate.waits),
            queue_age: Spread::of(rate.map(|rate| &rate.queue_age), edge.queue_age.as_ref()),
            ledger: edge.ledger,
            trouble: None,
        }
    };
    now.edges.iter().enumerate().map(row).collect()
}

fn workers(now: &Snapshot, rates: Option<&Difference>) -> Vec<WorkerRow> {
    let row = |(index, worker): (usize, &WorkerReport)| {
        let rates = rates.and_then(|rates| rates.workers.get(index));
        WorkerRow {
            index,
            core: worker
                .pinning
                .core()
                .map_or_else(|| "-".to_owned(), |core| core.to_string()),
            picks_rate: rates.map_or([0.0; 3], |rates| rates.picks),
            idle: rates.and_then(|rates| rates.idle_share),
            asleep: rates.and_then(|rates| rates.asleep_share),
            parks_rate: rates.map_or(0.0, |rates| rates.parks),
            runnable: worker.runnable,
            loop_latency: Spread::of(
                rates.map(|rates| &rates.loop_latency),
                worker.loop_latency.as_ref(),
            ),
            wake_latency: Spread::of(
                rates.map(|rates| &rates.wake_latency),
                worker.wake_latency.as_ref(),
            ),
            lost_fault_reports: worker.lost_fault_reports,
            trouble: None,
        }
    };
    now.workers.iter().enumerate().map(row).collect()
}

impl EdgeRow {
    /// Messages that nobody will get, per second.
    pub(crate) fn lost_rate(&self) -> f64 {
        self.dropped_rate + self.evicted_rate + self.expired_rate + self.discarded_rate
    }

    /// Messages that nobody got, so far.
    pub(crate) const fn lost(&self) -> u64 {
        self.ledger.lost() + self.ledger.evicted
    }

    /// Whether it holds its producer back: the producer was told to wait, or
    /// there is so little room that it can send only as fast as messages leave.
    pub(crate) fn holds_back(&self) -> bool {
        let nearly_full = self.depth >= self.capacity - self.capacity / 8;
        self.policy == PolicyKind::Block && (self.waits_rate > 0.0 || nearly_full)
    }
}

impl NodeRow {
    pub(crate) const fn faults(&self) -> u64 {
        self.errors + self.panics
    }
}

impl WorkerRow {
    pub(crate) fn activations_rate(&self) -> f64 {
        self.picks_rate.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{SINK, SOURCE, calm};

    #[test]
    fn a_worker_whose_nodes_have_load_is_not_called_idle() {
        let mut view = calm();
        view.workers[1].idle = Some(1.0);
        view.nodes[SINK].load = Some(0.9);
        view.compare_loads();
        let idle = view.workers[1].idle.unwrap();
        assert!((idle - 0.095).abs() < 1e-9, "{idle}");
        view.workers[1].asleep = Some(0.3);
        view.compare_loads();
        assert_eq!(view.workers[1].idle, Some(0.3), "it slept that long");
        assert_eq!(
            view.workers[0].idle,
            Some(0.9),
            "its own estimate is the lower one"
        );
    }

    #[test]
    fn a_node_that_only_sends_counts_what_it_sends() {
        let mut view = calm();
        view.nodes[SOURCE].messages_rate = 0.0;
        view.count_sources();
        assert_eq!(view.nodes[SOURCE].messages_rate, 1_000.0);
    }
}
