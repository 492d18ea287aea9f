//! The worker: picks a ready node and activates it.
//!
//! One turn is `read mail → serve ticks → pick → activate → settle`. Nothing
//! in it allocates, locks, blocks, formats or makes a system call, and the
//! clock is read once at most: to serve ticks, or when somebody asks for the
//! time. Waking a sleeping worker and reporting a fault are not part of a
//! steady flow.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::band::Band;
use crate::node::{Activation, Context, Node, NodeResult, TraceIds, Wishes};
use crate::sync::AtomicU64;
use crate::time::{Clock, Timestamp};

use super::condition::{Condition, Requests};
use super::core::Core;
use super::faults::{FaultCause, Hook, run_hook};
use super::local::Local;
use super::mailbox::Mailbox;
use super::shared::Phase;
use super::stats::WorkerStats;
use super::timing::Timing;

/// The scheduler of one thread. Runs on a thread of its own or, in stepping
/// mode, on its caller's.
pub(crate) struct Worker {
    pub(crate) core: Core,
    /// By index; beside `core`, because a running node's context borrows that.
    /// Absent while a replacement is made.
    pub(crate) nodes: Box<[Option<Box<dyn Node>>]>,
    /// These two are also in what all workers share, some steps away.
    pub(super) mail: Arc<Mailbox>,
    pub(super) stats: Arc<WorkerStats>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) traces: TraceIds,
    pub(super) timing: Timing,
    /// Never zero: stands for the mail of a node that is to ask before each
    /// message.
    insistent: AtomicU64,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A node was picked, and called; or parked, because it lacked room
    /// downstream.
    Picked {
        node: usize,
        band: Band,
        called: bool,
    },
    /// Nothing is ready. The next tick is due then.
    Idle { due: Option<Timestamp> },
    /// The engine is past handling messages.
    Stopped,
}

