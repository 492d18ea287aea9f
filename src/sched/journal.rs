//! A worker's end of its flight recorder.

use std::sync::Arc;

use crate::edge::Fates;
use crate::message::TraceId;
use crate::metrics::{Event, EventKind, FlightRing, Observation, Outcome, Recorder};
use crate::time::Timestamp;

use super::cell::OutputLink;

/// Where a worker notes what happens. Noting is wait-free; without a recorder
/// it is one comparison.
#[derive(Debug)]
pub(crate) struct Journal {
    ring: Option<Arc<FlightRing>>,
    full: bool,
}

impl Journal {
    pub(crate) fn new(observation: Observation, ring: Option<Arc<FlightRing>>) -> Self {
        Self {
            ring,
            full: observation.recorder == Recorder::Full,
        }
    }

    /// Notes what is rare.
    #[inline]
    pub(crate) fn note(&self, at: Timestamp, kind: EventKind) {
        if let Some(ring) = &self.ring {
            ring.record(Event::new(at, kind));
        }
    }

    /// Notes what every activation does: at the level for that alone.
    #[inline]
    pub(crate) fn note_fully(&self, at: Timestamp, kind: EventKind) {
        if self.full {
            self.note(at, kind);
        }
    }

    /// Whether every activation is noted.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }
}

impl OutputLink {
    /// Notes what was sent here since the last time, in an activation that began
    /// at `at` and whose last trace is `trace`.
    pub(super) fn note_sends(
        &mut self,
        journal: &Journal,
        at: Timestamp,
        refused: bool,
        trace: Option<TraceId>,
    ) {
        let fates = self.edge.fates();
        let Fates {
            stored,
            dropped,
            evicted,
            coalesced,
        } = fates.since(&self.noted);
        self.noted = fates;
        let counts = [
            (Outcome::Stored, stored.saturating_sub(evicted)),
            (Outcome::Replaced, evicted),
            (Outcome::Dropped, dropped),
            (Outcome::Coalesced, coalesced),
            (Outcome::Refused, u64::from(refused)),
        ];
        for (outcome, messages) in counts {
            if messages > 0 {
                let event = EventKind::Send {
                    edge: self.edge_index,
                    outcome,
                    messages: u16::try_from(messages).unwrap_or(u16::MAX),
                    trace,
                };
                journal.note(at, event);
            }
        }
    }
}
