//! Pairs of measurements, taken in turns.

use std::time::Instant;

use crate::pulse::moment;
use crate::report::Judged;

/// One sample: how many units one operation took.
pub(crate) type Sample = Box<dyn FnMut() -> f64>;

/// What is measured, and what stands beside it.
pub(crate) struct Pair {
    /// This library.
    pub(crate) ours: Sample,
    /// A peer, a limit, or this library in another setting.
    pub(crate) peer: Sample,
    pub(crate) judged: Judged,
    /// How many times more rounds than other rows it has.
    often: usize,
}

impl Pair {
    pub(crate) fn new(
        ours: impl FnMut() -> f64 + 'static,
        peer: impl FnMut() -> f64 + 'static,
    ) -> Self {
        Self {
            ours: Box::new(ours),
            peer: Box::new(peer),
            judged: Judged::InTurn,
            often: 1,
        }
    }

    /// Judged by the tenth of the samples that other programs disturbed least.
    pub(crate) fn undisturbed(self) -> Self {
        Self {
            judged: Judged::Undisturbed,
            ..self
        }
    }

    /// With so many times more rounds: for short samples that are seldom left
    /// alone.
    pub(crate) fn often(self, often: usize) -> Self {
        Self { often, ..self }
    }
}

/// Takes `rounds` samples of each in turns, first ours and first the peer's by
/// turns as well: what disturbs the machine for a while disturbs both. One of
/// each goes before and is not counted.
pub(crate) fn interleave(pair: &mut Pair, rounds: usize) -> Vec<(f64, f64)> {
    (pair.ours)();
    (pair.peer)();
    let round = |round: usize| {
        if round.is_multiple_of(2) {
            let ours = (pair.ours)();
            (ours, (pair.peer)())
        } else {
            let peer = (pair.peer)();
            ((pair.ours)(), peer)
        }
    };
    (0..rounds * pair.often).map(round).collect()
}

/// What the samples of a pair come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) ours: f64,
    pub(crate) peer: f64,
    /// Of ours to the peer; ours itself where the peer is zero.
    pub(crate) ratio: f64,
}

pub(crate) fn outcome(samples: &[(f64, f64)], judged: Judged) -> Outcome {
    let (all_ours, all_peers): (Vec<f64>, Vec<f64>) = samples.iter().copied().unzip();
    let share = match judged {
        Judged::InTurn => 0.5,
        Judged::Undisturbed => 0.1,
    };
    let (ours, peer) = (quantile(&all_ours, share), quantile(&all_peers, share));
    let ratio = match judged {
        _ if peer == 0.0 => ours,
        Judged::Undisturbed => ours / peer,
        Judged::InTurn => {
            let ratios: Vec<f64> = samples.iter().map(|(ours, peer)| ours / peer).collect();
            quantile(&ratios, 0.5)
        }
    };
    Outcome { ours, peer, ratio }
}

/// The least that `sample` gives in four goes.
pub(crate) fn least_of_four(mut sample: impl FnMut() -> f64) -> f64 {
    (0..4).map(|_| sample()).fold(f64::INFINITY, f64::min)
}

/// The value below which this share of the values lies, by nearest rank.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[rank]
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
