//! What a worker notes of every activation, and how it is told.
//!
//! An activation is worth some dozens of nanoseconds, so its note is small: one
//! [`Event`] for the call and what it stored in an edge, stamped once, with the
//! cheapest time there is. What can be worked out later is not written: when
//! the activation ended follows from the note after it. [`told`] does that for
//! a reader.

use alloc::vec::Vec;
use core::time::Duration;

use crate::band::Band;
use crate::message::TraceId;
use crate::time::Timestamp;
use crate::time::counter::{Pace, cycles};

use super::event::{Event, EventKind, Outcome, code};

/// An activation with what it stored; not told as it is.
const VISIT: u8 = 0x80;
/// A worker found nothing to do; not told.
const REST: u8 = 0x81;
/// The end of a hold: a [`EventKind::Rearm`] with the stamp of its beginning.
const REARM: u8 = 0x82;

/// In a visit's `detail`, beside the band: the trace is that of a message which
/// was handled, not of one that began with it.
const HANDLED_TRACE: u8 = 1 << 7;

/// When something was noted: a moment of the engine's clock, or cycles of the
/// processor's counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    at: u64,
    cycles: bool,
}

impl Stamp {
    /// A moment that was read from the clock.
    pub(crate) const fn at(moment: Timestamp) -> Self {
        Self {
            at: moment.as_nanos(),
            cycles: false,
        }
    }

    /// The counter at present. Only where it is
    /// [steady](crate::time::counter::is_steady).
    #[inline(always)]
    pub(crate) fn count() -> Self {
        Self {
            at: cycles(),
            cycles: true,
        }
    }
}

/// An activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) node: usize,
    pub(crate) band: Band,
    pub(crate) messages: u32,
    /// Of the message handled last.
    pub(crate) trace: Option<TraceId>,
    /// Of the message sent last.
    pub(crate) sent_trace: Option<TraceId>,
    /// An edge, and how many messages were stored there.
    pub(crate) stored: Option<(usize, u64)>,
}

impl Event {
    /// A note that tells `kind`.
    pub(crate) fn noted(stamp: Stamp, kind: EventKind) -> Self {
        Self {
            cycles: u16::from(stamp.cycles),
            ..Self::new(Timestamp::from_nanos(stamp.at), kind)
        }
    }

    /// The note of an activation that began then.
    #[inline]
    pub(crate) fn visit(stamp: Stamp, visit: &Visit) -> Self {
        let trace = visit.trace.or(visit.sent_trace);
        let handled_trace = if visit.trace.is_some() {
            HANDLED_TRACE
        } else {
            0
        };
        let (edge, stored) = visit.stored.unwrap_or_default();
        Self {
            at: stamp.at,
            value: trace.map_or(0, TraceId::get),
            subject: index(visit.node),
            span_low: index(edge),
            span_high: at_most(stored),
            amount: at_most(visit.messages.into()),
            code: VISIT,
            detail: visit.band.index() as u8 | handled_trace,
            cycles: stamp.cycles.into(),
        }
    }

    /// The note that the worker has nothing to do from then on.
    pub(crate) fn rest(stamp: Stamp) -> Self {
        Self {
            code: REST,
            ..Self::noted(stamp, EventKind::Park)
        }
    }

    /// The note that a hold for lack of room in this edge, which began at
    /// `since`, is over.
    pub(crate) fn rearm(stamp: Stamp, edge: usize, since: Stamp) -> Self {
        Self {
            code: REARM,
            value: since.at,
            ..Self::noted(stamp, EventKind::Block { edge })
        }
    }

    /// Whether the activation before it had ended by then.
    const fn ends_visit(&self) -> bool {
        matches!(self.code, VISIT | REST | code::PARK | code::PHASE)
    }
}

fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// A count as an event has it: the greatest one stands for more as well.
pub(crate) fn at_most(count: u64) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The events that a worker's notes stand for, read until `taken_at`; `pace`
/// tells the moments of counted cycles.
pub(crate) fn told(notes: &[Event], pace: Option<&Pace>, taken_at: Timestamp) -> Vec<Event> {
    let moment = |at, cycles| match pace {
        Some(pace) if cycles => pace.moment(at),
        _ => Timestamp::from_nanos(at),
    };
    let mut told = Vec::with_capacity(notes.len());
    // From the last one back, as an activation ends where the next note begins.
    let mut end = taken_at;
    for note in notes.iter().rev() {
        let at = moment(note.at, note.cycles != 0);
        match note.code {
            VISIT => tell_visit(note, at, end.since(at), &mut told),
            REST => {}
            REARM => {
                let after = at.since(moment(note.value, note.cycles != 0));
                let edge = note.subject as usize;
                told.push(Event::new(at, EventKind::Rearm { edge, after }));
            }
            _ => told.push(Event {
                at: at.as_nanos(),
                cycles: 0,
                ..*note
            }),
        }
        if note.ends_visit() {
            end = at;
        }
    }
    told.reverse();
    told
}

