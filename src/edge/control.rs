//! The type-erased half of an edge: positions, limits and counters, without
//! the slots.
//!
//! # Who writes what
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `tail`, `floor` | producer | consumer, observers |
//! | `head` | consumer; `WAITING` set by the producer, cleared by whoever re-arms it, see [`room`](super::room) | producer, observers |
//! | `limit` | `set_capacity`, `close_consumer` and `close_producer`, any thread | producer, observers |
//! | `local`, `together` | nobody after the edge is made | both ends, whoever changes `limit` |
//! | `filled` | producer, see [`showing`](super::showing) | producer, whoever closes that end |
//! | `cells` | both ends, see [`exchange`](super::exchange) | both ends, observers |
//! | `asked` | set by the consumer, taken by the producer, see [`asking`](super::asking) | both |
//! | `sent_side` | producer | observers |
//! | `taken_side` | consumer | observers |
//! | `mark` | both ends, see [`mark`](super::mark) | both ends |
//!
//! # Invariants
//!
//! - **C1** The capacity in `limit` is at least 1 and at most `max_capacity`,
//!   which is at most `physical`: only `new` and `set_capacity` write it.
//! - **C2** Positions count messages from 0 and never wrap (2^63 messages take
//!   centuries); position `q` lives in slot or cell `q % physical`, and there are
//!   that many of them (cells on exchange rings only).
//! - **C3** On a plain ring `taken <= tail` and `head <= taken`, and the values
//!   of exactly the positions from `taken` to the producer's own position are in
//!   the slots: that is `tail`, or ahead of it until messages
//!   [show](super::showing). (While a batch
//!   is taken the reader's own position is ahead of `taken`.)
//!
//! # Happens-before edges
//!
//! - **[T1→T2]** tail: the values of all positions below it are in the slots.
//! - **[H1→H2]** head: the values of all positions below it were moved out.

use super::asking::ASKED;
use super::cell::CellWord;
use super::ledger::{ConsumerCounters, Fates, Ledger, ProducerCounters};
use super::mark::Mark;
use super::policy::PolicyKind;
use super::slab::Slab;
use crate::sync::{AtomicBool, AtomicU64, Ordering, order};
use crate::util::Padded;

/// In `tail`: the producer is gone.
pub(super) const CLOSED: u64 = 1;
/// In `head`: the producer waits for room.
pub(super) const WAITING: u64 = 1;
/// In `limit`: nothing can be sent any more, because an end is gone. The sign
/// bit, so that no number of pending messages is below such a limit.
pub(super) const REFUSES: u64 = 1 << 63;
/// In `limit`: it is the consumer that is gone.
pub(super) const GONE: u64 = 1 << 62;

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
    /// Exchange rings: everything before this position was evicted or taken.
    pub(super) floor: AtomicU64,
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
    physical: u64,
    /// What the edge takes in memory, in bytes.
    memory: usize,
    /// The capacity, with `REFUSES` and `GONE`.
    pub(super) limit: AtomicU64,
    /// Whether one thread uses both ends, see [`room`](super::room).
    pub(super) local: AtomicBool,
    /// Whether messages are shown together, see [`showing`](super::showing).
    pub(super) together: AtomicBool,
    /// Exchange rings: one word per position modulo `physical`.
    pub(super) cells: Slab<AtomicU64>,
    pub(super) producer: Padded<ProducerLine>,
    /// Published position of the consumer, with `WAITING`.
    pub(super) head: Padded<AtomicU64>,
    /// Whether the consumer wants to be told about messages, see
    /// [`asking`](super::asking).
    pub(super) asked: Padded<AtomicU64>,
    pub(super) sent_side: Padded<ProducerCounters>,
    /// The producer's position where messages are shown together.
    pub(super) filled: Padded<AtomicU64>,
    pub(super) taken_side: Padded<ConsumerCounters>,
    pub(super) mark: Padded<Mark>,
}

impl EdgeControl {
    /// The control block of an edge that holds up to `capacity` messages now
    /// and up to `max_capacity` later, which were [checked](super::size::check_capacity). It
    /// has one cell for each position, but none on a plain ring, and takes
    /// `memory` bytes altogether.
    pub(super) fn new(
        kind: PolicyKind,
        capacity: usize,
        max_capacity: usize,
        memory: usize,
        cells: Slab<AtomicU64>,
    ) -> Self {
        for (index, cell) in cells.iter().enumerate() {
            // Each owns a slot from the start, as if the lap before had ended.
            // Relaxed: whoever uses the edge got it after this.
            cell.store(CellWord::initial(index).0, Ordering::Relaxed);
        }
        Self {
            kind,
            max_capacity,
            physical: max_capacity.next_power_of_two() as u64,
            memory,
            limit: AtomicU64::new(capacity as u64),
            local: AtomicBool::new(false),
            together: AtomicBool::new(false),
            cells,
            producer: Padded(ProducerLine {
                tail: AtomicU64::new(word(0)),
                floor: AtomicU64::new(0),
            }),
            head: Padded(AtomicU64::new(word(0))),
            asked: Padded(AtomicU64::new(ASKED)), // it has not looked yet
            sent_side: Padded::default(),
            filled: Padded(AtomicU64::new(word(0))),
            taken_side: Padded::default(),
            mark: Padded::default(),
        }
    }

    /// The edge's policy.
    pub(crate) fn policy(&self) -> PolicyKind {
        self.kind
    }

