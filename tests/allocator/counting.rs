//! The counting itself. A binary has this module once, and one test that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use counters::{ALLOCATIONS, FREES};

/// Counts what watched threads allocate and free.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The rule keeps the primitives of the library in one file; tests stand
// outside, and an allocator needs statics.
#[allow(clippy::disallowed_types)]
mod counters {
    use std::sync::atomic::AtomicU64;

    pub(super) static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
    pub(super) static FREES: AtomicU64 = AtomicU64::new(0);
}

thread_local! {
    /// Whether this thread is watched. Without a destructor, and initialised
    /// at compile time: reading it does not allocate.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// From now on, whether this thread is watched.
pub(crate) fn watch(watched: bool) {
    WATCHED.with(|this| this.set(watched));
}

fn is_watched() -> bool {
    WATCHED.with(Cell::get)
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_watched() {
            ALLOCATIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if is_watched() {
            FREES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_watched() {
            ALLOCATIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            FREES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Allocations and frees of watched threads so far.
pub(crate) fn counted() -> (u64, u64) {
    let ordering = std::sync::atomic::Ordering::SeqCst;
    (ALLOCATIONS.load(ordering), FREES.load(ordering))
}
