//! The exchange ring, for `Latest` and `Coalesce`: a triple buffer generalised
//! to M cells and M + 2 slots.
//!
//! A cell holds one [word](CellWord), which names the slot that the cell owns
//! and says whether there is a message in it. Each end owns one more slot, its
//! *spare*. A message is published, taken or evicted by exchanging the word
//! for one that names the spare, so slots change owners as a whole and a `T`
//! is never looked at by two threads. There is no speculative read to validate
//! afterwards.
//!
//! # Invariants
//!
//! - **X1** The words of the cells, the writer's spare and the reader's spare
//!   name all slots, each once. A slot holds a value exactly when a `FULL`
//!   word names it (or, within an operation, when the operation says so). The
//!   one exception: while a merge runs, the newest cell is `EMPTY` and the
//!   writer owns the slot that it names, with the message in it.
//! - **X2** The writer publishes at position `w` only when the message at
//!   `w - M` is gone. So a cell holding position `q` proves that everything up
//!   to `q - M` is gone.
//! - **X3** Only the writer makes a word `FULL`; either end may make it
//!   `EMPTY`, the reader at its own position only.
//!
//! # Happens-before edges
//!
//! - **[R1→A4]** a full cell, to the reader: the message is in the slot.
//! - **[E1→A1]** a cell emptied by the reader, to the writer that fills it
//!   again: the reader is done with the slot left in it, so it may become the
//!   writer's spare.
//! - **[E1→A2], [E1→A3]** the same, to a writer that learns from the newest
//!   cells that the older ones are empty too: all of those are visible.
//! - **[F1→F2]** the floor: the messages published before it was raised are
//!   visible, so a reader that skips to it finds one.
//! - **[V1→A4]** an evicted cell, to the reader: the floor was raised.

use super::cell::CellWord;
use super::control::{EdgeControl, position, word};
use super::ledger::{Fate, ProducerCounters};
use super::merge::Merge;
use super::policy::PolicyKind;
use super::slots::{Slots, View};
use crate::sync::{AtomicU64, Ordering, Shared, mutant, order};
use crate::util::drop_quietly;

/// How often a reader of a `Latest` edge goes after a message before it lets
/// the caller decide. Each time but the first two the writer has sent another.
/// (Fewer under the model checker, so that giving up happens there.)
const ATTEMPTS: u32 = if cfg!(tidegate_loom) { 3 } else { 6 };

/// The two ends of a new ring.
pub(super) fn pair<T>(
    control: &Shared<EdgeControl>,
    slots: &Shared<Slots<T>>,
) -> (Writer<T>, Reader<T>) {
    let cells = control.cells.len();
    let writer = Writer {
        control: control.clone(),
        slots: View::new(slots),
        position: 0,
        oldest: 0,
        spare: cells,
    };
    let reader = Reader {
        control: control.clone(),
        slots: View::new(slots),
        position: 0,
        delivered: 0,
        spare: cells + 1,
        may_lose_races: control.policy() == PolicyKind::Latest,
    };
    (writer, reader)
}

/// Empties a cell that nobody else uses any more; the slot of the message in
/// it, if there was one.
pub(super) fn empty_cell(cell: &AtomicU64) -> Option<usize> {
    let seen = CellWord(cell.load(Ordering::Relaxed));
    seen.is_full().then(|| {
        cell.store(CellWord::initial(seen.slot()).0, Ordering::Relaxed);
        seen.slot()
    })
}

/// The end that stores.
pub(super) struct Writer<T> {
    pub(super) control: Shared<EdgeControl>,
    slots: View<T>,
    /// The position of the next message.
    position: u64,
    /// `Latest`: everything before this position is gone.
    oldest: u64,
    /// The slot that this end owns; empty between operations.
    spare: usize,
}

impl<T> Writer<T> {
    #[inline(always)]
    fn cell(&self, position: u64) -> &AtomicU64 {
        self.control.cell(position)
    }

