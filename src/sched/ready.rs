//! Which nodes of a worker are ready, and which of them is next.
//!
//! Touched by the worker's own thread only: plain words, no atomics. Other
//! threads go through the [mailbox](super::mailbox).

use alloc::boxed::Box;

use crate::band::Band;

use super::bands::{SlotTable, Weights};

/// Groups of 64 nodes, each with a bit in the summary word. The last group
/// stays empty, as in the mailbox, whose summary word has another use for that
/// bit; it is there so that six bits always are an index.
const GROUPS: usize = 64;

/// `ready_in` of a node that is not ready.
const NOT_READY: u8 = u8::MAX;

/// `next` when there is none.
const NOBODY: usize = usize::MAX;

/// A set of node indices: a bit per node, and a summary bit per group.
///
/// Invariant: a summary bit is set exactly when its group has a bit set. Both
/// are changed in the same function.
#[derive(Clone, Debug)]
struct NodeSet {
    summary: u64,
    groups: [u64; GROUPS],
}

impl NodeSet {
    const fn new() -> Self {
        Self {
            summary: 0,
            groups: [0; GROUPS],
        }
    }

    #[inline(always)]
    fn insert(&mut self, node: usize) {
        let group = group_of(node);
        self.groups[group] |= 1 << (node % 64);
        self.summary |= 1 << group;
    }

    #[inline(always)]
    fn remove(&mut self, node: usize) {
        let group = group_of(node);
        let rest = self.groups[group] & !(1 << (node % 64));
        self.groups[group] = rest;
        self.summary &= !(u64::from(rest == 0) << group);
    }

    fn len(&self) -> usize {
        let (mut summary, mut members) = (self.summary, 0);
        while summary != 0 {
            members += self.groups[summary.trailing_zeros() as usize].count_ones() as usize;
            summary &= summary - 1;
        }
        members
    }

    /// The first member at or after `cursor`, else the first of all. The set
    /// must not be empty.
    #[inline(always)]
    fn next_from(&self, cursor: usize) -> usize {
        debug_assert!(self.summary != 0);
        let group = group_of(cursor);
        let here = self.groups[group] & (!0 << (cursor % 64));
        if here != 0 {
            return group * 64 + here.trailing_zeros() as usize;
        }
        // Two shifts, because one by 64 would be none.
        let later = self.summary & (!0 << group << 1);
        let summary = if later != 0 { later } else { self.summary };
        let group = summary.trailing_zeros() as usize % GROUPS;
        group * 64 + self.groups[group].trailing_zeros() as usize
    }
}

/// The group of a node below [`ReadySets::CAPACITY`].
#[inline(always)]
const fn group_of(node: usize) -> usize {
    node / 64 % GROUPS
}

/// The ready nodes of one worker, by band.
///
/// A node is in one band at most. A pick costs the same however many nodes are
/// ready.
///
/// Invariant: `occupied` has the bit of a band's index exactly when its set has
/// a member, or `next` is in that band.
///
/// Along a chain, the node that is made ready is the very one that the walk
/// comes to next. Such a node is not entered into its set and taken out again,
/// but kept in `next` until the next pick.
#[derive(Clone, Debug)]
pub(crate) struct ReadySets {
    occupied: u8,
    /// A ready node that is in no set: the cursor of `next_band` points to it.
    /// `NOBODY` when all ready nodes are in their sets.
    next: usize,
    next_band: Band,
    bands: [NodeSet; 3],
    /// Which of `bands` each node is in.
    ready_in: Box<[u8]>,
    /// Per band, where the round-robin walk goes on.
    cursors: [usize; 3],
    slots: SlotTable,
}

impl ReadySets {
    /// The most nodes there can be.
    pub(crate) const CAPACITY: usize = (GROUPS - 1) * 64;

    /// Sets for `nodes` nodes, at most [`CAPACITY`](Self::CAPACITY).
    pub(crate) fn new(nodes: usize, weights: Weights) -> Self {
        debug_assert!(nodes <= Self::CAPACITY);
        Self {
            occupied: 0,
            next: NOBODY,
            next_band: Band::Normal,
            bands: [NodeSet::new(), NodeSet::new(), NodeSet::new()],
            ready_in: vec![NOT_READY; nodes].into_boxed_slice(),
            cursors: [0; 3],
            slots: SlotTable::new(weights),
        }
    }

