//! Edges that fill up: who is told, and when.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::sync::lock;
use crate::time::Timestamp;
use crate::util::{catch_quietly, drop_quietly};

use super::blueprint::Blueprint;
use super::handle::EngineHandle;

/// How often the supervisor looks at an edge that is not low.
const LOOK: Duration = Duration::from_millis(1);

/// How full an edge with [watermarks](crate::graph::Edge::watermarks) is.
///
/// A level is entered at its mark, and left only well below it, so that an edge
/// which stands at a mark does not cross it with every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Below the soft mark; again so at half of it.
    Low,
    /// The soft mark was reached; after `Hard`, the depth is back at it.
    Soft,
    /// The hard mark was reached.
    Hard,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Soft => "soft",
            Self::Hard => "hard",
        })
    }
}

/// An edge entered another level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crossing {
    /// The edge's id, as in the snapshots.
    pub edge: Arc<str>,
    /// The level that it entered.
    pub level: Level,
    /// How many messages were pending then.
    pub depth: usize,
    /// When, by the engine's clock.
    pub at: Timestamp,
}

/// What is called when an edge enters another level.
type Listener = Box<dyn FnMut(&Crossing) + Send>;

/// Who listens.
#[derive(Default)]
pub(crate) enum Listening {
    #[default]
    Nobody,
    Somebody(Listener),
    /// Nobody ever again: a listener may hold a handle of this very engine, which
    /// holds this.
    Ended,
}

impl Listening {
    /// Sets another listener; whom nobody needs any more, for the caller to drop.
    fn replace(&mut self, listener: Listener) -> Option<Listener> {
        match self {
            Self::Ended => Some(listener),
            Self::Nobody | Self::Somebody(_) => {
                core::mem::replace(self, Self::Somebody(listener)).into_listener()
            }
        }
    }

    /// Takes the listener out, to be called.
    fn take(&mut self) -> Option<Listener> {
        match self {
            Self::Ended => None,
            Self::Nobody | Self::Somebody(_) => core::mem::take(self).into_listener(),
        }
    }

    /// Puts back the listener that was called, unless there is another by now;
    /// else as [`replace`](Self::replace).
    fn put_back(&mut self, listener: Listener) -> Option<Listener> {
        match self {
            Self::Nobody => {
                *self = Self::Somebody(listener);
                None
            }
            Self::Somebody(_) | Self::Ended => Some(listener),
        }
    }

    fn into_listener(self) -> Option<Listener> {
        match self {
            Self::Somebody(listener) => Some(listener),
            Self::Nobody | Self::Ended => None,
        }
    }
}

impl Blueprint {
    /// Nobody is told about watermarks any more. The listener is dropped here,
    /// and each that comes later at once.
    pub(super) fn end_listening(&self) {
        let before = core::mem::replace(&mut *lock(&self.listener), Listening::Ended);
        drop_quietly(before.into_listener());
    }
}

impl EngineHandle {
    /// Has `listen` called whenever an edge with
    /// [watermarks](crate::graph::Edge::watermarks) enters another [`Level`]; at
    /// once for those that are not low already. Of several calls the last one
    /// holds.
    ///
    /// It runs on the supervisor's thread, in stepping mode on the caller's
    /// between two steps: it may lock and allocate, but what takes long holds up
    /// replacements of nodes and a shutdown. A panic in it is caught. It is
    /// dropped when the engine has ended, or at once when it has already. To tell
    /// a node, move an [`Entrance`](crate::door::Entrance) in that leads to a
    /// Control edge:
    ///
    /// ```
    /// use tidegate::Band;
    /// use tidegate::engine::{Crossing, Engine};
    /// use tidegate::graph::{Edge, Subgraph};
    /// use tidegate::node::builtin;
    ///
    /// let mut graph = Subgraph::new("g");
    /// let source = graph.add("source", builtin::source_iter(0..9_u64))?;
    /// let sink = graph.add("sink", builtin::sink(|_: u64| ()))?;
    /// let filling = Edge::block(8).watermarks(4, 8);
    /// graph.connect(source.output(|n| &n.output), sink.input(|n| &n.input), filling)?;
    /// let valve = builtin::sink(|crossing: Crossing| {
    ///     // Sends less while `crossing.level` says so.
    ///     let _ = crossing.level;
    /// });
    /// let valve = graph.add("valve", valve)?;
    /// graph.expose_input("pressure", valve.input(|n| &n.input))?;
    ///
    /// let control = Edge::block(16).band(Band::Control);
    /// let mut engine = Engine::builder(graph).entrance("pressure", control).stepping()?;
    /// let mut pressure = engine.take_entrance::<Crossing>("pressure")?;
    /// engine.handle().on_watermark(move |crossing| {
    ///     // Full or closed: the next crossing says more than this one.
    ///     let _ = pressure.try_send(crossing.clone());
    /// });
    /// engine.run_until_idle(1_000);
    /// # let report = engine.shutdown(1_000);
    /// # assert!(report.is_balanced());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Real-time
    /// A producer compares depth and mark after an activation that sent to such
    /// an edge, and wakes the supervisor when it is reached. The supervisor then
    /// looks every millisecond until the edge is low again: what rises and falls
    /// in between is not told.
    pub fn on_watermark(&self, listen: impl FnMut(&Crossing) + Send + 'static) {
        let blueprint = &self.control.blueprint;
        let before = lock(&blueprint.listener).replace(Box::new(listen));
        drop(before);
        blueprint.shared.call_supervisor();
    }
}

