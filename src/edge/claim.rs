//! The claim ring, for `Latest` and `Coalesce`: a plain ring whose head both
//! ends move, so that the producer can take back what the consumer has not
//! claimed.
//!
//! `head` is the position of the oldest pending message. The consumer *claims*
//! that one by adding to it, the producer of a `Latest` edge *evicts* it by
//! exchanging the same word: whoever comes first has the message. Only after
//! that does anybody look into its slot. Nothing is read to be validated
//! afterwards, and a claim never fails.
//!
//! # Columns and slots
//!
//! The message at position `q` stands in column `q % C`, which is a slot.
//! A producer that evicts what it has sent may come around to a column that the
//! consumer has claimed and is still emptying. It does not wait: that message
//! takes the *detour*, one more slot, and `detour` says which position did.
//!
//! # Invariants
//!
//! With `w` the writer's position, `h` the head as the writer saw it last, `M`
//! the maximum capacity, `c` the last claim that the writer knows of:
//!
//! - **L1** `h <= head <= tail`, and positions `head..tail` hold a message each.
//!   What is below `head` was claimed or evicted.
//! - **L2** `w - h <= M` between sends.
//! - **L3** A `Latest` writer evicts only what is more than the capacity, after
//!   it has published something newer: so the newest message is never evicted,
//!   and a reader that saw `tail > q` with `q` not yet claimed by it finds a
//!   message to claim, `q` or a later one.
//! - **L4** Of all claims below `h` only the last one, `c`, may still be in the
//!   middle of being emptied: the reader claims the next one after that.
//!
//! *A column is free when the writer comes to it.* `Latest` has `C = 2M + 2`.
//! Position `w - C` is below `h` by L2, so whatever was there is evicted, or
//! claimed; and emptied, unless it is `c` (L4). Claims that the writer does not
//! know of are in `h..w`, which are other columns. So only in the column of `c`
//! a message takes the detour. `Coalesce` has `C = M + 1` and no detour: its
//! `w` is below `h + M` and so below `c + C`.
//!
//! *The detour is free when it is taken.* Let the message at `w` take it in
//! place of column `c % C`, and `d` be the message that took it last. If that
//! was because of the same claim, `d <= w - C < h` and `d > c`, so `d` was
//! evicted. If it was because of an earlier one, `c` was not known then, so
//! `d <= c + M`, while `w >= c + C`: `d <= w - M - 2 < h` again, so `d` was
//! evicted, or claimed before `c` and emptied. (When `c` itself took the
//! detour, its column is free and nothing more takes it because of `c`.) So
//! `detour` does not change while the message that it names is claimed.
//!
//! # Happens-before edges
//!
//! - **[T1→T2]** tail, as in the control block: the messages below it are in
//!   their slots, and `detour` is as they were sent.
//! - **[V1→A4]** an eviction, to the claim of a later message: it was published
//!   before the eviction, so it is in its slot.
//! - **[R1→A4]** the end of a merge, to the claim of that message: it is merged.
//! - **[M1→M2]** the beginning of a merge, to the reader that finds it: the tail
//!   shows which message is the newest.
//! - **[C1→V2]** a claim, to the writer that learns of it: all messages claimed
//!   earlier were moved out.

use super::control::{EdgeControl, MERGING, position, word};
use super::ledger::Fate;
use super::policy::PolicyKind;
use super::slots::{Slots, View};
use crate::sync::{Arc, Ordering, mutant, order};
use crate::util::drop_quietly;

/// No position and no column: there are never so many.
const NOWHERE: u64 = u64::MAX;

/// The two ends of a new ring.
pub(super) fn pair<T>(control: &Arc<EdgeControl>, slots: &Arc<Slots<T>>) -> (Writer<T>, Reader<T>) {
    let columns = control.positions();
    let writer = Writer {
        control: control.clone(),
        slots: View::new(slots),
        columns,
        next: Place::default(),
        oldest: Place::default(),
        claimed: NOWHERE,
        detour: NOWHERE,
    };
    let reader = Reader {
        control: control.clone(),
        slots: View::new(slots),
        columns,
        next: Place::default(),
        tail_seen: 0,
    };
    (writer, reader)
}

/// The slot of the message at `position` once both ends are gone.
pub(super) fn slot_at_rest(control: &EdgeControl, position: u64) -> usize {
    let columns = control.positions();
    if control.detour.load(Ordering::Relaxed) == position {
        columns as usize
    } else {
        (position % columns) as usize
    }
}

/// A position, and its column: what is not a power of two is expensive to
/// divide by for each message.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    position: u64,
    column: u64,
}

impl Place {
    #[inline(always)]
    fn after(self, columns: u64) -> Self {
        let column = self.column + 1;
        Self {
            position: self.position + 1,
            column: if column == columns { 0 } else { column },
        }
    }

    /// This position, which is not before this place.
    #[inline(always)]
    fn moved_to(self, position: u64, columns: u64) -> Self {
        let column = self.column + (position - self.position);
        let column = if column < columns {
            column
        } else {
            position % columns
        };
        Self { position, column }
    }
}

