//! How long something was the case altogether, the present time included.
//!
//! A sum of finished spans and the beginning of a present one, in two words,
//! could be read torn: a span that has just ended is missed, or counted twice,
//! and a total that is exported goes backwards. Here it is one word:
//!
//! | the lowest bit | the other 63 |
//! |---|---|
//! | 0: not at present | the sum of all spans |
//! | 1: it is | that sum, less the moment at which the present span began, modulo 2^63 |
//!
//! So each transition is one store, and a reader needs one load: the moment that
//! it asks about, added, gives the sum until then. All of it is Relaxed and part
//! of no protocol: one word by one writer cannot be torn, and nothing else is
//! read on the strength of it, so there is no order that a model could get
//! wrong.
//!
//! What one word cannot tell is whose clock was read first. A writer stamps an
//! end with a moment that may be older than a look at the span in between. So
//! what was told is kept, and never less is told later.

use crate::sync::{Counter, Highest};
use crate::time::Timestamp;

/// Whether it is so at present.
const INSIDE: u64 = 1;

/// Of sums, in 63 bits. Those from the half on are below zero.
const MASK: u64 = u64::MAX >> 1;

/// Nanoseconds that something was the case altogether.
#[derive(Debug, Default)]
pub(crate) struct Span {
    /// By the one writer.
    word: Counter,
    /// The most that was told. By the readers, as rarely as they look.
    told: Highest,
}

impl Span {
    /// A span begins. By the one writer, and not within a span.
    #[inline]
    pub(crate) fn begin(&self, now: Timestamp) {
        let sum = self.word.get() >> 1;
        // The shift takes the difference modulo 2^63.
        self.word
            .set(sum.wrapping_sub(now.as_nanos()) << 1 | INSIDE);
    }

    /// It ends. By the one writer, and not before it began.
    #[inline]
    pub(crate) fn end(&self, now: Timestamp) {
        let sum = (self.word.get() >> 1).wrapping_add(now.as_nanos());
        self.word.set(sum << 1);
    }

    /// The sum until `now`. Any thread, wait-free; never less than before.
    pub(crate) fn until(&self, now: Timestamp) -> u64 {
        let word = self.word.get();
        let sum = if word & INSIDE == 0 {
            word >> 1
        } else {
            // Below zero: the first span began after `now` was read.
            let sum = (word >> 1).wrapping_add(now.as_nanos()) & MASK;
            if sum > MASK / 2 { 0 } else { sum }
        };
        self.told.raise(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn spans_add_up_with_the_present_one() {
        let span = Span::default();
        assert_eq!(span.until(at(5)), 0);
        span.begin(at(10));
        assert_eq!((span.until(at(10)), span.until(at(17))), (0, 7));
        span.end(at(20));
        assert_eq!(span.until(at(50)), 10);
        span.begin(at(60));
        assert_eq!(span.until(at(65)), 15);
        let never_looked_at_within = Span::default();
        never_looked_at_within.begin(at(1));
        never_looked_at_within.end(at(1));
        assert_eq!(never_looked_at_within.until(at(9)), 0, "it was none");
    }

    #[test]
    fn spans_of_any_moment_add_up() {
        for begin in [0, 1, MASK - 2, MASK, MASK + 1, u64::MAX - 9] {
            let span = Span::default();
            for sum in [9, 18] {
                span.begin(at(begin));
                assert_eq!(span.until(at(begin + 4)), sum - 5, "{begin}");
                span.end(at(begin + 9));
                assert_eq!(span.until(at(begin)), sum, "{begin}");
            }
        }
    }

    #[test]
    fn whoever_read_the_clock_before_a_span_began_counts_none_of_it() {
        let span = Span::default();
        span.begin(at(100));
        assert_eq!(span.until(at(99)), 0, "and not nearly 300 years");
        span.end(at(130));
        assert_eq!(span.until(at(130)), 30);
        span.begin(at(200));
        assert_eq!(span.until(at(190)), 30, "what was told stays told");
    }

    #[test]
    fn an_end_that_was_stamped_before_the_last_look_takes_nothing_back() {
        let span = Span::default();
        span.begin(at(100));
        assert_eq!(span.until(at(150)), 50);
        span.end(at(140));
        assert_eq!(span.until(at(160)), 50);
        span.begin(at(200));
        assert_eq!(span.until(at(220)), 60, "it did last that long");
    }
}
