//! Pairs of measurements, taken in turns.

use std::time::Instant;

/// One sample: how many units one operation took.
pub(crate) type Sample = Box<dyn FnMut() -> f64>;

/// What is measured, and what stands beside it.
pub(crate) struct Pair {
    /// This library.
    pub(crate) ours: Sample,
    /// A peer, a limit, or this library in another setting.
    pub(crate) peer: Sample,
}

impl Pair {
    pub(crate) fn new(
        ours: impl FnMut() -> f64 + 'static,
        peer: impl FnMut() -> f64 + 'static,
    ) -> Self {
        Self {
            ours: Box::new(ours),
            peer: Box::new(peer),
        }
    }
}

/// What the rounds of a pair came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The median over the rounds.
    pub(crate) ours: f64,
    /// The median over the rounds.
    pub(crate) peer: f64,
    /// The median of ours over the median of the peer.
    pub(crate) ratio: f64,
    /// The middle half of the rounds' ratios, as a fraction of the ratio.
    pub(crate) spread: f64,
}

/// Takes `rounds` samples of each in turns: what disturbs the machine for a
/// while disturbs both. One of each goes before and is not counted.
pub(crate) fn interleave(pair: &mut Pair, rounds: usize) -> Outcome {
    (pair.ours)();
    (pair.peer)();
    let (ours, peers): (Vec<f64>, Vec<f64>) =
        (0..rounds).map(|_| ((pair.ours)(), (pair.peer)())).unzip();
    let ratios: Vec<f64> = ours
        .iter()
        .zip(&peers)
        .map(|(ours, peer)| ours / peer)
        .collect();
    let (ours, peer) = (quantile(&ours, 0.5), quantile(&peers, 0.5));
    let ratio = if peer == 0.0 { ours } else { ours / peer };
    let middle = quantile(&ratios, 0.75) - quantile(&ratios, 0.25);
    Outcome {
        ours,
        peer,
        ratio,
        spread: if ratio == 0.0 { 0.0 } else { middle / ratio },
    }
}

/// The value below which this share of the values lies, by nearest rank.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[rank]
}

/// The moment, by the machine's monotonic clock. Benchmarks measure against
/// it directly; the library reads time through its own `Clock`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn moment() -> Instant {
    Instant::now()
}

/// Nanoseconds per operation of `work`, which does `operations` of them.
pub(crate) fn nanos_each(operations: u64, work: impl FnOnce()) -> f64 {
    let begin = moment();
    work();
    begin.elapsed().as_nanos() as f64 / operations as f64
}

/// Looks again and again until `due`.
pub(crate) fn spin_until(due: Instant) {
    while moment() < due {
        std::hint::spin_loop();
    }
}