impl Worker {
    /// A worker for these nodes, which are those of `core`'s cells.
    pub(crate) fn new(
        core: Core,
        nodes: Vec<Box<dyn Node>>,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Self {
        let index = core.index();
        Self {
            nodes: nodes.into_iter().map(Some).collect(),
            mail: Arc::clone(&core.shared.mailboxes[index]),
            stats: Arc::clone(&core.shared.worker_stats[index]),
            traces: TraceIds::new(seed, index),
            timing: Timing::new(core.shared.observation),
            insistent: AtomicU64::new(1),
            core,
            clock,
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn mail(&self) -> &Mailbox {
        &self.mail
    }

    /// Whether something came in since the last turn.
    pub(crate) fn has_arrivals(&self) -> bool {
        !self.mail.is_empty() || self.core.polled.has_arrivals(&self.core.local)
    }

    /// Nothing is ready, and the worker is going to sleep: from now on it has
    /// to be told about everything. Whether somebody is ready after all.
    pub(crate) fn stop_looking(&mut self) -> bool {
        let core = &mut self.core;
        core.polled.ask_all(&mut core.local) || core.local.is_commanded()
    }

    /// One turn: at most one activation.
    #[cfg_attr(tidegate_rtsan, sanitize(realtime = "nonblocking"))]
    pub(crate) fn turn(&mut self) -> Turn {
        if !self.mail.is_empty() {
            self.core.be_busy();
            self.core.read_mail();
        }
        if !self.core.polled.is_empty() {
            self.core.polled.poll(&mut self.core.local);
        }
        if self.core.local.take_command() {
            self.obey();
        }
        let core = &mut self.core;
        match core.phase() {
            Phase::Starting => {
                core.be_idle();
                return Turn::Idle { due: None };
            }
            Phase::Stopping => return Turn::Stopped,
            Phase::Running | Phase::Draining => {}
        }
        let now = core.next_tick().map(|due| {
            let now = self.clock.now();
            core.local.latest = now;
            if due <= now {
                core.ticks_due(now);
            }
            now
        });
        match core.local.ready.pick() {
            Some((node, band)) => {
                core.be_busy();
                let called = self.activate(node, band, now);
                Turn::Picked { node, band, called }
            }
            None => {
                core.be_idle();
                let due = core.next_tick();
                self.time_idleness();
                Turn::Idle { due }
            }
        }
    }

    /// Calls a picked node, unless it lacks room downstream: then it is parked
    /// until its edge notifies it.
    #[inline(always)]
    fn activate(&mut self, index: usize, band: Band, now: Option<Timestamp>) -> bool {
        let core = &mut self.core;
        let batch = core.batch();
        // Preempted already: one message, so that nobody starves.
        let limit = if core.local.ready.any_above(band) {
            1
        } else {
            batch
        };
        let Local {
            cells,
            latest,
            journal,
            ..
        } = &mut core.local;
        let cell = &mut cells[index];
        let Some(credit) = cell.claim(batch, *latest, journal) else {
            // Not called, so nobody looks at its empty inputs afterwards.
            core.local.ask(index);
            return false;
        };
        if cell.conditions.complicates_calls() {
            self.visit_specially(index, band, now, limit, credit)
        } else {
            self.visit::<true>(index, band, now, limit, credit)
        }
    }

    #[cold]
    #[inline(never)]
    fn visit_specially(
        &mut self,
        index: usize,
        band: Band,
        now: Option<Timestamp>,
        limit: u32,
        credit: u32,
    ) -> bool {
        self.visit::<false>(index, band, now, limit, credit)
    }

    /// Calls a node that was claimed, for up to `limit` messages, with `credit`
    /// for so many. `PLAIN`: nothing [complicates](super::condition::Conditions)
    /// the call; so that an ordinary one pays for none of it.
    #[inline(always)]
    fn visit<const PLAIN: bool>(
        &mut self,
        index: usize,
        band: Band,
        now: Option<Timestamp>,
        limit: u32,
        credit: u32,
    ) -> bool {
        let ends = self.core.phase() == Phase::Draining;
        let cell = &mut self.core.local.cells[index];
        let drains = !PLAIN && cell.conditions.has(Condition::Draining);
        let (tick, messages, requests, watched) = if PLAIN {
            (None, true, cell.conditions.take_requests(), false)
        } else {
            cell.next_complicated_call()
        };
        let timed = self.timing.is_due() | watched;
        let mut now = if timed {
            self.time(index, now, watched)
        } else {
            now
        };
        let stamp = if self.core.local.journal.is_full() {
            Some(self.stamp(&mut now))
        } else {
            None
        };
        let tick = tick.map(|due| self.begin_tick(index, due, now));
        let Some(node) = &mut self.nodes[index] else {
            return false;
        };
        let core = &mut self.core;
        let cell = &mut core.local.cells[index];
        let urgent = cell.urgent[band.index()];
        cell.stats.activations.add(1);
        self.stats.count_pick(index, band);
        core.begin(index, band);
        let mut cx = Context::new(
            Activation {
                now: now.into(),
                batch: limit,
                credit: credit.min(limit),
                urgent,
                draining: ends | drains,
                ..Activation::default()
            },
            if drains {
                &self.insistent
            } else {
                self.mail.word()
            },
            &*self.clock,
            &mut self.traces,
            core,
        );
        if tick.is_some() {
            cx.activation.tick = tick;
        }
        let fault = call(&mut **node, &mut cx, messages);
        let outcome = cx.outcome();
        let (now, lineage) = (cx.moment(), cx.lineage());
        let standing = core.settle(index, outcome);
        if timed {
            self.sample(index, outcome, lineage);
        }
        if let Some(stamp) = stamp {
            self.note_visit(index, band, stamp, &outcome, lineage.trace());
        }
        if standing.marked != 0 {
            self.age(index, standing.marked, now);
        }
        if let Some((hook, cause)) = fault {
            self.fault(index, hook, cause, requests);
        }
        self.core.enter_again(index, standing);
        true
    }

    #[cold]
    fn fault(&mut self, index: usize, hook: Hook, cause: FaultCause, requests: Requests) {
        if hook == Hook::Tick {
            // `on_message` was not called: what asked for it still does.
            let cell = &mut self.core.local.cells[index];
            cell.conditions.put_back(requests);
        }
        let at = self.clock.now();
        let place = &mut self.nodes[index];
        self.core.fault(index, place, hook, cause, at);
    }

    /// Calls one hook outside the flow of messages: `on_start`, `on_stop`.
    /// Whether the node was there to be called.
    pub(crate) fn call_alone(
        &mut self,
        index: usize,
        hook: Hook,
        run: impl FnOnce(&mut dyn Node, &mut Context<'_>) -> NodeResult,
    ) -> bool {
        let core = &mut self.core;
        let place = &mut self.nodes[index];
        let Some(node) = place else {
            return false;
        };
        core.begin(index, Band::Normal);
        self.stats.calling.set(index as u64);
        let mut cx = Context::new(
            Activation::default(),
            self.mail.word(),
            &*self.clock,
            &mut self.traces,
            core,
        );
        let fault = run_hook(|| run(&mut **node, &mut cx)).err();
        let outcome = cx.outcome();
        core.settle(index, outcome);
        if let Some(cause) = fault {
            core.fault(index, place, hook, cause, self.clock.now());
        }
        true
    }
}

/// Calls the hooks that an activation is for. The fault that ended it, if any.
#[inline(always)]
fn call(node: &mut dyn Node, cx: &mut Context<'_>, messages: bool) -> Option<(Hook, FaultCause)> {
    if cx.tick().is_some() {
        return call_on_tick(node, cx, messages);
    }
    let outcome = run_hook(|| node.on_message(cx));
    outcome.err().map(|cause| (Hook::Message, cause))
}

/// The same for a tick, with messages to follow perhaps.
#[inline(never)]
fn call_on_tick(
    node: &mut dyn Node,
    cx: &mut Context<'_>,
    messages: bool,
) -> Option<(Hook, FaultCause)> {
    if let Err(cause) = run_hook(|| node.on_tick(cx)) {
        return Some((Hook::Tick, cause));
    }
    cx.end_tick();
    if !messages || cx.outcome().wishes.has(Wishes::FINISH) {
        return None;
    }
    call(node, cx, true)
}
