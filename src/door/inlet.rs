//! An input that the engine's handles inject into: an entrance whose one end all
//! of them use in turn, under a lock among themselves.

use alloc::collections::VecDeque;

use crate::message::Message;
use crate::node::OutputEndpoint;

use super::entrance::{offer, outcome};
use super::error::SendError;
use super::untaken::Parts;

/// Of how many messages is known for good which activation took them.
const KNOWN: usize = 64;

/// The producer of an injectable input.
pub(crate) struct Inlet {
    parts: Parts,
    /// Messages that were taken, and in which activation; both counted from 1,
    /// both ascending.
    known: VecDeque<(u64, u64)>,
    /// Messages that were sent.
    sent: u64,
}

impl Inlet {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts,
            known: VecDeque::with_capacity(KNOWN),
            sent: 0,
        }
    }

    /// The bytes of an inlet in a built engine, apart from its door.
    pub(crate) const fn footprint() -> usize {
        size_of::<Self>() + KNOWN * size_of::<(u64, u64)>()
    }

    /// Sends a message; which one it is, counted from 1.
    pub(crate) fn inject<T: Send + 'static>(
        &mut self,
        message: Message<T>,
    ) -> Result<u64, InjectFailed<T>> {
        self.note_taken();
        let Parts { frame, end } = &mut self.parts;
        let Some(end) = end.downcast_mut::<OutputEndpoint<T>>() else {
            return Err(InjectFailed::PayloadType(message));
        };
        // Each one is marked, unless one before it still is.
        frame.edge.mark_next(frame.clock.now());
        let sent = offer(frame, end, message);
        frame.edge.unmark_unsent();
        sent.map(outcome).map_err(InjectFailed::Door)?;
        self.sent += 1;
        Ok(self.sent)
    }

    /// In which activation this message was taken: the earliest and the latest
    /// that it may be. `None` if it was not, or if that has not returned. The node
    /// had had `before` when the message was sent, and `activations` says how many
    /// by now.
    pub(crate) fn taken(
        &mut self,
        message: u64,
        before: u64,
        activations: impl FnOnce() -> u64,
    ) -> Option<(u64, u64)> {
        let edge = &self.parts.frame.edge;
        let consumed = edge.consumed();
        // What a node that has gone left there is consumed, too.
        let ledger = edge.ledger();
        let taken = consumed.min(ledger.delivered + ledger.dead_letters) >= message;
        // A mark that is not free yet will be at once, and tells exactly.
        if !taken || edge.is_marked(message) {
            return None;
        }
        self.note_taken();
        let mut known = self.known.iter();
        let not_before = known.clone().rev().find(|(number, _)| *number <= message);
        let not_after = known.find(|(number, _)| *number >= message);
        let earliest = not_before.map_or(0, |(_, activation)| *activation);
        let latest = not_after.map_or_else(activations, |(_, activation)| *activation);
        Some((earliest.max(before).max(1), latest))
    }

    /// Whether nobody takes anything here any more.
    pub(crate) fn is_left(&self) -> bool {
        self.parts.frame.edge.consumer_closed()
    }

    /// Notes which activation took the message that was marked last, before
    /// another one is marked.
    fn note_taken(&mut self) {
        let frame = &self.parts.frame;
        let Some(message) = frame.edge.last_freed_mark() else {
            return;
        };
        if message > self.known.back().map_or(0, |(number, _)| *number) {
            let activation = frame.door().taken_in.get();
            if self.known.len() == KNOWN {
                self.known.pop_front();
            }
            self.known.push_back((message, activation));
        }
    }
}

/// Why a message was not injected.
pub(crate) enum InjectFailed<T> {
    PayloadType(Message<T>),
    Door(SendError<T>),
}
