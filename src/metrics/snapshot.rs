//! A histogram as it was at some moment.

use alloc::vec::Vec;
use core::time::Duration;

use super::histogram::{BUCKETS, bucket_of, lower_bound};

/// The durations that a histogram had counted at some moment.
///
/// Count and sum are exact. Quantiles come from fixed buckets: they are within
/// **1.6 %** of a duration that was recorded at that rank, up to 68.7 s; longer
/// ones are counted, but told apart by the maximum alone.
///
/// Snapshots can be [merged](Self::merge), and the difference of two snapshots
/// of one histogram is [a histogram again](Self::since).
///
/// ```
/// # use tidegate::{engine::Engine, graph::{Edge, Subgraph}, node::builtin};
/// use tidegate::observe::Metrics;
///
/// # let mut graph = Subgraph::new("measured");
/// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
/// # graph.add("sum", builtin::sink(|_: u64| {}))?;
/// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
/// let report = Engine::builder(graph).metrics(Metrics::every_activation()).start()?.wait();
/// let waited = report.edge("numbers:out->sum:in").unwrap().queue_age.as_ref();
/// let waited = waited.expect("metrics are on");
/// println!("p50 {:?}, p99 {:?}", waited.quantile(0.5), waited.quantile(0.99));
/// assert!(waited.quantile(0.5) <= waited.max());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Unchecked")
)]
pub struct HistogramSnapshot {
    /// The buckets that are not empty, in order.
    counts: Vec<(u16, u64)>,
    count: u64,
    /// Nanoseconds.
    sum: u64,
    min: u64,
    max: u64,
}

/// One bucket of a [`HistogramSnapshot`]: how many durations were in
/// `from..below`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The shortest duration that belongs here.
    pub from: Duration,
    /// The shortest one that does not any more; `Duration::MAX` for the last
    /// bucket, which has no end.
    pub below: Duration,
    /// How many.
    pub count: u64,
}

impl HistogramSnapshot {
    /// From the counts of the buckets, in order.
    ///
    /// Read while the writer was at work, the extremes may lag behind the
    /// buckets: they are moved into the outermost ones.
    pub(super) fn new(counts: Vec<(u16, u64)>, sum: u64, min: u64, max: u64) -> Self {
        let count = counts.iter().map(|(_, count)| count).sum();
        let [Some(&(lowest, _)), Some(&(highest, _))] = [counts.first(), counts.last()] else {
            return Self::default();
        };
        let min = within(lowest, min);
        let max = within(highest, max).max(min);
        Self {
            counts,
            count,
            sum,
            min,
            max,
        }
    }

    /// How many durations were recorded.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether none was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Their sum.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// Their mean; zero when none was recorded.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum.checked_div(self.count).unwrap_or(0))
    }

    /// The shortest; zero when none was recorded.
    #[must_use]
    pub const fn min(&self) -> Duration {
        Duration::from_nanos(self.min)
    }

    /// The longest; zero when none was recorded.
    #[must_use]
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The duration that a share of `quantile` of those recorded do not exceed:
    /// 0.5 is the median, 0.99 what one in a hundred exceeds. Below 0 counts
    /// as 0, above 1 as 1. Within 1.6 % of a recorded duration of that rank;
    /// zero when none was recorded.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = quantile.clamp(0.0, 1.0) * self.count as f64;
        // Rounded up, which `core` has no function for.
        let rank = rank as u64 + u64::from(rank > rank as u64 as f64);
        let rank = rank.clamp(1, self.count.max(1));
        let mut passed = 0;
        for &(bucket, count) in &self.counts {
            passed += count;
            if passed >= rank {
                return Duration::from_nanos(self.middle(bucket));
            }
        }
        self.max()
    }

    /// What stands for the durations of a bucket. The extremes are known
    /// exactly.
    fn middle(&self, bucket: u16) -> u64 {
        let bucket = usize::from(bucket);
        if bucket == BUCKETS - 1 {
            return self.max;
        }
        let (low, next) = (lower_bound(bucket), lower_bound(bucket + 1));
        (low + (next - 1 - low) / 2).clamp(self.min, self.max)
    }

    /// The buckets that are not empty, in order.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = Bucket> + '_ {
        self.counts.iter().map(|&(bucket, count)| {
            let bucket = usize::from(bucket);
            Bucket {
                from: Duration::from_nanos(lower_bound(bucket)),
                below: if bucket == BUCKETS - 1 {
                    Duration::MAX
                } else {
                    Duration::from_nanos(lower_bound(bucket + 1))
                },
                count,
            }
        })
    }

    /// Adds what another histogram recorded.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        let (min, max) = if self.is_empty() {
            (other.min, other.max)
        } else {
            (self.min.min(other.min), self.max.max(other.max))
        };
        let counts = combine(&self.counts, &other.counts, u64::saturating_add);
        *self = Self::new(counts, self.sum.wrapping_add(other.sum), min, max);
    }

    /// What was recorded after `earlier`, a snapshot of the same histogram.
    /// The extremes of that time are not known: they are those of the outermost
    /// buckets, within 3.1 %.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = combine(&self.counts, &earlier.counts, u64::saturating_sub);
        let lowest = counts.first().map_or(0, |&(bucket, _)| {
            lower_bound(usize::from(bucket)).max(self.min)
        });
        let highest = counts.last().map_or(0, |&(bucket, _)| {
            let bucket = usize::from(bucket);
            if bucket == bucket_of(self.max) {
                self.max
            } else {
                lower_bound(bucket + 1) - 1
            }
        });
        Self::new(
            counts,
            self.sum.saturating_sub(earlier.sum),
            lowest,
            highest,
        )
    }
}

