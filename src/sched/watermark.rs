//! When a producer calls the supervisor because an edge fills up.
//!
//! Levels are the supervisor's business; a producer only compares the depth with
//! one number after an activation that sent something, and calls once. The
//! supervisor sets the next number after it has looked, and while an edge is not
//! low it looks by itself, so neither side waits for the other: a call that comes
//! too late for one look is there for the next.

use crate::sync::{AtomicU64, Ordering};

/// Nobody is called.
const NEVER: u64 = u64::MAX;

/// The depth from which on the producer calls.
#[derive(Debug)]
pub(crate) struct CallAt(AtomicU64);

impl Default for CallAt {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl CallAt {
    /// To be called once, at this depth or above; `None`: not any more. Whether
    /// that is new: then the depth may have been reached unseen since it was
    /// looked at. By the supervisor, or before the start.
    pub(crate) fn set(&self, depth: Option<usize>) -> bool {
        // Relaxed: a number by itself. Who reads the old one calls for nothing,
        // or not yet: the supervisor looks again.
        let depth = depth.map_or(NEVER, |depth| depth as u64);
        self.0.swap(depth, Ordering::Relaxed) != depth
    }

    /// Whether to call, now that so many messages are pending; only once. By the
    /// producer. Wait-free.
    pub(crate) fn is_reached(&self, depth: usize) -> bool {
        // Relaxed, both: see there. A number set in between is overwritten, as
        // the supervisor is called and sets it anew.
        let reached = depth as u64 >= self.0.load(Ordering::Relaxed);
        if reached {
            self.0.store(NEVER, Ordering::Relaxed);
        }
        reached
    }
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn the_producer_calls_once_at_the_depth_that_was_set() {
        let call = CallAt::default();
        assert!(!call.is_reached(usize::MAX >> 1));
        assert!(call.set(Some(8)));
        assert!(!call.set(Some(8)), "nothing happened in between");
        assert!(!call.is_reached(7));
        assert!(call.is_reached(9));
        assert!(!call.is_reached(9));
        assert!(call.set(Some(8)), "it was called meanwhile");
        assert!(call.set(None));
        assert!(!call.is_reached(9));
    }
}
