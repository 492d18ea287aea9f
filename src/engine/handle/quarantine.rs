//! Asking for a node to be quarantined, or released, from any thread.

use core::cell::OnceCell;

use crate::node::Quarantine;
use crate::sched::{NodeState, Phase};
use crate::sync::TryRecvError;
use crate::sync::mpsc::{Receiver, Sender, channel};

use super::{ControlError, ControlRequest, EngineHandle};
use crate::engine::blueprint::Blueprint;
use crate::sync::lock;

/// What became of a request.
pub(crate) type Answer = Result<(), ControlError>;

/// What a handle asks of the supervisor.
pub(crate) struct Request {
    /// By index in the plan.
    pub(crate) node: usize,
    pub(crate) wish: Wish,
    pub(crate) reply: Sender<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Quarantine,
    Release,
}

/// Says when a request was carried out: see [`EngineHandle::quarantine`].
#[derive(Debug)]
#[must_use = "it says whether the request was carried out"]
pub struct Receipt {
    answer: Receiver<Answer>,
    /// The answer, once it has come.
    known: OnceCell<Answer>,
}

impl Receipt {
    /// Whether the request was carried out: `None` if it is not decided yet. Once
    /// it is, the answer stays the same.
    ///
    /// # Errors
    /// [`ControlError::NotQuarantined`] or [`ControlError::QuarantinedForGood`]
    /// if the node has changed meanwhile, [`ControlError::Busy`] if it was just
    /// changing when the request came, [`ControlError::Stopped`] if the engine
    /// ended before.
    pub fn poll(&self) -> Option<Result<(), ControlError>> {
        if self.known.get().is_none() {
            let answer = match self.answer.try_recv() {
                Ok(answer) => answer,
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => Err(ControlError::Stopped),
            };
            let _ = self.known.set(answer);
        }
        self.known.get().cloned()
    }
}

impl EngineHandle {
    /// Quarantines a node as if it had faulted: as its
    /// [`Quarantine`] says, after the activation in progress.
    /// The returned value tells when it is. A node that is quarantined already,
    /// or has finished, stays as it is.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`]; [`ControlError::Stopped`] once shutdown has
    /// begun.
    pub fn quarantine(&self, path: &str) -> Result<Receipt, ControlError> {
        let asked = self
            .node(path)
            .and_then(|node| self.request(node, Wish::Quarantine));
        self.note(ControlRequest::Quarantine { path: path.into() }, asked)
    }

    /// Ends the quarantine of a node whose edges stayed
    /// ([`Quarantine::Open`]): it is replaced by a new one from its factory,
    /// whose `on_start` is called; without a factory the very node goes on as it
    /// was left. From then on it gets what arrives. The returned value tells
    /// when that is certain: its worker takes it in at its next turn, and until
    /// then a snapshot still shows the node as quarantined.
    ///
    /// # Errors
    /// [`ControlError::UnknownNode`], [`ControlError::NotQuarantined`],
    /// [`ControlError::QuarantinedForGood`]; [`ControlError::Stopped`] once
    /// shutdown has begun.
    pub fn release(&self, path: &str) -> Result<Receipt, ControlError> {
        let asked = self.node(path).and_then(|node| {
            self.control.blueprint.check_release(node)?;
            self.request(node, Wish::Release)
        });
        self.note(ControlRequest::Release { path: path.into() }, asked)
    }

    fn note(
        &self,
        request: ControlRequest,
        asked: Result<Receipt, ControlError>,
    ) -> Result<Receipt, ControlError> {
        let blueprint = &self.control.blueprint;
        let outcome = asked.as_ref().map(|_| None);
        lock(&blueprint.calls).note(blueprint.clock.now(), request, outcome);
        asked
    }

    fn request(&self, node: usize, wish: Wish) -> Result<Receipt, ControlError> {
        let blueprint = &self.control.blueprint;
        let (reply, answer) = channel();
        let running = blueprint.shared.phase() <= Phase::Running;
        match &mut *lock(&blueprint.requests) {
            Some(requests) if running => requests.push(Request { node, wish, reply }),
            _ => return Err(ControlError::Stopped),
        }
        blueprint.shared.call_supervisor();
        let known = OnceCell::new();
        Ok(Receipt { answer, known })
    }
}

impl Blueprint {
    /// Whether the node is in a quarantine that can end.
    pub(in crate::engine) fn check_release(&self, node: usize) -> Result<(), ControlError> {
        let info = &self.nodes[node];
        let state = NodeState::from_number(self.shared.node_stats[node].state.get());
        let path = || info.path.clone();
        if state != NodeState::Quarantined {
            let path = path();
            return Err(ControlError::NotQuarantined { path, state });
        }
        match info.quarantine {
            Quarantine::Open => Ok(()),
            Quarantine::Closed => Err(ControlError::QuarantinedForGood { path: path() }),
        }
    }
}