/// The duration of `bucket` next to `nanos`.
fn within(bucket: u16, nanos: u64) -> u64 {
    let bucket = usize::from(bucket);
    let last = if bucket == BUCKETS - 1 {
        u64::MAX
    } else {
        lower_bound(bucket + 1) - 1
    };
    nanos.clamp(lower_bound(bucket), last)
}

/// A snapshot from outside, which may be anything.
#[cfg(feature = "inspect")]
#[derive(serde::Deserialize)]
struct Unchecked {
    counts: Vec<(u16, u64)>,
    sum: u64,
    min: u64,
    max: u64,
}

#[cfg(feature = "inspect")]
impl TryFrom<Unchecked> for HistogramSnapshot {
    type Error = &'static str;

    fn try_from(from: Unchecked) -> Result<Self, Self::Error> {
        let ascending = from.counts.is_sorted_by(|left, right| left.0 < right.0);
        let exist = from
            .counts
            .iter()
            .all(|&(bucket, count)| usize::from(bucket) < BUCKETS && count > 0);
        let mut counts = from.counts.iter().map(|entry| entry.1);
        let countable = counts.try_fold(0, u64::checked_add).is_some();
        if ascending && exist && countable {
            Ok(Self::new(from.counts, from.sum, from.min, from.max))
        } else {
            Err("the buckets of a histogram are not in order, not known, or too full")
        }
    }
}

