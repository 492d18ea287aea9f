//! The type-erased half of an edge: positions, limits and counters, without
//! the slots.
//!
//! # Who writes what
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `tail`, `floor` | producer | consumer, observers |
//! | `head` | consumer; `WAITING` set by the producer, cleared by whoever re-arms it | producer, observers |
//! | `limit` | `set_capacity` and `close_consumer`, any thread | producer, observers |
//! | `cells` | both ends, see [`exchange`](super::exchange) | both ends, observers |
//! | `sent_side` | producer | observers |
//! | `taken_side` | consumer | observers |
//!
//! # Invariants
//!
//! - **C1** The capacity in `limit` is at least 1 and at most `max_capacity`,
//!   which is at most `physical`: only `new` and `set_capacity` write it.
//! - **C2** Positions count messages from 0 and never wrap (2^63 messages take
//!   centuries); position `q` lives in slot or cell `q % physical`.
//! - **C3** On a plain ring `taken <= tail` and `head <= taken`, and the values
//!   of exactly the positions `taken..tail` are in the slots.
//!
//! # Waiting for room
//!
//! `head` holds the consumer's position and, in the same word, the producer's
//! wish to be told about room. All of *publish* (the consumer made room),
//! *grow* and *close* are read-modify-writes on it, as is *wait*; these are
//! totally ordered. So either the wait comes later and sees the room (for a
//! changed limit by [W1→W2]), or it comes first and the other one sees
//! `WAITING` and must notify. No fence is needed, and no wake-up is lost.
//!
//! # Happens-before edges
//!
//! - **[T1→T2]** tail: the values of all positions below it are in the slots.
//! - **[H1→H2]** head: the values of all positions below it were moved out.
//! - **[W1→W2]** head: the limit written before it is visible.

use super::cell::CellWord;
use super::error::EdgeError;
use super::ledger::{ConsumerCounters, Ledger, ProducerCounters};
use super::policy::PolicyKind;
use crate::sync::{AtomicU64, Ordering, mutant, order};
use crate::util::Padded;

/// The most messages any edge can hold: about a million.
pub const MAX_CAPACITY: usize = 1 << 20;

