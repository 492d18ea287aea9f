//! What an application may say about a node when it adds it.

use core::time::Duration;

use crate::band::Band;

use super::supervision::{Backoff, GiveUp, Quarantine};

/// A node's cadence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tick {
    /// `on_tick` is never called.
    #[default]
    Never,
    /// `on_tick` is called at the engine's global cadence.
    Global,
    /// `on_tick` is called every so often; the interval must not be zero.
    Every(Duration),
}

/// What happens to a node that faulted (a hook returned an error or panicked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPolicy {
    /// Count it and go on.
    Continue,
    /// Go on until the `after`-th fault, then never call the node again: its
    /// inputs close (a producer gets its message back as `Closed`), its
    /// outputs end once drained.
    ///
    /// With [`Quarantine::Open`] its edges stay, and it
    /// can be released.
    Quarantine {
        /// The fault at which the node is quarantined; 1 for the first.
        after: u32,
    },
    /// Replace the node by a new one from its factory, at most `limit` times,
    /// or that often within a [window](NodeOptions::restart_window), each time
    /// after a [back-off](NodeOptions::backoff) if it has one. Beyond the limit
    /// comes what [`NodeOptions::give_up`] says. What waits in its inputs waits
    /// for the new one. Needs a node added with a factory.
    Restart {
        /// How many times the node may be replaced.
        limit: u32,
    },
    /// Never call it again before the subgraph that it is in has decided, see
    /// [`Subgraph::on_escalation`](crate::graph::Subgraph::on_escalation).
    Escalate,
    /// Shut the whole engine down, draining its edges.
    Stop,
}

/// Everything about a node that is not its code. Each setting has a default.
///
/// ```
/// use core::time::Duration;
/// use tidegate::node::{FaultPolicy, NodeOptions, Tick};
///
/// let options = NodeOptions::new()
///     .worker(1)
///     .tick(Tick::Every(Duration::from_millis(200)))
///     .on_error(FaultPolicy::Quarantine { after: 3 });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct NodeOptions {
    pub(crate) worker: Option<usize>,
    pub(crate) cost: Option<u32>,
    pub(crate) tick: Option<Tick>,
    pub(crate) tick_band: Band,
    pub(crate) on_error: FaultPolicy,
    pub(crate) on_panic: FaultPolicy,
    pub(crate) on_overrun: FaultPolicy,
    pub(crate) budget: Option<Duration>,
    pub(crate) backoff: Backoff,
    pub(crate) restart_window: Option<Duration>,
    pub(crate) give_up: GiveUp,
    pub(crate) quarantine: Quarantine,
}

impl NodeOptions {
    /// The defaults: placed automatically, ticked as the node declares,
    /// errors counted, quarantined at the first panic.
    pub const fn new() -> Self {
        Self {
            worker: None,
            cost: None,
            tick: None,
            tick_band: Band::Normal,
            on_error: FaultPolicy::Continue,
            on_panic: FaultPolicy::Quarantine { after: 1 },
            on_overrun: FaultPolicy::Continue,
            budget: None,
            backoff: Backoff::NONE,
            restart_window: None,
            give_up: GiveUp::Quarantine,
            quarantine: Quarantine::Closed,
        }
    }

    /// Places the node on this worker, counted from 0.
    pub const fn worker(mut self, index: usize) -> Self {
        self.worker = Some(index);
        self
    }

    /// Says how much of a worker's time the node takes, compared with the
    /// others; 1 for nodes that don't say.
    ///
    /// As soon as one node of a graph says it, nodes are placed so that costs
    /// are shared out evenly, and chains are cut where that needs it. Without,
    /// chains stay together. Measured costs take the place of declared ones,
    /// see [`EngineBuilder::costs`](crate::engine::EngineBuilder::costs).
    pub const fn cost(mut self, cost: u32) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Overrides the cadence that the node declares.
    pub const fn tick(mut self, tick: Tick) -> Self {
        self.tick = Some(tick);
        self
    }

    /// The band in which a due tick competes; Normal unless set.
    pub const fn tick_band(mut self, band: Band) -> Self {
        self.tick_band = band;
        self
    }

    /// What happens when a hook returns an error; [`FaultPolicy::Continue`]
    /// unless set.
    pub const fn on_error(mut self, policy: FaultPolicy) -> Self {
        self.on_error = policy;
        self
    }

    /// What happens when a hook panics; quarantine at the first panic unless
    /// set, because the node's own state may be half-changed.
    pub const fn on_panic(mut self, policy: FaultPolicy) -> Self {
        self.on_panic = policy;
        self
    }

    /// How long an activation of the node may take, by the engine's clock; as
    /// long as it does unless set.
    ///
    /// One that takes longer is an overrun: reported like a fault, then treated
    /// as [`on_overrun`](Self::on_overrun) says, before its worker's next
    /// activation but one. One that does not come back is reported meanwhile,
    /// by the supervisor, which looks as often as the shortest budget is long
    /// (1 ms at least); nothing can be done about it before it returns. In
    /// stepping mode nobody looks meanwhile.
    ///
    /// # Real-time
    /// The worker reads the clock at the beginning of each activation of this
    /// node, and of the one that follows.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    /// What happens when an activation takes longer than its
    /// [budget](Self::budget); [`FaultPolicy::Continue`] unless set, which
    /// reports it.
    pub const fn on_overrun(mut self, policy: FaultPolicy) -> Self {
        self.on_overrun = policy;
        self
    }

    /// How long a [restart](FaultPolicy::Restart) is put off; not at all unless
    /// set.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Counts only restarts that are younger than this, against the limit of
    /// [`FaultPolicy::Restart`] and for the [back-off](Self::backoff); by the
    /// engine's clock. All of them count unless set.
    pub const fn restart_window(mut self, window: Duration) -> Self {
        self.restart_window = Some(window);
        self
    }

    /// What happens once [`FaultPolicy::Restart`] has reached its limit;
    /// quarantine unless set.
    pub const fn give_up(mut self, give_up: GiveUp) -> Self {
        self.give_up = give_up;
        self
    }

    /// What a quarantine does with the node's edges; it closes them unless set.
    pub const fn quarantine(mut self, quarantine: Quarantine) -> Self {
        self.quarantine = quarantine;
        self
    }
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self::new()
    }
}
