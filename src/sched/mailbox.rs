//! The ready mailbox: how other threads tell a worker which of its nodes have
//! something to do, and how the worker sleeps without missing it.
//!
//! Two levels of bitmaps: a bit per node in the *leaf* words, and one *top*
//! word with a bit per leaf that may have bits. The top word also says that
//! the worker is parked, so "nothing came in" and "I go to sleep" is a single
//! compare-and-swap, and no fence is needed.
//!
//! # Why no notification is lost
//!
//! A notifier sets its leaf bit (N1), looks at the top word (N2), and sets the
//! leaf's bit there if it is missing (N3). The worker takes the top word (D1),
//! then the leaves it names (D2). N1 and D2 are read-modify-writes on one
//! word, so one comes first:
//!
//! - N1 before D2: D2 takes the bit, and by [N1→D2] everything that the
//!   notifier did before.
//! - N1 after D2: N1 reads what D2 left, so by [D2→N1] D1 happened before N2,
//!   which therefore cannot see the top word as it was before D1. If N2 finds
//!   the leaf's bit set, it was set again since, and another D1 is still to
//!   come. If not, N3 sets it.
//!
//! And a D1 that takes the top bit of an N3 finds the leaf bit that belongs to
//! it: by [N3→D1], N1 comes before the D2 that follows.
//!
//! # Why no wake-up is lost
//!
//! `PARKED` is set by the worker alone, by a compare-and-swap from 0 to
//! `PARKED` (K1): only while no leaf is marked. A top bit that is still to be
//! taken either makes K1 fail, or is set after K1, by an N3 that then sees
//! `PARKED` and unparks. A notifier whose N2 finds the bit set together with
//! `PARKED` unparks too. It need not, but whoever set the bit may be preempted
//! before the unpark, and the worker would sleep as long.

use core::time::Duration;

use crate::sync::{AtomicU64, Ordering, Sleeper, mutant, order};
use crate::util::Padded;

/// How many leaves there are: as many as the top word has bits for. A model
/// checker tracks every word, so it gets just enough for the protocol.
const LEAVES: usize = if cfg!(tidegate_loom) { 2 } else { 63 };

/// In the top word: the worker is parked, or about to.
const PARKED: u64 = 1 << 63;

/// A set of ready bits that any thread may add to and one worker takes from.
///
/// Nothing here allocates or blocks but [`Mailbox::park`].
#[derive(Debug)]
pub(crate) struct Mailbox {
    top: Padded<AtomicU64>,
    leaves: Padded<[AtomicU64; LEAVES]>,
    /// Where the worker sleeps.
    worker: Sleeper,
}

impl Mailbox {
    /// How many nodes a worker can have: notifications are numbered below
    /// this.
    pub(crate) const CAPACITY: usize = LEAVES * 64;

    /// An empty mailbox.
    pub(crate) fn new() -> Self {
        Self {
            top: Padded(AtomicU64::new(0)),
            leaves: Padded(core::array::from_fn(|_| AtomicU64::new(0))),
            worker: Sleeper::new(),
        }
    }

    /// Makes the calling thread the one that is unparked. By the worker, once,
    /// before it parks; a worker that is driven by its caller need not.
    pub(crate) fn register(&self) {
        self.worker.register();
    }

    /// Marks `index` as ready, and wakes the worker if it is parked. Any
    /// thread. What the caller did before is visible to the worker when it
    /// drains the mark.
    ///
    /// Wait-free: at most two read-modify-writes. Waking a parked worker is a
    /// system call.
    ///
    /// # Panics
    /// When `index` is not below [`Mailbox::CAPACITY`].
    pub(crate) fn notify(&self, index: usize) {
        let (leaf, bit) = (index / 64, 1 << (index % 64));
        // Release [N1→D2]: what the caller did before is visible to the worker.
        // Acquire [D2→N1]: N2 cannot see the top word of before the drain that
        // this mark came too late for.
        let both = if mutant("N1-no-release") {
            Ordering::Acquire
        } else {
            order("N1-no-acquire", Ordering::AcqRel, Ordering::Release)
        };
        self.leaves[leaf].fetch_or(bit, both);
        let group = 1 << leaf;
        // Relaxed (N2): by the argument above the value is recent enough.
        let mut top = self.top.load(Ordering::Relaxed);
        if top & group == 0 {
            // Release [N3→D1]: who takes this bit finds the leaf bit.
            let release = order("N3", Ordering::Release, Ordering::Relaxed);
            top = self.top.fetch_or(group, release);
        }
        if top & PARKED != 0 && !mutant("notify-never-unparks") {
            self.worker.wake();
        }
    }

    /// Whether the worker sleeps, or is about to: a hint. Any thread.
    #[inline]
    pub(crate) fn sleeps(&self) -> bool {
        // Relaxed: for statistics alone.
        self.top.load(Ordering::Relaxed) & PARKED != 0
    }

