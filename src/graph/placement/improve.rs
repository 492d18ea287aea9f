//! Fewer edges between workers, by moving nodes.
//!
//! In the manner of Fiduccia and Mattheyses ("A linear-time heuristic for
//! improving network partitions", 1982), for more than two parts: a pass moves
//! the node that gains most, even when that is a loss, and does not move it
//! again; in the end it goes back to the best placement it came through. A
//! worker may be above its ceiling in between, by the costliest node at most;
//! then the next move takes a node off it, so that nodes can be exchanged.
//!
//! Passes go on while they improve something, at most [`PASSES`] of [`MOVES`]
//! moves each, and a pass ends when [`PATIENCE`] of them brought nothing: a
//! large graph is improved only here and there.

use alloc::vec::Vec;

use super::balanced::{Placement, Problem};

/// The most passes.
const PASSES: usize = 8;

/// The most moves of a pass.
const MOVES: usize = 256;

/// How many moves in turn may bring nothing before a pass ends.
const PATIENCE: usize = 64;

/// A node, and the worker that it may go to.
#[derive(Clone, Copy)]
struct Move {
    node: usize,
    to: usize,
    /// How many edges fewer are between workers afterwards.
    gain: isize,
}

/// Never worse than before, by [`Problem::score`], and never above the ceiling
/// if it was not before.
pub(super) fn improve(problem: &Problem<'_>, mut placement: Placement) -> Placement {
    for _ in 0..PASSES {
        if !pass(problem, &mut placement) {
            break;
        }
    }
    placement
}

/// Whether something was gained.
fn pass(problem: &Problem<'_>, placement: &mut Placement) -> bool {
    let allowance = problem.costs.iter().copied().max().unwrap_or(0);
    let mut movable: Vec<bool> = problem.fixed.iter().map(Option::is_none).collect();
    // What was done, to be undone: the node, and where it was.
    let mut done: Vec<(usize, usize)> = Vec::new();
    let mut gained = 0;
    let mut best = (0, placement.highest());
    let mut kept = 0;
    while done.len() < MOVES.min(kept + PATIENCE) {
        let Some(next) = best_move(problem, placement, &movable, allowance.into()) else {
            break;
        };
        done.push((next.node, placement.worker[next.node]));
        movable[next.node] = false;
        put(problem, placement, next.node, next.to);
        gained += next.gain;
        let highest = placement.highest();
        let better = gained > best.0 || (gained == best.0 && highest < best.1);
        if better && highest <= problem.ceiling {
            best = (gained, highest);
            kept = done.len();
        }
    }
    for &(node, from) in done[kept..].iter().rev() {
        put(problem, placement, node, from);
    }
    kept > 0
}

fn put(problem: &Problem<'_>, placement: &mut Placement, node: usize, to: usize) {
    let cost = u128::from(problem.costs[node]);
    let from = core::mem::replace(&mut placement.worker[node], to);
    placement.load[from] -= cost;
    placement.count[from] -= 1;
    placement.load[to] += cost;
    placement.count[to] += 1;
}