    /// The capacity at the moment.
    pub(crate) fn capacity(&self) -> usize {
        (self.limit.load(Ordering::Relaxed) & !(REFUSES | GONE)) as usize
    }

    /// The capacity that memory was allocated for.
    pub(crate) fn max_capacity(&self) -> usize {
        self.max_capacity
    }

    /// How many positions the ring has; a power of two.
    #[inline(always)]
    pub(super) fn physical(&self) -> u64 {
        self.physical
    }

    /// The slot or cell of `position`.
    #[inline(always)]
    pub(super) fn index(&self, position: u64) -> usize {
        (position & (self.physical - 1)) as usize
    }

    /// The cell of `position`, on an exchange ring.
    #[inline(always)]
    pub(super) fn cell(&self, position: u64) -> &AtomicU64 {
        let index = self.index(position);
        debug_assert!(index < self.cells.len());
        // SAFETY: an exchange ring has `physical` cells (C2).
        unsafe { self.cells.get_unchecked(index) }
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
        // Relaxed, as above.
        self.limit.load(Ordering::Relaxed) & GONE != 0
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
        let taken = self.taken_side.taken.get();
        let floor = self.producer.floor.load(Ordering::Relaxed);
        let tail = position(self.producer.tail.load(Ordering::Relaxed));
        tail.saturating_sub(taken.max(floor)).min(self.physical) as usize
    }

    /// How far the consumer has taken messages: changes with each one that it
    /// takes, counting those that it skips. Any thread; a recent value.
    pub(crate) fn taken(&self) -> u64 {
        self.taken_side.taken.get()
    }

    /// How far the producer has sent, as far as that shows. Consumer's thread.
    pub(crate) fn shown(&self) -> u64 {
        // Relaxed: a number to compare with `taken`; who takes the messages
        // synchronises itself.
        position(self.producer.tail.load(Ordering::Relaxed))
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

    /// The edge's books. On an exchange ring it looks at every cell.
    pub(crate) fn ledger(&self) -> Ledger {
        let (sent_side, taken_side) = (&self.sent_side, &self.taken_side);
        // The producer moves on by one for each message that it stores; all
        // others it has dropped or merged.
        let stored = position(self.producer.tail.load(Ordering::Relaxed));
        let (delivered, in_flight) = if self.kind.exchanges() {
            let full = self.full_cells().count();
            (taken_side.delivered.get(), full as u64)
        } else {
            let taken = self.taken_side.taken.get();
            (
                taken.saturating_sub(taken_side.withheld.get()),
                stored.saturating_sub(taken),
            )
        };
        Ledger {
            sent: stored + sent_side.dropped.get() + sent_side.coalesced.get(),
            delivered,
            dropped: sent_side.dropped.get(),
            evicted: sent_side.evicted.get(),
            coalesced: sent_side.coalesced.get(),
            in_flight,
            discarded: taken_side.discarded.get(),
            expired: taken_side.expired.get(),
            dead_letters: taken_side.dead_letters.get(),
            merge_panics: sent_side.merge_panics.get(),
            drop_panics: sent_side.drop_panics.get() + taken_side.drop_panics.get(),
        }
    }

    /// The slots of all full cells, in no particular order.
    pub(super) fn full_cells(&self) -> impl Iterator<Item = usize> {
        self.cells
            .iter()
            .map(|cell| CellWord(cell.load(Ordering::Relaxed)))
            .filter(|word| word.is_full())
            .map(CellWord::slot)
    }

    /// What the edge takes in memory, slots included.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory
    }

    /// Whether something can be taken. Consumer's thread.
    ///
    /// For `Coalesce` a message that is being merged at the moment does not
    /// count: its producer notifies when it is done.
    pub(crate) fn has_pending(&self) -> bool {
        let taken = self.taken_side.taken.get();
        if self.kind == PolicyKind::Coalesce {
            let cell = &self.cells[self.index(taken)];
            // Relaxed: a hint to call `take`, which synchronises itself.
            return CellWord(cell.load(Ordering::Relaxed)).is_full_at(taken);
        }
        // [T2] On a `Latest` edge the newest message is never evicted, so it is
        // pending exactly when it was not taken; Acquire so that `take`, called
        // next, finds what this promises.
        let tail =
            self.producer
                .tail
                .load(order("pending-tail", Ordering::Acquire, Ordering::Relaxed));
        position(tail) > taken
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

    /// How far the consumer has published that it took messages. Any thread.
    ///
    /// Who sees a message consumed sees what its consumer's thread did before,
    /// and so the activation that it was consumed in begun.
    pub(crate) fn consumed(&self) -> u64 {
        // Acquire [Q1→Q2], as above.
        let acquire = order("consumed-head", Ordering::Acquire, Ordering::Relaxed);
        position(self.head.load(acquire))
    }

    /// Whether the producer waits for room: it has asked to be told, was not,
    /// and is not gone. Any thread.
    pub(crate) fn is_awaited(&self) -> bool {
        // Acquire [Q1→Q2], as above: who sees that a wait is over sees the
        // consumer at work that ended it.
        let acquire = order("awaited-head", Ordering::Acquire, Ordering::Relaxed);
        let waits = self.head.load(acquire) & WAITING != 0;
        // Acquire [T2]: who sees the producer gone sees its worker at work.
        waits && !is_closed(self.producer.tail.load(Ordering::Acquire))
    }
}