/// Applies `combined` to the counts of each bucket of two sorted lists; leaves
/// out what becomes zero.
fn combine(
    left: &[(u16, u64)],
    right: &[(u16, u64)],
    combined: impl Fn(u64, u64) -> u64,
) -> Vec<(u16, u64)> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut counts = Vec::new();
    while let Some(bucket) = [left.peek(), right.peek()]
        .into_iter()
        .flatten()
        .map(|entry| entry.0)
        .min()
    {
        let take = |list: &mut core::iter::Peekable<core::slice::Iter<'_, (u16, u64)>>| {
            list.next_if(|entry| entry.0 == bucket)
                .map_or(0, |entry| entry.1)
        };
        let count = combined(take(&mut left), take(&mut right));
        if count > 0 {
            counts.push((bucket, count));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;
    use super::*;

    fn recorded(nanos: impl IntoIterator<Item = u64>) -> HistogramSnapshot {
        let histogram = Histogram::new();
        nanos.into_iter().for_each(|nanos| histogram.record(nanos));
        histogram.snapshot()
    }

    #[test]
    fn an_empty_histogram_has_zeros_only() {
        let empty = recorded([]);
        assert!(empty.is_empty());
        assert_eq!(empty, HistogramSnapshot::default());
        assert_eq!(empty.quantile(0.5), Duration::ZERO);
        assert_eq!(empty.mean(), Duration::ZERO);
    }

    #[test]
    fn count_sum_and_extremes_are_exact() {
        let snapshot = recorded([5, 1_000_003, 77]);
        assert_eq!(snapshot.count(), 3);
        assert_eq!(snapshot.sum(), Duration::from_nanos(1_000_085));
        assert_eq!(snapshot.min(), Duration::from_nanos(5));
        assert_eq!(snapshot.max(), Duration::from_nanos(1_000_003));
        assert_eq!(snapshot.buckets().len(), 3);
    }

    #[test]
    fn what_is_longer_than_the_range_shows_as_the_maximum() {
        let snapshot = recorded([10, 1 << 40]);
        assert_eq!(snapshot.quantile(1.0), Duration::from_nanos(1 << 40));
        assert_eq!(snapshot.buckets().last().unwrap().below, Duration::MAX);
    }

    #[test]
    fn extremes_that_lag_behind_the_buckets_are_moved_into_them() {
        // As of a reader between the first two stores of the first `record`.
        let snapshot = HistogramSnapshot::new(vec![(bucket_of(1_000) as u16, 1)], 0, u64::MAX, 0);
        assert_eq!(bucket_of(snapshot.min), bucket_of(1_000));
        assert_eq!(bucket_of(snapshot.max), bucket_of(1_000));
        assert_eq!(
            bucket_of(snapshot.quantile(0.5).as_nanos() as u64),
            bucket_of(1_000)
        );
    }

    #[cfg(feature = "inspect")]
    #[test]
    fn a_snapshot_travels_as_json_and_an_impossible_one_is_refused() {
        let snapshot = recorded([5, 77, 1_000_003, 1 << 40]);
        let text = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(
            serde_json::from_str::<HistogramSnapshot>(&text).unwrap(),
            snapshot
        );
        let full = u64::MAX;
        for counts in [
            "[[7,1],[5,1]]".to_owned(),
            "[[5,1],[5,1]]".to_owned(),
            "[[5,0]]".to_owned(),
            format!("[[{BUCKETS},1]]"),
            format!("[[5,{full}],[6,{full}]]"),
        ] {
            let text = format!(r#"{{"counts":{counts},"count":2,"sum":1,"min":0,"max":0}}"#);
            let error = serde_json::from_str::<HistogramSnapshot>(&text).unwrap_err();
            assert!(error.to_string().contains("buckets"), "{error}");
        }
    }

    #[cfg(not(any(tidegate_loom, tidegate_shuttle)))]
    mod properties {
        use super::*;
        use crate::prop_support::check;
        use proptest::collection::vec;
        use proptest::prelude::*;

        /// All magnitudes alike.
        fn nanos() -> impl Strategy<Value = u64> {
            (0_u32..36, any::<u64>()).prop_map(|(bits, any)| any & ((2 << bits) - 1))
        }

        /// Cases of each property.
        const CASES: u32 = if cfg!(miri) { 2 } else { 256 };

        #[test]
        fn every_quantile_is_within_a_sixty_fourth_of_the_true_one() {
            let cases = (vec(nanos(), 1..200), 0.0..=1.0_f64);
            check(CASES, &cases, |(mut values, quantile)| {
                let snapshot = recorded(values.iter().copied());
                values.sort_unstable();
                let rank = (quantile * values.len() as f64).ceil() as usize;
                let exact = values[rank.clamp(1, values.len()) - 1];
                let got = snapshot.quantile(quantile).as_nanos() as u64;
                prop_assert!(got.abs_diff(exact) * 64 <= exact, "{got} for {exact}");
                Ok(())
            });
        }

        #[test]
        fn merging_is_recording_everything_in_one() {
            let cases = (vec(nanos(), 0..50), vec(nanos(), 0..50));
            check(CASES, &cases, |(first, second)| {
                let mut merged = recorded(first.iter().copied());
                merged.merge(&recorded(second.iter().copied()));
                prop_assert_eq!(merged, recorded(first.into_iter().chain(second)));
                Ok(())
            });
        }

        #[test]
        fn the_difference_of_two_snapshots_is_what_came_between() {
            let cases = (vec(nanos(), 0..50), vec(nanos(), 0..50));
            check(CASES, &cases, |(first, second)| {
                let earlier = recorded(first.iter().copied());
                let later = recorded(first.iter().copied().chain(second.iter().copied()));
                let difference = later.since(&earlier);
                let between = recorded(second);
                prop_assert_eq!(difference.count(), between.count());
                prop_assert_eq!(difference.sum(), between.sum());
                prop_assert!(difference.buckets().eq(between.buckets()));
                for (got, exact) in [
                    (difference.min(), between.min()),
                    (difference.max(), between.max()),
                ] {
                    prop_assert!(got.abs_diff(exact) * 32 <= exact, "{got:?} for {exact:?}");
                }
                Ok(())
            });
        }
    }
}