    /// Stores `value`; what it evicted. Wait-free: one exchange, and one more
    /// for each message too many after the capacity has shrunk.
    #[inline]
    pub(super) fn push_latest(&mut self, value: T, capacity: u64) -> Option<T> {
        self.trim(capacity - u64::from(mutant("evict-before-replacing")));
        self.fill_spare(value);
        // With a free cell the message is published first and the oldest
        // evicted then; without one it takes the oldest one's cell in one
        // step. Either way the reader never finds the edge empty in between.
        if capacity == self.control.physical()
            && self.position - self.oldest == capacity
            && let Some(evicted) = self.replace_oldest()
        {
            return Some(evicted);
        }
        self.expose_spare();
        if self.position - self.oldest > capacity {
            self.evict_oldest()
        } else {
            None
        }
    }

    /// Evicts what is more than `capacity` allows, before a push begins.
    #[inline]
    fn trim(&mut self, capacity: u64) {
        while self.position - self.oldest > capacity {
            if let Some(evicted) = self.evict_oldest() {
                let counters = &self.control.sent_side;
                counters.evicted.add(1);
                if !drop_quietly(evicted) {
                    counters.drop_panics.add(1);
                }
            }
        }
    }

    /// Stores `value`, or merges it into the newest message when the edge is
    /// full; whether it was merged. Wait-free but for the merge function.
    #[inline]
    pub(super) fn push_coalesce(&mut self, value: T, capacity: u64, merge: &Merge<T>) -> bool {
        let newest = self.position.wrapping_sub(1);
        if self.position >= capacity && self.is_pending(self.position - capacity) {
            let cell = self.cell(newest);
            // Acquire [A3], in both outcomes: if the reader took the newest
            // message it took all older ones before, and all of that must be
            // visible or `expose_spare` would take a stale word for a full
            // cell's.
            let acquire = order("A3-merge", Ordering::Acquire, Ordering::Relaxed);
            let seen = CellWord(cell.load(acquire));
            if seen.is_full_at(newest) {
                let withdrawn = CellWord::empty(newest, seen.slot());
                if cell
                    .compare_exchange(seen.0, withdrawn.0, acquire, acquire)
                    .is_ok()
                {
                    self.merge(seen, value, merge);
                    return true;
                }
            }
        }
        self.fill_spare(value);
        self.expose_spare();
        false
    }

    /// Whether the message at `position` is still there.
    fn is_pending(&self, position: u64) -> bool {
        // Acquire [A2]: "gone" must imply seeing all older ones gone.
        let acquire = order("A2-full", Ordering::Acquire, Ordering::Relaxed);
        CellWord(self.cell(position).load(acquire)).is_full_at(position)
    }

    /// Merges `value` into the newest message, which was `withdrawn` from its
    /// cell, and puts that back even when the merge function panics.
    fn merge(&mut self, withdrawn: CellWord, value: T, merge: &Merge<T>) {
        let mut put_back = PutBack {
            cell: self.cell(self.position - 1),
            word: withdrawn,
            counters: &self.control.sent_side,
            merged: false,
        };
        // SAFETY: the withdrawal made the slot the writer's, with the message
        // in it (X1).
        unsafe {
            self.slots
                .modify(withdrawn.slot(), |pending| merge.apply(pending, value));
        }
        put_back.merged = true;
    }

    #[inline(always)]
    fn fill_spare(&mut self, value: T) {
        // SAFETY: the spare is the writer's, and empty between operations (X1).
        unsafe { self.slots.put(self.spare, value) };
    }

    /// Publishes the message in the spare slot, in a cell that is free (X2),
    /// and takes over the slot that the cell owned.
    #[inline(always)]
    fn expose_spare(&mut self) {
        let at = self.position;
        let cell = self.cell(at);
        // Acquire [A1]: the reader is done with the slot it left here.
        let acquire = order("A1-reuse", Ordering::Acquire, Ordering::Relaxed);
        let left = CellWord(cell.load(acquire));
        debug_assert!(!left.is_full(), "X2: the cell must be free");
        // Release [R1]: the message is in the slot. A store will do, as only
        // the writer changes a free cell (X3).
        let release = order("R1-publish", Ordering::Release, Ordering::Relaxed);
        cell.store(CellWord::full(at, self.spare).0, release);
        self.spare = left.slot();
        self.advance();
    }

