//! The type-erased half of an edge: positions, limits and counters, without
//! the slots.
//!
//! # Who writes what
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `tail` | producer | consumer, observers |
//! | `head` on a plain ring | consumer; `WAITING` set by the producer, cleared by whoever re-arms it, see [`room`](super::room) | producer, observers |
//! | `head` on a claim ring | both ends, see [`claim`](super::claim) | both ends, observers |
//! | `detour` | producer of a claim ring | its consumer |
//! | `limit` | `set_capacity` and `close_consumer`, any thread | producer, observers |
//! | `local` | nobody after the edge is made | consumer, whoever changes `limit` |
//! | `asked` | set by the consumer, taken by the producer, see [`asking`](super::asking) | both |
//! | `sent_side` | producer | observers |
//! | `taken_side` | consumer | observers |
//! | `mark` | both ends, see [`mark`](super::mark) | both ends |
//!
//! # Invariants
//!
//! - **C1** The capacity in `limit` is at least 1 and at most `max_capacity`,
//!   which is at most `positions`: only `new` and `set_capacity` write it.
//! - **C2** Positions count messages from 0 and never wrap (2^63 messages take
//!   centuries); on a plain ring position `q` lives in slot `q % positions`.
//! - **C3** On a plain ring `taken <= tail` and `head <= taken`, and the values
//!   of exactly the positions `taken..tail` are in the slots. (While a batch
//!   is taken the reader's own position is ahead of `taken`.)
//!
//! # Happens-before edges
//!
//! - **[T1→T2]** tail: the values of all positions below it are in the slots.
//! - **[H1→H2]** head: the values of all positions below it were moved out.

use super::asking::ASKED;
use super::error::EdgeError;
use super::ledger::{ConsumerCounters, Fates, Ledger, ProducerCounters};
use super::mark::Mark;
use super::policy::PolicyKind;
use super::size::{MAX_CAPACITY, check_capacity, memory_bytes, positions, slot_count};
use crate::sync::{AtomicBool, AtomicU64, Ordering, order};
use crate::util::Padded;

/// In `tail`: the producer is gone.
const CLOSED: u64 = 1;
/// In `head`: the producer waits for room.
pub(super) const WAITING: u64 = 1;
/// In `head` of a `Coalesce` edge: the producer merges into the newest message.
pub(super) const MERGING: u64 = 1;
/// In `limit`: the consumer is gone. The sign bit, so that no number of
/// pending messages is below such a limit.
pub(super) const GONE: u64 = 1 << 63;

/// The word for a position without its flag.
#[inline(always)]
pub(super) const fn word(position: u64) -> u64 {
    position << 1
}

/// The position in a `tail` or `head` word.
#[inline(always)]
pub(super) const fn position(word: u64) -> u64 {
    word >> 1
}

/// Whether this `tail` word is the last one: the producer is gone.
#[inline(always)]
pub(super) const fn is_closed(tail: u64) -> bool {
    tail & CLOSED != 0
}

/// Written by the producer, so on the producer's cache line.
#[derive(Debug)]
pub(super) struct ProducerLine {
    /// Published position of the producer, with `CLOSED`.
    pub(super) tail: AtomicU64,
}

/// Everything about an edge that does not depend on the payload type.
///
/// The scheduler works on this alone. Unless said otherwise a method is
/// wait-free, allocates nothing and may be called on any thread; "producer's"
/// and "consumer's thread" is whichever thread has the right to use that end
/// at the moment.
#[derive(Debug)]
pub(crate) struct EdgeControl {
    pub(super) kind: PolicyKind,
    pub(super) max_capacity: usize,
    positions: u64,
    slot_bytes: usize,
    /// The capacity, with `GONE`.
    pub(super) limit: AtomicU64,
    /// Whether one thread uses both ends, see [`room`](super::room).
    pub(super) local: AtomicBool,
    pub(super) producer: Padded<ProducerLine>,
    /// Published position of the consumer, with `WAITING`; on a claim ring the
    /// oldest pending position, with `MERGING`.
    pub(super) head: Padded<AtomicU64>,
    /// Claim rings: the position of the message that took the detour last.
    pub(super) detour: Padded<AtomicU64>,
    /// Whether the consumer wants to be told about messages, see
    /// [`asking`](super::asking).
    pub(super) asked: Padded<AtomicU64>,
    pub(super) sent_side: Padded<ProducerCounters>,
    pub(super) taken_side: Padded<ConsumerCounters>,
    pub(super) mark: Padded<Mark>,
}

