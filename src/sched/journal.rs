//! A worker's end of its flight recorder.

use alloc::sync::Arc;

use crate::band::Band;
use crate::edge::Fates;
use crate::message::TraceId;
use crate::metrics::{
    Event, EventKind, FlightRing, Observation, Outcome as Fate, Recorder, Stamp, Visit, at_most,
};
use crate::node::Outcome;
use crate::time::Timestamp;

use super::links::OutputLink;
use super::local::Local;
use super::worker::Worker;

/// Where a worker notes what happens. Noting is wait-free; without a recorder
/// it is one comparison.
#[derive(Debug)]
pub(crate) struct Journal {
    ring: Option<Arc<FlightRing>>,
    full: bool,
    /// Whether what every activation does is stamped by the processor's
    /// counter; else by the engine's clock.
    counts: bool,
    /// Whether the last turn called a node, and that was noted.
    visited: bool,
}

impl Journal {
    pub(crate) fn new(
        observation: Observation,
        ring: Option<Arc<FlightRing>>,
        counts: bool,
    ) -> Self {
        Self {
            ring,
            full: observation.recorder == Recorder::Full,
            counts,
            visited: false,
        }
    }

    #[inline]
    fn write(&self, note: Event) {
        if let Some(ring) = &self.ring {
            ring.record(note);
        }
    }

    /// Notes what is rare.
    #[inline]
    pub(crate) fn note(&self, at: Timestamp, kind: EventKind) {
        if self.is_on() {
            self.write(Event::new(at, kind));
        }
    }

    /// Notes what is not rare: at the level for that alone.
    #[inline]
    pub(crate) fn note_fully(&self, at: Timestamp, kind: EventKind) {
        if self.full {
            self.note(at, kind);
        }
    }

    /// Notes that a node is held by this edge, as [`note_fully`](Self::note_fully);
    /// with which stamp.
    pub(super) fn note_hold(&self, latest: Timestamp, edge: usize) -> Stamp {
        let stamp = self.stamp(latest);
        if self.full {
            self.write(Event::noted(stamp, EventKind::Block { edge }));
        }
        stamp
    }

    /// Notes the end of a hold since then.
    pub(super) fn note_release(&self, latest: Timestamp, edge: usize, since: Stamp) {
        if self.full {
            self.write(Event::rearm(self.stamp(latest), edge, since));
        }
    }

    /// Now, at best: else the worker's latest reading of the clock.
    #[inline]
    fn stamp(&self, latest: Timestamp) -> Stamp {
        if self.counts {
            Stamp::count()
        } else {
            Stamp::at(latest)
        }
    }

    /// The end of an activation that was noted was not noted yet.
    #[inline]
    pub(super) const fn awaits_rest(&self) -> bool {
        self.visited
    }

    /// Notes that the last activation is over, if that does not follow from
    /// anything.
    pub(super) fn note_rest(&mut self, now: Timestamp) {
        if core::mem::take(&mut self.visited) {
            self.write(Event::rest(self.stamp(now)));
        }
    }

    /// Whether anything is noted.
    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        self.ring.is_some()
    }

    /// Whether every activation is noted.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }
}

impl Worker {
    /// The stamp of an activation that is noted. Reads the clock for it if
    /// there is no counter, and nobody has.
    #[inline]
    pub(super) fn stamp(&mut self, now: &mut Option<Timestamp>) -> Stamp {
        if self.core.local.journal.counts {
            return Stamp::count();
        }
        let at = now.unwrap_or_else(|| self.clock.now());
        *now = Some(at);
        self.core.local.latest = at;
        Stamp::at(at)
    }

    /// Notes an activation that began then, after its call, with what it sent.
    /// `trace` is that of the message handled last.
    #[inline(never)]
    pub(super) fn note_visit(
        &mut self,
        node: usize,
        band: Band,
        stamp: Stamp,
        outcome: &Outcome,
        trace: Option<TraceId>,
    ) {
        let Local { cells, journal, .. } = &mut self.core.local;
        let cell = &mut cells[node];
        let sent_trace = trace.or_else(|| self.traces.last());
        let stored = match &mut *cell.outputs {
            [] => None,
            [link] if link.lossless & (outcome.refused == 0) => link.note_stored(),
            links => note_sends(links, journal, stamp, outcome.refused, sent_trace),
        };
        journal.visited = true;
        let visit = Visit {
            node: cell.plan_index,
            band,
            messages: outcome.handled,
            trace,
            sent_trace,
            stored,
        };
        journal.write(Event::visit(stamp, &visit));
    }
}

/// Notes what was sent in these edges, but for what was stored in one of them:
/// in which, and how many messages, is left to the note of the activation.
#[inline(never)]
fn note_sends(
    links: &mut [OutputLink],
    journal: &Journal,
    stamp: Stamp,
    refused: u64,
    trace: Option<TraceId>,
) -> Option<(usize, u64)> {
    let mut left = None;
    for link in links {
        let before = link.noted;
        link.noted = link.edge.fates();
        let sent = link.noted.since(&before);
        let stored = sent.stored.saturating_sub(sent.evicted);
        if stored > 0 && left.is_none() {
            left = Some((link.edge_index, stored));
        } else if stored > 0 {
            link.note_send(journal, stamp, Fate::Stored, stored, trace);
        }
        let refused = refused & link.port != 0;
        if sent.dropped + sent.evicted + sent.coalesced > 0 || refused {
            link.note_trouble(journal, stamp, sent, refused, trace);
        }
    }
    left
}

impl OutputLink {
    /// How many messages were stored in this edge since the last time, if any
    /// were. Of a Block edge that refused none there is nothing else to tell.
    #[inline(always)]
    fn note_stored(&mut self) -> Option<(usize, u64)> {
        let before = self.noted.stored;
        self.noted.stored = self.edge.stored();
        let stored = self.noted.stored - before;
        (stored > 0).then_some((self.edge_index, stored))
    }

    #[cold]
    fn note_trouble(
        &self,
        journal: &Journal,
        stamp: Stamp,
        sent: Fates,
        refused: bool,
        trace: Option<TraceId>,
    ) {
        let counts = [
            (Fate::Replaced, sent.evicted),
            (Fate::Dropped, sent.dropped),
            (Fate::Coalesced, sent.coalesced),
            (Fate::Refused, u64::from(refused)),
        ];
        for (fate, messages) in counts {
            if messages > 0 {
                self.note_send(journal, stamp, fate, messages, trace);
            }
        }
    }

    fn note_send(
        &self,
        journal: &Journal,
        stamp: Stamp,
        outcome: Fate,
        messages: u64,
        trace: Option<TraceId>,
    ) {
        let send = EventKind::Send {
            edge: self.edge_index,
            outcome,
            messages: at_most(messages),
            trace,
        };
        journal.write(Event::noted(stamp, send));
    }
}
