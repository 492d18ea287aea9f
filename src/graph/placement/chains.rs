//! Chains together, about as many nodes on each worker: what is done without
//! costs.
//!
//! 1. The nodes fall into **chains**: two nodes are links of one chain when
//!    the second is the only one the first sends to, and the first the only
//!    one the second receives from.
//! 2. A chain with explicitly placed nodes follows them: each other member
//!    goes where the nearest explicitly placed one before it is, or, before
//!    the first, where the first is.
//! 3. Every other chain goes to one worker as a whole, in topological order:
//!    to the one with most edges to it among those that still stay within an
//!    even share of the nodes; without edges, or at a tie, to the one with the
//!    fewest nodes, then to the first. When no worker can stay within its
//!    share, to the one with the fewest nodes.
//!
//! So a graph that is one chain runs on one worker unless its nodes are placed
//! explicitly. Only a chain longer than a worker can hold is cut.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Task;
use crate::graph::cycles::Link;

/// Places each node, in time linear in nodes plus links, times workers for
/// each chain.
pub(super) fn place(task: &Task<'_>) -> Vec<usize> {
    let &Task {
        fixed,
        links,
        workers,
        per_worker,
    } = task;
    let neighbours = Neighbours::of(fixed.len(), links);
    let mut placed = fixed.to_vec();
    let chains = chains(&neighbours);
    for chain in &chains {
        follow(chain, &mut placed);
    }
    let mut load = vec![0; workers];
    for &worker in placed.iter().flatten() {
        load[worker] += 1;
    }
    let share = fixed.len().div_ceil(workers);
    for piece in chains.iter().flat_map(|chain| chain.chunks(per_worker)) {
        if placed[piece[0]].is_some() {
            continue;
        }
        let worker = choose(piece, &neighbours, &placed, &load, share);
        load[worker] += piece.len();
        for &node in piece {
            placed[node] = Some(worker);
        }
    }
    // Every node is in a chain, and every chain was placed.
    placed.into_iter().map(Option::unwrap_or_default).collect()
}

/// The distinct other nodes at each node's outputs and inputs.
pub(super) struct Neighbours {
    after: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
}

impl Neighbours {
    pub(super) fn of(nodes: usize, links: &[Link]) -> Self {
        let mut neighbours = Self {
            after: vec![Vec::new(); nodes],
            before: vec![Vec::new(); nodes],
        };
        for &Link { from, to } in links {
            if from != to {
                neighbours.after[from].push(to);
                neighbours.before[to].push(from);
            }
        }
        for list in neighbours.after.iter_mut().chain(&mut neighbours.before) {
            list.sort_unstable();
            list.dedup();
        }
        neighbours
    }

    /// The node that continues the chain of `node`.
    fn next_in_chain(&self, node: usize) -> Option<usize> {
        match *self.after[node] {
            [next] if self.before[next].len() == 1 => Some(next),
            _ => None,
        }
    }

    fn of_node(&self, node: usize) -> impl Iterator<Item = usize> {
        self.after[node].iter().chain(&self.before[node]).copied()
    }
}

/// All nodes in chains, in the order of the chains' first nodes.
pub(super) fn chains(neighbours: &Neighbours) -> Vec<Vec<usize>> {
    let nodes = neighbours.after.len();
    let mut is_next = vec![false; nodes];
    for node in 0..nodes {
        if let Some(next) = neighbours.next_in_chain(node) {
            is_next[next] = true;
        }
    }
    let mut taken = vec![false; nodes];
    let mut chains = Vec::new();
    let mut collect = |first: usize| {
        let mut chain = Vec::new();
        let mut node = Some(first);
        while let Some(member) = node.filter(|&node| !taken[node]) {
            taken[member] = true;
            chain.push(member);
            node = neighbours.next_in_chain(member);
        }
        if !chain.is_empty() {
            chains.push(chain);
        }
    };
    for first in (0..nodes).filter(|&node| !is_next[node]) {
        collect(first);
    }
    // What is left are rings, in which every node follows another.
    for first in 0..nodes {
        collect(first);
    }
    chains.sort_unstable_by_key(|chain| chain[0]);
    chains
}

/// Rule 2.
fn follow(chain: &[usize], placed: &mut [Option<usize>]) {
    let Some(first) = chain.iter().find_map(|&node| placed[node]) else {
        return;
    };
    let mut worker = first;
    for &node in chain {
        worker = *placed[node].get_or_insert(worker);
    }
}

