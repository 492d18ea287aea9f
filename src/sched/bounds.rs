//! The scheduler's bounds, by brute force over all small configurations.

use std::collections::HashSet;

use crate::band::Band;

use super::bands::Weights;
use super::ready::ReadySets;

/// All weights up to 3 for each band.
fn all_weights() -> impl Iterator<Item = Weights> {
    (1..=3).flat_map(|control| {
        (1..=3).flat_map(move |high| {
            (1..=3).map(move |normal| Weights::new(control, high, normal).unwrap())
        })
    })
}

/// Share: with every band backlogged, any window of a whole period gives each
/// band exactly its weight, and any shorter window differs from its share by
/// less than one pick per slot of the table.
#[test]
fn any_whole_period_gives_each_backlogged_band_exactly_its_weight() {
    for weights in all_weights() {
        let period = weights.period();
        let mut ready = ReadySets::new(3, weights);
        let mut picks = Vec::new();
        for _ in 0..4 * period {
            for band in Band::ALL {
                ready.mark(band.index(), band);
            }
            picks.push(ready.pick().unwrap().1);
        }
        for window in picks.windows(period) {
            for band in Band::ALL {
                let got = window.iter().filter(|&&pick| pick == band).count();
                assert_eq!(got, usize::from(weights.of(band)), "{weights:?} {band}");
            }
        }
    }
}

/// Share, for windows that are not whole periods: less than one pick away from
/// the exact share, counted from the start of a period.
#[test]
fn any_prefix_of_a_period_is_less_than_one_pick_from_the_exact_share() {
    for weights in all_weights() {
        let period = weights.period();
        let mut ready = ReadySets::new(3, weights);
        let mut served = [0_usize; 3];
        for picked in 1..=2 * period {
            for band in Band::ALL {
                ready.mark(band.index(), band);
            }
            served[ready.pick().unwrap().1.index()] += 1;
            for band in Band::ALL {
                let share = usize::from(weights.of(band)) * picked;
                let difference = (served[band.index()] * period).abs_diff(share);
                assert!(difference < period, "{weights:?} {band} after {picked}");
            }
        }
    }
}

/// Bounded skew: among the always-ready nodes of one band, none is served twice
/// more often than another.
#[test]
fn bounded_skew_within_a_band() {
    for nodes in 1..=70 {
        let mut ready = ReadySets::new(nodes, Weights::default());
        let mut served = vec![0_usize; nodes];
        for _ in 0..3 * nodes + 1 {
            for node in 0..nodes {
                ready.mark(node, Band::Normal);
            }
            served[ready.pick().unwrap().0] += 1;
            let most = served.iter().max().unwrap();
            let least = served.iter().min().unwrap();
            assert!(most - least <= 1, "{nodes} nodes: {served:?}");
        }
    }
}

/// What decides all further picks, as far as this test's nodes go.
type State = (Vec<u8>, [usize; 3], usize);

/// Wait: whatever the others do, a node that is ready is picked within
/// *period × nodes of its band* picks. Before every pick, an adversary makes
/// any subset of the other nodes ready; all reachable states are explored.
#[test]
fn a_ready_node_waits_at_most_period_times_the_nodes_of_its_band() {
    // Which band each node is in.
    let layouts: [&[Band]; 4] = [
        &[Band::Normal, Band::Control, Band::High],
        &[Band::Normal, Band::Normal, Band::Control],
        &[Band::High, Band::High, Band::Control, Band::Normal],
        &[Band::Normal, Band::Normal, Band::Normal, Band::Control],
    ];
    for weights in [
        Weights::default(),
        Weights::new(1, 1, 1).unwrap(),
        Weights::new(3, 2, 1).unwrap(),
    ] {
        for layout in layouts {
            for target in 0..layout.len() {
                let worst = worst_wait(weights, layout, target);
                let same_band = layout.iter().filter(|&&b| b == layout[target]).count();
                let bound = weights.period() * same_band;
                assert!(worst <= bound, "{weights:?} {layout:?}: {worst} > {bound}");
            }
        }
    }
}

/// The most picks until `target` is picked, it being ready all the time, from
/// any state that the adversary can bring about.
fn worst_wait(weights: Weights, layout: &[Band], target: usize) -> usize {
    let mut layer = reachable(weights, layout);
    let mut waited = 0;
    loop {
        let mut next = Layer::default();
        for ready in layer.sets {
            for subset in 0..1_u32 << layout.len() {
                let mut ready = ready.clone();
                mark(&mut ready, layout, subset | 1 << target);
                if ready.pick().unwrap().0 != target {
                    next.add(ready, layout.len());
                }
            }
        }
        waited += 1;
        if next.sets.is_empty() {
            return waited;
        }
        layer = next;
        assert!(waited < 1_000, "the target starves");
    }
}

fn reachable(weights: Weights, layout: &[Band]) -> Layer {
    let mut all = Layer::default();
    all.add(ReadySets::new(layout.len(), weights), layout.len());
    let mut done = 0;
    while done < all.sets.len() {
        for subset in 0..1_u32 << layout.len() {
            let mut ready = all.sets[done].clone();
            mark(&mut ready, layout, subset);
            ready.pick();
            all.add(ready, layout.len());
        }
        done += 1;
    }
    all
}

fn mark(ready: &mut ReadySets, layout: &[Band], subset: u32) {
    for (node, &band) in layout.iter().enumerate() {
        if subset & 1 << node != 0 {
            ready.mark(node, band);
        }
    }
}

/// Different states, each once.
#[derive(Default)]
struct Layer {
    seen: HashSet<State>,
    sets: Vec<ReadySets>,
}

impl Layer {
    fn add(&mut self, ready: ReadySets, nodes: usize) {
        if self.seen.insert(ready.state(nodes)) {
            self.sets.push(ready);
        }
    }
}
