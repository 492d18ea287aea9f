//! Strongly connected components, cycles, and an order of nodes.
//!
//! All in time linear in nodes plus links (times a logarithm for the order),
//! without recursion, and deterministic: the same links give the same result.

use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

/// An edge between two nodes, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The links that leave each node, by index in `links`.
fn leaving(nodes: usize, links: &[Link]) -> Vec<Vec<usize>> {
    let mut leaving = vec![Vec::new(); nodes];
    for (index, link) in links.iter().enumerate() {
        leaving[link.from].push(index);
    }
    leaving
}

/// The strongly connected component of each node, numbered from 0.
///
/// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972)
/// with an explicit stack.
fn components(nodes: usize, links: &[Link]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let leaving = leaving(nodes, links);
    // The order of discovery, and the earliest discovery reachable.
    let mut discovered = vec![UNSEEN; nodes];
    let mut lowest = vec![UNSEEN; nodes];
    let mut component = vec![UNSEEN; nodes];
    let mut open = Vec::new();
    // Nodes being explored, with the position of the next link to follow.
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut discoveries = 0;
    let mut count = 0;

    for root in 0..nodes {
        if discovered[root] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some((node, position)) = path.pop() {
            if position == 0 {
                discovered[node] = discoveries;
                lowest[node] = discoveries;
                discoveries += 1;
                open.push(node);
            }
            if let Some(&link) = leaving[node].get(position) {
                path.push((node, position + 1));
                let next = links[link].to;
                if discovered[next] == UNSEEN {
                    path.push((next, 0));
                } else if component[next] == UNSEEN {
                    lowest[node] = lowest[node].min(discovered[next]);
                }
                continue;
            }
            if lowest[node] == discovered[node] {
                while let Some(member) = open.pop() {
                    component[member] = count;
                    if member == node {
                        break;
                    }
                }
                count += 1;
            }
            if let Some(&(parent, _)) = path.last() {
                lowest[parent] = lowest[parent].min(lowest[node]);
            }
        }
    }
    component
}

/// One cycle for each strongly connected component that has any: the indices
/// of its links in order, a shortest cycle through the component's first node.
/// Components come in the order of their first nodes.
pub(super) fn cycles(nodes: usize, links: &[Link]) -> Vec<Vec<usize>> {
    let component = components(nodes, links);
    // A component has a cycle when a link stays inside it.
    let mut unreported = vec![false; nodes];
    for link in links {
        if component[link.from] == component[link.to] {
            unreported[component[link.from]] = true;
        }
    }
    let mut search = CycleSearch {
        links,
        leaving: leaving(nodes, links),
        component: &component,
        reached_by: vec![None; nodes],
    };
    let mut found = Vec::new();
    for start in 0..nodes {
        if core::mem::take(&mut unreported[component[start]]) {
            found.extend(search.from(start));
        }
    }
    found
}

struct CycleSearch<'a> {
    links: &'a [Link],
    leaving: Vec<Vec<usize>>,
    component: &'a [usize],
    /// The link over which a node was reached first. Searches in different
    /// components share it, since they reach different nodes.
    reached_by: Vec<Option<usize>>,
}

