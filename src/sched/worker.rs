//! The worker: picks a ready node and activates it.
//!
//! One turn is `read mail → serve ticks → pick → activate → settle`. Nothing
//! in it allocates, locks, blocks, formats or makes a system call, and the
//! clock is read once at most: to serve ticks, or when somebody asks for the
//! time. Waking a sleeping worker and reporting a fault are not part of a
//! steady flow.

use std::sync::Arc;

use crate::band::Band;
use crate::node::{Activation, Context, Node, NodeResult, TickInfo, TraceIds};
use crate::time::{Clock, Timestamp};

use super::core::Core;
use super::faults::{FaultCause, Hook, run_hook};
use super::shared::{Phase, Shared};

/// The scheduler of one thread. Runs on a thread of its own or, in stepping
/// mode, on its caller's.
pub(crate) struct Worker {
    pub(crate) core: Core,
    clock: Arc<dyn Clock>,
    traces: TraceIds,
    /// Beside the one in `core`, for a context that borrows `core` as well.
    shared: Arc<Shared>,
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
    pub(crate) fn new(core: Core, shared: Arc<Shared>, clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            traces: TraceIds::new(seed, core.index()),
            core,
            clock,
            shared,
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// One turn: at most one activation.
    #[cfg_attr(tidegate_rtsan, sanitize(realtime = "nonblocking"))]
    pub(crate) fn turn(&mut self) -> Turn {
        let core = &mut self.core;
        if !self.shared.mailboxes[core.index()].is_empty() {
            core.be_busy();
            core.read_mail();
        }
        if core.local.take_command() {
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
                Turn::Idle {
                    due: core.next_tick(),
                }
            }
        }
    }

    /// Calls a picked node, unless it lacks room downstream: then it is parked
    /// until its edge notifies it.
    fn activate(&mut self, index: usize, band: Band, now: Option<Timestamp>) -> bool {
        let core = &mut self.core;
        let batch = core.batch();
        let draining = core.phase() == Phase::Draining;
        // Preempted already: one message, so that nobody starves.
        let limit = if core.local.ready.any_above(band) {
            1
        } else {
            batch
        };
        let cell = &mut core.local.cells[index];
        let Some(credit) = cell.claim(batch) else {
            return false;
        };
        // Held: only inputs that need no credit are served.
        let tick = if cell.held { None } else { cell.tick.take() };
        let messages = tick.is_none() || cell.wants_messages();
        let (rearmed, retry) = (cell.rearmed, cell.retry);
        if !cell.held {
            cell.rearmed = false;
            cell.retry = false;
        }
        let Some(mut node) = cell.node.take() else {
            return false;
        };
        let mut activation = Activation {
            now: now.into(),
            batch: limit,
            credit: credit.min(limit),
            urgent: cell.urgent[band.index()],
            draining,
            ..Activation::default()
        };
        if let Some(due) = tick {
            let now = now.unwrap_or_else(|| self.clock.now());
            cell.count_tick(due, now);
            activation.tick = Some(TickInfo {
                due: due.at,
                lateness: now.since(due.at),
                missed: cell.take_missed(),
            });
        }
        cell.stats.activations.add(1);
        self.shared.worker_stats[core.index()].count_pick(band);
        core.begin(index, band);
        let mut cx = Context::new(
            activation,
            self.shared.mailboxes[core.index()].word(),
            &*self.clock,
            &mut self.traces,
            core,
        );
        let fault = call(&mut *node, &mut cx, messages);
        let activation = cx.activation;
        core.local.cells[index].node = Some(node);
        core.settle(index, &activation);
        if let Some((hook, cause)) = fault {
            if hook == Hook::Tick {
                // `on_message` was not called: what asked for it still does.
                let cell = &mut core.local.cells[index];
                cell.rearmed |= rearmed;
                cell.retry |= retry;
            }
            core.fault(index, hook, cause, self.clock.now());
        }
        core.enter_again(index);
        true
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
        let Some(mut node) = core.local.cells[index].node.take() else {
            return false;
        };
        core.begin(index, Band::Normal);
        let mut cx = Context::new(
            Activation::default(),
            self.shared.mailboxes[core.index()].word(),
            &*self.clock,
            &mut self.traces,
            core,
        );
        let fault = run_hook(|| run(&mut *node, &mut cx)).err();
        let activation = cx.activation;
        core.local.cells[index].node = Some(node);
        core.settle(index, &activation);
        if let Some(cause) = fault {
            core.fault(index, hook, cause, self.clock.now());
        }
        true
    }
}

/// Calls the hooks that an activation is for. The fault that ended it, if any.
#[inline]
fn call(node: &mut dyn Node, cx: &mut Context<'_>, messages: bool) -> Option<(Hook, FaultCause)> {
    if cx.tick().is_some() {
        if let Err(cause) = run_hook(|| node.on_tick(cx)) {
            return Some((Hook::Tick, cause));
        }
        cx.end_tick();
    }
    if messages && !cx.activation.finish {
        let outcome = run_hook(|| node.on_message(cx));
        return outcome.err().map(|cause| (Hook::Message, cause));
    }
    None
}
