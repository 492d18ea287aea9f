//! A histogram of durations with fixed buckets: one writer, any reader.
//!
//! # Buckets
//! Log-linear: below 64 ns one bucket for each nanosecond; above, 32 equal
//! buckets for each doubling, up to 2^36 ns (68.7 s). A bucket is at most 1/32
//! as wide as its lower bound, so its middle is within 1/64 (1.6 %) of every
//! duration in it. Longer durations fall into the last bucket; the maximum is
//! kept exactly. The idea is that of HdrHistogram (Gil Tene), with the number
//! of buckets fixed.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::sync::Counter;

use super::snapshot::HistogramSnapshot;

/// How many buckets a histogram has.
pub(super) const BUCKETS: usize = 1 << 10;

/// Each doubling is divided into 2^`PRECISION` buckets.
const PRECISION: u32 = 5;

/// Below this one bucket per nanosecond.
const LINEAR: u64 = 2 << PRECISION;

/// The bucket of a duration in nanoseconds.
#[inline]
pub(super) const fn bucket_of(nanos: u64) -> usize {
    if nanos < LINEAR {
        return nanos as usize;
    }
    let doubling = nanos.ilog2();
    let within = (nanos >> (doubling - PRECISION)) as usize - (1 << PRECISION);
    let above_linear = (doubling - PRECISION - 1) as usize;
    let bucket = LINEAR as usize + (above_linear << PRECISION) + within;
    if bucket < BUCKETS {
        bucket
    } else {
        BUCKETS - 1
    }
}

/// The shortest duration of a bucket, in nanoseconds. That of the bucket after
/// the last one is where the range ends.
pub(super) const fn lower_bound(bucket: usize) -> u64 {
    if bucket < LINEAR as usize {
        return bucket as u64;
    }
    let above = bucket - LINEAR as usize;
    let within = (above & ((1 << PRECISION) - 1)) as u64;
    (within + (1 << PRECISION)) << ((above >> PRECISION) + 1)
}

/// Counts durations in buckets. Written by one thread, read by any.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Box<[Counter]>,
    /// Nanoseconds, wrapping after centuries.
    sum: Counter,
    /// The complement of the minimum, so that zero means "none yet".
    inverted_min: Counter,
    max: Counter,
}

impl Histogram {
    /// An empty histogram, its memory allocated and touched.
    pub(crate) fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| Counter::default()).collect(),
            sum: Counter::default(),
            inverted_min: Counter::default(),
            max: Counter::default(),
        }
    }

    /// Counts one duration. By the one writer only; wait-free, a handful of
    /// loads and stores.
    #[inline]
    pub(crate) fn record(&self, nanos: u64) {
        // `bucket_of` stays below the number of buckets; `get` spares a
        // panicking path.
        if let Some(bucket) = self.buckets.get(bucket_of(nanos)) {
            bucket.add(1);
        }
        self.sum.add(nanos);
        self.inverted_min.set(self.inverted_min.get().max(!nanos));
        self.max.set(self.max.get().max(nanos));
    }

    /// What was counted so far. By any thread: each figure is recent, but
    /// while the writer is at work they are not from one moment.
    pub(crate) fn snapshot(&self) -> HistogramSnapshot {
        let inverted_min = self.inverted_min.get();
        if inverted_min == 0 {
            return HistogramSnapshot::default(); // nothing was recorded
        }
        // All that was recorded so far lies between the extremes.
        let (min, max) = (!inverted_min, self.max.get().max(!inverted_min));
        let (first, last) = (bucket_of(min), bucket_of(max));
        let mut counts = Vec::new();
        for (bucket, count) in (first..).zip(&self.buckets[first..=last]) {
            if count.get() > 0 {
                counts.push((bucket as u16, count.get()));
            }
        }
        HistogramSnapshot::new(counts, self.sum.get(), min, max)
    }

    /// Bytes that a histogram occupies besides its own size.
    pub(crate) const fn heap_bytes() -> usize {
        BUCKETS * size_of::<Counter>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        for bucket in 0..BUCKETS {
            let (low, next) = (lower_bound(bucket), lower_bound(bucket + 1));
            assert!(low < next, "{bucket}");
            assert_eq!(bucket_of(low), bucket);
            assert_eq!(bucket_of(next - 1), bucket);
        }
        assert_eq!(lower_bound(BUCKETS), 1 << 36);
    }

    #[test]
    fn no_bucket_is_wider_than_a_thirty_second_of_its_lower_bound() {
        for bucket in LINEAR as usize..BUCKETS {
            let (low, next) = (lower_bound(bucket), lower_bound(bucket + 1));
            assert!((next - low) * 32 <= low, "{bucket}: {low}..{next}");
        }
    }

    #[test]
    fn what_is_too_long_falls_into_the_last_bucket() {
        assert_eq!(bucket_of(1 << 36), BUCKETS - 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