/// Rule 3, for one chain.
fn choose(
    piece: &[usize],
    neighbours: &Neighbours,
    placed: &[Option<usize>],
    load: &[usize],
    share: usize,
) -> usize {
    let mut edges = vec![0_usize; load.len()];
    for neighbour in piece.iter().flat_map(|&node| neighbours.of_node(node)) {
        if let Some(worker) = placed[neighbour] {
            edges[worker] += 1;
        }
    }
    let fitting = (0..load.len())
        .filter(|&worker| load[worker] + piece.len() <= share)
        .min_by_key(|&worker| (Reverse(edges[worker]), load[worker], worker));
    fitting
        .or_else(|| (0..load.len()).min_by_key(|&worker| (load[worker], Reverse(edges[worker]))))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMY: usize = 1_000;

    fn place_all(nodes: usize, pairs: &[(usize, usize)], workers: usize) -> Vec<usize> {
        place_some(&vec![None; nodes], pairs, workers)
    }

    fn place_some(fixed: &[Option<usize>], pairs: &[(usize, usize)], workers: usize) -> Vec<usize> {
        let links: Vec<Link> = pairs.iter().map(|&(from, to)| Link { from, to }).collect();
        place_at_most(fixed, &links, workers, ROOMY)
    }

    fn place_at_most(
        fixed: &[Option<usize>],
        links: &[Link],
        workers: usize,
        per_worker: usize,
    ) -> Vec<usize> {
        place(&Task {
            fixed,
            links,
            workers,
            per_worker,
        })
    }

    #[test]
    fn a_single_chain_stays_on_one_worker() {
        assert_eq!(place_all(4, &[(0, 1), (1, 2), (2, 3)], 2), [0, 0, 0, 0]);
    }

    #[test]
    fn two_chains_run_on_a_worker_each() {
        let pairs = [(0, 2), (2, 4), (1, 3), (3, 5)];
        assert_eq!(place_all(6, &pairs, 2), [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn lone_nodes_are_spread_evenly() {
        assert_eq!(place_all(6, &[], 3), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn branches_behind_a_tee_join_it_as_far_as_the_share_goes() {
        // 0 -> 1 (a tee) -> three branches of two nodes each; a share is 4.
        let pairs = [(0, 1), (1, 2), (1, 3), (1, 4), (2, 5), (3, 6), (4, 7)];
        let placed = place_all(8, &pairs, 2);
        assert_eq!(placed, [0, 0, 0, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn a_chain_follows_its_explicitly_placed_nodes() {
        let pairs = [(0, 1), (1, 2), (2, 3), (3, 4)];
        let fixed = [None, Some(1), None, Some(0), None];
        assert_eq!(place_some(&fixed, &pairs, 2), [1, 1, 1, 0, 0]);
    }

    #[test]
    fn explicitly_placed_nodes_count_where_others_go() {
        assert_eq!(place_some(&[Some(0), None, None], &[], 2), [0, 1, 0]);
        let fixed = [Some(1), Some(1), None, None, None];
        assert_eq!(place_some(&fixed, &[], 2), [1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_chain_that_would_exceed_the_share_goes_where_it_does_not() {
        // 0, on worker 0, feeds a chain of three nodes and a lone one; a share is 3.
        let pairs = [(0, 1), (1, 2), (2, 3), (0, 4)];
        let fixed = [Some(0), None, None, None, None, None];
        assert_eq!(place_some(&fixed, &pairs, 2), [0, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn parallel_edges_and_edges_back_do_not_break_a_chain() {
        let pairs = [(0, 1), (0, 1), (1, 0)];
        assert_eq!(place_all(2, &pairs, 2), [0, 0]);
    }

    #[test]
    fn rings_are_chains() {
        let pairs = [(0, 1), (1, 2), (2, 0), (3, 3)];
        assert_eq!(place_all(4, &pairs, 2), [0, 0, 0, 1]);
    }

    #[test]
    fn only_a_chain_longer_than_a_worker_is_cut() {
        let links: Vec<Link> = (1..6).map(|to| Link { from: to - 1, to }).collect();
        assert_eq!(place_at_most(&[None; 6], &links, 2, 4), [0, 0, 0, 0, 1, 1]);
    }
}
