//! Gaps, duplicates and late datagrams, by sequence number.

use serde::Serialize;

/// How far back a late datagram can be told from a duplicate.
pub(crate) const WINDOW: u64 = 4_096;
const WORDS: usize = (WINDOW / 64) as usize;

/// What a number says about its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The next one, or one beyond a gap.
    New,
    /// It fills a gap; newer ones came before it.
    Late,
    /// It was there before, or is too old to say.
    Duplicate,
    /// Of a session that a newer one has replaced.
    OldSession,
}

/// What was found so far, over all sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sequences {
    /// Sessions: 1 and the restarts of the sender.
    pub(crate) sessions: u64,
    /// Quotes that were handed on.
    pub(crate) accepted: u64,
    /// Times that numbers were skipped.
    pub(crate) gaps: u64,
    /// Numbers that were skipped and have not come since.
    pub(crate) missing: u64,
    /// Quotes that filled a gap: too old to be handed on.
    pub(crate) late: u64,
    /// Quotes that came again.
    pub(crate) duplicates: u64,
    /// Datagrams of a session that a newer one had replaced.
    pub(crate) old_session: u64,
    /// Ends of sessions, repeated ones included.
    pub(crate) ends: u64,
}

/// Follows the numbers of one session at a time. A session is followed from the
/// first number that is seen of it.
#[derive(Debug)]
pub(crate) struct Tracker {
    session: u64,
    /// The number expected next; 0 before any session.
    next: u64,
    /// The first number seen: older ones were before our time.
    first: u64,
    /// A bit for each of the last [`WINDOW`] numbers before `next`: seen.
    seen: [u64; WORDS],
    found: Sequences,
}

impl Tracker {
    pub(crate) fn new() -> Self {
        Self {
            session: 0,
            next: 0,
            first: 0,
            seen: [0; WORDS],
            found: Sequences::default(),
        }
    }

    /// What was found so far.
    pub(crate) const fn found(&self) -> Sequences {
        self.found
    }

    /// Takes note of a quote, and says what to think of it.
    pub(crate) fn quote(&mut self, session: u64, sequence: u64) -> Place {
        let place = self.place(session, sequence);
        match place {
            Place::New => self.found.accepted += 1,
            Place::Late => self.found.late += 1,
            Place::Duplicate => self.found.duplicates += 1,
            Place::OldSession => self.found.old_session += 1,
        }
        place
    }

    /// Takes note of the end of a session, before which `next` would have come:
    /// numbers that are missing at the very end show here.
    pub(crate) fn end(&mut self, session: u64, next: u64) {
        if !self.enter(session, next) {
            self.found.old_session += 1;
            return;
        }
        self.found.ends += 1;
        self.skip_to(next);
    }

    fn place(&mut self, session: u64, sequence: u64) -> Place {
        if !self.enter(session, sequence) {
            return Place::OldSession;
        }
        if sequence >= self.next {
            self.skip_to(sequence);
            self.mark(sequence);
            self.next = sequence.saturating_add(1);
            return Place::New;
        }
        let too_old = self.next - sequence > WINDOW || sequence < self.first;
        if too_old || self.is_marked(sequence) {
            return Place::Duplicate;
        }
        self.mark(sequence);
        self.found.missing = self.found.missing.saturating_sub(1);
        Place::Late
    }

    /// Turns to a newer session; whether this is now the one that is followed.
    fn enter(&mut self, session: u64, sequence: u64) -> bool {
        if session > self.session || self.found.sessions == 0 {
            self.found.sessions += 1;
            self.session = session;
            self.first = sequence;
            self.next = sequence;
        }
        session == self.session
    }

    /// The numbers from the expected one to before `sequence` are missing.
    fn skip_to(&mut self, sequence: u64) {
        let skipped = sequence.saturating_sub(self.next);
        if skipped == 0 {
            return;
        }
        self.found.gaps += 1;
        self.found.missing += skipped;
        for missing in sequence.saturating_sub(skipped.min(WINDOW))..sequence {
            self.seen[word(missing)] &= !bit(missing);
        }
        self.next = sequence;
    }

