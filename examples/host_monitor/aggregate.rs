//! What many rates have in common: count, least, mean and greatest.

use tidegate::time::Timestamp;

use crate::rates::Rates;

/// Least, sum and greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    /// The least value.
    pub(crate) min: u64,
    /// The greatest value.
    pub(crate) max: u64,
    sum: u64,
}

impl Spread {
    const fn of(value: u64) -> Self {
        Self {
            min: value,
            max: value,
            sum: value,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// A summary of the rates over some time.
///
/// Starts as one reading; [`Aggregate::merge`] joins two. Merging is pure,
/// exact (sums are whole numbers) and associative, so an edge may merge what
/// waits on it in whatever groups it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aggregate {
    /// When the first reading was taken.
    pub(crate) first: Timestamp,
    /// When the last reading was taken.
    pub(crate) last: Timestamp,
    /// How many readings there are; at least one.
    pub(crate) count: u64,
    /// Processor use, as in [`Rates::cpu`].
    pub(crate) cpu: Spread,
    /// Memory use, as in [`Rates::memory`].
    pub(crate) memory: Spread,
    /// Network bytes a second, both directions.
    pub(crate) network: Spread,
    /// Disk bytes a second, both directions.
    pub(crate) disk: Spread,
}

impl Aggregate {
    /// The aggregate of the one reading taken at the moment `at`.
    pub(crate) fn of(at: Timestamp, rates: &Rates) -> Self {
        Self {
            first: at,
            last: at,
            count: 1,
            cpu: Spread::of(rates.cpu),
            memory: Spread::of(rates.memory),
            network: Spread::of(rates.received.saturating_add(rates.sent)),
            disk: Spread::of(rates.read.saturating_add(rates.written)),
        }
    }

    /// Takes in everything that `newer` sums up.
    pub(crate) fn merge(&mut self, newer: Self) {
        self.first = self.first.min(newer.first);
        self.last = self.last.max(newer.last);
        self.count = self.count.saturating_add(newer.count);
        self.cpu.merge(&newer.cpu);
        self.memory.merge(&newer.memory);
        self.network.merge(&newer.network);
        self.disk.merge(&newer.disk);
    }

    /// The mean of one of this aggregate's spreads, rounded down.
    pub(crate) fn mean(&self, spread: &Spread) -> u64 {
        spread.sum / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(nanos: u64, cpu: u64) -> Aggregate {
        let rates = Rates {
            cpu,
            memory: 10_000 - cpu,
            received: 3 * cpu,
            sent: cpu,
            read: 7,
            written: cpu,
            requests: 0,
        };
        Aggregate::of(Timestamp::from_nanos(nanos), &rates)
    }

    fn merged(mut left: Aggregate, right: Aggregate) -> Aggregate {
        left.merge(right);
        left
    }

    #[test]
    fn one_reading_is_its_own_least_mean_and_greatest() {
        let aggregate = reading(5, 300);
        assert_eq!(aggregate.count, 1);
        assert_eq!((aggregate.cpu.min, aggregate.cpu.max), (300, 300));
        assert_eq!(aggregate.mean(&aggregate.cpu), 300);
        assert_eq!(aggregate.mean(&aggregate.network), 1_200);
        assert_eq!(aggregate.mean(&aggregate.disk), 307);
    }

    #[test]
    fn merging_keeps_count_extremes_mean_and_the_time_covered() {
        let aggregate = merged(merged(reading(5, 300), reading(6, 100)), reading(7, 500));
        assert_eq!(aggregate.count, 3);
        assert_eq!((aggregate.cpu.min, aggregate.cpu.max), (100, 500));
        assert_eq!(aggregate.mean(&aggregate.cpu), 300);
        assert_eq!(aggregate.memory.min, 9_500);
        assert_eq!(aggregate.first, Timestamp::from_nanos(5));
        assert_eq!(aggregate.last, Timestamp::from_nanos(7));
    }

    #[test]
    fn merging_is_associative_even_where_sums_saturate() {
        let values = [0, 1, 333, 9_999, u64::MAX / 2, u64::MAX];
        let of = |nanos, value| {
            let rates = Rates {
                cpu: value,
                received: value,
                sent: value,
                ..Rates::default()
            };
            Aggregate::of(Timestamp::from_nanos(nanos), &rates)
        };
        for a in values {
            for b in values {
                for c in values {
                    let (x, y, z) = (of(1, a), of(2, b), of(3, c));
                    assert_eq!(
                        merged(merged(x, y), z),
                        merged(x, merged(y, z)),
                        "{a} {b} {c}"
                    );
                }
            }
        }
    }
}
