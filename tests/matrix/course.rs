//! What happens in a case: a burst meets a sink that stands still, then
//! everything flows until the source is at its end.

use tidegate::edge::{Ledger, PolicyKind};
use tidegate::engine::{Engine, Report, Snapshot};
use tidegate::observe::Metrics;
use tidegate::sched::IdleStrategy;

use super::Case;
use super::common::{Lab, Log, PATIENCE, Seed, wait_until};
use super::graph::{BEFORE, BEFORE_CAPACITY, EDGE, Span, plant};

/// Messages that flow freely, after the burst.
const FLOW: u64 = 1_000;

/// What a case came to.
pub(crate) struct Outcome {
    /// How many messages the sink was too slow for.
    pub(crate) burst: u64,
    /// How many there were altogether.
    pub(crate) sent: u64,
    pub(crate) batch: u32,
    pub(crate) arrived: Vec<Span>,
    pub(crate) report: Report,
}

pub(crate) fn run(case: Case, seed: &mut Seed) -> Outcome {
    let capacity = case.capacity as u64;
    // Fills the edge, and the one before it.
    let burst = 2 * capacity + BEFORE_CAPACITY as u64 + seed.in_range(1..2 * capacity);
    let sent = burst + FLOW + seed.in_range(0..FLOW);
    let batch = seed.in_range(1..20) as u32;

    let (mut lab, arrived) = (Lab::new(), Log::new());
    plant(&mut lab, case, sent, &arrived);
    let mut engine = start(&mut lab, case, batch);
    let handle = engine.handle();
    let mut go = engine.take_entrance("go").unwrap();
    let paused = handle.pause("sink").unwrap();
    handle.wait_applied(paused, PATIENCE).unwrap();
    let before = parks(&engine.snapshot());

    go.try_send(Span::of(burst)).unwrap();
    let met = met(case, burst);
    wait_until("the burst met the policy", || {
        let snapshot = engine.snapshot();
        let in_front = snapshot.edge(BEFORE).unwrap().depth;
        let edge = snapshot.edge(EDGE).unwrap();
        let held_back = met.sent < burst;
        let behind = if held_back { BEFORE_CAPACITY } else { 0 };
        // A full edge holds nobody back before its producer wants to send more.
        let holds = edge.waits > 0;
        edge.ledger == met && in_front == behind && holds == held_back
    });
    if case.idle != IdleStrategy::Spin {
        wait_until("every worker sleeps", || {
            let now = parks(&engine.snapshot());
            now.iter().zip(&before).all(|(now, before)| now > before)
        });
    }
    let resumed = handle.resume("sink").unwrap();
    handle.wait_applied(resumed, PATIENCE).unwrap();
    wait_until("the backlog has arrived", || {
        arrived.len() as u64 >= met.in_flight
    });

    go.try_send(Span::of(sent)).unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
    Outcome {
        burst,
        sent,
        batch,
        arrived: arrived.take(),
        report,
    }
}

fn start(lab: &mut Lab, case: Case, batch: u32) -> Engine {
    let metrics = if case.metrics {
        Metrics::every_activation()
    } else {
        Metrics::off()
    };
    // Cases run side by side: not all on the same core.
    let builder = lab.engine().workers(case.workers).pin(false);
    let builder = builder.idle(case.idle).metrics(metrics).batch(batch);
    let door = tidegate::graph::Edge::block(1);
    let builder = builder.entrance("go", door).drain_timeout(PATIENCE);
    builder.start().unwrap()
}

fn parks(snapshot: &Snapshot) -> Vec<u64> {
    let workers = snapshot.workers.iter();
    workers.map(|worker| worker.parks).collect()
}

/// The ledger when the burst has come as far as it can.
fn met(case: Case, burst: u64) -> Ledger {
    let in_flight = case.capacity as u64;
    let mut ledger = Ledger::default();
    (ledger.sent, ledger.in_flight) = (burst, in_flight);
    let beyond = burst - in_flight;
    match case.policy {
        PolicyKind::Block => ledger.sent = in_flight,
        PolicyKind::Drop => ledger.dropped = beyond,
        PolicyKind::Latest => ledger.evicted = beyond,
        PolicyKind::Coalesce => ledger.coalesced = beyond,
    }
    ledger
}
