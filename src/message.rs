//! Messages: a payload behind a header of fixed size.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::Deref;
use core::time::Duration;

use crate::time::Timestamp;

/// What a message is about.
///
/// The kind describes the content; how urgently an edge is served is its
/// band, which is a property of the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Ordinary data.
    #[default]
    Data = 0,
    /// A command or a change of state.
    Control = 1,
    /// A report that something went wrong upstream.
    Error = 2,
}

/// Identifies everything that follows from one original message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct TraceId(NonZeroU64);

impl TraceId {
    /// The trace id with this number; `None` for zero, which means "absent".
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The header of a [`Message`]: 24 bytes, `Copy`.
///
/// A new header has neither trace id nor origin; both are filled in when the
/// message is sent: inherited from the message being handled, or fresh.
// In this order (repr(C)): what a hop reads, the lineage, is one aligned half of
// what it copied before, so the loads are served from the store buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header {
    lineage: Lineage,
    schema: u16,
    kind: KindByte,
}

/// A [`Kind`] with no bit pattern to spare. Otherwise `Option<Message<T>>` would
/// say `None` by an impossible kind, and every `recv` in a loop would have to
/// look into the message it has just taken.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
struct KindByte(u8);

impl KindByte {
    const fn new(kind: Kind) -> Self {
        Self(kind as u8)
    }

    const fn get(self) -> Kind {
        match self.0 {
            0 => Kind::Data,
            1 => Kind::Control,
            _ => Kind::Error,
        }
    }
}

impl fmt::Debug for KindByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

/// What a message inherits from the one it follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Lineage {
    trace: Option<TraceId>,
    /// `ABSENT` until the message is sent for the first time.
    origin: Timestamp,
}

/// No clock gets here: it is 584 years after the epoch.
const ABSENT: Timestamp = Timestamp::from_nanos(u64::MAX);

impl Lineage {
    /// Of a message that follows from no other.
    pub(crate) const NONE: Self = Self {
        trace: None,
        origin: ABSENT,
    };

    pub(crate) const fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    pub(crate) fn origin(&self) -> Option<Timestamp> {
        (self.origin != ABSENT).then_some(self.origin)
    }
}

impl Default for Lineage {
    fn default() -> Self {
        Self::NONE
    }
}

impl Header {
    /// An empty header of this kind: no trace id, no origin, schema 0.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            lineage: Lineage::NONE,
            schema: 0,
            kind: KindByte::new(kind),
        }
    }

    /// What the message is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind.get()
    }

    /// The trace id, once the message was sent or given one.
    #[must_use]
    pub const fn trace(&self) -> Option<TraceId> {
        self.lineage.trace
    }

    /// When the first message of this trace came into being, by the engine's
    /// clock, once the message was sent or given an origin.
    #[must_use]
    pub fn origin(&self) -> Option<Timestamp> {
        self.lineage.origin()
    }

    /// The version of the payload's schema; 0 unless set.
    #[must_use]
    pub const fn schema(&self) -> u16 {
        self.schema
    }

    /// Time from the origin to `now`; zero without an origin.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        self.origin()
            .map_or(Duration::ZERO, |origin| now.since(origin))
    }

    /// Whether nothing is left to fill in.
    pub(crate) fn is_complete(&self) -> bool {
        self.lineage.trace.is_some() && self.lineage.origin != ABSENT
    }

    #[inline(always)]
    pub(crate) const fn lineage(&self) -> Lineage {
        self.lineage
    }

    /// Fills what is absent from `parent`, and what is absent there too from
    /// `fresh_trace` and `now`, which are not asked otherwise. Never allocates;
    /// what is present stays.
    #[inline(always)]
    pub(crate) fn normalise(
        &mut self,
        parent: &Lineage,
        now: impl FnOnce() -> Timestamp,
        fresh_trace: impl FnOnce() -> TraceId,
    ) {
        let own = &mut self.lineage;
        if own.trace.is_none() {
            own.trace = Some(parent.trace.unwrap_or_else(fresh_trace));
        }
        if own.origin == ABSENT {
            own.origin = if parent.origin == ABSENT {
                now()
            } else {
                parent.origin
            };
        }
    }
}

impl Default for Header {
    fn default() -> Self {
        Self::new(Kind::Data)
    }
}

/// A payload with its [`Header`]. Immutable by convention: what derives from
/// it is a new message that keeps the header ([`Message::map`]) or enriches
/// it (`with_…`).
///
/// Dereferences to the payload.
///
/// ```
/// use tidegate::message::{Kind, Message};
///
/// let celsius = Message::new(21.5_f64).with_schema(3);
/// let fahrenheit = celsius.map(|c| c * 1.8 + 32.0);
/// assert_eq!(*fahrenheit, 70.7);
/// assert_eq!(fahrenheit.header().schema(), 3);
/// assert_eq!(fahrenheit.header().kind(), Kind::Data);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Message<T> {
    header: Header,
    payload: T,
}

impl<T> Message<T> {
    /// A data message with an empty header.
    #[inline]
    #[must_use]
    pub const fn new(payload: T) -> Self {
        Self::from_parts(Header::new(Kind::Data), payload)
    }

    /// A control message with an empty header.
    #[must_use]
    pub const fn control(payload: T) -> Self {
        Self::from_parts(Header::new(Kind::Control), payload)
    }

    /// An error message with an empty header.
    #[must_use]
    pub const fn error(payload: T) -> Self {
        Self::from_parts(Header::new(Kind::Error), payload)
    }

    /// A message of these parts.
    #[inline]
    #[must_use]
    pub const fn from_parts(header: Header, payload: T) -> Self {
        Self { header, payload }
    }

    /// The header.
    #[inline]
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    #[inline]
    pub(crate) fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &T {
        &self.payload
    }

    pub(crate) fn payload_mut(&mut self) -> &mut T {
        &mut self.payload
    }

    /// The payload, without the header.
    #[inline]
    #[must_use]
    pub fn into_payload(self) -> T {
        self.payload
    }

    /// Header and payload.
    #[must_use]
    pub fn into_parts(self) -> (Header, T) {
        (self.header, self.payload)
    }

    /// A message with the same header and `derive(payload)`.
    #[must_use]
    pub fn map<U>(self, derive: impl FnOnce(T) -> U) -> Message<U> {
        Message::from_parts(self.header, derive(self.payload))
    }

    /// The same message with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.header.kind = KindByte::new(kind);
        self
    }

    /// The same message in another trace.
    #[must_use]
    pub fn with_trace(mut self, trace: TraceId) -> Self {
        self.header.lineage.trace = Some(trace);
        self
    }

    /// The same message with another origin: when a device stamped it, say.
    #[must_use]
    pub fn with_origin(mut self, origin: Timestamp) -> Self {
        self.header.lineage.origin = origin;
        self
    }

    /// The same message with another schema version.
    #[must_use]
    pub fn with_schema(mut self, schema: u16) -> Self {
        self.header.schema = schema;
        self
    }
}

impl<T> Deref for Message<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.payload
    }
}

impl<T> From<T> for Message<T> {
    fn from(payload: T) -> Self {
        Self::new(payload)
    }
}

#[cfg(test)]
mod tests;
