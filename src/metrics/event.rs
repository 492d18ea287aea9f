//! What the flight recorder keeps: events of 32 bytes.

use core::time::Duration;

use crate::band::Band;
use crate::message::TraceId;
use crate::time::{Timestamp, saturating_nanos};

use super::node_state::NodeState;

/// Something that happened on a worker: 32 bytes, without a payload or any
/// part of one.
///
/// [`kind`](Self::kind) says what it was. Nodes and edges are named by their
/// index in the [`Recording`](crate::observe::Recording) that the event comes
/// from.
#[derive(Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
#[non_exhaustive]
pub struct Event {
    /// Nanoseconds of the engine's clock; in a [note](super::note) perhaps
    /// cycles.
    pub(super) at: u64,
    /// A trace id (zero for none) or a version, depending on the code.
    pub(super) value: u64,
    /// The index of a node or an edge.
    pub(super) subject: u32,
    /// A duration in nanoseconds, of 48 bits: 78 hours.
    pub(super) span_low: u32,
    pub(super) span_high: u16,
    pub(super) amount: u16,
    pub(super) code: u8,
    /// A band, an outcome, a phase, a state.
    pub(super) detail: u8,
    /// Zero, but for a note that is stamped in cycles. There is no padding.
    pub(super) cycles: u16,
}

/// What an [`Event`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A node was picked from a band and called. The event's moment is the
    /// beginning.
    Activation {
        /// The node.
        node: usize,
        /// From which band it was picked.
        band: Band,
        /// How many messages it handled; 65,535 stands for more as well.
        messages: u16,
        /// How long until the worker's next turn; for the last one, until it was
        /// read.
        span: Duration,
        /// The trace of the last message it handled.
        trace: Option<TraceId>,
    },
    /// Messages of one activation went into an edge, or did not. The event's
    /// moment is the beginning of that activation.
    Send {
        /// The edge.
        edge: usize,
        /// What became of them.
        outcome: Outcome,
        /// How many; 65,535 stands for more as well.
        messages: u16,
        /// The trace of the last of them.
        trace: Option<TraceId>,
    },
    /// A node was ready, but this Block edge behind it lacked room: it was
    /// parked.
    Block {
        /// The edge that was full.
        edge: usize,
    },
    /// A parked node had room again.
    Rearm {
        /// The edge that had been full.
        edge: usize,
        /// How long the node was parked.
        after: Duration,
    },
    /// A node's tick was served.
    Tick {
        /// The node.
        node: usize,
        /// How late it began.
        lateness: Duration,
        /// How many of its ticks were skipped since the one before; 65,535
        /// stands for more as well.
        missed: u16,
    },
    /// The worker went to sleep.
    Park,
    /// The worker woke up.
    Wake {
        /// How long it had slept.
        after: Duration,
    },
    /// A hook of a node failed.
    Fault {
        /// The node.
        node: usize,
        /// Whether it panicked; else it returned an error.
        panicked: bool,
    },
    /// A node was paused or goes on, was quarantined, waits for its
    /// replacement, was replaced, or has ended.
    State {
        /// The node.
        node: usize,
        /// What it is from now on.
        state: NodeState,
    },
    /// The worker took over changed settings.
    Change {
        /// Counts up with every change.
        version: u64,
    },
    /// The worker entered a phase of the engine's life.
    Phase(RunPhase),
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It waits in the edge.
    Stored,
    /// The edge was full; the new message was dropped.
    Dropped,
    /// The edge was full; the oldest message was evicted for it.
    Replaced,
    /// The edge was full; it was merged into the newest pending message.
    Coalesced,
    /// The edge was full; the node got the message back.
    Refused,
}

/// The phases of an engine's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum RunPhase {
    /// `on_start` of every node.
    Starting,
    /// Everything works.
    Running,
    /// Sources and ticks rest; edges empty.
    Draining,
    /// No more messages; `on_stop` of every node.
    Stopping,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Stored,
        Self::Dropped,
        Self::Replaced,
        Self::Coalesced,
        Self::Refused,
    ];
}

impl RunPhase {
    const ALL: [Self; 4] = [
        Self::Starting,
        Self::Running,
        Self::Draining,
        Self::Stopping,
    ];
}

/// The codes of [`EventKind`], in its order. 0 is no event.
pub(super) mod code {
    pub(in crate::metrics) const ACTIVATION: u8 = 1;
    pub(in crate::metrics) const SEND: u8 = 2;
    pub(in crate::metrics) const BLOCK: u8 = 3;
    pub(in crate::metrics) const REARM: u8 = 4;
    pub(in crate::metrics) const TICK: u8 = 5;
    pub(in crate::metrics) const PARK: u8 = 6;
    pub(in crate::metrics) const WAKE: u8 = 7;
    pub(in crate::metrics) const FAULT: u8 = 8;
    pub(in crate::metrics) const CHANGE: u8 = 9;
    pub(in crate::metrics) const PHASE: u8 = 10;
    pub(in crate::metrics) const STATE: u8 = 11;
}

