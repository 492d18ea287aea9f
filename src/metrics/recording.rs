//! What the flight recorders of an engine hold at some moment.

use alloc::string::String;
use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::env::consts::{ARCH, OS};
#[cfg(feature = "std")]
use std::time::SystemTime;

use crate::metrics::{Event, EventKind, Recorder};
use crate::time::Timestamp;

/// What `std` would say.
#[cfg(not(feature = "std"))]
const OS: &str = "none";
#[cfg(not(feature = "std"))]
const ARCH: &str = "unknown";

/// The last events of every worker, with the names they refer to.
///
/// Each worker keeps a fixed number of notes and overwrites the oldest. A note is
/// an event, or an activation with what it stored in one edge. Reading them stops
/// nobody; what was overwritten while it was read counts as lost.
///
/// Moments are of the engine's clock. Those that were stamped with the
/// processor's counter (see [`Recorder::Full`]) are worked out from two readings
/// of both, at the build and at the reading: near these they are exact to some
/// tenths of a microsecond, between them as far as the counter kept its pace
/// against the clock, which an adjustment of the clock changes by some
/// millionths.
///
/// ```
/// # use tidegate::engine::Engine;
/// # use tidegate::graph::{Edge, Subgraph};
/// # use tidegate::node::builtin;
/// use tidegate::observe::{EventKind, Recorder};
///
/// # let mut graph = Subgraph::new("recorded");
/// # graph.add("numbers", builtin::source_iter(0..100_u64))?;
/// # graph.add("sum", builtin::sink(|_: u64| {}))?;
/// # graph.connect_by_name("numbers:out", "sum:in", Edge::block(8))?;
/// let mut engine = Engine::builder(graph).recorder(Recorder::Full, 1024).stepping()?;
/// engine.run_until_idle(4);
/// let recording = engine.recording().expect("it is on");
/// for (worker, event) in recording.events() {
///     println!("{} worker {worker}: {:?}", event.at().as_nanos(), event.kind());
/// }
/// let of_work = |kind| matches!(kind, Some(EventKind::Activation { .. }));
/// assert!(recording.events().any(|(_, event)| of_work(event.kind())));
/// # assert!(engine.shutdown(100).is_balanced());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recording {
    /// The graph's name.
    pub graph: String,
    /// What was recorded.
    pub level: Recorder,
    /// When this was read, by the engine's clock.
    pub taken_at: Timestamp,
    /// The wall-clock time at the epoch of that clock.
    #[cfg(feature = "std")]
    pub wall_at_epoch: SystemTime,
    /// The paths of the nodes, by the index that events use.
    pub nodes: Vec<String>,
    /// The edges, by the index that events use.
    pub edges: Vec<RecordedEdge>,
    /// By index.
    pub workers: Vec<RecordedWorker>,
    /// The seed that trace ids were made of.
    pub seed: u64,
    /// Of what was running.
    pub versions: Versions,
}

/// An edge that events refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedEdge {
    /// `node:port->node:port`; at a [door](crate::door) `>door->node:port` or
    /// `node:port->door>`.
    pub id: String,
    /// The node that sends, by index; `None` at an entrance.
    pub producer: Option<usize>,
    /// The node that receives, by index; `None` at an exit.
    pub consumer: Option<usize>,
}

/// The events of one worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedWorker {
    /// In the order in which they were recorded.
    pub events: Vec<Event>,
    /// How many earlier notes were overwritten.
    pub lost: u64,
}

/// What was running.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versions {
    /// Of this library.
    pub tidegate: &'static str,
    /// The operating system; `none` without `std`.
    pub os: &'static str,
    /// The processor's architecture; `unknown` without `std`.
    pub arch: &'static str,
    /// Whether the library was built with debug assertions.
    pub debug_assertions: bool,
}

impl Versions {
    /// Those of this process.
    #[must_use]
    pub const fn current() -> Self {
        Self {
            tidegate: env!("CARGO_PKG_VERSION"),
            os: OS,
            arch: ARCH,
            debug_assertions: cfg!(debug_assertions),
        }
    }
}

impl Recording {
    /// All events of all workers with the worker's index, in the order of
    /// their moments; of one worker's events with equal moments the one
    /// recorded first comes first.
    pub fn events(&self) -> impl Iterator<Item = (usize, &Event)> {
        let workers = self.workers.iter().enumerate();
        let mut all: Vec<_> = workers
            .flat_map(|(index, worker)| worker.events.iter().map(move |event| (index, event)))
            .collect();
        all.sort_by_key(|(_, event)| event.at());
        all.into_iter()
    }

    /// The path of the node or the id of the edge that an event is about, if it
    /// is about one.
    #[must_use]
    pub fn subject(&self, kind: &EventKind) -> Option<&str> {
        match *kind {
            EventKind::Activation { node, .. }
            | EventKind::Tick { node, .. }
            | EventKind::Fault { node, .. }
            | EventKind::State { node, .. } => self.nodes.get(node).map(String::as_str),
            EventKind::Send { edge, .. }
            | EventKind::Block { edge }
            | EventKind::Rearm { edge, .. } => self.edges.get(edge).map(|edge| edge.id.as_str()),
            EventKind::Park
            | EventKind::Wake { .. }
            | EventKind::Change { .. }
            | EventKind::Phase(_) => None,
        }
    }

    /// How many notes were overwritten, all workers together.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.workers.iter().map(|worker| worker.lost).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_of_all_workers_come_in_the_order_of_their_moments() {
        let worker = |moments: &[u64]| RecordedWorker {
            events: moments
                .iter()
                .map(|&at| Event::new(Timestamp::from_nanos(at), EventKind::Park))
                .collect(),
            lost: 2,
        };
        let recording = Recording {
            graph: "test".into(),
            level: Recorder::Full,
            taken_at: Timestamp::EPOCH,
            #[cfg(feature = "std")]
            wall_at_epoch: SystemTime::UNIX_EPOCH,
            nodes: Vec::new(),
            edges: Vec::new(),
            workers: vec![worker(&[1, 5, 5]), worker(&[0, 3])],
            seed: 0,
            versions: Versions::current(),
        };
        let order: Vec<_> = recording
            .events()
            .map(|(worker, event)| (worker, event.at().as_nanos()))
            .collect();
        assert_eq!(order, [(1, 0), (0, 1), (1, 3), (0, 5), (0, 5)]);
        assert_eq!(recording.lost(), 4);
    }
}