/// The move that gains most; among those, the one that leads to the lowest
/// load; among those, the first.
fn best_move(
    problem: &Problem<'_>,
    placement: &Placement,
    movable: &[bool],
    allowance: u128,
) -> Option<Move> {
    let workers = placement.load.len();
    let overloaded = placement.load.iter().any(|&load| load > problem.ceiling);
    let limit = problem.ceiling + if overloaded { 0 } else { allowance };
    let least_loaded = (0..workers).min_by_key(|&worker| placement.load[worker])?;
    let mut edges = vec![0_isize; workers];
    let mut best: Option<(Move, u128)> = None;
    for node in (0..movable.len()).filter(|&node| movable[node]) {
        let from = placement.worker[node];
        if overloaded && placement.load[from] <= problem.ceiling {
            continue;
        }
        let neighbours = &problem.neighbours[node];
        for &(other, count) in neighbours {
            edges[placement.worker[other]] += count.cast_signed();
        }
        // A worker without neighbours gains nothing; the least loaded one
        // stands for all of them.
        let near = neighbours.iter().map(|&(other, _)| placement.worker[other]);
        for to in near.chain([least_loaded]) {
            let load = placement.load[to] + u128::from(problem.costs[node]);
            if to == from || load > limit || placement.count[to] >= problem.per_worker {
                continue;
            }
            let gain = edges[to] - edges[from];
            if best.is_none_or(|(found, least)| {
                gain > found.gain || (gain == found.gain && load < least)
            }) {
                best = Some((Move { node, to, gain }, load));
            }
        }
        for &(other, _) in neighbours {
            edges[placement.worker[other]] = 0;
        }
    }
    best.map(|(found, _)| found)
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::graph::cycles::Link;
    use crate::graph::placement::Task;
    use crate::prop_support::{Verdict, check};

    const WORKERS: usize = 3;
    const CASES: u32 = if cfg!(miri) { 2 } else { 512 };

    /// Nodes with costs and edges, and where they are before.
    #[derive(Clone, Debug)]
    struct Case {
        costs: Vec<u64>,
        pairs: Vec<(usize, usize)>,
        worker: Vec<usize>,
    }

    fn cases() -> impl Strategy<Value = Case> {
        (2_usize..=14).prop_flat_map(|nodes| {
            let pairs = vec((0..nodes, 0..nodes), 0..=30);
            let parts = (vec(0_u64..6, nodes), pairs, vec(0..WORKERS, nodes));
            parts.prop_map(|(costs, pairs, worker)| Case {
                costs,
                pairs,
                worker,
            })
        })
    }

    impl Case {
        fn placement(&self, worker: &[usize]) -> Placement {
            let mut placement = Placement {
                worker: worker.to_vec(),
                load: vec![0; WORKERS],
                count: vec![0; WORKERS],
            };
            for (&worker, &cost) in worker.iter().zip(&self.costs) {
                placement.load[worker] += u128::from(cost);
                placement.count[worker] += 1;
            }
            placement
        }

        /// Tries `property` with the task and the placement that is there.
        fn with(&self, property: impl Fn(&Problem<'_>, Placement) -> Verdict) -> Verdict {
            let pairs = self.pairs.iter();
            let links: Vec<_> = pairs.map(|&(from, to)| Link { from, to }).collect();
            let task = Task {
                fixed: &vec![None; self.costs.len()],
                links: &links,
                workers: WORKERS,
                per_worker: self.costs.len(),
            };
            let placement = self.placement(&self.worker);
            let mut problem = Problem::new(&task, &self.costs);
            problem.ceiling = placement.highest() + 2;
            property(&problem, placement)
        }

        /// The books of loads and counts are those of the nodes.
        fn assert_exact(&self, placement: &Placement) -> Verdict {
            let exact = self.placement(&placement.worker);
            prop_assert_eq!(&placement.load, &exact.load);
            prop_assert_eq!(&placement.count, &exact.count);
            Ok(())
        }
    }

    #[test]
    fn a_pass_never_loses_and_says_whether_it_gained() {
        check(CASES, &cases(), |case| {
            case.with(|problem, mut placement| {
                let before = problem.score(&placement);
                let gained = pass(problem, &mut placement);
                let after = problem.score(&placement);
                prop_assert!(after <= before, "{after:?} after {before:?}");
                prop_assert_eq!(gained, after < before);
                prop_assert!(placement.highest() <= problem.ceiling);
                case.assert_exact(&placement)
            })
        });
    }

    #[test]
    fn passes_go_on_until_one_gains_nothing() {
        check(CASES, &cases(), |case| {
            case.with(|problem, placement| {
                let mut improved = improve(problem, placement);
                case.assert_exact(&improved)?;
                prop_assert!(!pass(problem, &mut improved), "it could be better");
                Ok(())
            })
        });
    }

    #[test]
    fn of_moves_that_gain_alike_the_one_of_the_first_node_is_made() -> Result<(), TestCaseError> {
        let case = Case {
            costs: vec![1, 1],
            pairs: vec![],
            worker: vec![0, 0],
        };
        case.with(|problem, placement| {
            let first = best_move(problem, &placement, &[true, true], 1);
            let (node, to) = first.map(|found| (found.node, found.to)).unwrap_or((9, 9));
            prop_assert_eq!((node, to), (0, 1));
            prop_assert!(best_move(problem, &placement, &[false, false], 1).is_none());
            Ok(())
        })
    }
}
