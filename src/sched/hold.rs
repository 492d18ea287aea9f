//! Holding a node back while a Block edge behind it lacks room, and for how
//! long.
//!
//! Holds are frequent under backpressure, and the clock is dear: both ends of a
//! hold are stamped with the worker's *latest* reading of the clock, not with a
//! new one. A hold that is shorter than the time between two readings mostly
//! counts as nothing, and sometimes as that whole time: as the readings come
//! when they come, the sum is right on average.

use crate::metrics::Stamp;
use crate::time::Timestamp;

use super::cell::Cell;
use super::condition::Condition;
use super::journal::Journal;

/// A node that is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    /// The gate that lacks room.
    gate: usize,
    since: Timestamp,
    /// How the journal says the same.
    noted: Stamp,
}

impl Cell {
    /// The first Block output that lacks room for one more message, if one
    /// does; that edge has then been asked to notify this node when it has
    /// some.
    pub(super) fn lacking_gate(&self) -> Option<usize> {
        self.gates
            .iter()
            .position(|gate| !gate.has_room() && gate.edge.wait_for_room(gate.fan_out as usize))
    }

    /// The node is held by this gate, or by none any more.
    pub(super) fn set_held(&mut self, by: Option<usize>, now: Timestamp, journal: &Journal) {
        self.conditions.set(Condition::Held, by.is_some());
        if self.hold.map(|hold| hold.gate) == by {
            return;
        }
        if let Some(Hold { gate, since, noted }) = self.hold.take() {
            let gate = &self.gates[gate];
            gate.stats.producer.release(since, now);
            journal.note_release(now, gate.edge_index, noted);
        }
        if let Some(index) = by {
            let gate = &self.gates[index];
            gate.stats.producer.hold(now);
            gate.stats.producer.see_depth(gate.edge.len());
            self.hold = Some(Hold {
                gate: index,
                since: now,
                noted: journal.note_hold(now, gate.edge_index),
            });
        }
    }
}
