//! Tests of the edge layer through its two ends.

mod batch;
mod close;
mod contract;
#[cfg(feature = "std")] // nothing else catches a panic
mod panics;
mod random;
mod resize;
mod scheduler;
mod statics;
#[cfg(feature = "std")]
mod threads;

use std::sync::Arc;

use super::{Consumer, Ledger, Policy, PolicyKind, Producer, channel_growable};
use crate::sync::{AtomicU64, Ordering};

const KINDS: [PolicyKind; 4] = [
    PolicyKind::Block,
    PolicyKind::Drop,
    PolicyKind::Latest,
    PolicyKind::Coalesce,
];

/// How many payloads of a test are alive. They may be made and dropped on
/// different threads.
#[derive(Debug, Default)]
struct Alive(AtomicU64);

impl Alive {
    fn get(&self) -> u64 {
        // Relaxed: asked for after joining whoever else counts.
        self.0.load(Ordering::Relaxed)
    }
}

/// A payload that stands for a run of numbers, so that merging keeps track of
/// what it stands for, and that counts how many of its kind are alive.
#[derive(Debug)]
struct Run {
    first: u64,
    last: u64,
    alive: Arc<Alive>,
}

impl Run {
    fn new(number: u64, alive: &Arc<Alive>) -> Self {
        // Relaxed: the number alone matters.
        alive.0.fetch_add(1, Ordering::Relaxed);
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
        let before = self.alive.0.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "dropped more often than made");
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
