//! What an application says about an edge when it connects two ports.

use alloc::boxed::Box;
use core::any::{Any, TypeId, type_name};
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use crate::band::Band;
use crate::edge::{Merge, PolicyKind};
use crate::message::Message;
use crate::node::{ErasedPolicy, PortDefault, PortSpec};

/// The capacity of an edge for which nobody chose anything.
const DEFAULT: PortDefault = PortDefault {
    policy: PolicyKind::Block,
    capacity: 64,
};

/// Policy, capacity and band of an edge.
///
/// Capacities are checked by [`Subgraph::validate`](super::Subgraph::validate).
///
/// ```
/// use tidegate::Band;
/// use tidegate::graph::Edge;
///
/// let bulk = Edge::block(1024).max_capacity(8192);
/// let alarm = Edge::block(8).band(Band::Control);
/// let position = Edge::latest(1);
/// let totals = Edge::coalesce(16, |pending: &mut u64, new| *pending += new);
/// ```
#[must_use]
pub struct Edge {
    choice: Choice,
    max_capacity: Option<usize>,
    max_age: Option<Duration>,
    watermarks: Option<(usize, usize)>,
    band: Band,
}

enum Choice {
    /// As the ports wish.
    Inherit,
    Given {
        policy: PolicyKind,
        capacity: usize,
    },
    Coalesce {
        capacity: usize,
        merge: ErasedMerge,
    },
}

/// A `Merge<Message<T>>` and the name of `T`.
struct ErasedMerge {
    payload: TypeId,
    payload_name: &'static str,
    merge: Box<dyn Any + Send>,
}

/// An edge's settings once its ports are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) policy: PolicyKind,
    pub(super) capacity: usize,
    pub(super) max_capacity: usize,
    pub(super) max_age: Option<Duration>,
    pub(super) watermarks: Option<(usize, usize)>,
    pub(super) band: Band,
}

impl Edge {
    /// Holds `capacity` messages; when full, the producer keeps its message
    /// and is called again when there is room. Nothing is ever dropped.
    pub const fn block(capacity: usize) -> Self {
        Self::given(PolicyKind::Block, capacity)
    }

    /// Holds `capacity` messages; when full, the newest is refused and counted
    /// as dropped.
    pub const fn drop_newest(capacity: usize) -> Self {
        Self::given(PolicyKind::Drop, capacity)
    }

    /// Holds the newest `capacity` messages: when full, the oldest is evicted.
    /// With capacity 1 it is a register that always has the present value.
    pub const fn latest(capacity: usize) -> Self {
        Self::given(PolicyKind::Latest, capacity)
    }