    #[inline(always)]
    fn advance(&mut self) {
        self.position += 1;
        // Release [T1]: the message shows in its cell before the tail says so.
        let release = order("exchange-tail", Ordering::Release, Ordering::Relaxed);
        let tail = &self.control.producer.tail;
        tail.store(word(self.position), release);
    }

    /// Exchanges the oldest message for the one in the spare slot, if it is
    /// still there: X2 holds for the new one, as its cell is the oldest one's.
    fn replace_oldest(&mut self) -> Option<T> {
        let at = self.oldest;
        self.oldest += 1; // it is gone either way
        let cell = self.cell(at);
        // Relaxed: this end wrote what it looks for, and a stale word makes
        // the exchange fail.
        let seen = CellWord(cell.load(Ordering::Relaxed));
        if !seen.is_full_at(at) {
            return None;
        }
        let replaced = CellWord::full(self.position, self.spare);
        // Release [R1]: the new message is in its slot. Relaxed on failure: the
        // reader took the old one; `expose_spare` looks at the cell again [A1].
        let release = order("R1-replace", Ordering::Release, Ordering::Relaxed);
        cell.compare_exchange(seen.0, replaced.0, release, Ordering::Relaxed)
            .ok()?;
        self.spare = seen.slot();
        self.advance();
        // SAFETY: the exchange made the slot the writer's, with the old message
        // in it, which this end had put there itself.
        Some(unsafe { self.slots.take(self.spare) })
    }

    /// Takes the oldest message back, if it is still there. The spare slot
    /// goes into the cell, so it must be empty.
    fn evict_oldest(&mut self) -> Option<T> {
        let at = self.oldest;
        self.oldest += 1; // it is gone either way
        // Raised before the eviction, so that a reader that finds its message
        // evicted [V1→A4] also finds where to go on. Release [F1]: there is a
        // message at or after the floor, and it is visible.
        let release = order("F1-floor", Ordering::Release, Ordering::Relaxed);
        if !mutant("floor-not-raised") {
            self.control.producer.floor.store(self.oldest, release);
        }
        let cell = self.cell(at);
        // Relaxed: as in `replace_oldest`.
        let seen = CellWord(cell.load(Ordering::Relaxed));
        if !seen.is_full_at(at) {
            return None;
        }
        let evicted = CellWord::empty(at, self.spare);
        // Release [V1]: the floor was raised. Relaxed on failure: the reader
        // took the message.
        let release = order("V1-evict", Ordering::Release, Ordering::Relaxed);
        cell.compare_exchange(seen.0, evicted.0, release, Ordering::Relaxed)
            .ok()?;
        self.spare = seen.slot();
        // SAFETY: the exchange made the slot the writer's, with the message in
        // it, which this end had put there itself.
        Some(unsafe { self.slots.take(self.spare) })
    }
}

/// Ends a merge, also one that panics.
struct PutBack<'a> {
    cell: &'a AtomicU64,
    word: CellWord,
    counters: &'a ProducerCounters,
    merged: bool,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        if self.merged {
            self.counters.coalesced.add(1);
        } else {
            // The merge function had the new message, and unwinding drops it.
            self.counters.dropped.add(1);
            self.counters.merge_panics.add(1);
            if mutant("panicking-merge-keeps-the-cell") {
                return;
            }
        }
        // Release [R1]: the merged message is in the slot.
        let release = order("R1-merge", Ordering::Release, Ordering::Relaxed);
        self.cell.store(self.word.0, release);
    }
}

/// What an attempt to take a message came to.
pub(super) enum Popped<T> {
    Message(T),
    /// Nothing is pending. On a `Coalesce` edge perhaps the only message is
    /// being merged into at the moment.
    Empty,
    /// Something is pending, but the writer replaced it each time.
    Contended,
}