/// In `tail`: the producer is gone.
const CLOSED: u64 = 1;
/// In `head`: the producer waits for room.
const WAITING: u64 = 1;
/// In `limit`: the consumer is gone. The sign bit, so that no number of
/// pending messages is below such a limit.
const GONE: u64 = 1 << 63;

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
    kind: PolicyKind,
    max_capacity: usize,
    physical: u64,
    slot_bytes: usize,
    /// The capacity, with `GONE`.
    limit: AtomicU64,
    /// Exchange rings: one word per position modulo `physical`.
    pub(super) cells: Box<[AtomicU64]>,
    pub(super) producer: Padded<ProducerLine>,
    /// Published position of the consumer, with `WAITING`.
    pub(super) head: Padded<AtomicU64>,
    pub(super) sent_side: Padded<ProducerCounters>,
    pub(super) taken_side: Padded<ConsumerCounters>,
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
        let physical = max_capacity.next_power_of_two();
        let cell_count = if kind.exchanges() { physical } else { 0 };
        let mut cells = Vec::new();
        cells
            .try_reserve_exact(cell_count)
            .map_err(|_| EdgeError::OutOfMemory {
                slots: cell_count,
                slot_bytes: size_of::<AtomicU64>(),
            })?;
        // Each cell owns a slot from the start, as if the lap before had ended.
        cells.extend((0..cell_count).map(|index| AtomicU64::new(CellWord::initial(index).0)));
        Ok(Self {
            kind,
            max_capacity,
            physical: physical as u64,
            slot_bytes,
            limit: AtomicU64::new(capacity as u64),
            cells: cells.into_boxed_slice(),
            producer: Padded(ProducerLine {
                tail: AtomicU64::new(word(0)),
                floor: AtomicU64::new(0),
            }),
            head: Padded(AtomicU64::new(word(0))),
            sent_side: Padded::default(),
            taken_side: Padded::default(),
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

    /// How many slots the edge needs: an exchange ring has one spare for each
    /// end.
    pub(super) fn slot_count(&self) -> usize {
        slot_count(self.kind, self.physical as usize)
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
        self.producer.tail.load(Ordering::Relaxed) & CLOSED != 0
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

    /// The edge's books. On an exchange ring it looks at every cell.
    pub(crate) fn ledger(&self) -> Ledger {
        let (sent_side, taken_side) = (&self.sent_side, &self.taken_side);
        let in_flight = if self.kind.exchanges() {
            self.full_cells().count() as u64
        } else {
            let taken = taken_side.taken.get();
            position(self.producer.tail.load(Ordering::Relaxed)).saturating_sub(taken)
        };
        Ledger {
            sent: sent_side.sent.get(),
            delivered: taken_side.delivered.get(),
            dropped: sent_side.dropped.get(),
            evicted: sent_side.evicted.get(),
            coalesced: sent_side.coalesced.get(),
            in_flight,
            discarded: taken_side.discarded.get(),
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
        memory_bytes(self.kind, self.physical as usize, self.slot_bytes)
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
        tail & CLOSED != 0 && position(tail) <= self.taken_side.taken.get()
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

    /// How many messages can be sent before a send is refused; no limit
    /// (`usize::MAX`) for policies that never refuse. Producer's thread.
    pub(crate) fn room(&self) -> usize {
        if self.kind != PolicyKind::Block {
            return usize::MAX;
        }
        // Relaxed: the sends look again, and see this head or a later one.
        self.room_at(self.head.load(Ordering::Relaxed))
    }

    /// Room by this head word. Once the consumer is gone there is always
    /// "room": a send will not wait, it will report `Closed`.
    fn room_at(&self, head: u64) -> usize {
        let limit = self.limit();
        if limit < 0 {
            return usize::MAX;
        }
        let tail = position(self.producer.tail.load(Ordering::Relaxed)); // its own
        let pending = (tail - position(head)).cast_signed();
        (limit - pending).max(0) as usize
    }

    /// Asks to be told when there is room for `need` messages (no more than
    /// the capacity). `true`: there is none, and somebody will be told to
    /// notify the producer. `false`: there is room already; a notification may
    /// follow all the same. Producer's thread.
    #[must_use]
    pub(crate) fn wait_for_room(&self, need: usize) -> bool {
        if self.kind != PolicyKind::Block {
            return false;
        }
        let head = if mutant("wait-without-rmw") {
            let head = self.head.load(Ordering::Acquire);
            self.head.store(head | WAITING, Ordering::Release);
            head
        } else {
            // Acquire [W2]: when it comes after a re-arming, the new limit is
            // visible.
            self.head
                .fetch_or(WAITING, order("wait", Ordering::Acquire, Ordering::Relaxed))
        };
        let waits = self.room_at(head) < need.min(self.capacity());
        if waits {
            self.sent_side.waits.add(1);
        }
        waits
    }

    /// How often the producer was told to wait for room. Any thread.
    pub(crate) fn waits(&self) -> u64 {
        self.sent_side.waits.get()
    }

    /// Publishes what was taken as room. `true`: the producer waits for it and
    /// must be notified. Consumer's thread, once per activation.
    #[must_use]
    pub(crate) fn publish(&self) -> bool {
        let taken = self.taken_side.taken.get();
        if self.taken_side.published.get() == taken {
            return false;
        }
        self.taken_side.published.set(taken);
        // Release [H1], [Q1]: the values were moved out, and the consumer was
        // marked busy, before this shows.
        let release = order("publish", Ordering::Release, Ordering::Relaxed);
        if self.kind != PolicyKind::Block {
            self.head.store(word(taken), release); // nobody ever waits
            return false;
        }
        if mutant("publish-without-rmw") {
            let waiting = self.head.load(Ordering::Acquire) & WAITING != 0;
            self.head.store(word(taken), release);
            return waiting;
        }
        let before = self.head.swap(word(taken), release);
        before & WAITING != 0 && !mutant("publish-forgets-waiting")
    }

    /// Publishes what was taken, when it is known that nobody waits: both ends
    /// are used outside an engine. Consumer's thread.
    #[inline(always)]
    pub(super) fn publish_alone(&self, taken: u64) {
        // Release [H1]: the values were moved out before the room shows.
        let release = order("publish-alone", Ordering::Release, Ordering::Relaxed);
        self.head.store(word(taken), release);
    }

    /// Whether the edge can have this capacity.
    pub(crate) fn check_capacity(&self, capacity: usize) -> Result<(), EdgeError> {
        check_capacity(capacity, self.max_capacity)
    }

    /// Changes the capacity, from any thread; lock-free (it retries only when
    /// another change came in between). `true`: the producer waits for room
    /// and must be notified.
    ///
    /// A smaller capacity takes effect as `Block` and `Drop` edges drain, and
    /// with the next send on `Latest`; `Coalesce` merges until then.
    pub(crate) fn set_capacity(&self, capacity: usize) -> Result<bool, EdgeError> {
        self.check_capacity(capacity)?;
        // The closure never refuses, so this is always `Ok`.
        let _ = self
            .limit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |limit| {
                Some(limit & GONE | capacity as u64)
            });
        Ok(!mutant("grow-forgets-waiting") && self.rearm())
    }

    /// Marks the consumer as gone: from now on nothing can be sent. `true`:
    /// the producer waits for room and must be notified. Any thread, once the
    /// consumer takes no more.
    #[must_use]
    pub(crate) fn close_consumer(&self) -> bool {
        self.limit.fetch_or(GONE, Ordering::Relaxed);
        !mutant("close-forgets-waiting") && self.rearm()
    }

    /// After a change of the limit: whether the producer waits for room.
    fn rearm(&self) -> bool {
        if self.kind != PolicyKind::Block {
            return false;
        }
        // Release [W1]: a producer that begins to wait later sees the limit.
        let release = order("rearm", Ordering::Release, Ordering::Relaxed);
        self.head.fetch_and(!WAITING, release) & WAITING != 0
    }

    /// Marks the producer as gone, for good. Any thread, once the producer
    /// sends no more.
    pub(crate) fn close_producer(&self) {
        // Release [T1]: who sees the end sees everything sent before it.
        let release = order("close-producer", Ordering::Release, Ordering::Relaxed);
        self.producer.tail.fetch_or(CLOSED, release);
    }
}

/// Whether `capacity` lies in `1..=max`.
fn check_capacity(capacity: usize, max: usize) -> Result<(), EdgeError> {
    match capacity {
        0 => Err(EdgeError::ZeroCapacity),
        _ if capacity > max => Err(EdgeError::CapacityTooLarge { capacity, max }),
        _ => Ok(()),
    }
}

fn slot_count(kind: PolicyKind, physical: usize) -> usize {
    physical + if kind.exchanges() { 2 } else { 0 }
}

fn memory_bytes(kind: PolicyKind, physical: usize, slot_bytes: usize) -> usize {
    let cells = if kind.exchanges() {
        physical * size_of::<AtomicU64>()
    } else {
        0
    };
    let slots = slot_count(kind, physical).saturating_mul(slot_bytes);
    size_of::<EdgeControl>() + cells.saturating_add(slots)
}

/// What an edge for `max_capacity` messages of type `T` takes in memory, its
/// control block included and endpoints excluded.
///
/// # Errors
/// [`EdgeError`] when no edge can have that capacity.
pub fn memory_for<T>(kind: PolicyKind, max_capacity: usize) -> Result<usize, EdgeError> {
    check_capacity(max_capacity, MAX_CAPACITY)?;
    Ok(memory_bytes(
        kind,
        max_capacity.next_power_of_two(),
        size_of::<T>(),
    ))
}
