//! Payloads of several sizes that are counted, and what they stand for.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

/// What a message stands for: the number it was sent as, and everything that
/// was merged into it. A small payload knows only the lowest bytes.
pub(crate) type Tag = u64;

/// Merges `new` into `pending`: the result depends on both and on their order.
pub(crate) fn merged(pending: Tag, new: Tag) -> Tag {
    pending.wrapping_mul(31).wrapping_add(new).wrapping_add(1)
}

thread_local! {
    static ALIVE: Cell<i64> = const { Cell::new(0) };
    static NEXT_SERIAL: Cell<u64> = const { Cell::new(0) };
    static SERIALS: RefCell<HashSet<u64>> = RefCell::default();
    static DROPPED_TWICE: Cell<u64> = const { Cell::new(0) };
    static TORN: Cell<u64> = const { Cell::new(0) };
    static DROPS_PANIC: Cell<bool> = const { Cell::new(false) };
}

/// How the payloads of this thread fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) alive: i64,
    pub(crate) dropped_twice: u64,
    /// Whose bytes did not belong together when they were dropped.
    pub(crate) torn: u64,
}

/// Begins to count from zero.
pub(crate) fn new_census() {
    ALIVE.set(0);
    SERIALS.with_borrow_mut(HashSet::clear);
    DROPPED_TWICE.set(0);
    TORN.set(0);
    DROPS_PANIC.set(false);
}

pub(crate) fn census() -> Census {
    Census {
        alive: ALIVE.get(),
        dropped_twice: DROPPED_TWICE.get(),
        torn: TORN.get(),
    }
}

/// Runs `operation` while the drop of a payload panics, if `armed`.
pub(crate) fn with_panicking_drops<R>(armed: bool, operation: impl FnOnce() -> R) -> R {
    DROPS_PANIC.set(armed);
    let result = operation();
    DROPS_PANIC.set(false);
    result
}

/// A payload of `SIZE` bytes: the tag, a serial number that no other payload of
/// the thread has, and padding derived from the two, as far as there is space.
pub(crate) struct Payload<const SIZE: usize> {
    bytes: [u8; SIZE],
}

/// Where the padding begins.
const TAG_AND_SERIAL: usize = 16;

impl<const SIZE: usize> Payload<SIZE> {
    pub(crate) fn new(tag: Tag) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        let serial = NEXT_SERIAL.replace(NEXT_SERIAL.get() + 1);
        if SIZE >= TAG_AND_SERIAL {
            SERIALS.with_borrow_mut(|serials| serials.insert(serial));
        }
        Self {
            bytes: Self::encode(tag, serial),
        }
    }

    pub(crate) fn tag(&self) -> Tag {
        self.word(0)
    }

    /// As much of a tag as this payload can hold.
    pub(crate) fn visible(tag: Tag) -> Tag {
        if SIZE >= 8 {
            tag
        } else {
            tag & ((1 << (8 * SIZE)) - 1)
        }
    }

    pub(crate) fn merge(&mut self, new: Self) {
        self.bytes = Self::encode(merged(self.tag(), new.tag()), self.word(8));
    }

    fn encode(tag: Tag, serial: u64) -> [u8; SIZE] {
        let (tag, serial) = (tag.to_le_bytes(), serial.to_le_bytes());
        core::array::from_fn(|at| match at {
            0..8 => tag[at],
            8..TAG_AND_SERIAL => serial[at - 8],
            _ => tag[at % 8] ^ serial[at % 7] ^ at as u8,
        })
    }

    /// The number in the eight bytes from `start` on, as far as they exist.
    fn word(&self, start: usize) -> u64 {
        let mut word = [0; 8];
        for (byte, held) in word.iter_mut().zip(self.bytes.iter().skip(start)) {
            *byte = *held;
        }
        u64::from_le_bytes(word)
    }
}

impl<const SIZE: usize> Drop for Payload<SIZE> {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        let serial = self.word(8);
        if SIZE >= TAG_AND_SERIAL {
            let known = SERIALS.with_borrow_mut(|serials| serials.remove(&serial));
            DROPPED_TWICE.set(DROPPED_TWICE.get() + u64::from(!known));
        }
        let whole = self.bytes == Self::encode(self.tag(), serial);
        TORN.set(TORN.get() + u64::from(!whole));
        if DROPS_PANIC.get() {
            // Without the panic hook, which would print it.
            std::panic::resume_unwind(Box::new("the drop of a payload"));
        }
    }
}
