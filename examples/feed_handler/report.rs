//! The report at the end.

use std::fmt;
use std::sync::mpsc::Receiver;

use serde::Serialize;
use tidegate::engine;

use crate::accounts::{EdgeReport, NodeReport, WorkerReport};
use crate::consumer::Consumed;
use crate::nodes::{Figures, GatewayFigures, ReceiveFigures, StrategyFigures};
use crate::percentiles::Percentiles;
use crate::pipeline::{Listening, TICK};
use crate::sender::Sent;
use crate::sequence::Sequences;

/// What a run did: the last line of `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Where the feed came in, and how many bytes of it the kernel could hold.
    pub(crate) listening: String,
    pub(crate) buffer_bytes: u64,
    /// What came in.
    pub(crate) feed: ReceiveFigures,
    /// What its numbers say.
    pub(crate) sequences: Sequences,
    /// What was decided.
    pub(crate) strategy: StrategyFigures,
    /// What became of the orders, and how long they took.
    pub(crate) gateway: GatewayFigures,
    /// The cadence with which the kill switch is compared.
    pub(crate) tick_us: f64,
    /// The accounts of every edge.
    pub(crate) edges: Vec<EdgeReport>,
    /// What every node did.
    pub(crate) nodes: Vec<NodeReport>,
    /// Where every worker ran.
    pub(crate) workers: Vec<WorkerReport>,
    /// Bytes the engine reserved at the start.
    pub(crate) memory_bytes: u64,
    /// Whether every edge's account balances.
    pub(crate) balanced: bool,
    /// What the sender and the consumer say, where this run started them.
    pub(crate) sender: Option<Sent>,
    pub(crate) consumer: Option<Consumed>,
    /// Accounts that do not agree with each other: none, or something is wrong.
    pub(crate) disagreements: Vec<String>,
}

impl Report {
    /// The engine's report, with what the nodes sent.
    pub(crate) fn new(
        listening: &Listening,
        report: &engine::Report,
        results: &Receiver<Figures>,
    ) -> Self {
        let snapshot = &report.snapshot;
        let mut this = Self {
            listening: listening.address.to_string(),
            buffer_bytes: listening.buffer_bytes as u64,
            feed: ReceiveFigures::default(),
            sequences: Sequences::default(),
            strategy: StrategyFigures::default(),
            gateway: GatewayFigures::default(),
            tick_us: TICK.as_nanos() as f64 / 1_000.0,
            edges: snapshot.edges.iter().map(EdgeReport::from).collect(),
            nodes: snapshot.nodes.iter().map(NodeReport::from).collect(),
            workers: snapshot.workers.iter().map(WorkerReport::from).collect(),
            memory_bytes: report.memory_bytes as u64,
            balanced: report.is_balanced(),
            sender: None,
            consumer: None,
            disagreements: Vec::new(),
        };
        for figures in results.try_iter() {
            match figures {
                Figures::Receive(feed) => this.feed = feed,
                Figures::Sequence(sequences) => this.sequences = sequences,
                Figures::Strategy(strategy) => this.strategy = strategy,
                Figures::Gateway(gateway) => this.gateway = *gateway,
            }
        }
        this.compare_stages();
        this
    }

    /// Adds what the other processes say.
    pub(crate) fn add_others(&mut self, sent: Sent, consumed: Consumed) {
        let feed = &self.feed;
        let lost = feed.unread + feed.kernel_drops.unwrap_or(0) + sent.refused;
        self.compare("sent", sent.datagrams, feed.datagrams + lost);
        let acknowledged = self.gateway.orders.acknowledged;
        self.compare("consumed", consumed.orders, acknowledged);
        self.compare("consumed out of order", consumed.out_of_order, 0);
        if lost == 0 {
            let found = self.sequences;
            self.compare("malformed", sent.malformed, self.feed.malformed);
            self.compare("accepted", sent.quotes, found.accepted);
            self.compare("gaps", sent.gaps, found.gaps);
            self.compare("missing", sent.skipped, found.missing);
            self.compare("duplicates", sent.duplicates, found.duplicates);
        }
        self.sender = Some(sent);
        self.consumer = Some(consumed);
    }

    /// What a stage handed on is what the next one got, or is counted.
    fn compare_stages(&mut self) {
        let found = self.sequences;
        let numbered =
            found.accepted + found.late + found.duplicates + found.old_session + found.ends;
        let understood = self.feed.datagrams - self.feed.malformed;
        self.compare("understood", understood, numbered);
        self.compare("updates", found.accepted, self.strategy.updates);
        let orders = self.gateway.orders;
        let dropped: u64 = self.edges.iter().map(|edge| edge.dropped).sum();
        self.compare("decided", self.strategy.orders, orders.taken + dropped);
        let fates = orders.written + orders.slow + orders.dead + orders.halted;
        self.compare("orders", orders.taken, fates);
        if !self.balanced {
            self.disagreements
                .push("an edge does not balance".to_owned());
        }
    }

    fn compare(&mut self, what: &str, first: u64, second: u64) {
        if first != second {
            self.disagreements
                .push(format!("{what}: {first} and {second}"));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (feed, found) = (&self.feed, &self.sequences);
        if let Some(sent) = &self.sender {
            writeln!(
                f,
                "offered   {:.0} datagrams/s, {} in all",
                sent.rate, sent.datagrams
            )?;
        }
        let drops = feed.kernel_drops;
        let drops = drops.map_or_else(|| "unknown".to_owned(), |drops| drops.to_string());
        writeln!(
            f,
            "feed      {} received, {} malformed, {} unread, {drops} dropped by the kernel",
            feed.datagrams, feed.malformed, feed.unread
        )?;
        writeln!(
            f,
            "numbers   {} sessions, {} accepted, {} missing in {} gaps, {} late, {} duplicates",
            found.sessions, found.accepted, found.missing, found.gaps, found.late, found.duplicates
        )?;
        let strategy = &self.strategy;
        writeln!(
            f,
            "strategy  {} updates in {} quotes, {} orders, {} halted",
            strategy.updates, strategy.quotes, strategy.orders, strategy.halted
        )?;
        let gateway = &self.gateway;
        let orders = &gateway.orders;
        writeln!(
            f,
            "orders    {} written, {} acknowledged; {} to a slow consumer, {} to a dead one, {} halted",
            orders.written, orders.acknowledged, orders.slow, orders.dead, orders.halted
        )?;
        writeln!(
            f,
            "wire to wire, from the kernel's receipt to the order written:"
        )?;
        write_percentiles(f, &gateway.wire_to_wire_us)?;
        writeln!(f, "kill switch, until the gateway knew:")?;
        write_percentiles(f, &gateway.kill_heard_us)?;
        writeln!(
            f,
            "kill switch, until the last order (a tick is {} µs):",
            self.tick_us
        )?;
        write_percentiles(f, &gateway.kill_last_order_us)?;
        for disagreement in &self.disagreements {
            writeln!(f, "DISAGREE  {disagreement}")?;
        }
        Ok(())
    }
}

fn write_percentiles(f: &mut fmt::Formatter<'_>, found: &Percentiles) -> fmt::Result {
    writeln!(
        f,
        "          p50 {:.1} µs, p90 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1} ({} times)",
        found.p50, found.p90, found.p99, found.p999, found.max, found.count
    )
}