    /// Holds `capacity` messages; when full, `merge(pending, new)` merges the
    /// new payload into the newest pending one.
    ///
    /// The pending message keeps its header, and with it the origin of the
    /// oldest message merged into it, so that its age is the worst one. `merge`
    /// must be deterministic: of its two arguments and nothing else.
    pub fn coalesce<T: Send + 'static>(
        capacity: usize,
        merge: impl Fn(&mut T, T) + Send + 'static,
    ) -> CoalesceEdge<T> {
        let merge = Merge::new(merging_payloads(merge));
        CoalesceEdge {
            edge: Self::with(Choice::Coalesce {
                capacity,
                merge: ErasedMerge {
                    payload: TypeId::of::<T>(),
                    payload_name: type_name::<T>(),
                    merge: Box::new(merge),
                },
            }),
            payload: PhantomData,
        }
    }

    /// Leaves policy and capacity to the ports: the input's default if it
    /// declares one, else the output's, else Block with capacity 64.
    pub const fn inherit() -> Self {
        Self::with(Choice::Inherit)
    }

    /// The band the edge is served in; [`Band::Normal`] unless set.
    pub const fn band(mut self, band: Band) -> Self {
        self.band = band;
        self
    }

    /// How far the capacity can be raised while the engine runs. Memory for
    /// that many messages is set aside. The capacity itself unless set.
    pub const fn max_capacity(mut self, messages: usize) -> Self {
        self.max_capacity = Some(messages);
        self
    }

    /// How old a message may be that is received here, by its origin: when the
    /// one it follows from entered the graph. Older messages are dropped as the
    /// consumer comes to them, and count as [expired](crate::edge::Ledger::expired);
    /// a node never sees them. By the moment of its activation, so a message may
    /// grow older than that while it is handled, or behind others of the same
    /// batch. No limit unless set.
    ///
    /// A merged message is as old as the oldest that went into it.
    ///
    /// # Real-time
    /// An edge with a limit has the clock read in each activation that receives
    /// there, once. It is not taken from in the shortest way, which costs as much
    /// as a Latest edge does; others cost what they did.
    ///
    /// ```
    /// use core::time::Duration;
    /// use tidegate::graph::Edge;
    ///
    /// let quotes = Edge::block(1024).max_age(Duration::from_millis(5));
    /// ```
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How full the edge may get before somebody is told
    /// ([`EngineHandle::on_watermark`](crate::engine::EngineHandle::on_watermark)):
    /// at `soft` messages, and again at `hard`. Both count what is pending,
    /// whatever the policy; none unless set.
    pub const fn watermarks(mut self, soft: usize, hard: usize) -> Self {
        self.watermarks = Some((soft, hard));
        self
    }

    const fn given(policy: PolicyKind, capacity: usize) -> Self {
        Self::with(Choice::Given { policy, capacity })
    }

    const fn with(choice: Choice) -> Self {
        Self {
            choice,
            max_capacity: None,
            max_age: None,
            watermarks: None,
            band: Band::Normal,
        }
    }

    /// What the edge becomes between these two ports.
    pub(super) fn settle(&self, from: &PortSpec, to: &PortSpec) -> Settled {
        let (policy, capacity) = match &self.choice {
            Choice::Given { policy, capacity } => (*policy, *capacity),
            Choice::Coalesce { capacity, .. } => (PolicyKind::Coalesce, *capacity),
            Choice::Inherit => {
                // A default of Coalesce lacks its merge function: validation
                // refuses it, so what takes its place here never runs.
                let default = [to.default, from.default]
                    .into_iter()
                    .flatten()
                    .find(|default| default.policy != PolicyKind::Coalesce)
                    .unwrap_or(DEFAULT);
                (default.policy, default.capacity)
            }
        };
        Settled {
            policy,
            capacity,
            max_capacity: self.max_capacity.unwrap_or(capacity),
            max_age: self.max_age,
            watermarks: self.watermarks,
            band: self.band,
        }
    }

    /// Whether the ports choose, and the one that has the say wants Coalesce.
    pub(super) fn inherits_coalesce(&self, from: &PortSpec, to: &PortSpec) -> bool {
        matches!(self.choice, Choice::Inherit)
            && to
                .default
                .or(from.default)
                .is_some_and(|default| default.policy == PolicyKind::Coalesce)
    }

    /// The payload type of the merge function, when it is another than this
    /// port's.
    pub(super) fn foreign_merge(&self, port: &PortSpec) -> Option<&'static str> {
        match &self.choice {
            Choice::Coalesce { merge, .. } if merge.payload != port.type_id => {
                Some(merge.payload_name)
            }
            _ => None,
        }
    }

    /// The policy for the edge layer; `settled` is what [`settle`](Self::settle)
    /// returned.
    pub(super) fn into_policy(self, settled: Settled) -> ErasedPolicy {
        match (self.choice, settled.policy) {
            (Choice::Coalesce { merge, .. }, _) => ErasedPolicy::Coalesce(merge.merge),
            (_, PolicyKind::Drop) => ErasedPolicy::Drop,
            (_, PolicyKind::Latest) => ErasedPolicy::Latest,
            // Only `Choice::Coalesce` settles as Coalesce.
            (_, PolicyKind::Block | PolicyKind::Coalesce) => ErasedPolicy::Block,
        }
    }
}

/// `merge` for messages: the pending one keeps its header.
fn merging_payloads<T>(merge: impl Fn(&mut T, T)) -> impl Fn(&mut Message<T>, Message<T>) {
    move |pending, new| merge(pending.payload_mut(), new.into_payload())
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.choice {
            Choice::Inherit => f.write_str("inherit")?,
            Choice::Given { policy, capacity } => write!(f, "{policy}({capacity})")?,
            Choice::Coalesce { capacity, merge } => {
                write!(f, "coalesce({capacity}) of {}", merge.payload_name)?;
            }
        }
        write!(f, ", {} band", self.band)?;
        match self.max_age {
            Some(age) => write!(f, ", at most {age:?} old"),
            None => Ok(()),
        }
    }
}