    /// Whether nothing came in. One relaxed load: a `true` may be outdated,
    /// which [`Mailbox::park`] notices.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.top.load(Ordering::Relaxed) == 0
    }

    /// The word that is not zero while something came in: for a quick look
    /// from inside an activation.
    #[inline(always)]
    pub(crate) fn word(&self) -> &AtomicU64 {
        &self.top
    }

    /// Whether something came in that the worker has not taken. By the
    /// coordinator of a shutdown, see [`quiescence`](super::quiescence).
    pub(crate) fn has_mail(&self) -> bool {
        // Acquire [D1→Q2].
        let acquire = order("has-mail", Ordering::Acquire, Ordering::Relaxed);
        self.top.load(acquire) & !PARKED != 0
    }

    /// Takes all marks and gives each to `ready`, in ascending order. By the
    /// worker. Wait-free.
    pub(crate) fn drain(&self, mut ready: impl FnMut(usize)) {
        // Acquire [N3→D1]: the leaf bit behind each top bit is found by D2.
        // Release [D1→Q2]: who finds the mail taken finds the worker busy; the
        // worker says so before it drains. (What it does to the word later are
        // read-modify-writes, which carry that on.)
        let both = if mutant("D1-no-release") {
            Ordering::Acquire
        } else {
            order("D1-no-acquire", Ordering::AcqRel, Ordering::Release)
        };
        let mut groups = self.top.swap(0, both);
        while groups != 0 {
            let leaf = groups.trailing_zeros() as usize;
            groups &= groups - 1;
            // Acquire [N1→D2]: what the notifiers did before is visible.
            // Release [D2→N1]: a notifier too late for this knows that the top
            // word was taken.
            let both = if mutant("D2-no-release") {
                Ordering::Acquire
            } else {
                order("D2-no-acquire", Ordering::AcqRel, Ordering::Release)
            };
            let mut bits = self.leaves[leaf].swap(0, both);
            while bits != 0 {
                ready(leaf * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// Sleeps until something comes in, or the timeout is over, or for no
    /// reason at all; not at all when something has come in already. Whether
    /// it slept. By the worker, which has registered.
    pub(crate) fn park(&self, timeout: Option<Duration>) -> bool {
        self.park_with(timeout, || ())
    }

    /// The same; `fall_asleep` is called if it is to sleep, just before: from
    /// then on all that comes in wakes it.
    pub(crate) fn park_with(&self, timeout: Option<Duration>, fall_asleep: impl FnOnce()) -> bool {
        debug_assert!(self.worker.is_registered(), "nobody could wake it");
        if mutant("park-without-cas") {
            if !self.is_empty() {
                return false;
            }
            self.top.fetch_or(PARKED, Ordering::Relaxed);
        } else if self
            .top
            // Relaxed (K1): the total order of the changes to this one word is
            // all that is needed.
            .compare_exchange(0, PARKED, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        fall_asleep();
        self.worker.sleep(timeout);
        // Relaxed: marks set meanwhile stay, and the drain acquires them. An
        // unpark that comes late lets the next park return at once.
        self.top.fetch_and(!PARKED, Ordering::Relaxed);
        true
    }
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    #[cfg(feature = "std")]
    use crate::sync::thread;
    #[cfg(feature = "std")]
    use std::sync::Arc;

    fn drained(mailbox: &Mailbox) -> Vec<usize> {
        let mut ready = Vec::new();
        mailbox.drain(|index| ready.push(index));
        ready
    }

    #[test]
    fn every_index_comes_out_once_and_in_order() {
        let mailbox = Mailbox::new();
        assert!(mailbox.is_empty());
        assert_eq!(Mailbox::CAPACITY, 4_032);
        for index in (0..Mailbox::CAPACITY).rev() {
            mailbox.notify(index);
            mailbox.notify(index);
        }
        assert!(!mailbox.is_empty());
        assert!(drained(&mailbox).into_iter().eq(0..Mailbox::CAPACITY));
        assert!(mailbox.is_empty());
        assert!(drained(&mailbox).is_empty());
    }

    #[test]
    fn a_worker_driven_by_its_caller_needs_no_registration() {
        let mailbox = Mailbox::new();
        mailbox.notify(70);
        assert_eq!(drained(&mailbox), [70]);
    }

    #[cfg(feature = "std")] // nothing sleeps without
    #[test]
    fn a_worker_with_mail_does_not_sleep() {
        let mailbox = Mailbox::new();
        mailbox.register();
        mailbox.notify(3);
        assert!(!mailbox.park(None), "or this test would not end");
        assert_eq!(drained(&mailbox), [3]);
    }

    #[cfg(feature = "std")] // nothing sleeps without
    #[test]
    fn a_timeout_leaves_an_empty_mailbox_that_takes_mail() {
        let mailbox = Mailbox::new();
        mailbox.register();
        assert!(mailbox.park(Some(Duration::ZERO)));
        assert!(mailbox.is_empty(), "PARKED is gone");
        mailbox.notify(9);
        assert_eq!(drained(&mailbox), [9]);
    }

    #[cfg(feature = "std")] // nothing sleeps without
    #[test]
    fn a_parked_worker_gets_every_notification() {
        let rounds = if cfg!(miri) { 20 } else { 2_000 };
        let mailbox = Arc::new(Mailbox::new());
        let answers = Arc::new(Mailbox::new());
        answers.register();
        let worker = {
            let (mailbox, answers) = (mailbox.clone(), answers.clone());
            thread::Builder::new().spawn(move || {
                mailbox.register();
                let mut seen = 0;
                while seen < rounds {
                    mailbox.park(None);
                    mailbox.drain(|index| {
                        assert_eq!(index, seen % Mailbox::CAPACITY);
                        seen += 1;
                        answers.notify(index);
                    });
                }
            })
        };
        for round in 0..rounds {
            mailbox.notify(round % Mailbox::CAPACITY);
            while drained(&answers).is_empty() {
                answers.park(None);
            }
        }
        worker.unwrap().join().unwrap();
    }
}
