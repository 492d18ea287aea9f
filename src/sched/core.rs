//! What surrounds an activation: telling others what it changed, and dealing
//! with its faults.

use std::sync::Arc;

use crate::band::Band;
use crate::node::{Activation, FaultPolicy, Host, Node};
use crate::sync::seeded_bug;
use crate::time::Timestamp;
use crate::util::drop_quietly;

use super::cell::{Address, Cell};
use super::faults::{FaultCause, FaultRecord, Hook};
use super::local::Local;
use super::ready::ReadySets;
use super::shared::{Phase, Shared};
use super::stats::{NodeState, NodeStats};
use super::tick::Timers;

/// All of a worker that a running activation may need: a
/// [`Context`](crate::node::Context) borrows it while the node runs.
pub(crate) struct Core {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(crate) local: Local,
    pub(super) timers: Timers,
    pub(super) links: SupervisorLinks,
    pub(super) batch: u32,
    /// The version of the live settings in force here.
    pub(super) version: Option<u64>,
    pub(super) phase: Phase,
    /// Whether the quiescence epoch says idle.
    idle: bool,
    /// Which node is being activated, in which band.
    active: (usize, Band),
}

/// How many faults may wait for the supervisor, per worker.
pub(crate) const FAULT_QUEUE: usize = 256;

/// The worker's ends of the queues to and from the supervisor.
pub(crate) struct SupervisorLinks {
    pub(crate) faults: rtrb::Producer<FaultRecord>,
    /// Nodes to be replaced, with their index on this worker.
    pub(crate) retired: rtrb::Producer<(usize, Box<dyn Node>)>,
    /// Their replacements; `None` where none could be made.
    pub(crate) replaced: rtrb::Consumer<(usize, Option<Box<dyn Node>>)>,
}

impl Core {
    pub(crate) fn new(
        index: usize,
        cells: Vec<Cell>,
        shared: Arc<Shared>,
        links: SupervisorLinks,
    ) -> Self {
        let config = shared.config.load_full();
        Self {
            index,
            timers: Timers::new(cells.len()),
            local: Local::new(cells, config.weights),
            shared,
            links,
            batch: config.batch,
            version: None,
            phase: Phase::Starting,
            idle: true,
            active: (0, Band::Normal),
        }
    }

