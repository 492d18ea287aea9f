//! What happened between two snapshots: rates and distributions of that time.

use alloc::vec::Vec;
use core::time::Duration;

use crate::metrics::HistogramSnapshot;

use super::snapshot::{EdgeReport, NodeReport, Snapshot, WorkerReport};

/// The difference of two snapshots of one engine, see [`Snapshot::since`].
///
/// Rates are per second. Edges, nodes and workers stand at the same index as in
/// the snapshots.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The time between the snapshots, by the engine's clock.
    pub span: Duration,
    /// In the plan's order.
    pub edges: Vec<EdgeRates>,
    /// In the plan's order.
    pub nodes: Vec<NodeRates>,
    /// By index.
    pub workers: Vec<WorkerRates>,
}

/// What an edge did per second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EdgeRates {
    /// Messages sent.
    pub sent: f64,
    /// Messages received.
    pub delivered: f64,
    /// New messages dropped.
    pub dropped: f64,
    /// Pending messages evicted.
    pub evicted: f64,
    /// Messages merged.
    pub coalesced: f64,
    /// Times the producer was told to wait for room.
    pub waits: f64,
    /// Which share of the time the producer was parked by this edge, from 0 to
    /// 1.
    pub blocked_share: Option<f64>,
    /// How long messages waited, of that time.
    pub queue_age: Option<HistogramSnapshot>,
}

/// What a node did per second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeRates {
    /// Calls by its worker.
    pub activations: f64,
    /// Messages handled.
    pub messages: f64,
    /// Ticks served.
    pub ticks: f64,
    /// Ticks that began late, or were skipped.
    pub late_or_missed_ticks: f64,
    /// Hooks that failed, by an error or a panic.
    pub faults: f64,
    /// Times it lacked room downstream.
    pub parked: f64,
    /// How long activations took, of that time.
    pub execution: Option<HistogramSnapshot>,
    /// Release lateness of ticks, of that time.
    pub lateness: Option<HistogramSnapshot>,
    /// How old messages were at this sink, of that time.
    pub end_to_end: Option<HistogramSnapshot>,
}

/// What a worker did per second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerRates {
    /// Activations in the Control, High and Normal band.
    pub picks: [f64; 3],
    /// Times it went to sleep.
    pub parks: f64,
    /// Which share of the time it ran no activation, from 0 to 1: an estimate
    /// from a sample, but no less than it slept. With too small a sample it is
    /// what it slept, if it did.
    pub idle_share: Option<f64>,
    /// Which share of the time it slept. Exact.
    pub asleep_share: Option<f64>,
    /// From one turn to the next, of that time.
    pub loop_latency: Option<HistogramSnapshot>,
    /// From a notification until the sleeping worker was up, of that time.
    pub wake_latency: Option<HistogramSnapshot>,
}

impl Snapshot {
    /// What happened since `earlier`, a snapshot of the same engine. Between
    /// snapshots of one moment, or in the wrong order, all rates are zero.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tidegate::engine::Engine;
    /// # use tidegate::graph::{Edge, Subgraph};
    /// # use tidegate::node::builtin;
    /// # let mut graph = Subgraph::new("rates");
    /// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
    /// # graph.add("sum", builtin::sink(|_: u64| {}))?;
    /// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
    /// # let clock = tidegate::time::ManualClock::new();
    /// # let mut engine = Engine::builder(graph).clock(clock.clone()).stepping()?;
    /// let before = engine.snapshot();
    /// # engine.run_until_idle(1_000);
    /// # clock.advance(Duration::from_secs(2));
    /// // Two seconds later:
    /// let rates = engine.snapshot().since(&before);
    /// println!("{} messages a second", rates.edges[0].delivered);
    /// # assert_eq!(rates.edges[0].delivered, 50.0);
    /// # assert!(engine.shutdown(100).is_balanced());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Difference {
        let span = self.taken_at.since(earlier.taken_at);
        let time = Span(span);
        let edges = self.edges.iter().zip(&earlier.edges);
        let nodes = self.nodes.iter().zip(&earlier.nodes);
        let workers = self.workers.iter().zip(&earlier.workers);
        Difference {
            span,
            edges: edges.map(|(now, then)| time.edge(now, then)).collect(),
            nodes: nodes.map(|(now, then)| time.node(now, then)).collect(),
            workers: workers.map(|(now, then)| time.worker(now, then)).collect(),
        }
    }
}

/// The time between two snapshots.
/// So few timed activations tell little about the others: each of them stands
/// for a stride.
const FEW: u64 = 16;

#[derive(Clone, Copy)]
struct Span(Duration);

impl Span {
    fn rate(self, now: u64, then: u64) -> f64 {
        if self.0.is_zero() {
            return 0.0;
        }
        now.saturating_sub(then) as f64 / self.0.as_secs_f64()
    }

    /// How much of this time `now - then` is. Both may be estimates, so it is
    /// held between 0 and 1.
    fn share(self, now: Option<Duration>, then: Option<Duration>) -> Option<f64> {
        let spent = now?.saturating_sub(then?);
        if self.0.is_zero() {
            return Some(0.0);
        }
        Some((spent.as_secs_f64() / self.0.as_secs_f64()).clamp(0.0, 1.0))
    }

    fn edge(self, now: &EdgeReport, then: &EdgeReport) -> EdgeRates {
        let (books, before) = (&now.ledger, &then.ledger);
        EdgeRates {
            sent: self.rate(books.sent, before.sent),
            delivered: self.rate(books.delivered, before.delivered),
            dropped: self.rate(books.dropped, before.dropped),
            evicted: self.rate(books.evicted, before.evicted),
            coalesced: self.rate(books.coalesced, before.coalesced),
            waits: self.rate(now.waits, then.waits),
            blocked_share: self.share(now.blocked, then.blocked),
            queue_age: between(&now.queue_age, &then.queue_age),
        }
    }

