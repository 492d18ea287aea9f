//! Looking, from outside, for activations that are over their budgets and have
//! not come back.

use alloc::vec::Vec;
use core::time::Duration;

use crate::sched::{Consequence, Hook};
use crate::time::Timestamp;

use super::blueprint::Blueprint;
use super::report::FaultReport;

/// However short a budget is, nobody looks more often.
const SHORTEST: Duration = Duration::from_millis(1);

/// Which activations were reported already.
pub(super) struct Overruns {
    /// By node: when the activation began that was.
    reported: Vec<u64>,
    /// How often to look; never without a budget.
    pub(super) every: Option<Duration>,
}

impl Overruns {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        let budgets = blueprint.nodes.iter().filter_map(|node| node.budget);
        Self {
            reported: vec![0; blueprint.nodes.len()],
            every: budgets.min().map(|budget| budget.max(SHORTEST)),
        }
    }

    /// Reports the activations that are over their budgets now and were not
    /// before.
    pub(super) fn report(&mut self, blueprint: &Blueprint) {
        for overrun in self.look(blueprint) {
            blueprint.note_fault(overrun);
        }
    }

    fn look(&mut self, blueprint: &Blueprint) -> Vec<FaultReport> {
        if self.every.is_none() {
            return Vec::new();
        }
        // Before the beginnings: one that is found then was not over by now.
        let now = blueprint.clock.now();
        let stats = blueprint.shared.node_stats.iter();
        let watched = blueprint.nodes.iter().zip(stats).zip(&mut self.reported);
        watched
            .filter_map(|((node, stats), reported)| {
                let (budget, since) = (node.budget?, stats.watched_since.get());
                let began = Timestamp::from_nanos(since.checked_sub(1)?);
                let ran = now.since(began);
                if ran <= budget || *reported == since {
                    return None;
                }
                *reported = since;
                Some(FaultReport {
                    node: node.path.clone(),
                    hook: Hook::Activation,
                    at: now,
                    message: format!("still runs after {ran:?}, though its budget is {budget:?}"),
                    consequence: Consequence::WentOn,
                })
            })
            .collect()
    }
}
