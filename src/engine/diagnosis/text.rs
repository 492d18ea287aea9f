//! A diagnosis for people: what is to be done first stands first.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::{Cause, Diagnosis, Doing, Stall, Standing, Wait, WorkerStanding};
use crate::sched::NodeState;

/// How many waiting edges are told.
const MOST_WAITS: usize = 50;

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "CAUSES")?;
        for cause in &self.causes {
            writeln!(f, "  {cause}")?;
        }
        if self.causes.is_empty() {
            writeln!(f, "  none: nobody waits for anything but its turn")?;
        }
        writeln!(f, "WHO WAITS FOR WHOM")?;
        for wait in self.waits.iter().take(MOST_WAITS) {
            writeln!(f, "  {wait}")?;
        }
        match self.waits.len().checked_sub(MOST_WAITS) {
            None if self.waits.is_empty() => writeln!(f, "  no message waits in any edge")?,
            None | Some(0) => {}
            Some(more) => writeln!(f, "  and {more} edges more")?,
        }
        writeln!(f, "WORKERS")?;
        for worker in &self.workers {
            writeln!(f, "  {worker}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing moved for {}:", Span(self.lasting))?;
        for (index, cause) in self.causes.iter().enumerate() {
            write!(f, "{} {cause}", if index == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle { nodes, edges } => {
                write!(f, "deadlock: ")?;
                for node in nodes {
                    write!(f, "{node} -> ")?;
                }
                write!(
                    f,
                    "{}, each waits for room in the edge to the next ({}); \
                     give one of these edges a larger capacity or another policy",
                    nodes.first().map_or("", String::as_str),
                    edges.join(", ")
                )
            }
            Self::Handler {
                node,
                worker,
                lasting,
            } => write!(
                f,
                "the handler of {node} has not returned for {} and holds worker {worker}",
                Span(*lasting)
            ),
            Self::State { node, state } => match state {
                NodeState::Paused => write!(f, "{node} is paused; resume it"),
                NodeState::Drained => write!(f, "{node} is drained; resume it"),
                state => write!(f, "{node} is {state}"),
            },
            Self::Untaken { node, edge } => {
                write!(f, "{node} is called, but takes nothing from {edge}")
            }
            Self::Uncalled { node, worker } => write!(
                f,
                "{node} could be called, but worker {worker} does not call it"
            ),
            Self::Unreceived { edge } => write!(
                f,
                "nobody outside receives from the exit {edge}; receive there, or drop its handle"
            ),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            edge,
            producer,
            consumer,
            pending,
            capacity,
            unmoved,
            blocked,
            standing,
        } = self;
        match blocked {
            Some(span) => write!(
                f,
                "{producer} is blocked on {edge} for {} ({pending} of {capacity} pending)",
                Span(*span)
            )?,
            None => write!(f, "{edge} has {pending} of {capacity} pending")?,
        }
        if !unmoved.is_zero() {
            write!(f, ", none taken for {}", Span(*unmoved))?;
        }
        write!(f, ": {consumer} {standing}")
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { worker, lasting } => {
                write!(f, "runs on worker {worker}{}", For(*lasting))
            }
            Self::Waiting {
                worker,
                behind: None,
                ..
            } => write!(f, "may be called by worker {worker}, which is idle"),
            Self::Waiting {
                worker,
                behind: Some(node),
                lasting,
            } => write!(
                f,
                "waits for worker {worker}, which is in {node}{}",
                For(*lasting)
            ),
            Self::Blocked { edge } => write!(f, "is blocked on {edge}"),
            Self::Resting { state } => write!(f, "is {state}"),
            Self::Outside => write!(f, "does not receive"),
        }
    }
}

impl fmt::Display for WorkerStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} is ", self.worker)?;
        match &self.doing {
            Doing::Idle => write!(f, "idle")?,
            Doing::Calling { node, lasting } => write!(f, "in {node}{}", For(*lasting))?,
            Doing::Stopping { node: Some(node) } => write!(f, "stopping, last in {node}")?,
            Doing::Stopping { node: None } => write!(f, "stopping")?,
        }
        match self.ready.as_deref() {
            None => write!(f, "; did not say who is ready"),
            Some([]) => write!(f, "; nobody is ready"),
            Some(ready) => {
                write!(f, "; ready:")?;
                for node in ready {
                    write!(f, " {} ({})", node.node, node.band)?;
                }
                Ok(())
            }
        }
    }
}

/// A duration in the unit that suits it, without more digits than it is worth.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(span) = *self;
        if span >= Duration::from_secs(1) {
            write!(f, "{:.1} s", span.as_secs_f64())
        } else if span >= Duration::from_millis(1) {
            write!(f, "{} ms", span.as_millis())
        } else {
            write!(f, "{} µs", span.as_micros())
        }
    }
}

/// The same behind "for", or nothing while nothing is known.
struct For(Duration);

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return Ok(());
        }
        write!(f, " for {}", Span(self.0))
    }
}
