//! The threads of an engine: first all of them, then their work.

use std::sync::Arc;

use crate::sched::{
    Address, IdleStrategy, Priority, Turn, Worker, pin_current_thread, set_current_priority,
    stack_size_for, touch_stack,
};
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::sync::seeded_bug;
use crate::sync::thread::{Builder, JoinHandle};

use super::blueprint::Blueprint;
use super::error::BuildError;
use super::report::Report;
use super::settings::Settings;
use super::supervisor::Supervisor;

/// Threads that wait for their worker, and one that waits for the supervisor.
/// Dropped before they got anything, they end.
pub(super) struct Crew {
    workers: Vec<(Sender<Worker>, JoinHandle<Option<Worker>>)>,
    watch: Watch,
    started: Receiver<()>,
}

/// The thread that waits for the supervisor.
pub(super) struct Watch {
    send: Sender<Supervisor>,
    thread: JoinHandle<Option<Report>>,
}

impl Crew {
    pub(super) fn spawn(
        settings: &Settings,
        blueprint: &Arc<Blueprint>,
        addresses: &[Address],
    ) -> Result<Self, BuildError> {
        let (tell_started, started) = channel();
        let mut workers = Vec::with_capacity(settings.workers);
        for index in 0..settings.workers {
            let hand = Hand {
                blueprint: Arc::clone(blueprint),
                core: settings.core_of(index),
                idle: settings.idle,
                priority: settings.real_time.priority_of(index),
                stack: settings.real_time.stack,
                stops: (addresses.iter().rev().enumerate())
                    .filter(|(_, address)| address.worker == index)
                    .map(|(position, address)| (position, address.node))
                    .collect(),
            };
            let (send, receive) = channel();
            let tell_started = tell_started.clone();
            let size = Some(settings.real_time.stack).filter(|&bytes| bytes > 0);
            let size = size.map(stack_size_for);
            let thread = spawn(format!("tidegate-{index}"), size, move || {
                let worker = receive.recv().ok()?;
                Some(hand.run(worker, &tell_started))
            })?;
            workers.push((send, thread));
        }
        let (send, receive) = channel::<Supervisor>();
        let thread = spawn("tidegate-supervisor".into(), None, move || {
            receive.recv().ok().map(Supervisor::run)
        })?;
        Ok(Self {
            workers,
            watch: Watch { send, thread },
            started,
        })
    }

    /// Gives every thread its worker; returns when every `on_start` is
    /// through.
    pub(super) fn begin(self, workers: Vec<Worker>) -> (Vec<JoinHandle<Option<Worker>>>, Watch) {
        let mut threads = Vec::with_capacity(workers.len());
        for (worker, (send, thread)) in workers.into_iter().zip(self.workers) {
            // The thread waits for this; it does not go away before.
            let _ = send.send(worker);
            threads.push(thread);
        }
        for _ in &threads {
            if !seeded_bug("starts-not-awaited") {
                let _ = self.started.recv();
            }
        }
        (threads, self.watch)
    }
}

impl Watch {
    pub(super) fn begin(self, supervisor: Supervisor) -> JoinHandle<Option<Report>> {
        let _ = self.send.send(supervisor);
        self.thread
    }
}

fn spawn<T: Send + 'static>(
    name: String,
    stack_size: Option<usize>,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, BuildError> {
    let mut builder = Builder::new().name(name.clone());
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder
        .spawn(body)
        .map_err(|error| BuildError::Thread { name, error })
}

/// What a worker's thread knows besides its worker.
struct Hand {
    blueprint: Arc<Blueprint>,
    core: Option<usize>,
    idle: IdleStrategy,
    priority: Option<Priority>,
    /// How many bytes of the stack are touched.
    stack: usize,
    /// This worker's nodes in the order of their `on_stop`: the position in
    /// the whole order, and the node's index here.
    stops: Vec<(usize, usize)>,
}

impl Hand {
    /// The life of a worker's thread. It gives the worker back, so that the
    /// nodes are dropped elsewhere.
    fn run(self, mut worker: Worker, tell_started: &Sender<()>) -> Worker {
        let index = worker.core.index();
        let shared = Arc::clone(&self.blueprint.shared);
        let mail = &shared.mailboxes[index];
        mail.register();
        let grants = &self.blueprint.grants[index];
        grants.set_pinning(pin_current_thread(self.core));
        touch_stack(self.stack);
        worker.start_nodes();
        if let Some(priority) = self.priority {
            grants.set_scheduling(set_current_priority(priority));
        }
        let _ = tell_started.send(());
        loop {
            match worker.turn() {
                Turn::Picked { .. } => {}
                Turn::Idle { due } => worker.rest(self.idle, due),
                Turn::Stopped => break,
            }
        }
        shared.leave();
        for (position, node) in self.stops {
            // The mail is read before the look, so that a turn that comes
            // after the look leaves mail, and `park` returns at once.
            loop {
                mail.drain(|_| ());
                if shared.is_turn_of(position) || seeded_bug("stop-out-of-turn") {
                    break;
                }
                mail.park(None);
            }
            worker.stop_node(node);
            shared.set_stopped(position);
        }
        worker
    }
}