/// The edges with watermarks, as the supervisor sees them.
pub(crate) struct Watermarks(Vec<Watched>);

struct Watched {
    /// In the plan.
    edge: usize,
    id: Arc<str>,
    soft: usize,
    hard: usize,
    level: Level,
    told: Level,
}

impl Watermarks {
    /// Those of an engine that is being built.
    pub(crate) fn of(blueprint: &Blueprint) -> Self {
        let edges = blueprint.edges.iter().enumerate();
        let watched = edges.filter_map(|(edge, info)| {
            let (soft, hard) = info.watermarks?;
            let stats = &blueprint.shared.edge_stats[edge];
            stats.call_at.set(Some(soft));
            Some(Watched {
                edge,
                id: info.id.as_str().into(),
                soft,
                hard,
                level: Level::Low,
                told: Level::Low,
            })
        });
        Self(watched.collect())
    }

    /// Whether any edge has some.
    #[inline(always)]
    pub(crate) const fn are_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Looks at all of them, and tells the listener what it does not know. After
    /// what time to look again, if nobody calls before.
    pub(crate) fn look(&mut self, blueprint: &Blueprint) -> Option<Duration> {
        let mut again = None;
        for watched in &mut self.0 {
            let depth = blueprint.edges[watched.edge].control.len();
            let level = watched.next(depth);
            watched.level = level;
            let call_at = &blueprint.shared.edge_stats[watched.edge].call_at;
            let is_new = call_at.set(match level {
                Level::Low => Some(watched.soft),
                Level::Soft => Some(watched.hard),
                Level::Hard => None,
            });
            // Also when a call found the edge low again: what came between that
            // look and the mark had nothing to call at.
            if is_new || level > Level::Low {
                again = Some(LOOK);
            }
            if level != watched.told {
                watched.tell(depth, blueprint);
            }
        }
        again
    }
}

impl Watched {
    fn next(&self, depth: usize) -> Level {
        if depth >= self.hard || (self.level == Level::Hard && depth > self.soft) {
            Level::Hard
        } else if depth >= self.soft || (self.level > Level::Low && depth > self.soft / 2) {
            Level::Soft
        } else {
            Level::Low
        }
    }

    fn tell(&mut self, depth: usize, blueprint: &Blueprint) {
        // Called without the lock: it may set another listener.
        let Some(mut listen) = lock(&blueprint.listener).take() else {
            return;
        };
        let crossing = Crossing {
            edge: Arc::clone(&self.id),
            level: self.level,
            depth,
            at: blueprint.clock.now(),
        };
        self.told = self.level;
        let _ = catch_quietly(|| listen(&crossing));
        let superseded = lock(&blueprint.listener).put_back(listen);
        drop_quietly(superseded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_entered_at_its_mark_and_left_well_below() {
        let mut watched = Watched {
            edge: 0,
            id: "e".into(),
            soft: 10,
            hard: 20,
            level: Level::Low,
            told: Level::Low,
        };
        for (depth, level) in [
            (9, Level::Low),
            (10, Level::Soft),
            (9, Level::Soft),
            (6, Level::Soft),
            (5, Level::Low),
            (9, Level::Low),
            (20, Level::Hard),
            (11, Level::Hard),
            (10, Level::Soft),
            (19, Level::Soft),
            (25, Level::Hard),
            (5, Level::Low),
            (30, Level::Hard),
            (6, Level::Soft),
        ] {
            watched.level = watched.next(depth);
            assert_eq!(watched.level, level, "at {depth}");
        }
    }
}
