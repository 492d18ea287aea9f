//! What the workers, the supervisor and the handles share.

use crate::sync::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, seeded_bug};

use crate::metrics::{FlightRing, Observation};
use crate::node::Direction;
use crate::time::counter::Reading;

use super::config::LiveConfig;
use super::door::Door;
use super::edge_stats::EdgeStats;
use super::mailbox::Mailbox;
use super::published::Published;
use super::quiescence::Activity;
use super::stats::{NodeStats, WorkerStats};

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The index in a worker's mailbox that says "look at the shared state": the
/// phase, the settings, replaced nodes. No node has it.
pub(crate) const COMMAND: usize = MAX_NODES;

/// The most nodes a worker can have.
pub(crate) const MAX_NODES: usize = Mailbox::CAPACITY - 1;

/// The phases of an engine, in order. See the drawing in the
/// [engine's documentation](crate::engine).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// `on_start` of every node.
    Starting,
    /// Everything works.
    Running,
    /// Sources and ticks stand still; edges empty.
    Draining,
    /// No more messages; `on_stop` of every node.
    Stopping,
}

/// One per engine, behind an `Arc`.
pub(crate) struct Shared {
    phase: AtomicU8,
    pub(crate) config: Published<LiveConfig>,
    pub(crate) observation: Observation,
    /// By worker; none when the recorder is off.
    pub(crate) flights: Box<[Option<Arc<FlightRing>>]>,
    /// An early reading of counter and clock, if the recorders stamp what they
    /// keep of every activation with the counter.
    pub(crate) counting_since: Option<Reading>,
    /// By worker.
    pub(crate) mailboxes: Box<[Arc<Mailbox>]>,
    /// By worker.
    pub(crate) activities: Box<[Activity]>,
    /// By worker.
    pub(crate) worker_stats: Box<[Arc<WorkerStats>]>,
    /// By node, in the plan's order.
    pub(crate) node_stats: Box<[Arc<NodeStats>]>,
    /// By edge, in the plan's order.
    pub(crate) edge_stats: Box<[Arc<EdgeStats>]>,
    /// By index.
    pub(crate) doors: Box<[Door]>,
    /// The supervisor's own mailbox; any index means "look".
    pub(crate) supervisor: Mailbox,
    /// Nodes that are neither finished nor quarantined.
    live_nodes: AtomicUsize,
    shutdown_requested: AtomicBool,
    /// How often somebody asked who is ready, see [`standing`](super::standing).
    pub(super) standings_requested: AtomicU64,
    /// A node whose policy is Stop failed in `on_start`.
    start_failed: AtomicBool,
    /// Counts up while the engine stops: the workers that handle no more
    /// messages, then the nodes of the stop order that had their `on_stop`.
    stopped: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(
        workers: usize,
        node_stats: Vec<NodeStats>,
        edges: usize,
        doors: Vec<Door>,
        observation: Observation,
        counting_since: Option<Reading>,
        config: LiveConfig,
    ) -> Self {
        let nodes = node_stats.len();
        let flight = || Arc::new(FlightRing::new(observation.events));
        let edge_stats = || Arc::new(EdgeStats::new(observation));
        let worker_stats = || Arc::new(WorkerStats::new(observation));
        Self {
            observation,
            counting_since,
            flights: (0..workers)
                .map(|_| observation.records().then(flight))
                .collect(),
            edge_stats: (0..edges).map(|_| edge_stats()).collect(),
            phase: AtomicU8::new(Phase::Starting as u8),
            config: Published::new(config),
            mailboxes: (0..workers).map(|_| Arc::new(Mailbox::new())).collect(),
            activities: (0..workers).map(|_| Activity::new()).collect(),
            worker_stats: (0..workers).map(|_| worker_stats()).collect(),
            node_stats: node_stats.into_iter().map(Arc::new).collect(),
            doors: doors.into_boxed_slice(),
            supervisor: Mailbox::new(),
            live_nodes: AtomicUsize::new(nodes),
            shutdown_requested: AtomicBool::new(false),
            standings_requested: AtomicU64::new(0),
            start_failed: AtomicBool::new(false),
            stopped: AtomicUsize::new(0),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        // [phase]: acquires what the supervisor did before it announced the
        // phase. A worker asks after the mail that announced it, which orders
        // the same; Acquire serves those who ask without mail.
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Running,
            2 => Phase::Draining,
            _ => Phase::Stopping,
        }
    }