    /// Starts a new period with other weights; equal ones change nothing.
    pub(crate) fn set_weights(&mut self, weights: Weights) {
        if weights != self.slots.weights() {
            self.slots = SlotTable::new(weights);
        }
    }

    /// Makes `node` ready in `band`, or lifts it there when it is ready in a
    /// lower one. A node that is ready already is not entered again.
    #[inline]
    pub(crate) fn mark(&mut self, node: usize, band: Band) {
        let now = self.ready_in[node];
        if now == NOT_READY {
            if self.next == NOBODY && self.cursors[band.index()] == node {
                self.ready_in[node] = band as u8;
                self.occupied |= bit(band);
                (self.next, self.next_band) = (node, band);
            } else {
                self.enter(node, band);
            }
        } else if now < band as u8 {
            self.move_up(node, band);
        }
    }

    #[cold]
    fn move_up(&mut self, node: usize, band: Band) {
        self.unmark(node);
        self.enter(node, band);
    }

    /// Makes `node` not ready.
    pub(crate) fn unmark(&mut self, node: usize) {
        self.enter_next();
        for band in Band::ALL {
            if self.ready_in[node] == band as u8 {
                self.leave(node, band);
            }
        }
    }

    /// Puts `next` where all others are.
    fn enter_next(&mut self) {
        if self.next != NOBODY {
            self.enter(self.next, self.next_band);
            self.next = NOBODY;
        }
    }

    #[inline(always)]
    fn enter(&mut self, node: usize, band: Band) {
        self.ready_in[node] = band as u8;
        self.bands[band.index()].insert(node);
        self.occupied |= bit(band);
    }

    #[inline(always)]
    fn leave(&mut self, node: usize, band: Band) {
        self.ready_in[node] = NOT_READY;
        let set = &mut self.bands[band.index()];
        set.remove(node);
        if set.summary == 0 {
            self.occupied &= !bit(band);
        }
    }

    /// Takes the next node out, with its band: the slot's band if it has one
    /// ready, else the highest band that has; within the band, the next one of
    /// the walk.
    #[inline(always)]
    pub(crate) fn pick(&mut self) -> Option<(usize, Band)> {
        if self.next != NOBODY && self.occupied == bit(self.next_band) {
            return Some(self.pick_next());
        }
        self.pick_from_sets()
    }

    /// No other band has a node ready, so whosever the slot is, it goes to the
    /// band of `next`; and there the walk begins with that node.
    #[inline(always)]
    fn pick_next(&mut self) -> (usize, Band) {
        let (node, band) = (self.next, self.next_band);
        self.slots.advance();
        self.next = NOBODY;
        self.ready_in[node] = NOT_READY;
        if self.bands[band.index()].summary == 0 {
            self.occupied = 0;
        }
        self.cursors[band.index()] = node + 1;
        (node, band)
    }

    #[inline]
    fn pick_from_sets(&mut self) -> Option<(usize, Band)> {
        self.enter_next();
        let highest = self.highest()?;
        let slot = self.slots.advance();
        let band = if self.occupied & bit(slot) == 0 {
            highest
        } else {
            slot
        };
        let node = self.bands[band.index()].next_from(self.cursors[band.index()]);
        self.leave(node, band);
        // The walk goes on behind the node: made ready again at once, it waits
        // for all others of its band.
        self.cursors[band.index()] = node + 1;
        Some((node, band))
    }

    /// Whether the node is ready.
    pub(crate) fn contains(&self, node: usize) -> bool {
        self.ready_in[node] != NOT_READY
    }

    /// In which band the node is ready, if it is.
    pub(super) fn band_of(&self, node: usize) -> Option<Band> {
        let ready_in = self.ready_in[node];
        Band::ALL.into_iter().find(|&band| band as u8 == ready_in)
    }

    /// Whether no node is ready.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// Whether a band above `band` has a node ready.
    #[inline]
    pub(crate) fn any_above(&self, band: Band) -> bool {
        self.occupied >> band.index() > 1
    }

    #[inline(always)]
    fn highest(&self) -> Option<Band> {
        Band::ALL
            .into_iter()
            .find(|&band| self.occupied & bit(band) != 0)
    }

    /// How many nodes are ready. Looks at every group that has one.
    pub(crate) fn len(&self) -> usize {
        self.bands.iter().map(NodeSet::len).sum()
    }

