//! What surrounds an activation: telling others what it changed, and ending
//! nodes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::band::Band;
use crate::metrics::NodeState;
use crate::node::{Host, Node, Outcome, Wishes};
use crate::sync::seeded_bug;
use crate::time::{Clock, Timestamp};

use super::acknowledging::{ACKS, Ack};
use super::cell::{Cell, Standing};
use super::condition::Condition;
use super::faults::FaultRecord;
use super::journal::Journal;
use super::links::Address;
use super::local::Local;
use super::polling::Polled;
use super::ready::ReadySets;
use super::shared::{Phase, Shared};
use super::stats::NodeStats;
use super::succession::{Dispatch, ROOM_PER_NODE, Retired};
use super::tick::Timers;

/// All of a worker that a running activation may need: a
/// [`Context`](crate::node::Context) borrows it while the node runs.
pub(crate) struct Core {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(crate) local: Local,
    pub(super) polled: Polled,
    pub(super) timers: Timers,
    pub(super) links: SupervisorLinks,
    /// The one that the nodes see.
    clock: Arc<dyn Clock>,
    pub(super) batch: u32,
    /// The version of the live settings in force here.
    pub(super) version: Option<u64>,
    /// The highest version that the handles were told about.
    pub(super) acknowledged: u64,
    pub(super) phase: Phase,
    /// Whether the quiescence epoch says idle.
    idle: bool,
    /// Which node is being activated, in which band.
    active: (usize, Band),
}

/// How many faults may wait for the supervisor, per worker.
pub(crate) const FAULT_QUEUE: usize = 256;

/// The worker's ends of the queues to and from the supervisor and the handles.
pub(crate) struct SupervisorLinks {
    pub(crate) faults: rtrb::Producer<FaultRecord>,
    pub(crate) retired: rtrb::Producer<Retired>,
    pub(crate) dispatches: rtrb::Consumer<Dispatch>,
    /// Changes that are in force; for the handles.
    pub(crate) acks: rtrb::Producer<Ack>,
}

