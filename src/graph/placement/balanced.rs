//! Even costs first, then few edges between workers.
//!
//! Sharing out costs evenly is hard already without edges (it is "multiprocessor
//! scheduling"), and few edges at even loads cannot even be approximated well
//! (Andreev and Räcke, "Balanced graph partitioning", 2006). So:
//!
//! 1. **A ceiling** for every worker's load. *Longest first* takes the nodes by
//!    falling cost and gives each to the least loaded worker. The ceiling is the
//!    highest load it leads to, or an eighth above the mean (or above the
//!    costliest node, or what is placed explicitly on one worker), whichever is
//!    more.
//! 2. **Some placements** below the ceiling: longest first; chains as a whole,
//!    cut only where one would not fit; and chains side by side, filling one
//!    worker after the other.
//! 3. **Each is improved** by moving nodes (see [`improve`](super::improve)).
//! 4. The one with the fewest edges between workers is taken, among those the
//!    one with the least highest load, among those the first.
//!
//! # Bounds
//! With `m` workers, the highest load is at most **4/3 − 1/(3m)** times the
//! least possible: so much longest first guarantees (Graham, "Bounds on
//! multiprocessing timing anomalies", 1969), and an eighth more than a bound
//! from below is less, from two workers on. With explicitly placed nodes it is
//! at most **2 − 1/m** times: the last node that longest first gave to the
//! worker with the highest load found it at or below the mean of all others'
//! costs, and costs no more than the least possible load itself. Both hold as
//! long as no worker has as many nodes as it can hold.
//!
//! The number of edges between workers has **no** bound. Beside brute force it
//! is the least possible, among placements with no higher load, for 8,189 of the
//! 8,192 graphs of five nodes in the tests and one more for the others; for
//! 1,994 of 2,000 random ones of up to seven nodes, and at most two more.
//!
//! Nothing depends on chance or on addresses: ties go to the lower index.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Task;
use super::chains::{Neighbours, chains};
use super::improve::improve;

/// Where nodes are, and what that leads to.
#[derive(Clone)]
pub(super) struct Placement {
    /// By node.
    pub(super) worker: Vec<usize>,
    /// The sum of costs, by worker.
    pub(super) load: Vec<u128>,
    /// How many nodes, by worker.
    pub(super) count: Vec<usize>,
}

/// The task, prepared.
pub(super) struct Problem<'a> {
    pub(super) costs: &'a [u64],
    pub(super) fixed: &'a [Option<usize>],
    pub(super) per_worker: usize,
    /// The other nodes that share edges with a node, and how many edges.
    pub(super) neighbours: Vec<Vec<(usize, usize)>>,
    /// The most a worker may have to do.
    pub(super) ceiling: u128,
    workers: usize,
}

/// Places each node.
///
/// The time is that of sorting the nodes, and of a bounded number of moves,
/// each in time linear in nodes plus links.
pub(super) fn place(task: &Task<'_>, costs: &[u64]) -> Vec<usize> {
    let mut problem = Problem::new(task, costs);
    let longest_first = problem.longest_first();
    problem.ceiling = problem.ceiling_above(&longest_first);
    let chains = problem.free_chains(task);
    let candidates = [
        Some(longest_first),
        problem.chains_as_a_whole(&chains),
        problem.side_by_side(&chains),
    ];
    candidates
        .into_iter()
        .flatten()
        .map(|placement| improve(&problem, placement))
        .min_by_key(|placement| problem.score(placement))
        .map_or_else(Vec::new, |placement| placement.worker)
}

