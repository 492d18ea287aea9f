//! What the engine and the handle of a door share, besides the edge: how one
//! wakes the other, and how a shutdown knows that the handle is through.
//!
//! # Waking the outside
//!
//! A task or thread that waits at a door registers its waker, then asks to be
//! told (of room with [`EdgeControl::wait_for_room`], of messages with
//! [`EdgeControl::ask`]), and looks once more. Whoever finds that it has asked
//! wakes the waker. No wake-up is lost: *register* and *wake* are
//! read-modify-writes on one word that acquire and release. If the wake comes
//! later, it takes the waker. If it comes first, what was done before it
//! happens before the question; so the question was not the one that was found,
//! and the last look sees what it is about.
//!
//! [`EdgeControl::wait_for_room`]: crate::edge::EdgeControl::wait_for_room
//! [`EdgeControl::ask`]: crate::edge::EdgeControl::ask
//!
//! # The gate
//!
//! A handle works on its edge between *enter* and *leave*. The supervisor
//! *shuts* the gate when the engine begins to drain; from then on nobody enters
//! through an entrance. These are read-modify-writes on one word, so totally
//! ordered: a send that entered before the shutting is seen as busy until it
//! has left, and by [G1→G2] its message is seen then. Any other is refused.
//!
//! An exit is entered all the same, to take what is left. Its consumer makes
//! room, and tells a node that waits for it, before it leaves. So who sees in
//! the edge that the wait is over also sees the exit busy, or by [G1→G2] the
//! mail to the node.
//!
//! # Happens-before edges
//!
//! - **[G1→G2]** left: what was sent, taken and told inside is visible.

use crate::node::Direction;
use crate::sync::{AtomicU64, AtomicWaker, Counter, Ordering, mutant, order};
use crate::util::catch_quietly;

/// The handle is at work on its edge.
const BUSY: u64 = 1;
/// The engine drains.
const SHUT: u64 = 2;
/// The handle is through.
const DEPARTED: u64 = 4;

/// The shared half of a door.
#[derive(Debug)]
pub(crate) struct Door {
    /// Of the port inside: an input is behind an entrance.
    pub(crate) direction: Direction,
    pub(crate) gate: Gate,
    /// Who waits outside.
    pub(crate) waker: AtomicWaker,
    /// Of an entrance: which activation of the node, counted from 1, took the
    /// message that was marked last. Written by the node's worker before it frees
    /// the mark, so who finds that free ([`Mark`](crate::edge)) may read this
    /// until the next one is set.
    pub(crate) taken_in: Counter,
}

impl Door {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            gate: Gate::new(),
            waker: AtomicWaker::new(),
            taken_in: Counter::default(),
        }
    }

    /// Wakes who waits outside, if anybody does. What the waker does is its
    /// own; a panic of it is none of the caller's.
    pub(crate) fn wake(&self) {
        let _ = catch_quietly(|| self.waker.wake());
    }
}

/// Who is inside, and whether one may enter. All wait-free.
#[derive(Debug)]
pub(crate) struct Gate {
    word: AtomicU64,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
        }
    }

    /// Enters an entrance. `false`: it is shut, and was not entered. By the
    /// handle.
    #[must_use]
    pub(crate) fn enter_if_open(&self) -> bool {
        if mutant("gate-enter-unmarked") {
            return !self.is_closed();
        }
        // Relaxed: the total order of the changes to this one word suffices.
        // A shut gate is left as it is: who hammers at it disturbs nobody.
        let entered = (self.word).compare_exchange(0, BUSY, Ordering::Relaxed, Ordering::Relaxed);
        entered.is_ok()
    }

    /// Enters an exit, shut or not. By the handle.
    pub(crate) fn enter(&self) {
        // Relaxed: the changes to the edge that follow carry it along.
        self.word.fetch_or(BUSY, Ordering::Relaxed);
    }

    /// Leaves. `true`: somebody waits for that and must be told. By the
    /// handle.
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        // Release [G1].
        let release = order("gate-leave", Ordering::Release, Ordering::Relaxed);
        self.word.fetch_and(!BUSY, release) & SHUT != 0 && !mutant("gate-leave-untold")
    }

    /// Leaves for good; as [`leave`](Self::leave).
    #[must_use]
    pub(crate) fn depart(&self) -> bool {
        // Release [G1].
        self.word.fetch_xor(BUSY | DEPARTED, Ordering::Release) & SHUT != 0
    }

    /// From now on nobody enters an entrance, and who leaves says so. By the
    /// supervisor.
    pub(crate) fn shut(&self) {
        // Relaxed: as in `enter_if_open`.
        self.word.fetch_or(SHUT, Ordering::Relaxed);
    }

    /// Whether nobody enters an entrance: the engine drains or has ended, or
    /// the handle was closed. Any thread.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: advice. A waker that was registered first is woken after
        // the shutting, see the module's text.
        self.word.load(Ordering::Relaxed) & (SHUT | DEPARTED) != 0
    }

    /// Whether nobody is inside. Any thread.
    pub(crate) fn is_quiet(&self) -> bool {
        // Acquire [G2].
        let acquire = order("gate-quiet", Ordering::Acquire, Ordering::Relaxed);
        self.word.load(acquire) & BUSY == 0
    }

    /// Whether the handle is through. Any thread.
    pub(crate) fn is_departed(&self) -> bool {
        // Acquire [G2].
        self.word.load(Ordering::Acquire) & DEPARTED != 0
    }
}
