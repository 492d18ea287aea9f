//! An edge as simple as can be.

use std::collections::VecDeque;

use tidegate::edge::{Ledger, PolicyKind, RecvError, SendError, Sent};

use super::payload::{Tag, merged};

/// What an edge should do.
pub(crate) struct Model {
    kind: PolicyKind,
    pub(crate) capacity: usize,
    pub(crate) pending: VecDeque<Tag>,
    pub(crate) producer_gone: bool,
    pub(crate) consumer_gone: bool,
    ledger: Ledger,
}

impl Model {
    pub(crate) fn new(kind: PolicyKind, capacity: usize) -> Self {
        Self {
            kind,
            capacity,
            pending: VecDeque::new(),
            producer_gone: false,
            consumer_gone: false,
            ledger: Ledger::default(),
        }
    }

    /// A send while the drop of a payload panics, if `drops_panic`.
    pub(crate) fn send(
        &mut self,
        tag: Tag,
        drops_panic: bool,
    ) -> Result<Sent<Tag>, SendError<Tag>> {
        if self.consumer_gone {
            return Err(SendError::Closed(tag));
        }
        let full = self.pending.len() >= self.capacity;
        if full && self.kind == PolicyKind::Block {
            return Err(SendError::Full(tag));
        }
        self.ledger.sent += 1;
        if !full {
            self.pending.push_back(tag);
            return Ok(Sent::Stored);
        }
        Ok(match self.kind {
            PolicyKind::Block => unreachable!("refused above"),
            PolicyKind::Drop => {
                self.ledger.dropped += 1;
                Sent::Dropped(tag)
            }
            PolicyKind::Latest => {
                // After a shrink, the edge itself drops what is too much.
                while self.pending.len() > self.capacity {
                    self.pending.pop_front();
                    self.ledger.evicted += 1;
                    self.ledger.drop_panics += u64::from(drops_panic);
                }
                self.pending.push_back(tag);
                self.ledger.evicted += 1;
                Sent::Replaced(self.pending.pop_front().unwrap_or(tag))
            }
            PolicyKind::Coalesce => {
                self.ledger.coalesced += 1;
                self.merge(tag);
                Sent::Coalesced
            }
        })
    }

    /// A send whose merge function, if it is called, merges and then panics.
    /// `None`: it panicked.
    pub(crate) fn send_to_panicking_merge(
        &mut self,
        tag: Tag,
    ) -> Option<Result<Sent<Tag>, SendError<Tag>>> {
        let merges = self.kind == PolicyKind::Coalesce
            && !self.consumer_gone
            && self.pending.len() >= self.capacity;
        if !merges {
            return Some(self.send(tag, false));
        }
        self.ledger.sent += 1;
        self.ledger.dropped += 1;
        self.ledger.merge_panics += 1;
        self.merge(tag);
        None
    }

    /// How many of `tags` a batch takes.
    pub(crate) fn send_batch(&mut self, tags: impl Iterator<Item = Tag>) -> usize {
        let stops_when_full = matches!(self.kind, PolicyKind::Block | PolicyKind::Drop);
        let mut taken = 0;
        for tag in tags {
            let full = self.pending.len() >= self.capacity;
            if self.consumer_gone || (full && stops_when_full) {
                break;
            }
            let _ = self.send(tag, false);
            taken += 1;
        }
        taken
    }

    pub(crate) fn recv(&mut self) -> Result<Tag, RecvError> {
        match self.pending.pop_front() {
            Some(tag) => {
                self.ledger.delivered += 1;
                Ok(tag)
            }
            None if self.producer_gone => Err(RecvError::Closed),
            None => Err(RecvError::Empty),
        }
    }

    pub(crate) fn discard(&mut self, drops_panic: bool) -> usize {
        let count = self.pending.len();
        self.pending.clear();
        self.ledger.discarded += count as u64;
        if drops_panic {
            self.ledger.drop_panics += count as u64;
        }
        count
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger;
        ledger.in_flight = self.pending.len() as u64;
        ledger
    }

    fn merge(&mut self, new: Tag) {
        if let Some(newest) = self.pending.back_mut() {
            *newest = merged(*newest, new);
        }
    }
}
