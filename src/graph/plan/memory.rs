//! How much memory a plan takes.

use core::fmt;

/// How much memory an engine sets aside before it starts, in bytes per part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    pub(super) edges: usize,
    pub(super) nodes: usize,
    pub(super) scheduler: usize,
    pub(super) observation: usize,
    pub(super) stacks: usize,
}

impl Memory {
    /// The edges: message slots up to the maximum capacities, and counters.
    #[must_use]
    pub const fn edges(&self) -> usize {
        self.edges
    }

    /// The nodes themselves, without what they own on the heap.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.nodes
    }

    /// The scheduler: ready sets, mailboxes, queues and counters of workers and nodes.
    #[must_use]
    pub const fn scheduler(&self) -> usize {
        self.scheduler
    }

    /// Metrics and flight recorders: histograms and rings of events.
    #[must_use]
    pub const fn observation(&self) -> usize {
        self.observation
    }

    /// What is touched of the workers' stacks, see
    /// [`RealTime::touch_stack`](crate::engine::RealTime::touch_stack).
    #[must_use]
    pub const fn stacks(&self) -> usize {
        self.stacks
    }

    /// All of it.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.edges
            .saturating_add(self.nodes)
            .saturating_add(self.scheduler)
            .saturating_add(self.observation)
            .saturating_add(self.stacks)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            edges,
            nodes,
            scheduler,
            observation,
            stacks,
        } = self;
        write!(
            f,
            "{} bytes: edges {edges}, nodes {nodes}, scheduler {scheduler}, \
             observation {observation}, stacks {stacks}",
            self.total()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_and_counts_once() {
        let memory = Memory {
            edges: 1,
            nodes: 20,
            scheduler: 300,
            observation: 4_000,
            stacks: 50_000,
        };
        assert_eq!((memory.edges(), memory.nodes()), (1, 20));
        assert_eq!((memory.scheduler(), memory.observation()), (300, 4_000));
        assert_eq!((memory.stacks(), memory.total()), (50_000, 54_321));
        assert_eq!(
            memory.to_string(),
            "54321 bytes: edges 1, nodes 20, scheduler 300, observation 4000, stacks 50000"
        );
    }
}
