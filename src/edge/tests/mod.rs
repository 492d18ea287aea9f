//! Tests of the edge layer through its two ends.

mod batch;
mod close;
mod contract;
mod panics;
mod random;
mod resize;
mod scheduler;
mod threads;

use std::sync::Arc;

use super::{Consumer, Ledger, Policy, PolicyKind, Producer, channel_growable};
use crate::sync::Counter;

const KINDS: [PolicyKind; 4] = [
    PolicyKind::Block,
    PolicyKind::Drop,
    PolicyKind::Latest,
    PolicyKind::Coalesce,
];

/// A payload that stands for a run of numbers, so that merging keeps track of
/// what it stands for, and that counts how many of its kind are alive.
#[derive(Debug)]
struct Run {
    first: u64,
    last: u64,
    alive: Arc<Counter>,
}

impl Run {
    fn new(number: u64, alive: &Arc<Counter>) -> Self {
        alive.add(1);
        Self {
            first: number,
            last: number,
            alive: alive.clone(),
        }
    }

    fn numbers(&self) -> (u64, u64) {
        (self.first, self.last)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

fn join(pending: &mut Run, new: Run) {
    assert_eq!(pending.last + 1, new.first, "merged out of order");
    pending.last = new.last;
}

fn policy(kind: PolicyKind) -> Policy<Run> {
    match kind {
        PolicyKind::Block => Policy::Block,
        PolicyKind::Drop => Policy::Drop,
        PolicyKind::Latest => Policy::Latest,
        PolicyKind::Coalesce => Policy::coalesce(join),
    }
}

fn edge(kind: PolicyKind, capacity: usize, max: usize) -> (Producer<Run>, Consumer<Run>) {
    channel_growable(capacity, max, policy(kind)).unwrap()
}

#[track_caller]
fn assert_balanced(ledger: Ledger) {
    assert!(ledger.is_balanced(), "{ledger}");
}
