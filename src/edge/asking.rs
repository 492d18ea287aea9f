//! A consumer on another thread asks to be told about new messages; a producer
//! tells only one that has asked.
//!
//! A consumer that finds its edge empty may simply look again, for a while. It
//! asks before it stops looking. As long as messages keep coming it never
//! asks, and a producer tells nobody: it finds so in a word that no other
//! thread touches meanwhile.
//!
//! *Ask* (the consumer) and *take* (the producer, after it published) are
//! read-modify-writes of one word, so they are totally ordered. If *take*
//! comes first, *ask* reads what it left, and by [P1→P2] the consumer, which
//! looks once more after asking, sees what was published. If *ask* comes
//! first, *take* finds it, and the producer must notify. No fence is needed,
//! and no wake-up is lost.
//!
//! # Happens-before edges
//!
//! - **[P1→P2]** asked: what was published before it was taken is visible.

use super::control::EdgeControl;
use crate::sync::{Ordering, mutant, order};

/// In `asked`: the consumer wants to be told.
pub(super) const ASKED: u64 = 1;

impl EdgeControl {
    /// Asks to be told about the next message. `true`: there is one already,
    /// or it is just being published; being told may follow all the same.
    /// Consumer's thread. Wait-free.
    #[must_use]
    pub(crate) fn ask(&self) -> bool {
        if mutant("ask-without-rmw") {
            self.asked.store(ASKED, Ordering::Release);
        } else {
            // Acquire [P2]: when it comes after a take, the look below sees
            // what was published before that.
            let acquire = order("ask", Ordering::Acquire, Ordering::Relaxed);
            self.asked.fetch_or(ASKED, acquire);
        }
        !mutant("ask-without-look") && self.has_pending()
    }

    /// Whether the consumer must be told about what was published: it has
    /// asked, since it was last told. Producer's thread. Wait-free.
    #[must_use]
    pub(crate) fn take_asked(&self) -> bool {
        // Release [P1]: what was published before shows to who asks later.
        let release = order("take-asked", Ordering::Release, Ordering::Relaxed);
        self.asked.swap(0, release) & ASKED != 0
    }
}