    fn node(self, now: &NodeReport, then: &NodeReport) -> NodeRates {
        let age = |node: &NodeReport| node.end_to_end.as_ref().map(|sink| sink.age.clone());
        NodeRates {
            activations: self.rate(now.activations, then.activations),
            messages: self.rate(now.messages, then.messages),
            ticks: self.rate(now.ticks, then.ticks),
            late_or_missed_ticks: self.rate(
                now.late_ticks + now.missed_ticks,
                then.late_ticks + then.missed_ticks,
            ),
            faults: self.rate(now.errors + now.panics, then.errors + then.panics),
            parked: self.rate(now.parked, then.parked),
            execution: between(&now.execution, &then.execution),
            lateness: between(&now.lateness, &then.lateness),
            end_to_end: between(&age(now), &age(then)),
        }
    }

    fn idle(self, now: &WorkerReport, then: &WorkerReport) -> Option<f64> {
        let asleep = self.share(now.asleep, then.asleep)?;
        let busy = self.share(now.busy, then.busy)?;
        let timed = between(&now.loop_latency, &then.loop_latency);
        let timed = timed.map_or(0, |timed| timed.count());
        Some(if timed < FEW && asleep > 0.0 {
            asleep
        } else {
            asleep.max(1.0 - busy)
        })
    }

    fn worker(self, now: &WorkerReport, then: &WorkerReport) -> WorkerRates {
        let mut picks = [0.0; 3];
        for (band, rate) in picks.iter_mut().enumerate() {
            *rate = self.rate(now.picks[band], then.picks[band]);
        }
        WorkerRates {
            picks,
            parks: self.rate(now.parks, then.parks),
            idle_share: self.idle(now, then),
            asleep_share: self.share(now.asleep, then.asleep),
            loop_latency: between(&now.loop_latency, &then.loop_latency),
            wake_latency: between(&now.wake_latency, &then.wake_latency),
        }
    }
}

fn between(
    now: &Option<HistogramSnapshot>,
    then: &Option<HistogramSnapshot>,
) -> Option<HistogramSnapshot> {
    Some(now.as_ref()?.since(then.as_ref()?))
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::graph::{Edge, Subgraph};
    use crate::node::builtin;
    use crate::time::ManualClock;

    /// A source of numbers, and a sink.
    fn numbers() -> Subgraph {
        let mut graph = Subgraph::new("rates");
        let numbers = graph
            .add("numbers", builtin::source_iter(0..1_000_u32))
            .unwrap();
        let sink = graph.add("sink", builtin::sink(|_: u32| ())).unwrap();
        graph
            .connect(
                numbers.output(|n| &n.output),
                sink.input(|n| &n.input),
                Edge::block(64),
            )
            .unwrap();
        graph
    }

    #[test]
    fn rates_are_counts_over_the_time_between() {
        let clock = ManualClock::new();
        let graph = numbers();
        let engine = Engine::builder(graph).clock(clock.clone());
        let mut engine = engine.stepping().unwrap();
        engine.run_until_idle(20);
        let earlier = engine.snapshot();
        clock.advance(Duration::from_millis(500));
        engine.run_until_idle(20);
        let later = engine.snapshot();
        let difference = later.since(&earlier);
        let sent = later.edges[0].ledger.sent - earlier.edges[0].ledger.sent;
        assert!(sent > 0);
        assert_eq!(difference.span, Duration::from_millis(500));
        assert_eq!(difference.edges[0].sent, sent as f64 * 2.0);
        assert_eq!(difference.nodes[1].activations, 20.0, "ten of twenty steps");
        assert_eq!(difference.workers[0].picks, [0.0, 0.0, 40.0]);
        assert_eq!(earlier.since(&later).edges[0].sent, 0.0, "wrong order");
        assert_eq!(later.since(&later).edges[0].sent, 0.0, "no time");
        assert!(engine.shutdown(10_000).is_balanced());
    }

    #[test]
    fn a_worker_is_idle_as_long_as_it_slept_when_little_was_timed() {
        let builder = Engine::builder(numbers()).clock(ManualClock::new());
        let builder = builder.metrics(crate::metrics::Metrics::every_activation());
        let mut engine = builder.stepping().unwrap();
        let earlier = engine.snapshot();
        let since = |later: &Snapshot, asleep, busy| {
            let mut later = later.clone();
            later.taken_at = later.taken_at.after(Duration::from_secs(1));
            let worker = &mut later.workers[0];
            worker.asleep = Some(Duration::from_millis(asleep));
            worker.busy = Some(Duration::from_millis(busy));
            let rates = later.since(&earlier).workers.remove(0);
            assert_eq!(rates.asleep_share, Some(asleep as f64 / 1_000.0));
            rates.idle_share.unwrap()
        };
        let few = engine.snapshot();
        assert_eq!(since(&few, 700, 0), 0.7, "no sample says that it was busy");
        assert_eq!(since(&few, 700, 3_800), 0.7, "one sample, for a stride");
        assert_eq!(since(&few, 0, 200), 0.8, "it never sleeps");
        engine.run_until_idle(100);
        let many = engine.snapshot();
        assert_eq!(since(&many, 700, 200), 0.8, "awake, but with nothing to do");
        assert_eq!(
            since(&many, 700, 400),
            0.7,
            "it cannot be busy while it sleeps"
        );
        assert!(engine.shutdown(10_000).is_balanced());
    }
}