impl<'a> Problem<'a> {
    pub(super) fn new(task: &Task<'a>, costs: &'a [u64]) -> Self {
        let mut neighbours = vec![Vec::new(); costs.len()];
        for link in task.links.iter().filter(|link| link.from != link.to) {
            neighbours[link.from].push((link.to, 1));
            neighbours[link.to].push((link.from, 1));
        }
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0 };
                same
            });
        }
        Self {
            costs,
            fixed: task.fixed,
            per_worker: task.per_worker,
            neighbours,
            ceiling: 0,
            workers: task.workers,
        }
    }

    /// Explicitly placed nodes only.
    fn begin(&self) -> Partial<'_> {
        let mut partial = Partial {
            problem: self,
            worker: vec![None; self.costs.len()],
            load: vec![0; self.workers],
            count: vec![0; self.workers],
        };
        for (node, worker) in self.fixed.iter().enumerate() {
            if let &Some(worker) = worker {
                partial.put(node, worker);
            }
        }
        partial
    }

    fn longest_first(&self) -> Placement {
        let mut partial = self.begin();
        let mut nodes: Vec<_> = self.free_nodes().collect();
        nodes.sort_by_key(|&node| Reverse(self.costs[node]));
        for node in nodes {
            let edges = partial.edges_of(&[node]);
            let room = |&worker: &usize| partial.count[worker] < self.per_worker;
            let least = |&worker: &usize| (partial.load[worker], Reverse(edges[worker]), worker);
            let worker = (0..self.workers).filter(room).min_by_key(least);
            // With every worker full, the plan is refused.
            let worker = worker.or_else(|| (0..self.workers).min_by_key(least));
            partial.put(node, worker.unwrap_or_default());
        }
        partial.finish()
    }

    /// See step 1 above.
    fn ceiling_above(&self, longest_first: &Placement) -> u128 {
        let total: u128 = self.costs.iter().map(|&cost| u128::from(cost)).sum();
        let mean = total.div_ceil(self.workers as u128);
        let costliest = self.costs.iter().copied().max().unwrap_or(0);
        let fixed = self.begin().load.into_iter().max().unwrap_or(0);
        // No placement stays below this.
        let least = mean.max(u128::from(costliest)).max(fixed);
        let reached = longest_first.load.iter().copied().max().unwrap_or(0);
        reached.max(least + least / 8)
    }

    fn free_nodes(&self) -> impl Iterator<Item = usize> {
        (0..self.costs.len()).filter(|&node| self.fixed[node].is_none())
    }

    /// The chains, without nodes that are placed explicitly.
    fn free_chains(&self, task: &Task<'_>) -> Vec<Vec<usize>> {
        let mut chains = chains(&Neighbours::of(self.costs.len(), task.links));
        for chain in &mut chains {
            chain.retain(|&node| self.fixed[node].is_none());
        }
        chains.retain(|chain| !chain.is_empty());
        chains
    }

    fn chains_as_a_whole(&self, chains: &[Vec<usize>]) -> Option<Placement> {
        let mut pieces = Vec::new();
        for chain in chains {
            let mut piece = Vec::new();
            let mut cost = 0;
            for &node in chain {
                let more = u128::from(self.costs[node]);
                if !piece.is_empty()
                    && (cost + more > self.ceiling || piece.len() == self.per_worker)
                {
                    pieces.push((cost, core::mem::take(&mut piece)));
                    cost = 0;
                }
                cost += more;
                piece.push(node);
            }
            pieces.push((cost, piece));
        }
        pieces.sort_by_key(|&(cost, _)| Reverse(cost));
        let mut partial = self.begin();
        for (cost, piece) in pieces {
            let edges = partial.edges_of(&piece);
            let worker = (0..self.workers)
                .filter(|&worker| partial.has_room(worker, cost, piece.len()))
                .min_by_key(|&worker| (Reverse(edges[worker]), partial.load[worker], worker))?;
            for node in piece {
                partial.put(node, worker);
            }
        }
        Some(partial.finish())
    }

    fn side_by_side(&self, chains: &[Vec<usize>]) -> Option<Placement> {
        let mut partial = self.begin();
        let mut worker = 0;
        for &node in chains.iter().flatten() {
            let cost = u128::from(self.costs[node]);
            while !partial.has_room(worker, cost, 1) {
                worker += 1;
                if worker == self.workers {
                    return None;
                }
            }
            partial.put(node, worker);
        }
        Some(partial.finish())
    }

    /// How good a placement is, less being better: edges between workers, each
    /// counted at both its ends, then the highest load.
    pub(super) fn score(&self, placement: &Placement) -> (usize, u128) {
        let crossing: usize = self
            .neighbours
            .iter()
            .enumerate()
            .flat_map(|(node, list)| list.iter().map(move |&(other, edges)| (node, other, edges)))
            .filter(|&(node, other, _)| placement.worker[node] != placement.worker[other])
            .map(|(_, _, edges)| edges)
            .sum();
        (crossing, placement.highest())
    }
}