    /// Bytes that sets for `nodes` nodes occupy.
    pub(crate) const fn footprint(nodes: usize) -> usize {
        size_of::<Self>() + nodes
    }
}

/// The bit of a band in `occupied`.
#[inline(always)]
const fn bit(band: Band) -> u8 {
    1 << band.index()
}

#[cfg(test)]
impl ReadySets {
    /// How many nodes are ready in each band, Normal first.
    pub(super) fn counts(&self) -> [u32; 3] {
        let mut counts = [0, 1, 2].map(|band: usize| {
            let groups = &self.bands[band].groups;
            groups.iter().map(|group| group.count_ones()).sum()
        });
        if self.next != NOBODY {
            counts[self.next_band.index()] += 1;
        }
        counts
    }

    /// All that decides further picks: where each node is ready, the cursors
    /// (as far as they tell nodes apart), and the slot.
    pub(super) fn state(&self, nodes: usize) -> (Vec<u8>, [usize; 3], usize) {
        let cursors = self
            .cursors
            .map(|cursor| if cursor >= nodes { 0 } else { cursor });
        (self.ready_in.to_vec(), cursors, self.slots.position())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Band::{Control, High, Normal};

    fn sets(nodes: usize) -> ReadySets {
        ReadySets::new(nodes, Weights::default())
    }

    #[test]
    fn no_duplicate_on_reready() {
        let mut ready = sets(3);
        ready.mark(1, Normal);
        ready.mark(1, Normal);
        assert_eq!(ready.pick(), Some((1, Normal)));
        assert_eq!(ready.pick(), None);
    }

    #[test]
    fn a_ready_node_is_lifted_to_a_higher_band_and_never_lowered() {
        let mut ready = sets(3);
        ready.mark(1, Normal);
        ready.mark(1, Control);
        ready.mark(1, High);
        assert_eq!(ready.counts(), [0, 0, 1]);
        assert_eq!(ready.pick(), Some((1, Control)));
        assert_eq!(ready.pick(), None);
    }

    #[test]
    fn fifo_within_band() {
        let mut ready = sets(200);
        for node in [3, 70, 199] {
            ready.mark(node, Normal);
        }
        assert_eq!(ready.pick(), Some((3, Normal)));
        ready.mark(3, Normal); // ready again at once: behind the others
        assert_eq!(ready.pick(), Some((70, Normal)));
        assert_eq!(ready.pick(), Some((199, Normal)));
        assert_eq!(ready.pick(), Some((3, Normal)));
        assert_eq!(ready.pick(), None);
    }

    #[test]
    fn the_walk_wraps_at_the_last_node_of_the_largest_worker() {
        let mut ready = sets(ReadySets::CAPACITY);
        let last = ReadySets::CAPACITY - 1;
        ready.mark(last, High);
        assert_eq!(ready.pick(), Some((last, High)));
        ready.mark(0, High);
        ready.mark(last, High);
        assert_eq!(ready.pick(), Some((0, High)));
        assert_eq!(ready.pick(), Some((last, High)));
    }

    #[test]
    fn weighted_bands_prefer_control_but_serve_all() {
        let mut ready = sets(3);
        let mut served = [0; 3];
        for _ in 0..7 * 5 {
            for band in Band::ALL {
                ready.mark(band.index(), band);
            }
            let (_, band) = ready.pick().unwrap();
            served[band.index()] += 1;
        }
        assert_eq!(served, [5, 10, 20]);
    }

    #[test]
    fn the_slot_of_an_empty_band_goes_to_the_highest_ready_band() {
        let mut ready = sets(2);
        ready.mark(0, Normal);
        ready.mark(1, High);
        assert_eq!(ready.pick(), Some((1, High)), "the slot was Control's");
        assert_eq!(ready.pick(), Some((0, Normal)));
    }

    #[test]
    fn unmarking_takes_a_node_out_wherever_it_is() {
        let mut ready = sets(100);
        ready.mark(80, High);
        ready.unmark(80);
        ready.unmark(80);
        assert!(ready.is_empty());
        assert!(!ready.any_above(Normal));
    }

    #[test]
    fn any_above_sees_only_higher_bands() {
        let mut ready = sets(2);
        ready.mark(0, High);
        assert!(ready.any_above(Normal));
        assert!(!ready.any_above(High));
        ready.mark(1, Control);
        assert!(ready.any_above(High));
        assert!(!ready.any_above(Control));
    }
}