    /// Bytes that a worker occupies, apart from its nodes.
    pub(crate) const fn footprint() -> usize {
        size_of::<Self>()
            + ReadySets::footprint(0)
            + Shared::worker_footprint()
            + FAULT_QUEUE * size_of::<FaultRecord>()
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    #[inline(always)]
    pub(super) fn batch(&self) -> u32 {
        self.batch
    }

    #[inline(always)]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    #[inline]
    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// From here on this worker may take messages out of edges.
    #[inline]
    pub(super) fn be_busy(&mut self) {
        if self.idle {
            self.idle = false;
            self.shared.activities[self.index].begin();
        }
    }

    /// This worker has nothing to do.
    #[inline]
    pub(super) fn be_idle(&mut self) {
        if !self.idle {
            self.idle = true;
            self.shared.activities[self.index].end();
            if self.phase == Phase::Draining {
                // It may have been the last one.
                self.shared.call_supervisor();
            }
        }
    }

    pub(super) fn read_mail(&mut self) {
        self.local.read_mail(&self.shared.mailboxes[self.index]);
    }

    /// Enters the nodes whose ticks are due.
    #[cold]
    pub(super) fn ticks_due(&mut self, now: Timestamp) {
        while let Some(due) = self.timers.take_due(now) {
            self.local.cells[due.node].tick_due(due);
            self.local.route(due.node);
        }
    }

    /// A node is about to be called.
    #[inline]
    pub(super) fn begin(&mut self, node: usize, band: Band) {
        self.active = (node, band);
    }

    /// After a call: frees the room that was taken out of inputs, tells the
    /// consumers of what was sent, and takes note of the node's requests.
    #[inline]
    pub(super) fn settle(&mut self, index: usize, activation: &Activation) {
        let cell = &self.local.cells[index];
        cell.stats.messages.add(u64::from(activation.handled));
        let mut received = activation.received;
        while received != 0 {
            let port = received.trailing_zeros() as usize;
            received &= received - 1;
            self.free_room(index, port);
        }
        let mut sent = activation.sent;
        while sent != 0 {
            let port = sent.trailing_zeros() as usize;
            sent &= sent - 1;
            self.notify_consumer(index, port);
        }
        let cell = &mut self.local.cells[index];
        cell.rearmed |= activation.rearm;
        cell.retry |= activation.refused != 0;
        if activation.shutdown {
            self.shared.request_shutdown();
        }
        if activation.finish {
            self.end(index, NodeState::Finished);
        }
    }

    /// Enters the node again if it still has something to do; ends it when its
    /// inputs have.
    #[inline]
    pub(super) fn enter_again(&mut self, index: usize) {
        let cell = &self.local.cells[index];
        match cell.readiness(self.local.stage) {
            Some(band) => self.local.ready.mark(index, band),
            None if cell.has_ended() => self.end(index, NodeState::Finished),
            None => {}
        }
    }

    /// Publishes how far input `port` was read; its producer may be waiting.
    #[inline]
    fn free_room(&mut self, index: usize, port: usize) {
        if let Some(link) = &self.local.cells[index].inputs[port] {
            let producer = link.producer;
            if link.edge.publish() {
                self.notify(producer);
            }
        }
    }

    /// One notification per activation and edge, however many messages. A
    /// passive input learns of the end alone.
    #[inline]
    fn notify_consumer(&mut self, index: usize, port: usize) {
        if let Some(link) = &self.local.cells[index].outputs[port] {
            let (consumer, band) = (link.consumer, link.band);
            if link.passive {
                if link.edge.producer_closed() {
                    self.notify(consumer);
                }
            } else if consumer.worker == self.index {
                self.local.deliver(consumer.node, band);
            } else {
                self.shared.mailboxes[consumer.worker].notify(consumer.node);
            }
        }
    }

    /// Something changed for the node at `address`: room, or an end.
    fn notify(&mut self, address: Address) {
        if address.worker == self.index {
            self.local.route(address.node);
        } else {
            self.shared.mailboxes[address.worker].notify(address.node);
        }
    }

    /// The node is not called any more: closes its inputs (whoever waits for
    /// room there learns it) and ends its outputs.
    pub(super) fn end(&mut self, index: usize, state: NodeState) {
        let cell = &mut self.local.cells[index];
        if matches!(cell.state, NodeState::Finished | NodeState::Quarantined) {
            return;
        }
        cell.set_state(state);
        self.local.ready.unmark(index);
        self.close_inputs(index);
        for port in 0..self.local.cells[index].outputs.len() {
            if let Some(link) = &self.local.cells[index].outputs[port] {
                link.edge.close_producer();
                self.notify_consumer(index, port);
            }
        }
        self.shared.node_ended();
    }

    /// Closes the inputs of a node; their producers get `Closed` from now on.
    pub(super) fn close_inputs(&mut self, index: usize) {
        for port in 0..self.local.cells[index].inputs.len() {
            if let Some(link) = &self.local.cells[index].inputs[port] {
                let producer = link.producer;
                if link.edge.close_consumer() {
                    self.notify(producer);
                }
            }
        }
    }

    /// At the end: puts replacements that came too late to be called where
    /// nodes are dropped.
    pub(crate) fn keep_late_replacements(&mut self) {
        while let Ok((index, replacement)) = self.links.replaced.pop() {
            self.local.cells[index].node = replacement;
        }
    }

    /// No replacement could be made for the node. Its ends of the edges were
    /// dropped along with what was to hold them, and closed thereby; so its
    /// producers are told here, whether they seem to wait or not.
    pub(super) fn give_up(&mut self, index: usize) {
        self.end(index, NodeState::Quarantined);
        if seeded_bug("broken-factory-untold") {
            return;
        }
        for port in 0..self.local.cells[index].inputs.len() {
            if let Some(link) = &self.local.cells[index].inputs[port] {
                let producer = link.producer;
                self.notify(producer);
            }
        }
    }

    /// A hook failed: counts it, reports it, and does what the node's policy
    /// says.
    #[cold]
    pub(super) fn fault(&mut self, index: usize, hook: Hook, cause: FaultCause, at: Timestamp) {
        let cell = &self.local.cells[index];
        let panicked = matches!(cause, FaultCause::Panic(_));
        let (count, policy) = if panicked {
            (&cell.stats.panics, cell.on_panic)
        } else {
            (&cell.stats.errors, cell.on_error)
        };
        count.add(1);
        let faults = count.get();
        self.report(FaultRecord {
            node: cell.plan_index,
            hook,
            at,
            cause,
        });
        if panicked {
            // The panic may have cut a send short after the edge had changed
            // (a merge function, an evicted payload's drop): tell everybody.
            for port in 0..self.local.cells[index].outputs.len() {
                self.notify_consumer(index, port);
            }
        }
        match policy {
            FaultPolicy::Continue => {}
            FaultPolicy::Quarantine { after } => {
                if faults >= u64::from(after) {
                    self.end(index, NodeState::Quarantined);
                }
            }
            FaultPolicy::Restart { limit } => self.replace(index, limit),
            FaultPolicy::Stop => {
                if hook == Hook::Start {
                    self.shared.fail_start();
                }
                self.end(index, NodeState::Quarantined);
                self.shared.request_shutdown();
            }
        }
    }

    /// Sends the fault to the supervisor, who formats it.
    fn report(&mut self, record: FaultRecord) {
        if seeded_bug("fault-unreported") {
            return drop(record);
        }
        if let Err(rtrb::PushError::Full(record)) = self.links.faults.push(record) {
            self.shared.worker_stats[self.index].lost_reports.add(1);
            drop_quietly(record);
        }
        self.shared.call_supervisor();
    }

    /// Hands the node to the supervisor, who makes a new one from its factory.
    fn replace(&mut self, index: usize, limit: u32) {
        let cell = &mut self.local.cells[index];
        let restarts = cell.stats.restarts.get();
        if cell.state != NodeState::Active {
            return;
        }
        if !cell.restartable || restarts >= u64::from(limit) || self.phase == Phase::Stopping {
            return self.end(index, NodeState::Quarantined);
        }
        let Some(node) = cell.node.take() else {
            return;
        };
        match self.links.retired.push((index, node)) {
            Ok(()) => {
                cell.stats.restarts.add(1);
                cell.set_state(NodeState::Restarting);
                self.local.ready.unmark(index);
                self.shared.call_supervisor();
            }
            // The queue has room for every node once; a node in it is not
            // called, so this does not happen.
            Err(rtrb::PushError::Full((_, node))) => {
                cell.node = Some(node);
                self.end(index, NodeState::Quarantined);
            }
        }
    }
}

/// Bytes that a node occupies on its worker, apart from its own and its edges'.
pub(crate) const fn node_footprint() -> usize {
    size_of::<Cell>() + ReadySets::footprint(1) - ReadySets::footprint(0) + Timers::footprint(1)
        - Timers::footprint(0)
        + size_of::<NodeStats>()
        + 2 * size_of::<(usize, Option<Box<dyn Node>>)>()
}

impl Host for Core {
    fn preempts(&mut self) -> bool {
        self.read_mail();
        self.local.ready.any_above(self.active.1)
    }

    fn notify_now(&mut self, output: usize) {
        self.notify_consumer(self.active.0, output);
    }
}
