//! What became of every message sent over an edge.

use core::fmt;

use crate::sync::Counter;

/// The books of one edge.
///
/// At any quiescent moment (neither end in the middle of an operation)
/// `sent = delivered + dropped + evicted + coalesced + expired + in_flight +
/// discarded + dead_letters`, exactly: see [`Ledger::is_balanced`]. `in_flight` is
/// measured from the edge itself, not computed from the other numbers, so a lost
/// message shows.
///
/// While the ends are at work the numbers may be of slightly different
/// moments.
///
/// ```
/// use tidegate::edge::{channel, Policy};
///
/// let (mut producer, mut consumer) = channel(2, Policy::Latest)?;
/// for number in 0..5 {
///     producer.send(number)?;
/// }
/// assert_eq!(consumer.recv(), Ok(3));
/// let ledger = consumer.monitor().ledger();
/// assert_eq!((ledger.sent, ledger.delivered), (5, 1));
/// assert_eq!((ledger.evicted, ledger.in_flight), (3, 1));
/// assert!(ledger.is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "inspect", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Ledger {
    /// Messages accepted by a send: all but those handed back in a
    /// [`SendError`](super::SendError).
    pub sent: u64,
    /// Messages received.
    pub delivered: u64,
    /// New messages dropped because the edge was full, or because their merge
    /// panicked.
    pub dropped: u64,
    /// Pending messages evicted for newer ones.
    pub evicted: u64,
    /// Messages merged into a pending one.
    pub coalesced: u64,
    /// Pending messages dropped unreceived because they were
    /// [too old](crate::graph::Edge::max_age).
    pub expired: u64,
    /// Messages pending in the edge.
    pub in_flight: u64,
    /// Messages thrown away unreceived: at a stop, or with the consumer.
    pub discarded: u64,
    /// Messages taken in place of a quarantined node: passed on to the edge for
    /// its dead letters, where they count as sent, or dropped for lack of one.
    /// See [`Quarantine::Open`](crate::node::Quarantine::Open).
    pub dead_letters: u64,
    /// How often the merge function panicked.
    pub merge_panics: u64,
    /// How often the `Drop` of a message panicked while the edge dropped it.
    pub drop_panics: u64,
}

impl Ledger {
    /// Everything that is known to have become of messages.
    #[must_use]
    pub const fn accounted(&self) -> u64 {
        self.delivered
            .wrapping_add(self.dropped)
            .wrapping_add(self.evicted)
            .wrapping_add(self.coalesced)
            .wrapping_add(self.expired)
            .wrapping_add(self.in_flight)
            .wrapping_add(self.discarded)
            .wrapping_add(self.dead_letters)
    }

    /// Messages that nobody received, and that nothing newer stands for: dropped,
    /// expired or discarded.
    ///
    /// Not the [dead letters](Self::dead_letters), which an edge of their own may
    /// have taken. Where there is none, they are lost as well.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.dropped
            .wrapping_add(self.expired)
            .wrapping_add(self.discarded)
    }

    /// Whether every message sent is accounted for exactly once. Holds at any
    /// quiescent moment.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.sent == self.accounted()
    }
}

/// The books of several edges together.
impl core::ops::AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        // By name, so that no account is forgotten.
        let Self {
            sent,
            delivered,
            dropped,
            evicted,
            coalesced,
            expired,
            in_flight,
            discarded,
            dead_letters,
            merge_panics,
            drop_panics,
        } = other;
        self.sent += sent;
        self.delivered += delivered;
        self.dropped += dropped;
        self.evicted += evicted;
        self.coalesced += coalesced;
        self.expired += expired;
        self.in_flight += in_flight;
        self.discarded += discarded;
        self.dead_letters += dead_letters;
        self.merge_panics += merge_panics;
        self.drop_panics += drop_panics;
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent {} {} delivered {} + dropped {} + evicted {} + coalesced {} + in flight {} + discarded {}",
            self.sent,
            if self.is_balanced() { "=" } else { "≠" },
            self.delivered,
            self.dropped,
            self.evicted,
            self.coalesced,
            self.in_flight,
            self.discarded,
        )?;
        if self.expired > 0 {
            write!(f, " + expired {}", self.expired)?;
        }
        if self.dead_letters > 0 {
            write!(f, " + dead letters {}", self.dead_letters)?;
        }
        if self.merge_panics + self.drop_panics > 0 {
            write!(
                f,
                " ({} merges and {} drops panicked)",
                self.merge_panics, self.drop_panics
            )?;
        }
        Ok(())
    }
}

/// What became of messages when they were sent, as the producer knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    /// Those that were pending, for some time.
    pub(crate) stored: u64,
    pub(crate) dropped: u64,
    /// Of those stored.
    pub(crate) evicted: u64,
    pub(crate) coalesced: u64,
}

