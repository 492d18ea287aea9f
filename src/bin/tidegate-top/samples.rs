//! A view made by hand, for the tests: what is wrong with it, each adds itself.

use std::time::Duration;

use tidegate::Band;
use tidegate::edge::{Ledger, PolicyKind};
use tidegate::observe::inspect::ServedPhase;
use tidegate::sched::NodeState;

use crate::view::{EdgeRow, NodeRow, Spread, View, WorkerRow};

/// The nodes of [`calm`], by index.
pub(crate) const SOURCE: usize = 0;
pub(crate) const RELAY: usize = 1;
pub(crate) const SINK: usize = 2;

/// The edges of [`calm`], by index.
pub(crate) const INTO_RELAY: usize = 0;
pub(crate) const INTO_SINK: usize = 1;

/// `source -> relay -> sink`, a thousand messages a second, nothing wrong. The
/// source has worker 0 for itself.
pub(crate) fn calm() -> View {
    View {
        graph: "plant".into(),
        process: 4711,
        phase: ServedPhase::Running,
        served_seconds: 12.0,
        interval_seconds: 1.0,
        sampling: Some(61),
        trouble: Vec::new(),
        nodes: vec![node("source", 0), node("relay", 1), node("sink", 1)],
        edges: vec![
            edge("source:out->relay:in", SOURCE, RELAY, 64),
            edge("relay:out->sink:in", RELAY, SINK, 8),
        ],
        workers: vec![worker(0), worker(1)],
        memory_bytes: 100_000,
    }
}

/// [`calm`], with this change, and what is found then.
pub(crate) fn with(change: impl FnOnce(&mut View)) -> View {
    let mut view = calm();
    change(&mut view);
    view.find_trouble();
    view
}

/// Fills an edge of the view, so that its producer waits.
pub(crate) fn fill(view: &mut View, edge: usize) {
    let edge = &mut view.edges[edge];
    edge.depth = edge.capacity;
    edge.waits_rate = 100.0;
}

pub(crate) fn spread(micros: u64) -> Option<Spread> {
    let span = Duration::from_micros(micros);
    Some(Spread {
        mean: span,
        p50: span,
        p99: span * 2,
        max: span * 3,
    })
}

pub(crate) fn node(path: &str, worker: usize) -> NodeRow {
    NodeRow {
        path: path.into(),
        worker,
        state: NodeState::Active,
        messages_rate: 1_000.0,
        activations_rate: 500.0,
        load: Some(0.005),
        execution: spread(10),
        end_to_end: None,
        slowest_hop: None,
        ticks_rate: 0.0,
        late_rate: 0.0,
        lateness: None,
        fault_rate: 0.0,
        errors: 0,
        panics: 0,
        restarts: 0,
        overruns: 0,
        held_rate: 0.0,
        trouble: None,
    }
}

pub(crate) fn edge(id: &str, producer: usize, consumer: usize, capacity: usize) -> EdgeRow {
    EdgeRow {
        id: id.into(),
        producer: Some(producer),
        consumer: Some(consumer),
        policy: PolicyKind::Block,
        band: Band::Normal,
        depth: 1,
        capacity,
        high_water: Some(5),
        sent_rate: 1_000.0,
        delivered_rate: 1_000.0,
        dropped_rate: 0.0,
        evicted_rate: 0.0,
        expired_rate: 0.0,
        discarded_rate: 0.0,
        coalesced_rate: 0.0,
        waits_rate: 0.0,
        queue_age: spread(50),
        ledger: balanced(0),
        trouble: None,
    }
}

/// A ledger with so many messages dropped.
pub(crate) fn balanced(dropped: u64) -> Ledger {
    let mut ledger = Ledger::default();
    (ledger.sent, ledger.delivered) = (12_000 + dropped + 1, 12_000);
    (ledger.dropped, ledger.in_flight) = (dropped, 1);
    ledger
}

fn worker(index: usize) -> WorkerRow {
    WorkerRow {
        index,
        core: index.to_string(),
        picks_rate: [0.0, 100.0, 400.0],
        idle: Some(0.9),
        asleep: Some(0.0),
        parks_rate: 10.0,
        runnable: Some(1),
        loop_latency: spread(20),
        wake_latency: spread(30),
        lost_fault_reports: 0,
        trouble: None,
    }
}
