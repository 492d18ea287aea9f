//! What is measured and recorded.

use core::num::NonZeroU32;

/// Every how many activations one is timed, unless set: a prime, so that the
/// sampling does not fall into step with a pattern of the graph.
pub const DEFAULT_STRIDE: NonZeroU32 = NonZeroU32::new(127).unwrap();

/// What an engine measures about itself besides counting.
///
/// Counters (messages, errors, ticks, picks, the ledger) are always kept, and
/// are exact. Durations need a clock, which costs more than a hop: with metrics
/// on, each worker times every so many activations, called the *stride*. A
/// distribution is then that of a sample; a count times the mean of a sample is
/// an estimate of a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    stride: Option<NonZeroU32>,
}

impl Metrics {
    /// Counters alone.
    #[must_use]
    pub const fn off() -> Self {
        Self { stride: None }
    }

    /// Times every activation: exact, at the price of reading the clock in each
    /// of them.
    #[must_use]
    pub const fn every_activation() -> Self {
        Self::sampled(NonZeroU32::MIN)
    }

    /// Times one activation in `stride`. A prime is a good choice.
    #[must_use]
    pub const fn sampled(stride: NonZeroU32) -> Self {
        Self {
            stride: Some(stride),
        }
    }

    /// Every how many activations one is timed; `None` when they are off.
    #[must_use]
    pub const fn stride(self) -> Option<NonZeroU32> {
        self.stride
    }
}

impl Default for Metrics {
    /// Samples with [`DEFAULT_STRIDE`].
    fn default() -> Self {
        Self::sampled(DEFAULT_STRIDE)
    }
}

/// What the flight recorder of each worker keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recorder {
    /// Nothing; it takes no memory.
    #[default]
    Off,
    /// What is rare and explains much: phases, changes, states of nodes, faults,
    /// sleeping and waking, late ticks.
    Lifecycle,
    /// Besides that every activation, what it sent, and when a node was parked
    /// for lack of room. Reads the time in each activation: from the processor's
    /// counter where the machine keeps its own time by that (x86-64 Linux with
    /// the clock source `tsc`) and the engine's clock is the machine's, else from
    /// the engine's clock.
    Full,
}

/// What an engine is told to observe of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observation {
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Recorder,
    /// How many events each worker's recorder keeps.
    pub(crate) events: usize,
}

impl Observation {
    /// Whether durations go into histograms.
    pub(crate) const fn measures(&self) -> bool {
        self.metrics.stride().is_some()
    }

    /// Whether there is a recorder.
    pub(crate) const fn records(&self) -> bool {
        !matches!(self.recorder, Recorder::Off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_sampled_unless_set() {
        assert_eq!(Metrics::default().stride(), Some(DEFAULT_STRIDE));
        assert_eq!(Metrics::off().stride(), None);
        assert_eq!(
            Metrics::every_activation().stride().map(NonZeroU32::get),
            Some(1)
        );
    }
}