/// The end that stores.
pub(super) struct Writer<T> {
    pub(super) control: Arc<EdgeControl>,
    pub(super) slots: View<T>,
    columns: u64,
    /// Of the next message.
    next: Place,
    /// The head as last seen. Never ahead of the real one.
    oldest: Place,
    /// The column of the last claim known; `NOWHERE` if that one took the
    /// detour, or there was none.
    claimed: u64,
    /// The position that took the detour last.
    detour: u64,
}

impl<T> Writer<T> {
    /// Stores `value`; what it evicted. Wait-free: one exchange when the edge
    /// is full, and one more for each message too many after the capacity has
    /// shrunk.
    #[inline(always)]
    pub(super) fn push_latest(&mut self, value: T, capacity: u64) -> Option<T> {
        let most = capacity - u64::from(mutant("evict-before-storing"));
        if self.pending() > most {
            self.trim(most);
        }
        let column = self.next.column;
        let slot = if self.claimed == column && !mutant("claim-ignored") {
            self.take_detour()
        } else {
            column
        };
        self.store(slot, value);
        // After it was published: the reader never finds the edge empty (L3).
        if self.pending() > capacity {
            self.evict_oldest()
        } else {
            None
        }
    }

    /// How many messages are pending at most.
    #[inline(always)]
    pub(super) fn pending(&self) -> u64 {
        self.next.position - self.oldest.position
    }

    /// Evicts what is more than `capacity` allows, before a push begins.
    #[cold]
    fn trim(&mut self, capacity: u64) {
        while self.pending() > capacity {
            if let Some(evicted) = self.evict_oldest() {
                let counters = &self.control.sent_side;
                counters.evicted.add(1);
                if !drop_quietly(evicted) {
                    counters.drop_panics.add(1);
                }
            }
        }
    }

    /// Has the next message take the detour: its slot.
    #[cold]
    fn take_detour(&mut self) -> u64 {
        self.detour = self.next.position;
        if !mutant("detour-untold") {
            // Relaxed: the message brings it along [T1], [V1].
            let detour = &self.control.detour;
            detour.store(self.detour, Ordering::Relaxed);
        }
        self.columns
    }

    /// Puts the next message into this slot, which is free, and publishes it.
    #[inline(always)]
    pub(super) fn store(&mut self, slot: u64, value: T) {
        // SAFETY: the slot is one of the columns or the detour, and free: the
        // writer's (see the module).
        unsafe { self.slots.put(slot as usize, value) };
        self.next = self.next.after(self.columns);
        // Release [T1]: the message is in the slot before the tail says so.
        let release = order("claim-tail", Ordering::Release, Ordering::Relaxed);
        let tail = &self.control.producer.tail;
        tail.store(word(self.next.position), release);
    }

    /// Takes the oldest message back, if it is still there.
    #[inline(always)]
    fn evict_oldest(&mut self) -> Option<T> {
        let at = self.oldest;
        let (from, to) = (word(at.position), word(at.position + 1));
        // Release [V1]: what was published shows to the reader that claims one
        // of the next.
        let release = order("V1-evict", Ordering::Release, Ordering::Relaxed);
        if !self.change_head(from, to, release) {
            return None;
        }
        self.oldest = at.after(self.columns);
        let slot = if at.position == self.detour {
            self.columns
        } else {
            at.column
        };
        // SAFETY: the exchange made the slot the writer's, with the message in
        // it, which this end had put there itself.
        Some(unsafe { self.slots.take(slot as usize) })
    }

    /// Exchanges the head, unless the reader has claimed something since it was
    /// last seen; then it learns of that.
    #[inline(always)]
    pub(super) fn change_head(&mut self, from: u64, to: u64, success: Ordering) -> bool {
        // Acquire [V2], on failure: all claimed earlier was moved out. (On
        // success there was no claim since that was last looked at.)
        let acquire = order("V2-learn", Ordering::Acquire, Ordering::Relaxed);
        match self.control.exchange_head(from, to, success, acquire) {
            Ok(()) => true,
            Err(now) => {
                self.learn(position(now));
                false
            }
        }
    }

    /// The reader has claimed the message before this position, and perhaps
    /// more before that.
    #[inline(never)]
    fn learn(&mut self, head: u64) {
        let last = self.oldest.moved_to(head - 1, self.columns);
        self.claimed = if last.position == self.detour {
            NOWHERE
        } else {
            last.column
        };
        self.oldest = last.after(self.columns);
    }

    /// The slot of the next message on a `Coalesce` edge with room, which is
    /// free.
    #[inline(always)]
    pub(super) const fn next_column(&self) -> u64 {
        self.next.column
    }

    /// The slot of the newest message on a `Coalesce` edge.
    pub(super) const fn newest_column(&self) -> usize {
        let after = self.next.column;
        (if after == 0 { self.columns } else { after } - 1) as usize
    }

