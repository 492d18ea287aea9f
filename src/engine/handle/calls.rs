//! The books on calls through handles: in which order, and what became of
//! them.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::sched::{Ack, KEPT, LiveConfig, Shared};
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::error::ControlError;
use super::record::{
    Acknowledgement, Applied, Change, ControlOutcome, ControlRecord, ControlRequest,
};

/// The most bytes of a path, an id or a reason that are kept.
const MOST_TEXT: usize = 400;

/// The latest calls, and the ends of the queues in which workers acknowledge
/// changes. Behind a lock among the handles, which puts changes in order.
pub(crate) struct Calls {
    /// By worker.
    acks: Vec<rtrb::Consumer<Ack>>,
    /// By worker: the latest version that it acknowledged.
    latest: Vec<Option<Ack>>,
    records: VecDeque<ControlRecord>,
    /// Calls so far.
    number: u64,
}

impl Calls {
    pub(crate) fn new(acks: Vec<rtrb::Consumer<Ack>>) -> Self {
        Self {
            latest: vec![None; acks.len()],
            acks,
            records: VecDeque::with_capacity(KEPT),
            number: 0,
        }
    }

    /// Puts a valid change in force. It is about this node alone, if about any.
    pub(super) fn change(
        &mut self,
        shared: &Shared,
        about: Option<usize>,
        change: impl FnOnce(&mut LiveConfig, u64),
    ) -> Change {
        // Before: see `sched::acknowledging`.
        self.collect();
        let mut version = 0;
        shared.config.replace(|config| {
            let mut config = LiveConfig::clone(config);
            config.version += 1;
            version = config.version;
            config.about[version as usize % KEPT] = about;
            change(&mut config, version);
            config
        });
        if !seeded_bug("change-unannounced") {
            shared.command_all();
        }
        Change { version }
    }

    /// Notes a call.
    pub(super) fn note(
        &mut self,
        at: Timestamp,
        request: ControlRequest,
        outcome: Result<Option<Change>, &ControlError>,
    ) {
        let outcome = match outcome {
            Ok(None) => ControlOutcome::PassedOn,
            Ok(Some(change)) => ControlOutcome::Accepted(Acknowledgement {
                change,
                workers: vec![None; self.acks.len()],
            }),
            Err(error) => ControlOutcome::Refused(error.to_string()),
        };
        self.note_outcome(at, request, outcome);
    }

    /// The same when it is known what became of it.
    pub(super) fn note_outcome(
        &mut self,
        at: Timestamp,
        request: ControlRequest,
        mut outcome: ControlOutcome,
    ) {
        self.number += 1;
        if let ControlOutcome::Refused(why) = &mut outcome {
            *why = cut(core::mem::take(why));
        }
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.records.push_back(ControlRecord {
            number: self.number,
            at,
            request: shortened(request),
            outcome,
        });
    }

    /// Enters what the workers have acknowledged.
    pub(super) fn collect(&mut self) {
        for worker in 0..self.acks.len() {
            while let Ok(ack) = self.acks[worker].pop() {
                self.enter(worker, ack);
            }
        }
    }

    fn enter(&mut self, worker: usize, ack: Ack) {
        self.latest[worker] = Some(ack);
        let mut accepted = self.records.iter_mut().filter_map(accepted);
        if let Some(of_change) = accepted.find(|it| it.change.version == ack.version) {
            of_change.workers[worker] = Some(applied(ack));
        }
    }

    /// Where this change is in force.
    pub(super) fn acknowledgement(&mut self, change: Change) -> Acknowledgement {
        self.collect();
        let mut accepted = self.records.iter_mut().filter_map(accepted);
        let known = accepted.find(|it| it.change == change).map(|it| &*it);
        let workers = self.latest.iter().enumerate().map(|(worker, latest)| {
            let exact = known.and_then(|known| known.workers[worker]);
            let later = latest.filter(|ack| ack.version >= change.version);
            exact.or(later.map(applied))
        });
        Acknowledgement {
            change,
            workers: workers.collect(),
        }
    }

    /// The latest calls, the oldest first.
    pub(super) fn records(&mut self) -> Vec<ControlRecord> {
        self.collect();
        self.records.iter().cloned().collect()
    }
}

fn accepted(record: &mut ControlRecord) -> Option<&mut Acknowledgement> {
    match &mut record.outcome {
        ControlOutcome::Accepted(acknowledgement) => Some(acknowledgement),
        ControlOutcome::Refused(_) | ControlOutcome::PassedOn | ControlOutcome::Injected { .. } => {
            None
        }
    }
}

fn applied(ack: Ack) -> Applied {
    Applied {
        at: ack.at,
        activations: ack.activations,
        of_node: ack.of_node,
    }
}

/// Whoever asks for a node with a name of a megabyte is not remembered by it.
fn shortened(mut request: ControlRequest) -> ControlRequest {
    match &mut request {
        ControlRequest::EdgeBand { edge: text, .. }
        | ControlRequest::EdgeCapacity { edge: text, .. }
        | ControlRequest::Pause { path: text }
        | ControlRequest::Resume { path: text }
        | ControlRequest::Quarantine { path: text }
        | ControlRequest::Release { path: text }
        | ControlRequest::Drain { path: text }
        | ControlRequest::Inject { input: text }
        | ControlRequest::NodeTick { path: text, .. } => *text = cut(core::mem::take(text)),
        ControlRequest::Weights(_)
        | ControlRequest::Batch(_)
        | ControlRequest::Tick(_)
        | ControlRequest::Shutdown { .. } => {}
    }
    request
}

fn cut(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        let end = (0..=MOST_TEXT)
            .rev()
            .find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text.shrink_to_fit();
        text.push('…');
    }
    text
}
