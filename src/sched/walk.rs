//! The picks of the ready sets, compared with those of a walk by plain means.

use crate::band::Band;

use super::bands::{SlotTable, Weights};
use super::ready::ReadySets;

/// Who is ready, looked through from the cursor.
struct Plain {
    ready_in: Vec<Option<Band>>,
    cursors: [usize; 3],
    slots: SlotTable,
}

impl Plain {
    fn mark(&mut self, node: usize, band: Band) {
        self.ready_in[node] = self.ready_in[node].max(Some(band));
    }

    fn pick(&mut self) -> Option<(usize, Band)> {
        let highest = self.ready_in.iter().copied().max()??;
        let slot = self.slots.advance();
        let has = |band| self.ready_in.contains(&Some(band));
        let band = if has(slot) { slot } else { highest };
        let nodes = self.ready_in.len();
        let from = self.cursors[band.index()];
        let walk = (from..nodes).chain(0..from.min(nodes));
        let node = { walk }.find(|&node| self.ready_in[node] == Some(band))?;
        self.ready_in[node] = None;
        self.cursors[band.index()] = node + 1;
        Some((node, band))
    }
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn picks_are_those_of_a_plain_walk() {
    let seeds = if cfg!(miri) { 3 } else { 300 };
    for seed in 1..=seeds {
        let mut random = Random(seed);
        let nodes = 1 + random.below(150);
        let mut ready = ReadySets::new(nodes, Weights::default());
        let mut plain = Plain {
            ready_in: vec![None; nodes],
            cursors: [0; 3],
            slots: SlotTable::new(Weights::default()),
        };
        let mut last = 0;
        for step in 0..400 {
            let (node, band) = (random.below(nodes), Band::ALL[random.below(3)]);
            match random.below(6) {
                0 => {
                    ready.mark(node, band);
                    plain.mark(node, band);
                }
                // Along a chain: the one behind the last.
                1 | 2 => {
                    ready.mark((last + 1) % nodes, band);
                    plain.mark((last + 1) % nodes, band);
                }
                3 => {
                    ready.unmark(node);
                    plain.ready_in[node] = None;
                }
                _ => {
                    let picked = ready.pick();
                    assert_eq!(picked, plain.pick(), "seed {seed}, step {step}");
                    last = picked.map_or(last, |(node, _)| node);
                }
            }
            for band in Band::ALL {
                let above = plain.ready_in.iter().any(|&at| at > Some(band));
                assert_eq!(ready.any_above(band), above, "seed {seed}, step {step}");
            }
        }
    }
}