impl EdgeControl {
    /// The control block of an edge that holds up to `capacity` messages now
    /// and up to `max_capacity` later, in slots of `slot_bytes`.
    pub(super) fn new(
        kind: PolicyKind,
        capacity: usize,
        max_capacity: usize,
        slot_bytes: usize,
    ) -> Result<Self, EdgeError> {
        check_capacity(max_capacity, MAX_CAPACITY)?;
        check_capacity(capacity, max_capacity)?;
        Ok(Self {
            kind,
            max_capacity,
            positions: positions(kind, max_capacity) as u64,
            slot_bytes,
            limit: AtomicU64::new(capacity as u64),
            local: AtomicBool::new(false),
            producer: Padded(ProducerLine {
                tail: AtomicU64::new(word(0)),
            }),
            head: Padded(AtomicU64::new(word(0))),
            detour: Padded(AtomicU64::new(u64::MAX)), // none did
            asked: Padded(AtomicU64::new(ASKED)),     // it has not looked yet
            sent_side: Padded::default(),
            taken_side: Padded::default(),
            mark: Padded::default(),
        })
    }

    /// The edge's policy.
    pub(crate) fn policy(&self) -> PolicyKind {
        self.kind
    }

    /// The capacity at the moment.
    pub(crate) fn capacity(&self) -> usize {
        (self.limit.load(Ordering::Relaxed) & !GONE) as usize
    }

    /// The capacity that memory was allocated for.
    pub(crate) fn max_capacity(&self) -> usize {
        self.max_capacity
    }

    /// Over how many slots the positions go round; on a plain ring a power of
    /// two.
    #[inline(always)]
    pub(super) fn positions(&self) -> u64 {
        self.positions
    }

    /// The slot of `position`, on a plain ring.
    #[inline(always)]
    pub(super) fn index(&self, position: u64) -> usize {
        (position & (self.positions - 1)) as usize
    }

    /// How many slots the edge needs.
    pub(super) fn slot_count(&self) -> usize {
        slot_count(self.kind, self.max_capacity)
    }

    /// The capacity in a form for the hot path: a plain number, or a negative
    /// one when the consumer is gone, so that one signed comparison finds
    /// "there is room and somebody to receive".
    #[inline(always)]
    pub(super) fn limit(&self) -> i64 {
        // Relaxed: advice on when to refuse. What must not be missed (room for
        // a producer that waits) goes through `head`.
        self.limit.load(Ordering::Relaxed).cast_signed()
    }

    /// Whether the consumer is gone.
    pub(crate) fn consumer_closed(&self) -> bool {
        self.limit() < 0
    }

    /// Whether the producer is gone.
    pub(crate) fn producer_closed(&self) -> bool {
        is_closed(self.producer.tail.load(Ordering::Relaxed))
    }

    /// How many messages are pending, as far as the two ends' counters tell;
    /// exact when both are at rest. After a shrink it may exceed the capacity.
    ///
    /// What the consumer took without publishing is not pending, though its
    /// room is not the producer's yet.
    pub(crate) fn len(&self) -> usize {
        self.pending(position(self.producer.tail.load(Ordering::Relaxed)))
            .min(self.positions) as usize
    }

    /// How many messages are pending by this tail.
    fn pending(&self, tail: u64) -> u64 {
        // On a plain ring `taken` may be ahead of the head, which is published
        // later. On a claim ring the head is ahead when something was evicted.
        let head = position(self.head.load(Ordering::Relaxed));
        tail.saturating_sub(head.max(self.taken_side.taken.get()))
    }

    /// How far the consumer has taken messages: changes with each one that it
    /// takes, counting those that it skips. Any thread; a recent value.
    pub(crate) fn taken(&self) -> u64 {
        self.taken_side.taken.get()
    }

    /// What became of the messages sent so far. Producer's thread; wait-free.
    pub(crate) fn fates(&self) -> Fates {
        let counters = &self.sent_side;
        Fates {
            stored: self.stored(),
            dropped: counters.dropped.get(),
            evicted: counters.evicted.get(),
            coalesced: counters.coalesced.get(),
        }
    }

