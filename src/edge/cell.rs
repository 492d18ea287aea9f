//! The word in a cell of an exchange ring: whose turn it is, and which slot
//! the cell owns.

/// `sequence:40 | slot:23 | FULL:1`.
///
/// The sequence is the position of the message, modulo 2^40. An end that
/// sleeps in the middle of an operation for exactly 2^40 messages could take
/// a message out of order; a slot can never get two owners, because a word is
/// replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellWord(pub(super) u64);

const FULL: u64 = 1;
const SLOT_BITS: u32 = 23;
const SLOT_SHIFT: u32 = 1;
const SEQUENCE_SHIFT: u32 = SLOT_SHIFT + SLOT_BITS;
const SEQUENCE_MASK: u64 = u64::MAX >> SEQUENCE_SHIFT;

// A slot index fits: one per position, and a spare one for each end.
const _: () = assert!(super::MAX_CAPACITY + 2 <= 1 << SLOT_BITS);

impl CellWord {
    /// A cell that holds the message at `position`, in `slot`.
    #[inline(always)]
    pub(super) const fn full(position: u64, slot: usize) -> Self {
        Self(position << SEQUENCE_SHIFT | (slot as u64) << SLOT_SHIFT | FULL)
    }

    /// A cell whose message at `position` is gone, and that keeps the empty
    /// `slot`.
    #[inline(always)]
    pub(super) const fn empty(position: u64, slot: usize) -> Self {
        Self(position << SEQUENCE_SHIFT | (slot as u64) << SLOT_SHIFT)
    }

    /// A cell before its first message: empty since the lap before the first,
    /// which no position is equal to in its lifetime.
    pub(super) const fn initial(cell: usize) -> Self {
        Self::empty(u64::MAX, cell)
    }

    /// The slot the cell owns.
    #[inline(always)]
    pub(super) const fn slot(self) -> usize {
        (self.0 >> SLOT_SHIFT & ((1 << SLOT_BITS) - 1)) as usize
    }

    /// Whether it holds a message.
    #[inline(always)]
    pub(super) const fn is_full(self) -> bool {
        self.0 & FULL != 0
    }

    /// Whether it holds the message at `position`.
    #[inline(always)]
    pub(super) const fn is_full_at(self, position: u64) -> bool {
        self.is_full() && self.ahead_of(position) == 0
    }

    /// How far ahead of `position` the message it holds is, when it holds one
    /// that is.
    #[inline(always)]
    pub(super) const fn full_ahead_of(self, position: u64) -> Option<u64> {
        let ahead = self.ahead_of(position);
        if self.is_full() && ahead > 0 && ahead <= SEQUENCE_MASK / 2 {
            Some(ahead)
        } else {
            None
        }
    }

    const fn ahead_of(self, position: u64) -> u64 {
        (self.0 >> SEQUENCE_SHIFT).wrapping_sub(position) & SEQUENCE_MASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_it_was_made_of() {
        for position in [0, 1, 77, SEQUENCE_MASK, SEQUENCE_MASK + 5] {
            for slot in [0, 1, (1 << SLOT_BITS) - 1] {
                let full = CellWord::full(position, slot);
                assert!(full.is_full() && full.is_full_at(position));
                assert!(!full.is_full_at(position + 1));
                assert_eq!(full.slot(), slot);
                let empty = CellWord::empty(position, slot);
                assert!(!empty.is_full() && !empty.is_full_at(position));
                assert_eq!(empty.slot(), slot);
                assert_ne!(full, empty);
            }
        }
    }

    #[test]
    fn ahead_and_behind_are_told_apart_across_the_wrap() {
        let wrap = SEQUENCE_MASK + 1;
        let full = CellWord::full(wrap + 3, 1);
        assert_eq!(full.full_ahead_of(wrap - 1), Some(4));
        assert_eq!(full.full_ahead_of(wrap + 3), None);
        assert_eq!(full.full_ahead_of(wrap + 4), None, "it is behind");
        assert_eq!(CellWord::empty(9, 1).full_ahead_of(3), None);
    }

    #[test]
    fn an_initial_cell_is_empty_and_owns_the_slot_of_its_number() {
        let word = CellWord::initial(6);
        assert!(!word.is_full());
        assert_eq!(word.slot(), 6);
    }
}