/// The end that takes.
pub(super) struct Reader<T> {
    pub(super) control: Shared<EdgeControl>,
    slots: View<T>,
    /// The position of the next message, if it is not evicted.
    position: u64,
    /// How many messages were delivered. Skipped ones make this differ from
    /// what the position says.
    delivered: u64,
    /// The slot that this end owns; empty between operations.
    spare: usize,
    /// Whether a lost race is worth another try: on a `Latest` edge the next
    /// message is there already. On a `Coalesce` edge the writer is merging.
    may_lose_races: bool,
}

impl<T> Reader<T> {
    /// The next message. Wait-free: gives up after [`ATTEMPTS`].
    #[inline(always)]
    pub(super) fn pop(&mut self, fate: Fate) -> Popped<T> {
        for _ in 0..ATTEMPTS {
            let at = self.position;
            let cell = self.control.cell(at);
            // Acquire [A4]: the message is in the slot; and when it was
            // evicted, the floor was raised.
            let acquire = order("A4-pop", Ordering::Acquire, Ordering::Relaxed);
            let seen = CellWord(cell.load(acquire));
            if !seen.is_full_at(at) {
                if self.skip(seen) {
                    continue;
                }
                return Popped::Empty;
            }
            let emptied = CellWord::empty(at, self.spare);
            // Release [E1]: this end is done with the slot it leaves here.
            // Acquire [A4] again: after a merge the word is the same, but the
            // message in the slot is not.
            let exchange = if mutant("E1-release-dropped") {
                Ordering::Acquire
            } else {
                order("A4-exchange", Ordering::AcqRel, Ordering::Release)
            };
            match cell.compare_exchange(seen.0, emptied.0, exchange, Ordering::Relaxed) {
                Ok(_) => {
                    self.count(fate);
                    self.spare = seen.slot();
                    // SAFETY: the exchange made the slot the reader's, with the
                    // message in it.
                    return Popped::Message(unsafe { self.slots.take(self.spare) });
                }
                Err(_) if self.may_lose_races && !mutant("pop-gives-up") => {}
                Err(_) => return Popped::Empty,
            }
        }
        Popped::Contended
    }

    /// Moves on by one message.
    #[inline(always)]
    fn count(&mut self, fate: Fate) {
        self.position += 1;
        self.control.taken_side.taken.set(self.position);
        if fate == Fate::Delivered {
            self.count_delivered();
        }
    }

    #[inline(always)]
    fn count_delivered(&mut self) {
        self.delivered += 1;
        self.control.taken_side.delivered.set(self.delivered);
    }

    /// What was taken last and [withheld](Fate::Withheld) is delivered after all.
    pub(super) fn deliver(&mut self) {
        self.count_delivered();
        self.pass_mark();
    }

    /// What was taken last was delivered, and perhaps [marked](super::mark).
    #[inline(always)]
    pub(super) fn pass_mark(&self) {
        let taken = self.control.taken_side.taken.get();
        self.control.mark.deliver(taken);
    }

    /// Moves on to where the next message may be, having `seen` a cell without
    /// the one expected. False: there is none.
    #[inline]
    fn skip(&mut self, seen: CellWord) -> bool {
        let at = self.position;
        self.position = if let Some(ahead) = seen.full_ahead_of(at) {
            // Replaced in place: by X2 everything up to M before that is gone,
            // and up to M before the newest, which is at the tail. Without the
            // tail, the way there would be one step for each message that was
            // replaced. Acquire [T2]: the newest shows.
            let acquire = order("skip-tail", Ordering::Acquire, Ordering::Relaxed);
            let tail = position(self.control.producer.tail.load(acquire));
            tail.max(at + ahead + 1) - self.control.physical()
        } else {
            // Acquire [F2]: a message at or after the floor is visible.
            let acquire = order("F2-floor", Ordering::Acquire, Ordering::Relaxed);
            let floor = self.control.producer.floor.load(acquire);
            if floor <= at {
                return false;
            }
            floor
        };
        self.control.taken_side.taken.set(self.position);
        true
    }
}
