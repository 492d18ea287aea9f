//! Looking for messages from other workers, instead of being told.
//!
//! Being told costs: the producer's worker writes into this worker's mailbox,
//! and this one takes it out, each time on a cache line that the other one has
//! just written. So a node that has emptied an input from another worker does
//! not ask for that at once. As long as the worker looks for work anyway, it
//! looks into that edge as well, one load. It asks before it sleeps, and when
//! it has better things to do than to look again and again.
//!
//! Only inputs in the Normal band are polled. A message in a higher band is to
//! end the batch of a lower one, which looks at the mailbox between two
//! messages and at nothing else.
//!
//! Invariant: an empty input from another worker has been asked for, or its
//! node is in [`Polled`], or its node is ready, or its producer is about to
//! tell. A node that stops being ready without a call, for lack of room, asks. A node that is told
//! and finds nothing is polled again: the producer tells after an activation,
//! and what it tells about may have been found before.

use super::local::Local;

/// How many nodes are polled at most; others ask at once.
const MOST: usize = 4;

/// How many turns with other work a worker goes on looking.
const PATIENCE: u32 = 256;

/// The nodes of a worker with an empty input whose producer, on another
/// worker, has not been asked to tell about the next message.
#[derive(Debug, Default)]
pub(crate) struct Polled {
    nodes: heapless::Vec<usize, MOST>,
    /// Turns with other work since the last change.
    turns: u32,
}

impl Polled {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node has an empty input that is polled.
    #[inline(never)]
    pub(crate) fn add(&mut self, local: &mut Local, index: usize) {
        self.turns = 0;
        if !self.nodes.contains(&index) && self.nodes.push(index).is_err() {
            local.ask(index);
        }
    }

    /// Looks into the edges that are polled, and enters the nodes that have
    /// something there.
    #[inline(never)]
    pub(crate) fn poll(&mut self, local: &mut Local) {
        let mut position = 0;
        while let Some(&index) = self.nodes.get(position) {
            if local.cells[index].has_arrivals() {
                self.nodes.swap_remove(position);
                local.route(index);
                if !local.ready.contains(index) {
                    // It may not be called for a while, and then perhaps for a
                    // message in another input alone.
                    local.ask(index);
                }
            } else {
                position += 1;
            }
        }
        if !local.ready.is_empty() {
            self.turns += 1;
            if self.turns > PATIENCE {
                self.ask_all(local);
            }
        }
    }

    /// Whether a message waits in an edge that is polled.
    #[inline]
    pub(crate) fn has_arrivals(&self, local: &Local) -> bool {
        let mut nodes = self.nodes.iter();
        nodes.any(|&index| local.cells[index].has_arrivals())
    }

    /// Asks to be told about messages in all edges that are polled. Whether
    /// that made somebody ready.
    pub(crate) fn ask_all(&mut self, local: &mut Local) -> bool {
        let mut found = false;
        while let Some(index) = self.nodes.pop() {
            found |= local.ask(index);
        }
        found
    }
}