    /// The head when nothing was claimed since it was last seen.
    #[inline(always)]
    pub(super) const fn head_seen(&self) -> u64 {
        word(self.oldest.position)
    }
}

/// The end that takes.
pub(super) struct Reader<T> {
    pub(super) control: Arc<EdgeControl>,
    slots: View<T>,
    columns: u64,
    /// After the last claim: of the next message, if it is not evicted.
    next: Place,
    /// A tail that was seen, or is known to have been reached.
    tail_seen: u64,
}

impl<T> Reader<T> {
    /// The next message. Wait-free.
    ///
    /// `None` on a `Coalesce` edge may mean that the only message is being
    /// merged into at the moment.
    #[inline(always)]
    pub(super) fn pop(&mut self, fate: Fate) -> Option<T> {
        if self.next.position == self.tail_seen && !self.look_for_more() {
            return None;
        }
        let claimed = if self.control.policy() == PolicyKind::Coalesce {
            self.claim_unless_merging()?
        } else {
            self.claim()
        };
        let slot = if self.control.detour.load(Ordering::Relaxed) == claimed.position {
            // Relaxed: it says so before the message is published, and as long
            // as that is claimed.
            self.columns
        } else {
            claimed.column
        };
        self.next = claimed.after(self.columns);
        // What was evicted shows that there was something newer (L3).
        if self.tail_seen < self.next.position {
            self.tail_seen = self.next.position;
        }
        self.count(fate);
        // SAFETY: the claim made the slot the reader's, with the message in it.
        Some(unsafe { self.slots.take(slot as usize) })
    }

    /// Claims the oldest message. There is one (L3).
    #[inline(always)]
    fn claim(&self) -> Place {
        let head = self.control.advance_head(claiming());
        self.next.moved_to(position(head), self.columns)
    }

    /// Claims the oldest message of a `Coalesce` edge, of which there is one;
    /// not if it is the newest as well, and being merged into.
    #[inline]
    fn claim_unless_merging(&mut self) -> Option<Place> {
        let at = self.next;
        // Only the newest message is merged into. By a tail that is not the
        // latest one it may seem to be the newest, never the reverse.
        if at.position + 1 < self.tail_seen {
            return Some(self.claim());
        }
        let (from, to) = (word(at.position), word(at.position + 1));
        // Acquire [M2]: when it is being merged into, the tail says that it is
        // the newest, or else what came after it.
        let acquire = order("M2-withdrawn", Ordering::Acquire, Ordering::Relaxed);
        let claimed = self.control.exchange_head(from, to, claiming(), acquire);
        if claimed.is_ok() || mutant("merging-ignored") {
            return Some(at);
        }
        // It is being merged into, or was the newest and is so no longer.
        self.look_for_more();
        (at.position + 1 < self.tail_seen).then(|| self.claim())
    }

    /// Whether something is pending by the writer's tail of now.
    #[inline(always)]
    fn look_for_more(&mut self) -> bool {
        // Acquire [T2]: the messages below this tail are in their slots.
        let acquire = order("claim-tail-load", Ordering::Acquire, Ordering::Relaxed);
        self.tail_seen = position(self.control.producer.tail.load(acquire));
        self.next.position != self.tail_seen
    }

    /// Counts the message before the next.
    #[inline(always)]
    fn count(&mut self, fate: Fate) {
        let counters = &self.control.taken_side;
        counters.taken.set(self.next.position);
        if fate == Fate::Delivered {
            counters.delivered.add(1);
        }
    }
}

/// How the reader claims: Release [C1], what it claimed before was moved out;
/// Acquire [A4], the message is in its slot, and merged.
#[inline(always)]
fn claiming() -> Ordering {
    if mutant("C1-claim") {
        return Ordering::Acquire;
    }
    order("A4-claim", Ordering::AcqRel, Ordering::Release)
}

impl EdgeControl {
    /// Moves the head of a claim ring from one word to another, if it is there;
    /// otherwise where it is.
    #[inline(always)]
    pub(super) fn exchange_head(
        &self,
        from: u64,
        to: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<(), u64> {
        // A look first: most exchanges that would fail do so here, for a tenth
        // of the price.
        let now = self.head.load(failure);
        if now != from {
            return Err(now);
        }
        if self.is_local() {
            self.store_own_head(to);
            return Ok(());
        }
        self.head
            .compare_exchange(from, to, success, failure)
            .map(drop)
    }

    /// Moves the head of a claim ring by one position; what it was before.
    #[inline(always)]
    fn advance_head(&self, order: Ordering) -> u64 {
        if self.is_local() {
            // Relaxed: only this thread writes it.
            let now = self.head.load(Ordering::Relaxed);
            self.store_own_head(now + word(1));
            return now;
        }
        self.head.fetch_add(word(1), order)
    }

    /// Ends a merge.
    pub(super) fn end_merging(&self) {
        // Release [R1]: the newest message is merged.
        let release = order("R1-merge", Ordering::Release, Ordering::Relaxed);
        self.head.fetch_and(!MERGING, release);
    }
}
