//! From edges that wait to what they wait for in the end.

use alloc::vec::Vec;
use core::time::Duration;

use crate::sched::NodeState;

use super::reading::{EdgeFacts, Facts};

/// A [cause](super::Cause), by indices. Equal ones are the same: a handler
/// that returned and was called again is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// The edges of a deadlock, from the one with the lowest index on.
    Cycle(Vec<usize>),
    Handler {
        node: usize,
        worker: usize,
        /// Of the worker, this one included.
        activations: u64,
    },
    State {
        node: usize,
        state: NodeState,
    },
    Untaken {
        node: usize,
        edge: usize,
    },
    Uncalled {
        node: usize,
    },
    /// At an exit.
    Unreceived {
        edge: usize,
    },
}

/// What is known about a node while paths are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Unseen,
    /// On the path that is being followed.
    Here,
    /// On a path whose end is known.
    Done,
}

impl Facts {
    /// What the edges that `begins` chooses wait for, each cause once, the
    /// deadlocks first. Calls and waits shorter than `patience` are no cause.
    ///
    /// A node is held by one edge at most, so a path has no branches, and each
    /// node is visited once.
    pub(super) fn causes(
        &self,
        patience: Duration,
        begins: impl Fn(&EdgeFacts) -> bool,
    ) -> Vec<Root> {
        let mut found = Vec::new();
        let mut seen = vec![Seen::Unseen; self.nodes.len()];
        let begins = (0..self.edges.len()).filter(|&edge| begins(&self.edges[edge]));
        for begin in begins {
            let mut path = Vec::new();
            let mut edge = begin;
            let end = loop {
                let Some(node) = self.edges[edge].consumer else {
                    break self.unreceived(edge, patience);
                };
                match seen[node] {
                    Seen::Done => break self.ending(edge, node, patience),
                    Seen::Here => break Some(self.cycle(&path, edge)),
                    Seen::Unseen => {}
                }
                seen[node] = Seen::Here;
                path.push(edge);
                match self.held_by(node) {
                    Some(next) => edge = next,
                    None => break self.ending(edge, node, patience),
                }
            };
            for node in path.iter().filter_map(|&edge| self.edges[edge].consumer) {
                seen[node] = Seen::Done;
            }
            if let Some(root) = end.filter(|root| !found.contains(root)) {
                found.push(root);
            }
        }
        found.sort_by_key(|root| !matches!(root, Root::Cycle(_)));
        found
    }

    /// The handlers that have run for so long, whoever waits for them.
    pub(super) fn long_calls(&self, patience: Duration) -> Vec<Root> {
        (0..self.workers.len())
            .filter_map(|worker| self.long_call(worker, patience))
            .collect()
    }

    /// The edge that the node waits for, if that is what it does.
    fn held_by(&self, node: usize) -> Option<usize> {
        let node = &self.nodes[node];
        node.held_by.filter(|_| node.state.is_called())
    }

    fn long_call(&self, worker: usize, patience: Duration) -> Option<Root> {
        let facts = &self.workers[worker];
        (facts.lasting >= patience)
            .then_some(facts.calling)
            .flatten()
            .map(|node| Root::Handler {
                node,
                worker,
                activations: facts.activations,
            })
    }

    /// Nobody outside takes what a node waits for room for.
    fn unreceived(&self, edge: usize, patience: Duration) -> Option<Root> {
        let unmoved = self.edges[edge].unmoved;
        (unmoved >= patience).then_some(Root::Unreceived { edge })
    }

    /// What the consumer of an edge, a node, waits for, when it is not held.
    fn ending(&self, edge: usize, node: usize, patience: Duration) -> Option<Root> {
        let facts = &self.edges[edge];
        if self.held_by(node).is_some() {
            return None; // known from another path
        }
        let state = self.nodes[node].state;
        match state {
            NodeState::Paused
            | NodeState::Draining
            | NodeState::Drained
            | NodeState::Restarting => return Some(Root::State { node, state }),
            NodeState::Quarantined | NodeState::Finished => return None,
            NodeState::Active => {}
        }
        let worker = self.nodes[node].worker;
        let handler = self.long_call(worker, patience);
        if handler.is_some() || facts.unmoved < patience {
            return handler;
        }
        if facts.called {
            Some(Root::Untaken { node, edge })
        } else if self.workers[worker].calling.is_none() {
            Some(Root::Uncalled { node })
        } else {
            None // its worker goes on, and will come to it
        }
    }

