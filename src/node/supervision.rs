//! What an application may say about nodes that failed: when they come back,
//! and who decides when they do not.

use core::time::Duration;

/// How long a restart is put off: longer each time, up to a maximum. By the
/// engine's clock.
///
/// The *n*-th restart (of those that count, see
/// [`NodeOptions::restart_window`](super::NodeOptions::restart_window)) begins
/// `initial × factor^(n − 1)` after the fault, but at most `maximum`. A
/// shutdown ends the wait: what waits for the node can then still be handled.
///
/// ```
/// use core::time::Duration;
/// use tidegate::node::{Backoff, FaultPolicy, NodeOptions};
///
/// // After 10, 20, 40, 80, 100, 100 … ms; given up at the eleventh fault
/// // within a minute.
/// let backoff = Backoff::new(Duration::from_millis(10)).maximum(Duration::from_millis(100));
/// let options = NodeOptions::new()
///     .on_panic(FaultPolicy::Restart { limit: 10 })
///     .restart_window(Duration::from_secs(60))
///     .backoff(backoff);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Backoff {
    initial: Duration,
    factor: u32,
    maximum: Duration,
}

impl Backoff {
    /// No wait at all.
    pub const NONE: Self = Self::new(Duration::ZERO);

    /// Waits this long before the first restart; doubled each time, up to 30 s
    /// or `initial` if that is longer.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            factor: 2,
            maximum: Duration::from_secs(30),
        }
    }

    /// Multiplies the wait by this each time; 1 for a wait of constant length.
    /// 0 is taken as 1.
    pub const fn factor(mut self, factor: u32) -> Self {
        self.factor = factor;
        self
    }

    /// The longest wait, unless `initial` is longer.
    pub const fn maximum(mut self, maximum: Duration) -> Self {
        self.maximum = maximum;
        self
    }

    /// The wait before the next restart, after so many.
    pub(crate) fn delay(&self, restarts: u32) -> Duration {
        let factor = self.factor.max(1).saturating_pow(restarts);
        let most = self.maximum.max(self.initial);
        self.initial.saturating_mul(factor).min(most)
    }
}

/// What happens to a node that was [restarted](super::FaultPolicy::Restart) as
/// often as it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GiveUp {
    /// It is quarantined, as its [`Quarantine`] says.
    #[default]
    Quarantine,
    /// The subgraph that it is in decides, see
    /// [`Subgraph::on_escalation`](crate::graph::Subgraph::on_escalation).
    Escalate,
    /// The engine shuts down, draining its edges.
    Stop,
}

/// What a quarantine does with the node's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quarantine {
    /// Its inputs close: a producer gets its messages back as `Closed`, what
    /// was pending counts as discarded. Its outputs end once drained. For good.
    #[default]
    Closed,
    /// Its edges stay. What arrives is taken in its place and becomes a dead
    /// letter: sent on over the edge that
    /// [`Subgraph::dead_letters`](crate::graph::Subgraph::dead_letters) gave
    /// the input, else dropped; counted in
    /// [`Ledger::dead_letters`](crate::edge::Ledger::dead_letters) either way.
    /// (What arrives at a passive input waits.) Its outputs are silent. Ends
    /// when all its inputs have ended, or by
    /// [`EngineHandle::release`](crate::engine::EngineHandle::release).
    ///
    /// A node without inputs keeps an engine from completing until it is
    /// released, or the engine is shut down.
    Open,
}

/// What a subgraph does when one of its nodes
/// [escalates](super::FaultPolicy::Escalate).
///
/// Set by [`Subgraph::on_escalation`](crate::graph::Subgraph::on_escalation);
/// the nodes of subgraphs nested in it are its nodes as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Escalation {
    pub(crate) action: Action,
    pub(crate) backoff: Backoff,
    pub(crate) window: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    PassOn,
    Quarantine,
    Restart { limit: u32 },
}

impl Escalation {
    const fn new(action: Action) -> Self {
        Self {
            action,
            backoff: Backoff::NONE,
            window: None,
        }
    }

    /// Leaves it to the subgraph around this one; from the outermost, the engine
    /// shuts down. What holds unless another is set.
    pub const fn pass_on() -> Self {
        Self::new(Action::PassOn)
    }

    /// Quarantines all nodes, each as its [`Quarantine`] says, producers before
    /// consumers.
    pub const fn quarantine() -> Self {
        Self::new(Action::Quarantine)
    }

    /// Replaces all nodes by new ones from their factories, at most `limit`
    /// times; after that, leaves it to the subgraph around this one.
    ///
    /// None is called any more from the moment its worker hears of it. When all
    /// have stopped, and the [back-off](Self::backoff) is over, the factories
    /// are called, consumers before producers, and on each worker the new nodes'
    /// `on_start` in that order. What waits in the edges waits for the new
    /// nodes. Nodes that have finished, or were quarantined for good, stay so.
    pub const fn restart(limit: u32) -> Self {
        Self::new(Action::Restart { limit })
    }

    /// How long a restart of all nodes is put off; not at all unless set.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Counts only restarts that are younger than this; all of them unless set.
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    pub(crate) const fn restarts(&self) -> bool {
        matches!(self.action, Action::Restart { .. })
    }
}

impl Default for Escalation {
    fn default() -> Self {
        Self::pass_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn delays(backoff: Backoff) -> [Duration; 5] {
        core::array::from_fn(|restarts| backoff.delay(restarts as u32))
    }

    #[test]
    fn a_wait_grows_by_its_factor_up_to_the_maximum() {
        let backoff = Backoff::new(MS).factor(3).maximum(20 * MS);
        assert_eq!(delays(backoff), [MS, 3 * MS, 9 * MS, 20 * MS, 20 * MS]);
        assert_eq!(backoff.delay(u32::MAX), 20 * MS);
    }

    #[test]
    fn a_wait_is_never_shorter_than_the_first() {
        assert_eq!(delays(Backoff::new(MS).factor(0)), [MS; 5]);
        assert_eq!(delays(Backoff::new(9 * MS).maximum(MS)), [9 * MS; 5]);
        assert_eq!(delays(Backoff::NONE), [Duration::ZERO; 5]);
    }
}