impl Core {
    pub(crate) fn new(
        index: usize,
        cells: Vec<Cell>,
        shared: Arc<Shared>,
        links: SupervisorLinks,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let flight = shared.flights[index].clone();
        let journal = Journal::new(shared.observation, flight, shared.counting_since.is_some());
        let config = shared.config.load();
        let (weights, batch) = (config.weights, config.batch);
        drop(config);
        Self {
            index,
            timers: Timers::new(cells.len()),
            local: Local::new(cells, weights, journal),
            polled: Polled::default(),
            shared,
            links,
            clock,
            batch,
            version: None,
            acknowledged: 0,
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
            + ACKS * size_of::<Ack>()
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
        let mail = &self.shared.mailboxes[self.index];
        self.local.read_mail(mail, &mut self.polled);
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
    /// consumers of what was sent, and takes note of the node's wishes. How the
    /// inputs stand then.
    #[inline(always)]
    pub(super) fn settle(&mut self, index: usize, outcome: Outcome) -> Standing {
        let cell = &mut self.local.cells[index];
        cell.stats.messages.add(u64::from(outcome.handled));
        let wishes = outcome.wishes;
        let conditions = &mut cell.conditions;
        conditions.add(Condition::Rearmed, wishes.has(Wishes::REARM));
        conditions.add(Condition::Retry, outcome.refused != 0);
        let (standing, waiting) = cell.publish_inputs();
        if outcome.sent != 0 {
            self.notify_consumers(index, outcome.sent);
            let cell = &self.local.cells[index];
            if cell.watched & outcome.sent != 0 {
                cell.look_at_watermarks(&self.shared);
            }
        }
        if waiting != 0 {
            self.notify_producers(index, waiting);
        }
        if wishes.has(Wishes::FINISH | Wishes::SHUTDOWN) {
            self.grant(index, wishes);
        }
        standing
    }

    #[cold]
    fn grant(&mut self, index: usize, wishes: Wishes) {
        if wishes.has(Wishes::SHUTDOWN) {
            self.shared.request_shutdown();
        }
        if wishes.has(Wishes::FINISH) {
            self.end(index, NodeState::Finished);
        }
    }

    /// Enters the node again if it still has something to do; ends it when its
    /// inputs have.
    #[inline(always)]
    pub(super) fn enter_again(&mut self, index: usize, standing: Standing) {
        let Local {
            cells,
            ready,
            stage,
            ..
        } = &mut self.local;
        let cell = &cells[index];
        let band = if cell.conditions.is_plain() {
            standing.ready
        } else {
            cell.readiness(*stage)
        };
        match band {
            Some(band) => ready.mark(index, band),
            None if standing.ended && cell.may_end() => self.end(index, NodeState::Finished),
            // Perhaps it has drained.
            None if cell.conditions.has(Condition::Draining) => self.local.note_command(),
            None => {}
        }
        if standing.unasked {
            self.polled.add(&mut self.local, index);
        }
    }

    /// Tells the consumers behind these outputs that something new is there.
    /// One notification per activation and edge, however many messages.
    #[inline(always)]
    pub(super) fn notify_consumers(&mut self, index: usize, outputs: u64) {
        let Local { cells, ready, .. } = &mut self.local;
        let mut elsewhere = 0;
        for link in &cells[index].outputs {
            if link.port & outputs == 0 {
                continue;
            }
            let Address { worker, node } = link.consumer;
            if worker == self.index && !link.passive && cells[node].conditions.listens() {
                ready.mark(node, link.band);
            } else {
                elsewhere |= link.port;
            }
        }
        if elsewhere != 0 {
            self.notify_others(index, elsewhere);
        }
    }

    /// Notifies consumers on other workers that have asked for it, consumers
    /// here that are not ready just because something arrives, and those with
    /// a passive input: they learn of the end alone.
    #[inline(never)]
    fn notify_others(&mut self, index: usize, outputs: u64) {
        for position in 0..self.local.cells[index].outputs.len() {
            let link = &self.local.cells[index].outputs[position];
            if link.port & outputs == 0 {
                continue;
            }
            // Before it is taken who asked: who asks later looks once more, and
            // finds what shows.
            let late = seeded_bug("shown-after-asking");
            if !late {
                link.edge.show();
            }
            let wanted = if link.passive {
                false
            } else if link.consumer.worker == self.index {
                true
            } else {
                link.edge.take_asked()
            };
            if late {
                link.edge.show();
            }
            if wanted || link.edge.producer_closed() {
                let consumer = link.consumer;
                self.notify(consumer);
            }
        }
    }

    /// Tells the producers of these inputs, by position, that there is room.
    #[cold]
    fn notify_producers(&mut self, index: usize, mut inputs: u64) {
        while inputs != 0 {
            let position = inputs.trailing_zeros() as usize;
            inputs &= inputs - 1;
            let producer = self.local.cells[index].inputs[position].producer;
            self.notify(producer);
        }
    }

    /// Something changed for the node at `address`: room, or an end. Or for who
    /// waits at a door: whatever its waker does happens here.
    #[inline(never)]
    pub(super) fn notify(&mut self, address: Address) {
        if address.worker == self.index {
            self.local.route(address.node);
        } else if let Some(door) = address.door() {
            self.shared.doors[door].wake();
        } else {
            let mailbox = &self.shared.mailboxes[address.worker];
            if mailbox.sleeps() && self.shared.observation.measures() {
                let now = self.clock.now();
                self.shared.worker_stats[address.worker].call(now);
            }
            mailbox.notify(address.node);
        }
    }

    /// The moment for something rare: read anew if it is going to be told.
    fn look_at_clock(&mut self) -> Timestamp {
        if self.local.journal.is_on() {
            self.local.latest = self.clock.now();
        }
        self.local.latest
    }

    /// The node is not called any more: closes its inputs (whoever waits for
    /// room there learns it) and ends its outputs.
    #[cold]
    pub(super) fn end(&mut self, index: usize, state: NodeState) {
        if self.local.cells[index].ended {
            return;
        }
        let now = self.look_at_clock();
        let Local { cells, journal, .. } = &mut self.local;
        let cell = &mut cells[index];
        cell.ended = true;
        if cell.state == NodeState::Quarantined {
            // With its stand-in the quarantine ends, not the node's work.
            cell.conditions.set_state(cell.state);
        } else {
            cell.set_state(state, now, journal);
        }
        self.local.ready.unmark(index);
        self.close_inputs(index);
        for link in &self.local.cells[index].outputs {
            link.edge.close_producer();
        }
        self.notify_consumers(index, u64::MAX);
        self.shared.node_ended();
    }

    /// Closes the inputs of a node; their producers get `Closed` from now on.
    pub(super) fn close_inputs(&mut self, index: usize) {
        for position in 0..self.local.cells[index].inputs.len() {
            let link = &self.local.cells[index].inputs[position];
            let producer = link.producer;
            if link.edge.close_consumer() {
                self.notify(producer);
            }
        }
    }
}

/// Bytes that a node occupies on its worker, apart from its own and its edges'.
pub(crate) const fn node_footprint() -> usize {
    size_of::<Cell>() + size_of::<Option<Box<dyn Node>>>() + ReadySets::footprint(1)
        - ReadySets::footprint(0)
        + Timers::footprint(1)
        - Timers::footprint(0)
        + size_of::<NodeStats>()
        + ROOM_PER_NODE * (size_of::<Retired>() + size_of::<Dispatch>())
}

impl Host for Core {
    fn preempts(&mut self) -> bool {
        self.read_mail();
        self.local.ready.any_above(self.active.1)
    }

    fn admits(&self, input: usize) -> bool {
        self.local.cells[self.active.0].admits(input)
    }

    fn notify_now(&mut self, output: u64) {
        self.notify_consumers(self.active.0, output);
    }
}