impl Placement {
    pub(super) fn highest(&self) -> u128 {
        self.load.iter().copied().max().unwrap_or(0)
    }
}

/// A placement in the making.
struct Partial<'a> {
    problem: &'a Problem<'a>,
    worker: Vec<Option<usize>>,
    load: Vec<u128>,
    count: Vec<usize>,
}

impl Partial<'_> {
    fn put(&mut self, node: usize, worker: usize) {
        self.worker[node] = Some(worker);
        self.load[worker] += u128::from(self.problem.costs[node]);
        self.count[worker] += 1;
    }

    fn has_room(&self, worker: usize, cost: u128, nodes: usize) -> bool {
        self.load[worker] + cost <= self.problem.ceiling
            && self.count[worker] + nodes <= self.problem.per_worker
    }

    /// How many edges these nodes have to each worker so far.
    fn edges_of(&self, nodes: &[usize]) -> Vec<usize> {
        let mut edges = vec![0; self.load.len()];
        for &(other, count) in nodes
            .iter()
            .flat_map(|&node| &self.problem.neighbours[node])
        {
            if let Some(worker) = self.worker[other] {
                edges[worker] += count;
            }
        }
        edges
    }

    fn finish(self) -> Placement {
        Placement {
            // Every node was put somewhere.
            worker: self
                .worker
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect(),
            load: self.load,
            count: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::cycles::Link;

    type Attempt = fn(&Problem<'_>, &[Vec<usize>]) -> Option<Placement>;

    /// What `attempt` makes of a chain of nodes with these costs on two workers.
    fn placed(
        costs: &[u64],
        ceiling: u128,
        per_worker: usize,
        attempt: Attempt,
    ) -> Option<Vec<usize>> {
        let to = 1..costs.len();
        let links: Vec<Link> = to.map(|to| Link { from: to - 1, to }).collect();
        let task = Task {
            fixed: &vec![None; costs.len()],
            links: &links,
            workers: 2,
            per_worker,
        };
        let mut problem = Problem::new(&task, costs);
        problem.ceiling = ceiling;
        let chains = problem.free_chains(&task);
        attempt(&problem, &chains).map(|placement| placement.worker)
    }

    #[test]
    fn a_chain_is_cut_only_where_it_gets_too_costly_or_too_long() {
        let whole: Attempt = |problem, chains| problem.chains_as_a_whole(chains);
        assert_eq!(placed(&[2; 6], 12, 8, whole), Some(vec![0; 6]));
        assert_eq!(placed(&[2; 6], 6, 8, whole), Some(vec![0, 0, 0, 1, 1, 1]));
        assert_eq!(placed(&[0; 4], 6, 2, whole), Some(vec![0, 0, 1, 1]));
        assert_eq!(placed(&[2; 7], 6, 8, whole), None, "two workers do not do");
    }

    #[test]
    fn side_by_side_one_worker_is_filled_after_the_other() {
        let beside: Attempt = |problem, chains| problem.side_by_side(chains);
        assert_eq!(placed(&[2; 6], 12, 8, beside), Some(vec![0; 6]));
        assert_eq!(placed(&[1, 5, 2, 3], 7, 8, beside), Some(vec![0, 0, 1, 1]));
        assert_eq!(placed(&[0; 4], 6, 3, beside), Some(vec![0, 0, 0, 1]));
        assert_eq!(placed(&[2; 7], 6, 8, beside), None);
    }
}
