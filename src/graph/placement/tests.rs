//! Balanced placements beside the best there are, found by trying all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::prop_support::check;

const ROOMY: usize = 1_000;

/// A graph with costs, and how many workers it is for.
#[derive(Clone, Debug)]
struct Case {
    costs: Vec<u64>,
    fixed: Vec<Option<usize>>,
    links: Vec<Link>,
    workers: usize,
}

/// Edges between workers, and the highest load.
type Score = (usize, u64);

impl Case {
    fn new(costs: &[u64], pairs: &[(usize, usize)], workers: usize) -> Self {
        Self {
            costs: costs.to_vec(),
            fixed: vec![None; costs.len()],
            links: links(pairs),
            workers,
        }
    }

    fn place(&self) -> Vec<usize> {
        self.task(ROOMY).place(Some(&self.costs))
    }

    fn task(&self, per_worker: usize) -> Task<'_> {
        Task {
            fixed: &self.fixed,
            links: &self.links,
            workers: self.workers,
            per_worker,
        }
    }

    fn score(&self, placed: &[usize]) -> Score {
        let crossing = |link: &&Link| placed[link.from] != placed[link.to];
        let mut loads = vec![0; self.workers];
        for (&worker, &cost) in placed.iter().zip(&self.costs) {
            loads[worker] += cost;
        }
        let highest = loads.into_iter().max().unwrap_or(0);
        (self.links.iter().filter(crossing).count(), highest)
    }

    /// The scores of all placements there are.
    fn all_scores(&self) -> Vec<Score> {
        let mut placed: Vec<_> = self.fixed.iter().map(|fixed| fixed.unwrap_or(0)).collect();
        let mut scores = Vec::new();
        loop {
            scores.push(self.score(&placed));
            // The next one: a counter with a digit for each free node.
            let mut free = (0..placed.len()).filter(|&node| self.fixed[node].is_none());
            let digit = free.find(|&node| {
                placed[node] = (placed[node] + 1) % self.workers;
                placed[node] != 0
            });
            if digit.is_none() {
                return scores;
            }
        }
    }

    /// The least highest load, and the fewest edges between workers among
    /// placements that are at most as uneven as `highest`.
    fn best(&self, highest: u64) -> (u64, usize) {
        let scores = self.all_scores();
        let least = scores.iter().map(|score| score.1).min();
        let fewest = scores.iter().filter(|score| score.1 <= highest);
        let fewest = fewest.map(|score| score.0).min();
        (least.unwrap(), fewest.unwrap())
    }
}

fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
    pairs.iter().map(|&(from, to)| Link { from, to }).collect()
}

/// Up to 7 nodes on 2 or 3 workers.
fn cases() -> impl Strategy<Value = Case> {
    (2_usize..=3, 1_usize..=7).prop_flat_map(|(workers, nodes)| {
        let pairs = vec((0..nodes, 0..nodes), 0..=12);
        (vec(0_u64..20, nodes), pairs).prop_map(move |(costs, pairs)| {
            let pairs: Vec<_> = pairs.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
            Case::new(&costs, &pairs, workers)
        })
    })
}

/// The same, with some of the nodes placed explicitly.
fn fixed_cases() -> impl Strategy<Value = Case> {
    cases().prop_flat_map(|case| {
        let fixed = vec(proptest::option::of(0..case.workers), case.costs.len());
        fixed.prop_map(move |fixed| Case {
            fixed,
            ..case.clone()
        })
    })
}

/// Cases of each property.
const CASES: u32 = if cfg!(miri) { 2 } else { 256 };

#[test]
fn the_highest_load_is_within_a_third_of_the_least_possible() {
    check(CASES, &cases(), |case| {
        let (_, highest) = case.score(&case.place());
        let (least, _) = case.best(highest);
        let workers = case.workers as u64;
        prop_assert!(
            3 * workers * highest <= (4 * workers - 1) * least,
            "{highest} for {least}"
        );
        Ok(())
    });
}

#[test]
fn explicitly_placed_nodes_stay_and_the_highest_load_is_within_twice_the_least() {
    check(CASES, &fixed_cases(), |case| {
        let placed = case.place();
        for (fixed, &worker) in case.fixed.iter().zip(&placed) {
            prop_assert!(fixed.is_none_or(|fixed| fixed == worker));
        }
        let (_, highest) = case.score(&placed);
        let (least, _) = case.best(highest);
        let workers = case.workers as u64;
        prop_assert!(
            workers * highest <= (2 * workers - 1) * least,
            "{highest} for {least}"
        );
        Ok(())
    });
}

