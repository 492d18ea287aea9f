//! Which worker runs which node.
//!
//! A hop between two nodes of one worker stays in its core's cache; a hop
//! between workers moves cache lines. How long nodes work is not known from the
//! graph. So there are two ways:
//!
//! - Nobody says what nodes cost: [`chains`] stay together, and workers get
//!   about as many nodes each.
//! - Costs are declared or were measured: [`balanced`] shares them out, with as
//!   few edges between workers as it finds.
//!
//! Either way a node that was placed explicitly stays where it was placed, and
//! the same graph gives the same placement.

mod balanced;
mod chains;
mod costs;
mod improve;
#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests;

use alloc::vec::Vec;

use super::cycles::Link;

pub use costs::Costs;

/// What is to be placed. Nodes are in topological order.
pub(super) struct Task<'a> {
    /// The explicit workers.
    pub(super) fixed: &'a [Option<usize>],
    pub(super) links: &'a [Link],
    pub(super) workers: usize,
    /// How many nodes a worker can hold.
    pub(super) per_worker: usize,
}

impl Task<'_> {
    /// Places each node.
    pub(super) fn place(&self, costs: Option<&[u64]>) -> Vec<usize> {
        match costs {
            None => chains::place(self),
            Some(costs) => balanced::place(self, costs),
        }
    }
}