    /// How many messages were stored so far. Producer's thread; wait-free.
    #[inline(always)]
    pub(crate) fn stored(&self) -> u64 {
        // Relaxed: its own.
        position(self.producer.tail.load(Ordering::Relaxed))
    }

    /// The edge's books.
    pub(crate) fn ledger(&self) -> Ledger {
        let (sent_side, taken_side) = (&self.sent_side, &self.taken_side);
        // The producer moves on by one for each message that it stores; all
        // others it has dropped or merged.
        let stored = position(self.producer.tail.load(Ordering::Relaxed));
        let delivered = if self.kind.claims() {
            taken_side.delivered.get()
        } else {
            let taken = taken_side.taken.get();
            taken.saturating_sub(taken_side.withheld.get())
        };
        Ledger {
            sent: stored + sent_side.dropped.get() + sent_side.coalesced.get(),
            delivered,
            dropped: sent_side.dropped.get(),
            evicted: sent_side.evicted.get(),
            coalesced: sent_side.coalesced.get(),
            in_flight: self.pending(stored),
            discarded: taken_side.discarded.get(),
            merge_panics: sent_side.merge_panics.get(),
            drop_panics: sent_side.drop_panics.get() + taken_side.drop_panics.get(),
        }
    }

    /// What the edge takes in memory, slots included.
    pub(crate) fn memory_bytes(&self) -> usize {
        memory_bytes(self.kind, self.max_capacity, self.slot_bytes)
    }

    /// Whether something can be taken. Consumer's thread.
    ///
    /// For `Coalesce` a message that is being merged at the moment does not
    /// count: its producer notifies when it is done.
    pub(crate) fn has_pending(&self) -> bool {
        let taken = self.taken_side.taken.get();
        // Relaxed: `take`, called next, looks again, and finds this tail or a
        // later one. On a `Latest` edge the newest message is never evicted, so
        // something is pending exactly when that was not taken.
        let tail = self.producer.tail.load(Ordering::Relaxed);
        let pending = position(tail) > taken;
        if self.kind == PolicyKind::Coalesce && position(tail) == taken + 1 {
            // Relaxed: a hint to call `take`, which looks again.
            return self.head.load(Ordering::Relaxed) & MERGING == 0;
        }
        pending
    }

    /// Whether the producer is gone and everything was taken. Consumer's
    /// thread.
    pub(crate) fn has_ended(&self) -> bool {
        // One load: the word holds the final position along with the flag.
        // Acquire [T2]: what the producer did before it closed is visible.
        let acquire = order("ended-tail", Ordering::Acquire, Ordering::Relaxed);
        let tail = self.producer.tail.load(acquire);
        is_closed(tail) && position(tail) <= self.taken_side.taken.get()
    }

    /// Whether everything published was taken and published as taken. Any
    /// thread.
    ///
    /// A `true` that rests on a consumption carries what the consumer's thread
    /// did before it, see [`quiescence`](crate::sched::quiescence).
    pub(crate) fn is_drained(&self) -> bool {
        // Acquire [Q1→Q2]: whoever sees a message consumed also sees its
        // consumer busy.
        let head = self
            .head
            .load(order("drained-head", Ordering::Acquire, Ordering::Relaxed));
        // Acquire is not needed for the tail: what must be visible here was
        // made visible by the epochs.
        let tail = self.producer.tail.load(Ordering::Relaxed);
        position(tail) <= position(head)
    }

    /// Whether the producer waits for room: it has asked to be told, and was
    /// not. Any thread.
    pub(crate) fn is_awaited(&self) -> bool {
        // Acquire [Q1→Q2], as above: who sees that a wait is over sees the
        // consumer at work that ended it.
        let acquire = order("awaited-head", Ordering::Acquire, Ordering::Relaxed);
        self.head.load(acquire) & WAITING != 0
    }

    /// Marks the producer as gone, for good. Any thread, once the producer
    /// sends no more.
    pub(crate) fn close_producer(&self) {
        // Release [T1]: who sees the end sees everything sent before it.
        let release = order("close-producer", Ordering::Release, Ordering::Relaxed);
        self.producer.tail.fetch_or(CLOSED, release);
    }
}