    fn mark(&mut self, sequence: u64) {
        self.seen[word(sequence)] |= bit(sequence);
    }

    fn is_marked(&self, sequence: u64) -> bool {
        self.seen[word(sequence)] & bit(sequence) != 0
    }
}

const fn word(sequence: u64) -> usize {
    (sequence / 64) as usize % WORDS
}

const fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::seed::Seed;

    fn places(tracker: &mut Tracker, numbers: &[u64]) -> Vec<Place> {
        let mut place = |&number: &u64| tracker.quote(1, number);
        numbers.iter().map(&mut place).collect()
    }

    #[test]
    fn a_gap_a_duplicate_and_a_late_one_are_told_apart() {
        let mut tracker = Tracker::new();
        let found = places(&mut tracker, &[1, 2, 5, 5, 3, 3, 6]);
        use Place::{Duplicate, Late, New};
        assert_eq!(found, [New, New, New, Duplicate, Late, Duplicate, New]);
        let found = tracker.found();
        assert_eq!((found.gaps, found.missing), (1, 1)); // 4 never came
        assert_eq!((found.accepted, found.late, found.duplicates), (4, 1, 2));
    }

    #[test]
    fn numbers_missing_at_the_end_show_when_the_session_ends() {
        let mut tracker = Tracker::new();
        places(&mut tracker, &[1, 2]);
        tracker.end(1, 5);
        tracker.end(1, 5);
        let found = tracker.found();
        assert_eq!((found.gaps, found.missing, found.ends), (1, 2, 2));
    }

    #[test]
    fn a_restarted_sender_begins_anew_and_the_old_one_is_heard_no_more() {
        let mut tracker = Tracker::new();
        places(&mut tracker, &[1, 2, 3]);
        assert_eq!(tracker.quote(2, 1), Place::New);
        assert_eq!(tracker.quote(1, 4), Place::OldSession);
        assert_eq!(tracker.quote(2, 2), Place::New);
        tracker.end(1, 9);
        let found = tracker.found();
        assert_eq!((found.sessions, found.old_session), (2, 2));
        assert_eq!((found.missing, found.duplicates), (0, 0));
    }

    #[test]
    fn what_was_before_the_first_number_seen_is_not_missing() {
        let mut tracker = Tracker::new();
        assert_eq!(tracker.quote(1, 1_000), Place::New);
        assert_eq!(tracker.found().missing, 0);
        // Nor does it fill a gap, when it comes late.
        assert_eq!(tracker.quote(1, 999), Place::Duplicate);
    }

    #[test]
    fn a_gap_wider_than_the_window_forgets_what_was_seen() {
        let mut tracker = Tracker::new();
        places(&mut tracker, &[1, 2 + 2 * WINDOW, 1 + WINDOW, 3 + WINDOW]);
        let found = tracker.found();
        assert_eq!(found.missing, 2 * WINDOW - 1);
        assert_eq!((found.late, found.duplicates), (1, 1));
    }

    #[test]
    fn the_counts_are_those_of_a_set_of_numbers_seen() {
        let mut random = Seed::new();
        let mut tracker = Tracker::new();
        let mut seen = BTreeSet::from([1]);
        assert_eq!(tracker.quote(1, 1), Place::New);
        let mut highest = 1;
        for _ in 0..20_000 {
            let back = random.in_range(0..40);
            let number = (highest + random.in_range(0..4))
                .saturating_sub(back)
                .max(1);
            let expected = if seen.contains(&number) {
                Place::Duplicate
            } else if number > highest {
                Place::New
            } else {
                Place::Late
            };
            assert_eq!(tracker.quote(1, number), expected, "{number} of {highest}");
            seen.insert(number);
            highest = highest.max(number);
        }
        let found = tracker.found();
        assert_eq!(found.missing, highest - seen.len() as u64);
        assert_eq!(found.accepted + found.late, seen.len() as u64);
    }
}