#[test]
fn the_same_graph_is_placed_the_same_and_no_worker_holds_more_than_it_can() {
    check(CASES, &(cases(), 0_usize..3), |(case, spare)| {
        let per_worker = case.costs.len().div_ceil(case.workers) + spare;
        let placed = case.task(per_worker).place(Some(&case.costs));
        prop_assert_eq!(&placed, &case.task(per_worker).place(Some(&case.costs)));
        for worker in 0..case.workers {
            let held = placed.iter().filter(|&&placed| placed == worker).count();
            prop_assert!(held <= per_worker, "{placed:?}");
        }
        Ok(())
    });
}

/// Every graph of five nodes, with some costs.
#[test]
#[cfg_attr(miri, ignore = "thousands of graphs")]
fn of_all_graphs_with_five_nodes_nearly_all_have_the_fewest_edges_between_workers() {
    let pairs: Vec<(usize, usize)> = (0..5)
        .flat_map(|to| (0..to).map(move |from| (from, to)))
        .collect();
    let (mut graphs, mut optimal) = (0, 0);
    for costs in [
        [1, 1, 1, 1, 1],
        [5, 1, 1, 1, 1],
        [1, 2, 3, 4, 5],
        [3, 3, 2, 2, 2],
    ] {
        for chosen in 0_u32..1 << pairs.len() {
            let chosen: Vec<_> = (0..pairs.len())
                .filter(|bit| chosen >> bit & 1 == 1)
                .map(|bit| pairs[bit])
                .collect();
            for workers in [2, 3] {
                let case = Case::new(&costs, &chosen, workers);
                let (crossing, highest) = case.score(&case.place());
                let (_, fewest) = case.best(highest);
                graphs += 1;
                optimal += usize::from(crossing == fewest);
                assert!(crossing <= fewest + 1, "{crossing} for {fewest}: {case:?}");
            }
        }
    }
    assert_eq!((graphs, optimal), (8_192, 8_189));
}

/// Up to seven nodes, some placed explicitly; the same graphs in each run.
#[test]
#[cfg_attr(miri, ignore = "thousands of graphs")]
fn of_two_thousand_graphs_nearly_all_have_the_fewest_edges_between_workers() {
    let mut runner = TestRunner::deterministic();
    let mut by_excess = [0; 3];
    for _ in 0..2_000 {
        let case = fixed_cases().new_tree(&mut runner).unwrap().current();
        let (crossing, highest) = case.score(&case.place());
        let (_, fewest) = case.best(highest);
        by_excess[crossing - fewest] += 1;
    }
    assert_eq!(by_excess, [1_994, 4, 2]);
}

#[test]
fn a_chain_with_costs_is_cut_once_for_each_further_worker() {
    let pairs: Vec<_> = (1..12).map(|to| (to - 1, to)).collect();
    for workers in 2..=4 {
        let case = Case::new(&[10; 12], &pairs, workers);
        let (crossing, highest) = case.score(&case.place());
        assert_eq!((crossing, highest), (workers - 1, 120 / workers as u64));
    }
}

#[test]
fn the_costly_branch_gets_a_worker_of_its_own() {
    // 0 -> three branches of two nodes each; one branch is as costly as all
    // the rest.
    let pairs = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6)];
    let case = Case::new(&[1, 1, 3, 1, 1, 3, 1], &pairs, 2);
    let placed = case.place();
    assert_eq!(case.score(&placed), (1, 6));
    assert_eq!(placed[2], placed[5]);
    assert_ne!(placed[2], placed[0]);
}

#[test]
fn parallel_edges_count_each() {
    // Either pair can be on one worker, but not both.
    let pairs = [(0, 1), (0, 1), (0, 1), (1, 2)];
    let placed = Case::new(&[4, 4, 8], &pairs, 2).place();
    assert_eq!(placed[0], placed[1]);
}

#[test]
fn without_any_cost_everything_stays_together() {
    let case = Case::new(&[0; 4], &[(0, 1), (1, 2), (2, 3)], 3);
    assert_eq!(case.score(&case.place()), (0, 0));
}

#[test]
#[cfg_attr(miri, ignore = "thousands of nodes")]
fn a_large_graph_is_placed_within_the_bound() {
    // 100 chains of 30 nodes behind one source; costs from 1 to 97.
    let nodes = 3_001_usize;
    let pairs: Vec<_> = (1..nodes)
        .map(|node| (node.saturating_sub(100), node))
        .collect();
    let costs: Vec<u64> = (0..nodes as u64).map(|node| node * 37 % 97 + 1).collect();
    let case = Case::new(&costs, &pairs, 4);
    let (crossing, highest) = case.score(&case.place());
    let mean = costs.iter().sum::<u64>().div_ceil(4);
    assert!(highest <= mean + mean / 8, "{highest} for a mean of {mean}");
    assert!(crossing <= 80, "{crossing} edges between workers");
}
