//! Reports and snapshots as tables, for people.

use alloc::string::ToString;
use core::fmt;

use crate::sched::{MemoryLock, Scheduling};

use super::report::{Report, StopReason};
use super::snapshot::Snapshot;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {}, {} in {:?}, {} bytes",
            self.name,
            match self.reason {
                StopReason::Completed => "every node finished",
                StopReason::Requested => "stopped on request",
                StopReason::Escalated => "stopped after a fault",
            },
            if self.drained {
                "drained"
            } else {
                "timed out and discarded"
            },
            self.shutdown_took,
            self.memory_bytes
        )?;
        fmt::Display::fmt(&self.snapshot, f)?;
        for warning in &self.warnings {
            writeln!(f, "{warning}")?;
        }
        if let Some(cause) = &self.cause {
            writeln!(f, "cause: {cause}")?;
        }
        for fault in &self.faults {
            writeln!(
                f,
                "fault in {} {}: {} ({})",
                fault.node, fault.hook, fault.message, fault.consequence
            )?;
        }
        if self.more_faults > 0 {
            writeln!(f, "and {} more faults", self.more_faults)?;
        }
        for stall in &self.stalls {
            writeln!(f, "stall: {stall}")?;
        }
        if self.more_stalls > 0 {
            writeln!(f, "and {} more stalls", self.more_stalls)?;
        }
        #[cfg(feature = "std")]
        fmt::Display::fmt(&self.artefacts, f)?;
        write!(
            f,
            "ledger {}",
            if self.is_balanced() {
                "balanced"
            } else {
                "NOT balanced"
            }
        )
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.edges.iter().map(|e| e.id.len()).max().unwrap_or(4);
        writeln!(
            f,
            "{:width$} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "edge",
            "policy",
            "sent",
            "delivered",
            "dropped",
            "evicted",
            "coalesced",
            "in flight",
            "discarded"
        )?;
        for edge in &self.edges {
            let ledger = &edge.ledger;
            writeln!(
                f,
                "{:width$} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
                edge.id,
                edge.policy.to_string(),
                ledger.sent,
                ledger.delivered,
                ledger.dropped,
                ledger.evicted,
                ledger.coalesced,
                ledger.in_flight,
                ledger.discarded
            )?;
        }
        for edge in self.edges.iter().filter(|edge| edge.ledger.expired > 0) {
            writeln!(f, "expired on {}: {}", edge.id, edge.ledger.expired)?;
        }
        let buried = self
            .edges
            .iter()
            .filter(|edge| edge.ledger.dead_letters > 0);
        for edge in buried {
            writeln!(
                f,
                "dead letters of {}: {}",
                edge.id, edge.ledger.dead_letters
            )?;
        }
        let width = self.nodes.iter().map(|n| n.path.len()).max().unwrap_or(4);
        writeln!(
            f,
            "{:width$} {:>6} {:>11} {:>10} {:>8} {:>6} {:>7} {:>6} {:>11}",
            "node",
            "worker",
            "activations",
            "messages",
            "ticks",
            "late",
            "missed",
            "faults",
            "state"
        )?;
        for node in &self.nodes {
            writeln!(
                f,
                "{:width$} {:>6} {:>11} {:>10} {:>8} {:>6} {:>7} {:>6} {:>11}",
                node.path,
                node.worker,
                node.activations,
                node.messages,
                node.ticks,
                node.late_ticks,
                node.missed_ticks,
                node.errors + node.panics,
                node.state.to_string()
            )?;
        }
        for worker in &self.workers {
            write!(f, "worker {} on {}", worker.index, worker.pinning)?;
            if worker.scheduling != Scheduling::Ordinary {
                write!(f, ", {}", worker.scheduling)?;
            }
            writeln!(
                f,
                ": {} activations, slept {} times",
                worker.picks.iter().sum::<u64>(),
                worker.parks
            )?;
        }
        if self.memory_lock != MemoryLock::NotAsked {
            writeln!(f, "memory {}", self.memory_lock)?;
        }
        Ok(())
    }
}