impl Event {
    /// The event that tells `kind`, at the moment `at`.
    #[must_use]
    pub fn new(at: Timestamp, kind: EventKind) -> Self {
        let event = |code| Self {
            at: at.as_nanos(),
            code,
            ..bytemuck::Zeroable::zeroed()
        };
        match kind {
            EventKind::Activation {
                node,
                band,
                messages,
                span,
                trace,
            } => Self {
                value: trace.map_or(0, TraceId::get),
                amount: messages,
                detail: band.index() as u8,
                ..event(code::ACTIVATION).about(node).lasting(span)
            },
            EventKind::Send {
                edge,
                outcome,
                messages,
                trace,
            } => Self {
                value: trace.map_or(0, TraceId::get),
                amount: messages,
                detail: outcome as u8,
                ..event(code::SEND).about(edge)
            },
            EventKind::Block { edge } => event(code::BLOCK).about(edge),
            EventKind::Rearm { edge, after } => event(code::REARM).about(edge).lasting(after),
            EventKind::Tick {
                node,
                lateness,
                missed,
            } => Self {
                amount: missed,
                ..event(code::TICK).about(node).lasting(lateness)
            },
            EventKind::Park => event(code::PARK),
            EventKind::Wake { after } => event(code::WAKE).lasting(after),
            EventKind::Fault { node, panicked } => Self {
                detail: u8::from(panicked),
                ..event(code::FAULT).about(node)
            },
            EventKind::Change { version } => Self {
                value: version,
                ..event(code::CHANGE)
            },
            EventKind::Phase(phase) => Self {
                detail: phase as u8,
                ..event(code::PHASE)
            },
            EventKind::State { node, state } => Self {
                detail: state as u8,
                ..event(code::STATE).about(node)
            },
        }
    }

    fn about(self, subject: usize) -> Self {
        Self {
            subject: u32::try_from(subject).unwrap_or(u32::MAX),
            ..self
        }
    }

    fn lasting(self, span: Duration) -> Self {
        let nanos = saturating_nanos(span).min((1 << 48) - 1);
        Self {
            span_low: nanos as u32,
            span_high: (nanos >> 32) as u16,
            ..self
        }
    }

    /// When it happened, by the engine's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_nanos(self.at)
    }

    /// What happened; `None` when the bytes are not those of an event.
    #[must_use]
    pub fn kind(&self) -> Option<EventKind> {
        let subject = self.subject as usize;
        let trace = TraceId::new(self.value);
        let detail = usize::from(self.detail);
        Some(match self.code {
            code::ACTIVATION => EventKind::Activation {
                node: subject,
                band: Band::ALL.into_iter().find(|band| band.index() == detail)?,
                messages: self.amount,
                span: self.span(),
                trace,
            },
            code::SEND => EventKind::Send {
                edge: subject,
                outcome: *Outcome::ALL.get(detail)?,
                messages: self.amount,
                trace,
            },
            code::BLOCK => EventKind::Block { edge: subject },
            code::REARM => EventKind::Rearm {
                edge: subject,
                after: self.span(),
            },
            code::TICK => EventKind::Tick {
                node: subject,
                lateness: self.span(),
                missed: self.amount,
            },
            code::PARK => EventKind::Park,
            code::WAKE => EventKind::Wake { after: self.span() },
            code::FAULT => EventKind::Fault {
                node: subject,
                panicked: self.detail != 0,
            },
            code::CHANGE => EventKind::Change {
                version: self.value,
            },
            code::PHASE => EventKind::Phase(*RunPhase::ALL.get(detail)?),
            code::STATE => EventKind::State {
                node: subject,
                state: *NodeState::ALL.get(detail)?,
            },
            _ => return None,
        })
    }

    fn span(&self) -> Duration {
        Duration::from_nanos(u64::from(self.span_high) << 32 | u64::from(self.span_low))
    }
}

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ns: {:?}", self.at, self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<EventKind> {
        let span = Duration::from_nanos(0x0000_BEEF_1234_5678);
        vec![
            EventKind::Activation {
                node: 4_000,
                band: Band::High,
                messages: 8,
                span,
                trace: TraceId::new(u64::MAX),
            },
            EventKind::Send {
                edge: 70_000,
                outcome: Outcome::Coalesced,
                messages: 3,
                trace: None,
            },
            EventKind::Block { edge: 1 },
            EventKind::Rearm {
                edge: 2,
                after: span,
            },
            EventKind::Tick {
                node: 3,
                lateness: span,
                missed: 65_535,
            },
            EventKind::Park,
            EventKind::Wake { after: span },
            EventKind::Fault {
                node: 5,
                panicked: true,
            },
            EventKind::Change { version: 1 << 40 },
            EventKind::Phase(RunPhase::Stopping),
            EventKind::State {
                node: 6,
                state: NodeState::Finished,
            },
        ]
    }

    #[test]
    fn an_event_has_32_bytes_and_no_padding() {
        assert_eq!(size_of::<Event>(), 32);
        let event = Event::new(Timestamp::from_nanos(1), EventKind::Park);
        assert_eq!(bytemuck::bytes_of(&event).len(), 32);
    }

    #[test]
    fn every_kind_comes_back_as_it_went_in() {
        for kind in one_of_each() {
            let event = Event::new(Timestamp::from_nanos(9), kind);
            assert_eq!(event.kind(), Some(kind));
            assert_eq!(event.at(), Timestamp::from_nanos(9));
        }
    }

    #[test]
    fn a_span_of_centuries_is_cut_to_the_longest_there_is() {
        let event = Event::new(
            Timestamp::EPOCH,
            EventKind::Wake {
                after: Duration::MAX,
            },
        );
        let longest = Duration::from_nanos((1 << 48) - 1);
        assert_eq!(event.kind(), Some(EventKind::Wake { after: longest }));
    }

    #[test]
    fn bytes_that_are_no_event_have_no_kind() {
        let zeros: Event = bytemuck::Zeroable::zeroed();
        assert_eq!(zeros.kind(), None);
        let noise: Event = bytemuck::pod_read_unaligned(&[0xFF; 32]);
        assert_eq!(noise.kind(), None);
        let bad_detail = Event {
            detail: 77,
            ..Event::new(Timestamp::EPOCH, EventKind::Phase(RunPhase::Running))
        };
        assert_eq!(bad_detail.kind(), None);
    }
}
