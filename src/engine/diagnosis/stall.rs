//! The stall detector: looks now and then whether messages stand still.

use alloc::vec::Vec;
use core::time::Duration;

use crate::time::{Clock, MonotonicClock, Timestamp};

use super::super::blueprint::Blueprint;
use super::Stall;
use super::causes::Root;

/// How many looks are taken in the time after which a stall is reported.
const LOOKS: u32 = 4;

/// On the supervisor's thread.
pub(crate) struct StallDetector {
    limit: Duration,
    /// The machine's: looks come in real time, whatever clock the nodes see.
    clock: MonotonicClock,
    next_look: Timestamp,
    /// What was reported and has not changed since.
    known: Vec<Root>,
}

impl StallDetector {
    pub(crate) fn new(limit: Duration) -> Self {
        let clock = MonotonicClock::new();
        Self {
            limit,
            next_look: clock.now(),
            clock,
            known: Vec::new(),
        }
    }

    /// How long to sleep until the next look.
    pub(crate) fn until_look(&self) -> Duration {
        self.next_look.since(self.clock.now())
    }

    /// Takes a look if it is time. A stall that was not reported yet.
    pub(crate) fn look(&mut self, blueprint: &Blueprint) -> Option<Stall> {
        self.look_at(self.clock.now(), blueprint)
    }

    fn look_at(&mut self, now: Timestamp, blueprint: &Blueprint) -> Option<Stall> {
        if now < self.next_look {
            return None;
        }
        let interval = (self.limit / LOOKS).max(Duration::from_millis(1));
        // A look that comes so late was kept from coming, and most likely the
        // workers were kept from working as well: the process was stopped, a
        // debugger held it, its machine was paused. Nobody is to blame for that
        // time. On a machine that is merely overloaded each look counts for one
        // interval, so that a stall is reported late, but is.
        let late = now.since(self.next_look);
        if late > interval {
            blueprint.leave_out(late);
        }
        self.next_look = now.after(interval);
        let facts = blueprint.facts();
        let causes = facts.causes(self.limit, |edge| edge.unmoved >= self.limit);
        let known = core::mem::replace(&mut self.known, causes);
        let new = self.known.iter().filter(|cause| !known.contains(cause));
        let new: Vec<_> = new.map(|root| blueprint.name_cause(&facts, root)).collect();
        if new.is_empty() {
            return None;
        }
        let still = facts.edges.iter().map(|edge| edge.unmoved);
        Some(Stall {
            lasting: still.max().unwrap_or_default(),
            causes: new,
            diagnosis: blueprint.name(&facts, &self.known),
        })
    }
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use super::*;
    use crate::engine::{Cause, Engine};
    use crate::graph::{Edge, Subgraph};
    use crate::node::builtin;
    use crate::sched::NodeState;
    use crate::time::ManualClock;

    #[test]
    fn time_in_which_nobody_ran_is_no_stall() {
        let mut graph = Subgraph::new("graph");
        let source = graph.add("source", builtin::source_iter(0_u64..)).unwrap();
        let sink = graph.add("sink", builtin::sink(|_: u64| ())).unwrap();
        let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
        graph.connect(from, to, Edge::block(4)).unwrap();
        let clock = ManualClock::new();
        let engine = Engine::builder(graph).clock(clock.clone());
        let mut engine = engine.stepping().unwrap();
        let handle = engine.handle();
        handle.pause("sink").unwrap();
        engine.run_until_idle(100);

        let limit = Duration::from_millis(400);
        let mut detector = StallDetector::new(limit);
        let begin = detector.next_look;
        let mut look_after = |millis| {
            clock.advance(Duration::from_millis(millis));
            let passed = Duration::from_nanos(clock.now().as_nanos());
            detector.look_at(begin.after(passed), &handle.control.blueprint)
        };
        assert!(look_after(0).is_none());
        assert!(look_after(100).is_none());
        assert!(look_after(60_000).is_none(), "the process was stopped");
        assert!(look_after(100).is_none());
        let stall = look_after(110).expect("the sink is paused all the time");
        let paused = Cause::State {
            node: "sink".into(),
            state: NodeState::Paused,
        };
        assert_eq!(stall.causes, [paused]);
        assert_eq!(stall.lasting, Duration::from_millis(410));
        assert!(look_after(60_000).is_none(), "it is known");
        assert!(look_after(100).is_none());
        handle.resume("sink").unwrap();
        assert!(engine.shutdown(10_000).is_balanced());
    }
}