impl CycleSearch<'_> {
    /// Searches breadth first from `start` back to it, inside its component.
    fn from(&mut self, start: usize) -> Option<Vec<usize>> {
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &link in &self.leaving[node] {
                let next = self.links[link].to;
                if next == start {
                    return Some(self.path(start, node, link));
                }
                let inside = self.component[next] == self.component[start];
                if inside && self.reached_by[next].is_none() {
                    self.reached_by[next] = Some(link);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The links from `start` to `end` as they were found, and `last`.
    fn path(&self, start: usize, end: usize, last: usize) -> Vec<usize> {
        let mut path = vec![last];
        let mut node = end;
        while node != start
            && let Some(link) = self.reached_by[node]
        {
            path.push(link);
            node = self.links[link].from;
        }
        path.reverse();
        path
    }
}

/// The nodes in an order in which every link leads forward, except those
/// inside a strongly connected component.
///
/// Among several possible next ones, the node with the lowest index comes
/// first. The members of a component stand together, by index.
pub(super) fn topological_order(nodes: usize, links: &[Link]) -> Vec<usize> {
    let component = components(nodes, links);
    let count = component.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); count];
    for (node, &component) in component.iter().enumerate() {
        members[component].push(node);
    }
    let mut pending = vec![0_usize; count];
    let mut successors = vec![Vec::new(); count];
    for link in links {
        let (from, to) = (component[link.from], component[link.to]);
        if from != to {
            pending[to] += 1;
            successors[from].push(to);
        }
    }
    // Components that nothing unplaced leads to, by their first member.
    let mut ready: BinaryHeap<Reverse<(usize, usize)>> = (0..count)
        .filter(|&component| pending[component] == 0)
        .map(|component| Reverse((members[component][0], component)))
        .collect();
    let mut order = Vec::with_capacity(nodes);
    while let Some(Reverse((_, component))) = ready.pop() {
        order.extend_from_slice(&members[component]);
        for &next in &successors[component] {
            pending[next] -= 1;
            if pending[next] == 0 {
                ready.push(Reverse((members[next][0], next)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
        pairs.iter().map(|&(from, to)| Link { from, to }).collect()
    }

    #[test]
    fn a_graph_without_cycles_has_none_even_where_paths_meet_again() {
        let diamond = links(&[(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert!(cycles(4, &diamond).is_empty());
    }

    #[test]
    fn each_component_gives_one_cycle_by_its_links() {
        // 0 -> 1 -> 2 -> 0, and 3 <-> 4 behind it, and 5 beside it.
        let graph = links(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3)]);
        assert_eq!(cycles(6, &graph), [vec![0, 1, 2], vec![4, 5]]);
    }

    #[test]
    fn a_link_to_the_node_itself_is_a_cycle() {
        assert_eq!(cycles(2, &links(&[(0, 1), (1, 1)])), [[1]]);
    }

    #[test]
    fn the_cycle_reported_is_a_shortest_one() {
        let graph = links(&[(0, 1), (1, 2), (2, 0), (1, 0)]);
        assert_eq!(cycles(3, &graph), [[0, 3]]);
    }

    #[test]
    fn a_long_chain_needs_no_recursion() {
        let nodes = 100_000;
        let mut chain: Vec<Link> = (1..nodes).map(|to| Link { from: to - 1, to }).collect();
        assert!(cycles(nodes, &chain).is_empty());
        chain.push(Link {
            from: nodes - 1,
            to: 0,
        });
        assert_eq!(cycles(nodes, &chain).len(), 1);
    }

    #[test]
    fn the_order_follows_links_and_otherwise_the_indices() {
        assert_eq!(
            topological_order(4, &links(&[(3, 0), (2, 1)])),
            [2, 1, 3, 0]
        );
        assert_eq!(topological_order(3, &[]), [0, 1, 2]);
    }

    #[test]
    fn a_cycle_stands_between_what_leads_to_it_and_what_it_leads_to() {
        // 4 -> {1 <-> 2} -> 0
        let graph = links(&[(1, 2), (2, 1), (2, 0), (4, 1)]);
        assert_eq!(topological_order(5, &graph), [3, 4, 1, 2, 0]);
    }

    #[test]
    fn the_order_agrees_with_the_definition_on_random_graphs() {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for _ in 0..300 {
            let nodes = 1 + random(8);
            let graph: Vec<Link> = (0..random(14))
                .map(|_| Link {
                    from: random(nodes),
                    to: random(nodes),
                })
                .collect();
            let reaches = reachability(nodes, &graph);
            let order = topological_order(nodes, &graph);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..nodes).collect::<Vec<_>>(), "{graph:?}");
            for (position, &node) in order.iter().enumerate() {
                for &later in &order[position..] {
                    let backward = reaches[later][node] && !reaches[node][later];
                    assert!(!backward, "{graph:?}: {order:?}");
                }
            }
            let found = cycles(nodes, &graph);
            let cyclic = (0..nodes).any(|node| reaches[node][node]);
            assert_eq!(!found.is_empty(), cyclic, "{graph:?}");
            for cycle in found {
                for (position, &link) in cycle.iter().enumerate() {
                    let next = cycle[(position + 1) % cycle.len()];
                    assert_eq!(graph[link].to, graph[next].from, "{graph:?}");
                }
            }
        }
    }

    /// By repeated relaxation: whether there is a path of at least one link.
    fn reachability(nodes: usize, graph: &[Link]) -> Vec<Vec<bool>> {
        let mut reaches = vec![vec![false; nodes]; nodes];
        for link in graph {
            reaches[link.from][link.to] = true;
        }
        for via in 0..nodes {
            for from in 0..nodes {
                for to in 0..nodes {
                    reaches[from][to] |= reaches[from][via] && reaches[via][to];
                }
            }
        }
        reaches
    }
}