    /// Enters `phase` and tells every worker.
    pub(crate) fn enter(&self, phase: Phase) {
        // [phase]: releases to whoever sees the phase.
        self.phase.store(phase as u8, Ordering::Release);
        self.command_all();
    }

    /// From now on nothing comes in through the doors; who waits to send there
    /// is told. Before the engine drains.
    pub(crate) fn shut_doors(&self) {
        for door in &self.doors {
            if !seeded_bug("entrances-stay-open") {
                door.gate.shut();
            }
            if door.direction == Direction::Input {
                door.wake();
            }
        }
    }

    /// Whether nothing is on its way in any more, after
    /// [`shut_doors`](Self::shut_doors).
    pub(crate) fn entrances_are_quiet(&self) -> bool {
        let mut doors = self.doors.iter();
        doors.all(|door| door.direction == Direction::Output || door.gate.is_quiet())
    }

    /// Whether nobody is about to take something out.
    pub(crate) fn exits_are_quiet(&self) -> bool {
        let mut doors = self.doors.iter();
        doors.all(|door| door.direction == Direction::Input || door.gate.is_quiet())
    }

    /// Whether there may be more to do soon for a worker that has found nothing:
    /// somebody takes something out, or has told it of the room.
    pub(crate) fn expects_more(&self) -> bool {
        // In this order: who has left has told.
        !self.exits_are_quiet() || self.mailboxes.iter().any(|mail| mail.has_mail())
    }

    /// The nodes are gone: tells who waits at a door.
    pub(crate) fn wake_doors(&self) {
        for door in &self.doors {
            if !seeded_bug("exits-end-untold") {
                door.wake();
            }
        }
    }

    /// Has every worker look at the shared state.
    pub(crate) fn command_all(&self) {
        for mailbox in &self.mailboxes {
            mailbox.notify(COMMAND);
        }
    }

    /// Has the supervisor look at the shared state.
    pub(crate) fn call_supervisor(&self) {
        self.supervisor.notify(0);
    }

    /// Asks the supervisor to shut the engine down.
    pub(crate) fn request_shutdown(&self) {
        // Relaxed: the supervisor's mailbox orders it.
        self.shutdown_requested.store(true, Ordering::Relaxed);
        self.call_supervisor();
    }

    pub(crate) fn shutdown_requested(&self) -> bool {
        self.shutdown_requested.load(Ordering::Relaxed)
    }

    /// Relaxed, both: the channel that says "started" orders them.
    pub(crate) fn fail_start(&self) {
        self.start_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn start_failed(&self) -> bool {
        self.start_failed.load(Ordering::Relaxed)
    }

    /// A node finished or was quarantined for good.
    pub(crate) fn node_ended(&self) {
        // Relaxed: the number alone matters; the mailbox orders the rest.
        if self.live_nodes.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.call_supervisor();
        }
    }

    pub(crate) fn all_nodes_ended(&self) -> bool {
        self.live_nodes.load(Ordering::Relaxed) == 0
    }

    /// The calling worker handles no more messages.
    pub(crate) fn leave(&self) {
        // [stop-turn]: releases what its last handler did to the first
        // `on_stop`. The workers' additions are one release sequence.
        let workers = self.mailboxes.len();
        if seeded_bug("stop-before-all-left") {
            self.stopped.fetch_max(workers, Ordering::Release);
            return self.command_all();
        }
        if self.stopped.fetch_add(1, Ordering::Release) + 1 == workers {
            self.command_all();
        }
    }

    /// Whether it is the turn of the node at `position` of the stop order: all
    /// workers have left, and all nodes before it are through.
    pub(crate) fn is_turn_of(&self, position: usize) -> bool {
        // [stop-turn]: acquires what all handlers and the hooks before did.
        self.stopped.load(Ordering::Acquire) == self.mailboxes.len() + position
    }

    /// The node at `position` of the stop order is through.
    pub(crate) fn set_stopped(&self, position: usize) {
        // [stop-turn]: releases what its `on_stop` did to the next one's. One
        // writer at a time: whose turn it is.
        let turn = self.mailboxes.len() + position + 1;
        self.stopped.store(turn, Ordering::Release);
        self.command_all();
    }

    /// Bytes per worker and per node that the shared part occupies.
    pub(crate) const fn worker_footprint() -> usize {
        size_of::<Mailbox>() + size_of::<Activity>() + size_of::<WorkerStats>()
    }
}