    /// The cycle that a path runs into when `closing` leads back to a node on
    /// it.
    fn cycle(&self, path: &[usize], closing: usize) -> Root {
        let node = self.edges[closing].consumer;
        // The path's own edge into that node may come from outside.
        let entered = (path.iter()).position(|&edge| self.edges[edge].consumer == node);
        let mut inside = path[entered.map_or(0, |at| at + 1)..].to_vec();
        inside.push(closing);
        let first = (0..inside.len()).min_by_key(|&at| inside[at]);
        inside.rotate_left(first.unwrap_or(0));
        Root::Cycle(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::{NodeFacts, WorkerFacts};
    use super::*;
    use crate::time::Timestamp;

    const LIMIT: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(2);

    /// Active nodes on worker 0, which is idle; edges by their ends, full of
    /// messages that nobody has moved for long.
    fn facts(nodes: usize, edges: &[(usize, usize)]) -> Facts {
        let node = NodeFacts {
            worker: 0,
            state: NodeState::Active,
            held_by: None,
        };
        let edge = |&(producer, consumer)| EdgeFacts {
            producer: Some(producer),
            consumer: Some(consumer),
            waits: true,
            unmoved: LONG,
            called: false,
            blocked: None,
        };
        Facts {
            now: Timestamp::EPOCH,
            nodes: vec![node; nodes],
            edges: edges.iter().map(edge).collect(),
            workers: vec![WorkerFacts {
                activations: 7,
                calling: None,
                lasting: Duration::ZERO,
            }],
        }
    }

    /// Each edge holds its producer.
    fn held(mut facts: Facts) -> Facts {
        for (index, edge) in facts.edges.iter().enumerate() {
            let producer = edge.producer.expect("a node");
            facts.nodes[producer].held_by = Some(index);
        }
        facts
    }

    fn causes(facts: &Facts) -> Vec<Root> {
        facts.causes(LIMIT, |edge| edge.waits)
    }

    #[test]
    fn a_cycle_is_found_once_from_wherever_it_is_entered() {
        // 3 -> 0 -> 1 -> 2 -> 0
        let deadlock = held(facts(4, &[(3, 0), (1, 2), (0, 1), (2, 0)]));
        assert_eq!(causes(&deadlock), [Root::Cycle(vec![1, 3, 2])]);
        let itself = held(facts(1, &[(0, 0)]));
        assert_eq!(causes(&itself), [Root::Cycle(vec![0])]);
    }

    #[test]
    fn a_chain_of_held_nodes_waits_for_what_stands_at_its_end() {
        let mut chain = held(facts(4, &[(0, 1), (1, 2), (2, 3)]));
        assert_eq!(causes(&chain), [Root::Uncalled { node: 3 }]);
        chain.edges[2].called = true;
        assert_eq!(causes(&chain), [Root::Untaken { node: 3, edge: 2 }]);
        let state = NodeState::Paused;
        chain.nodes[3].state = state;
        assert_eq!(causes(&chain), [Root::State { node: 3, state }]);
        // What was held when it was paused is paused, whatever holds it.
        chain.nodes[1].state = state;
        let paused = |node| Root::State { node, state };
        assert_eq!(causes(&chain), [paused(1), paused(3)]);
    }

    #[test]
    fn nodes_that_are_held_by_an_exit_wait_for_the_outside() {
        let mut chain = held(facts(2, &[(0, 1), (1, 0)]));
        chain.edges[1].consumer = None;
        assert_eq!(causes(&chain), [Root::Unreceived { edge: 1 }]);
        chain.edges[1].unmoved = LIMIT / 2;
        assert!(causes(&chain).is_empty());
    }

    #[test]
    fn the_handler_that_holds_the_worker_is_the_cause_and_not_who_waits_behind_it() {
        let mut busy = held(facts(3, &[(0, 1), (0, 2)]));
        busy.workers[0].calling = Some(2);
        busy.workers[0].lasting = LONG;
        let handler = Root::Handler {
            node: 2,
            worker: 0,
            activations: 7,
        };
        assert_eq!(causes(&busy), std::slice::from_ref(&handler));
        assert_eq!(busy.long_calls(LIMIT), [handler]);
        busy.workers[0].lasting = LIMIT / 2;
        assert!(causes(&busy).is_empty(), "they wait for their turn");
        assert!(busy.long_calls(LIMIT).is_empty());
    }

    #[test]
    fn messages_that_have_waited_for_a_moment_only_have_no_cause() {
        let mut fresh = facts(2, &[(0, 1)]);
        fresh.edges[0].unmoved = LIMIT / 2;
        assert!(causes(&fresh).is_empty());
        fresh.edges[0].waits = false;
        assert!(causes(&fresh).is_empty());
    }
}