/// An [`Edge`] that merges payloads of type `T`, made by [`Edge::coalesce`].
#[must_use]
pub struct CoalesceEdge<T> {
    edge: Edge,
    payload: PhantomData<fn(T)>,
}

impl<T> CoalesceEdge<T> {
    /// As [`Edge::band`].
    pub fn band(mut self, band: Band) -> Self {
        self.edge = self.edge.band(band);
        self
    }

    /// As [`Edge::max_capacity`].
    pub fn max_capacity(mut self, messages: usize) -> Self {
        self.edge = self.edge.max_capacity(messages);
        self
    }

    /// As [`Edge::watermarks`].
    pub fn watermarks(mut self, soft: usize, hard: usize) -> Self {
        self.edge = self.edge.watermarks(soft, hard);
        self
    }

    /// As [`Edge::max_age`].
    pub fn max_age(mut self, age: Duration) -> Self {
        self.edge = self.edge.max_age(age);
        self
    }
}

impl<T> From<CoalesceEdge<T>> for Edge {
    fn from(coalesce: CoalesceEdge<T>) -> Self {
        coalesce.edge
    }
}

impl<T> fmt::Debug for CoalesceEdge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.edge, f)
    }
}

/// What can join ports of payload `T`: an [`Edge`], or a [`CoalesceEdge`] that
/// merges exactly this type.
///
/// Sealed: [`Edge`] and [`CoalesceEdge`] are all there is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot join ports whose payload is `{T}`",
    label = "merges another payload type",
    note = "write the merge function of `Edge::coalesce` for `{T}`"
)]
pub trait EdgeFor<T>: Into<Edge> + sealed::Sealed {}

impl<T> EdgeFor<T> for Edge {}
impl<T> EdgeFor<T> for CoalesceEdge<T> {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Edge {}
    impl<T> Sealed for super::CoalesceEdge<T> {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Direction;
    use crate::util::Name;

    fn port(direction: Direction, default: Option<(PolicyKind, usize)>) -> PortSpec {
        let mut spec = PortSpec::new::<u8>(direction, Name::new("p").unwrap());
        spec.default = default.map(|(policy, capacity)| PortDefault { policy, capacity });
        spec
    }

    fn inherited(
        from: Option<(PolicyKind, usize)>,
        to: Option<(PolicyKind, usize)>,
    ) -> (PolicyKind, usize) {
        let settled =
            Edge::inherit().settle(&port(Direction::Output, from), &port(Direction::Input, to));
        (settled.policy, settled.capacity)
    }

    #[test]
    fn an_inheriting_edge_asks_the_input_then_the_output_then_the_default() {
        let latest = Some((PolicyKind::Latest, 1));
        let drop = Some((PolicyKind::Drop, 8));
        assert_eq!(inherited(drop, latest), (PolicyKind::Latest, 1));
        assert_eq!(inherited(drop, None), (PolicyKind::Drop, 8));
        assert_eq!(inherited(None, None), (PolicyKind::Block, 64));
    }

    #[test]
    fn the_maximum_capacity_is_the_capacity_unless_set() {
        let (from, to) = (port(Direction::Output, None), port(Direction::Input, None));
        assert_eq!(Edge::block(5).settle(&from, &to).max_capacity, 5);
        let growable = Edge::block(5).max_capacity(9).settle(&from, &to);
        assert_eq!((growable.capacity, growable.max_capacity), (5, 9));
    }

    #[test]
    fn merging_changes_the_payload_and_keeps_the_pending_header() {
        let merge = merging_payloads(|pending: &mut u8, new| *pending += new);
        let mut pending = Message::new(1_u8).with_schema(4);
        merge(&mut pending, Message::control(2).with_schema(5));
        assert_eq!(pending, Message::new(3).with_schema(4));
    }
}
