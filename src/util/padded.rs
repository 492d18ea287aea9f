//! Keeps what two cores write on different cache lines.

use core::ops::{Deref, DerefMut};

/// A value that shares its cache line, and the line the adjacent-line
/// prefetcher pulls in with it, with nothing else.
///
/// 128 bytes: two 64-byte lines on x86-64 (Intel's spatial prefetcher works
/// on pairs), one line on Apple silicon.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Padded<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
