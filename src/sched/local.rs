//! A worker's nodes and their ready sets.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::band::Band;
use crate::sync::seeded_bug;
use crate::time::Timestamp;

use super::bands::Weights;
use super::cell::{Cell, Stage};
use super::condition::Condition;
use super::journal::Journal;
use super::mailbox::Mailbox;
use super::polling::Polled;
use super::ready::ReadySets;
use super::shared::COMMAND;

/// The part of a worker that decides who is ready.
pub(crate) struct Local {
    pub(crate) cells: Box<[Cell]>,
    pub(crate) ready: ReadySets,
    pub(crate) stage: Stage,
    pub(crate) journal: Journal,
    /// The worker's latest reading of the clock.
    pub(crate) latest: Timestamp,
    /// The mail said: look at the shared state.
    commanded: bool,
}

impl Local {
    pub(crate) fn new(cells: Vec<Cell>, weights: Weights, journal: Journal) -> Self {
        Self {
            ready: ReadySets::new(cells.len(), weights),
            cells: cells.into_boxed_slice(),
            stage: Stage::Running,
            journal,
            latest: Timestamp::EPOCH,
            commanded: false,
        }
    }

    /// Enters whoever the mail names and who really is ready. Commands stay
    /// noted until [`take_command`](Self::take_command).
    pub(crate) fn read_mail(&mut self, mail: &Mailbox, polled: &mut Polled) {
        mail.drain(|index| {
            if index == COMMAND {
                self.commanded = true;
            } else {
                self.route(index);
                let (unasked, found) = self.cells[index].look_again();
                if found {
                    self.route(index);
                }
                if unasked {
                    polled.add(self, index);
                }
            }
        });
    }

    /// Has the producers on other workers tell about messages for the node;
    /// enters it if there is one already, and it is ready for that. Whether it
    /// is.
    pub(crate) fn ask(&mut self, index: usize) -> bool {
        if !self.cells[index].ask() {
            return false;
        }
        self.route(index);
        self.ready.contains(index)
    }

    /// Whether the worker is to look at the shared state in its next turn.
    pub(crate) fn is_commanded(&self) -> bool {
        self.commanded
    }

    /// Has the worker look at the shared state in its next turn.
    pub(crate) fn note_command(&mut self) {
        self.commanded = true;
    }

    /// Whether there was a command since the last call.
    pub(crate) fn take_command(&mut self) -> bool {
        core::mem::take(&mut self.commanded)
    }

    /// Something changed for a node: enters it if it is ready. If it is not,
    /// nobody is going to look at its inputs: so it asks to be told.
    pub(crate) fn route(&mut self, index: usize) {
        self.enter_if_ready(index);
        if !self.ready.contains(index) && self.cells[index].ask() {
            self.enter_if_ready(index);
        }
    }

    fn enter_if_ready(&mut self, index: usize) {
        let cell = &mut self.cells[index];
        // Word of room may have come from one edge while another is still
        // full: that one must be asked as well.
        if cell.conditions.has(Condition::Held) {
            let gate = if seeded_bug("held-node-asks-no-other-edge") {
                (cell.credit(1) == 0).then_some(0)
            } else {
                cell.lacking_gate()
            };
            cell.set_held(gate, self.latest, &self.journal);
        }
        match cell.readiness(self.stage) {
            Some(band) => self.ready.mark(index, band),
            // Its last activation; see `Core::enter_again`.
            None if cell.has_ended() => self.ready.mark(index, Band::Normal),
            // Perhaps it has drained.
            None if cell.conditions.has(Condition::Draining) => self.commanded = true,
            None => {}
        }
    }

    /// Works out anew who is ready, after the rules have changed.
    pub(crate) fn route_all(&mut self) {
        for index in 0..self.cells.len() {
            self.ready.unmark(index);
            self.route(index);
        }
    }
}