/// Last things first: the activation, then what it stored.
fn tell_visit(note: &Event, at: Timestamp, span: Duration, told: &mut Vec<Event>) {
    let band = usize::from(note.detail & !HANDLED_TRACE);
    let Some(band) = Band::ALL.into_iter().find(|known| known.index() == band) else {
        return;
    };
    let trace = TraceId::new(note.value);
    let activation = EventKind::Activation {
        node: note.subject as usize,
        band,
        messages: note.amount,
        span,
        trace: trace.filter(|_| note.detail & HANDLED_TRACE != 0),
    };
    told.push(Event::new(at, activation));
    if note.span_high > 0 {
        let send = EventKind::Send {
            edge: note.span_low as usize,
            outcome: Outcome::Stored,
            messages: note.span_high,
            trace,
        };
        told.push(Event::new(at, send));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::RunPhase;
    use crate::time::counter::Reading;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn cycles(count: u64) -> Stamp {
        Stamp {
            at: count,
            cycles: true,
        }
    }

    fn visit(node: usize, stored: Option<(usize, u64)>) -> Visit {
        Visit {
            node,
            band: Band::High,
            messages: 70_000,
            trace: TraceId::new(5),
            sent_trace: TraceId::new(5),
            stored,
        }
    }

    fn activation(node: usize, span: u64) -> EventKind {
        EventKind::Activation {
            node,
            band: Band::High,
            messages: u16::MAX,
            span: Duration::from_nanos(span),
            trace: TraceId::new(5),
        }
    }

    fn kinds(told: &[Event]) -> Vec<(u64, EventKind)> {
        let told = told.iter();
        told.map(|event| (event.at().as_nanos(), event.kind().unwrap()))
            .collect()
    }

    #[test]
    fn an_activation_ends_with_the_next_note_of_a_turn_or_when_it_is_read() {
        let fault = EventKind::Fault {
            node: 1,
            panicked: false,
        };
        let notes = [
            Event::visit(Stamp::at(at(100)), &visit(1, None)),
            Event::noted(Stamp::at(at(110)), fault),
            Event::visit(Stamp::at(at(150)), &visit(2, None)),
            Event::rest(Stamp::at(at(180))),
            Event::visit(Stamp::at(at(300)), &visit(3, None)),
            Event::new(at(340), EventKind::Phase(RunPhase::Draining)),
            Event::visit(Stamp::at(at(350)), &visit(4, None)),
        ];
        let expected = [
            (100, activation(1, 50)),
            (110, fault),
            (150, activation(2, 30)),
            (300, activation(3, 40)),
            (340, EventKind::Phase(RunPhase::Draining)),
            (350, activation(4, 150)),
        ];
        assert_eq!(kinds(&told(&notes, None, at(500))), expected);
    }

    #[test]
    fn what_was_stored_is_told_before_the_activation_that_stored_it() {
        let send = EventKind::Send {
            edge: 9,
            outcome: Outcome::Stored,
            messages: 8,
            trace: TraceId::new(5),
        };
        let notes = [Event::visit(Stamp::at(at(1)), &visit(1, Some((9, 8))))];
        let expected = [(1, send), (1, activation(1, 2))];
        assert_eq!(kinds(&told(&notes, None, at(3))), expected);
    }

    #[test]
    fn a_trace_that_began_in_the_activation_is_that_of_what_was_sent_alone() {
        let source = Visit {
            trace: None,
            ..visit(1, Some((0, 1)))
        };
        let notes = [Event::visit(Stamp::at(at(1)), &source)];
        let traces = told(&notes, None, at(3));
        let traces: Vec<_> = traces
            .iter()
            .map(|event| match event.kind() {
                Some(EventKind::Send { trace, .. } | EventKind::Activation { trace, .. }) => trace,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(traces, [TraceId::new(5), None]);
    }

    #[test]
    fn counted_cycles_are_told_as_moments_of_the_clock() {
        let pace = Pace {
            early: Reading {
                cycles: 1_000,
                at: at(0),
            },
            late: Reading {
                cycles: 3_000,
                at: at(1_000),
            },
        };
        let notes = [
            Event::noted(cycles(1_200), EventKind::Block { edge: 4 }),
            Event::rearm(cycles(1_600), 4, cycles(1_200)),
            Event::visit(cycles(2_000), &visit(1, None)),
            Event::new(at(700), EventKind::Park),
        ];
        let after = Duration::from_nanos(200);
        let expected = [
            (100, EventKind::Block { edge: 4 }),
            (300, EventKind::Rearm { edge: 4, after }),
            (500, activation(1, 200)),
            (700, EventKind::Park),
        ];
        let told = told(&notes, Some(&pace), at(1_000));
        assert_eq!(kinds(&told), expected);
        let block = Event::new(at(100), EventKind::Block { edge: 4 });
        assert_eq!(told[0], block, "it is told as if it had been noted so");
    }

    #[test]
    fn a_note_is_nothing_to_who_does_not_take_it_apart() {
        let note = Event::visit(Stamp::at(at(1)), &visit(1, None));
        assert_eq!(note.kind(), None);
        assert_eq!(size_of_val(&note), 32);
    }
}
