//! Edges in memory that is there from the start, for programs without a heap.

use core::fmt;
use core::mem::MaybeUninit;

use super::consumer::Consumer;
use super::control::EdgeControl;
use super::ends::ends;
use super::error::EdgeError;
use super::policy::Policy;
use super::producer::Producer;
use super::size::{MAX_CAPACITY, cell_count, check_capacity, slot_count};
use super::slab::Slab;
use super::slots::{Slot, Slots};
use crate::sync::{AtomicBool, AtomicU64, Ordering, Place, UnsafeCell};

/// The memory of one edge for up to `N` messages, meant for a `static`: with it
/// an edge needs no allocator.
///
/// `N` is a power of two, at most [`MAX_CAPACITY`]; the compiler refuses others.
/// The ends are those of [`channel`](super::channel()), with the same promises.
///
/// It takes the room of `N + 2` messages, 8 bytes for each of `N`, and less
/// than 2 kB for positions and counters. (The 8 bytes and the two more are for
/// `Latest` and `Coalesce`; `Block` and `Drop` leave them unused.)
///
/// ```
/// use tidegate::edge::{Policy, RecvError, Sent, StaticRing};
///
/// static SAMPLES: StaticRing<u16, 4> = StaticRing::new();
/// static TOTALS: StaticRing<u32, 1> = StaticRing::new();
///
/// let (mut interrupt, mut samples) = SAMPLES.split(4, Policy::Drop)?;
/// for sample in [7, 9, 4, 3] {
///     assert_eq!(interrupt.send(sample), Ok(Sent::Stored));
/// }
/// assert_eq!(interrupt.send(8), Ok(Sent::Dropped(8)));
///
/// let add = Policy::coalesce(|total: &mut u32, next| *total += next);
/// let (mut adder, mut totals) = TOTALS.split(1, add)?;
/// for sample in samples.drain(4) {
///     assert!(adder.send(u32::from(sample)).is_ok());
/// }
/// assert_eq!(totals.recv(), Ok(23));
/// assert_eq!(totals.recv(), Err(RecvError::Empty));
/// # Ok::<(), tidegate::edge::EdgeError>(())
/// ```
///
/// An `N` that is no power of two does not compile:
///
/// ```compile_fail,E0080
/// use tidegate::edge::StaticRing;
/// static ODD: StaticRing<u8, 6> = StaticRing::new();
/// ```
pub struct StaticRing<T, const N: usize> {
    split: AtomicBool,
    control: Place<EdgeControl>,
    slots: Place<Slots<T>>,
    /// Used by exchange rings.
    cells: [AtomicU64; N],
    slab: Row<T, N>,
}

/// The slots of a static ring, one after the other.
#[repr(C)]
struct Row<T, const N: usize> {
    positions: [Slot<T>; N],
    /// Used by exchange rings.
    spare: [Slot<T>; 2],
}

// SAFETY: all that is done with a shared reference is to split the ring, which
// succeeds once; from then on its memory belongs to the two ends. These may be
// sent to other threads under the same condition.
unsafe impl<T: Send, const N: usize> Sync for StaticRing<T, N> {}

impl<T, const N: usize> StaticRing<T, N> {
    /// The memory of an edge that has no ends yet.
    #[cfg(not(tidegate_loom))]
    #[must_use]
    pub const fn new() -> Self {
        const { Self::check_size() };
        Self {
            split: AtomicBool::new(false),
            control: Place::new(),
            slots: Place::new(),
            cells: [const { AtomicU64::new(0) }; N],
            slab: Row {
                positions: [const { UnsafeCell::new(MaybeUninit::uninit()) }; N],
                spare: [const { UnsafeCell::new(MaybeUninit::uninit()) }; 2],
            },
        }
    }

    /// loom's primitives cannot be made at compile time.
    #[cfg(tidegate_loom)]
    pub(crate) fn new() -> Self {
        const { Self::check_size() };
        let slot = |_| UnsafeCell::new(MaybeUninit::uninit());
        Self {
            split: AtomicBool::new(false),
            control: Place::new(),
            slots: Place::new(),
            cells: core::array::from_fn(|_| AtomicU64::new(0)),
            slab: Row {
                positions: core::array::from_fn(slot),
                spare: core::array::from_fn(slot),
            },
        }
    }

    const fn check_size() {
        assert!(
            N.is_power_of_two() && N <= MAX_CAPACITY,
            "N must be a power of two, at most MAX_CAPACITY"
        );
    }

    /// Makes the edge, which holds up to `capacity` messages, and gives its two
    /// ends. Once: the memory is theirs from then on, also when they are gone.
    ///
    /// The capacity can be changed to anything in `1..=N` while the edge is in
    /// use ([`Monitor::set_capacity`](super::Monitor::set_capacity)).
    ///
    /// # Errors
    /// [`EdgeError`] when the capacity is not in `1..=N`; the ring can still be
    /// split then. [`EdgeError::AlreadySplit`] when it was split before.
    ///
    /// # Real-time
    /// Wait-free, in time proportional to `N`: touches all the memory. Never
    /// allocates.
    pub fn split(
        &'static self,
        capacity: usize,
        policy: Policy<T>,
    ) -> Result<(Producer<T>, Consumer<T>), EdgeError>
    where
        T: Send,
    {
        check_capacity(capacity, N)?;
        // Relaxed: whoever comes second touches nothing.
        if self.split.swap(true, Ordering::Relaxed) {
            return Err(EdgeError::AlreadySplit);
        }
        let kind = policy.kind();
        let cells = Slab::of_static(&self.cells[..cell_count(kind, N)]);
        let control = EdgeControl::new(kind, capacity, N, size_of::<Self>(), cells);
        // SAFETY: nobody comes here twice.
        let control = unsafe { self.control.fill(control) };
        let slab = Slab::of_static(self.slab.first(slot_count(kind, N)));
        // SAFETY: nobody comes here twice.
        let slots = unsafe { self.slots.fill(Slots::new(control.clone(), slab)) };
        Ok(ends(&control, &slots, policy, None))
    }
}

impl<T, const N: usize> Row<T, N> {
    /// The first `count` slots, of `N + 2`.
    fn first(&'static self, count: usize) -> &'static [Slot<T>] {
        assert!(count <= N + 2);
        let row = core::ptr::from_ref(self).cast::<Slot<T>>();
        // SAFETY: two arrays of the same element lie one after the other
        // (repr(C)), without a gap, and are there for ever.
        unsafe { core::slice::from_raw_parts(row, count) }
    }
}

impl<T, const N: usize> Default for StaticRing<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for StaticRing<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticRing")
            .field("max_capacity", &N)
            .field("split", &self.split.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