impl Fates {
    /// What came after `earlier`.
    pub(crate) const fn since(&self, earlier: &Self) -> Self {
        Self {
            stored: self.stored.wrapping_sub(earlier.stored),
            dropped: self.dropped.wrapping_sub(earlier.dropped),
            evicted: self.evicted.wrapping_sub(earlier.evicted),
            coalesced: self.coalesced.wrapping_sub(earlier.coalesced),
        }
    }
}

/// The counters that the producer's side alone writes. What it stored is told
/// by its position.
#[derive(Debug, Default)]
pub(super) struct ProducerCounters {
    pub(super) dropped: Counter,
    pub(super) evicted: Counter,
    pub(super) coalesced: Counter,
    pub(super) merge_panics: Counter,
    /// Of messages evicted by a send after the capacity had shrunk.
    pub(super) drop_panics: Counter,
}

/// What becomes of a message that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Handed to the user.
    Delivered,
    /// Not, so far: whoever takes it counts what becomes of it.
    Withheld,
}

/// The counters that the consumer's side alone writes; the last owner of the
/// slots when both ends are gone.
#[derive(Debug, Default)]
pub(super) struct ConsumerCounters {
    /// The consumer's position: how many messages it took or skipped. May be
    /// ahead of the published head.
    pub(super) taken: Counter,
    /// The position that the scheduler published last.
    pub(super) published: Counter,
    /// Exchange rings: messages delivered.
    pub(super) delivered: Counter,
    /// Plain rings: messages taken, but not delivered.
    pub(super) withheld: Counter,
    pub(super) discarded: Counter,
    /// Of those withheld.
    pub(super) expired: Counter,
    pub(super) dead_letters: Counter,
    pub(super) drop_panics: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_message_unbalances_the_ledger() {
        let ledger = Ledger {
            sent: 36,
            delivered: 1,
            dropped: 2,
            evicted: 3,
            coalesced: 4,
            in_flight: 5,
            discarded: 6,
            expired: 7,
            dead_letters: 8,
            ..Ledger::default()
        };
        assert!(ledger.is_balanced());
        let lost = Ledger {
            in_flight: 4,
            ..ledger
        };
        assert!(!lost.is_balanced());
        assert_eq!((ledger.accounted(), lost.accounted()), (36, 35));
        let without_a_successor = 2 + 6 + 7;
        assert_eq!(ledger.lost(), without_a_successor);
    }

    #[test]
    fn balanced_ledgers_balance_together() {
        let mut together = Ledger::default();
        for _ in 0..2 {
            together += Ledger {
                sent: 36,
                delivered: 1,
                dropped: 2,
                evicted: 3,
                coalesced: 4,
                expired: 5,
                in_flight: 6,
                discarded: 7,
                dead_letters: 8,
                merge_panics: 9,
                drop_panics: 10,
            };
        }
        assert!(together.is_balanced());
        let twice = Ledger {
            sent: 72,
            delivered: 2,
            dropped: 4,
            evicted: 6,
            coalesced: 8,
            expired: 10,
            in_flight: 12,
            discarded: 14,
            dead_letters: 16,
            merge_panics: 18,
            drop_panics: 20,
        };
        assert_eq!(together, twice);
    }

    #[test]
    fn the_text_is_an_equation_and_names_panics_only_when_there_were_any() {
        let mut ledger = Ledger {
            sent: 3,
            delivered: 2,
            in_flight: 1,
            ..Ledger::default()
        };
        assert_eq!(
            ledger.to_string(),
            "sent 3 = delivered 2 + dropped 0 + evicted 0 + coalesced 0 + in flight 1 + discarded 0"
        );
        ledger.merge_panics = 1;
        ledger.delivered = 1;
        let text = ledger.to_string();
        assert!(text.starts_with("sent 3 ≠ "), "{text}");
        assert!(text.ends_with("(1 merges and 0 drops panicked)"), "{text}");
        ledger.drop_panics = 1;
        let text = ledger.to_string();
        assert!(text.ends_with("(1 merges and 1 drops panicked)"), "{text}");
    }

    #[test]
    fn the_text_names_messages_that_were_too_old_or_buried_only_when_there_are_any() {
        let mut ledger = Ledger {
            sent: 5,
            delivered: 2,
            expired: 3,
            ..Ledger::default()
        };
        let text = ledger.to_string();
        assert!(text.starts_with("sent 5 = delivered 2 "), "{text}");
        assert!(text.ends_with("discarded 0 + expired 3"), "{text}");
        (ledger.expired, ledger.dead_letters) = (0, 3);
        let text = ledger.to_string();
        assert!(text.ends_with("discarded 0 + dead letters 3"), "{text}");
    }

    #[test]
    fn what_was_sent_since_is_the_difference_of_each_account() {
        let fates = |stored, dropped, evicted, coalesced| Fates {
            stored,
            dropped,
            evicted,
            coalesced,
        };
        let (earlier, later) = (fates(1, 2, 3, 4), fates(11, 22, 33, 44));
        assert_eq!(later.since(&earlier), fates(10, 20, 30, 40));
        assert_eq!(later.since(&later), Fates::default());
    }
}
