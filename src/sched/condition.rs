//! What besides messages decides whether a node is called, in one byte.

use crate::metrics::NodeState;

/// The conditions a node is in. None of them is the plain course: the node is
/// ready exactly while an input of it has something pending.
///
/// One byte, so that a single comparison finds the plain course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions(u8);

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Condition {
    /// A Block output lacked room when the node was about to be called; the
    /// edge will notify this node when there is some.
    Held = 1,
    /// A send of the node was refused for lack of room; it wants another call.
    Retry = 2,
    /// The node asked to be called again.
    Rearmed = 4,
    /// A tick came due and was not served yet.
    Tick = 8,
    /// The node's state is neither [`NodeState::Active`] nor
    /// [`NodeState::Draining`].
    Inactive = 16,
    /// The node has a budget, against which each call is timed.
    Watched = 32,
    /// The node's state is [`NodeState::Draining`].
    Draining = 64,
}

impl Conditions {
    /// Of a node that has a budget, or not.
    pub(crate) fn watching(watched: bool) -> Self {
        let mut conditions = Self::default();
        conditions.set(Condition::Watched, watched);
        conditions
    }

    /// Whether there is none.
    #[inline(always)]
    pub(crate) const fn is_plain(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub(crate) const fn has(self, condition: Condition) -> bool {
        self.0 & condition as u8 != 0
    }

    /// Whether what arrives makes the node ready without further questions.
    #[inline(always)]
    pub(crate) const fn listens(self) -> bool {
        const DEAF: u8 =
            Condition::Held as u8 | Condition::Inactive as u8 | Condition::Draining as u8;
        self.0 & DEAF == 0
    }

    /// Whether a call is more than handling what the inputs have: a tick is to
    /// be served, the node is held or drains, or it is watched.
    #[inline(always)]
    pub(crate) const fn complicates_calls(self) -> bool {
        const MORE: u8 = Condition::Held as u8
            | Condition::Tick as u8
            | Condition::Watched as u8
            | Condition::Draining as u8;
        self.0 & MORE != 0
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, condition: Condition, on: bool) {
        self.0 = self.0 & !(condition as u8) | (condition as u8 * u8::from(on));
    }

    /// Adds the condition when `on`, and leaves it as it is otherwise.
    #[inline(always)]
    pub(crate) fn add(&mut self, condition: Condition, on: bool) {
        self.0 |= condition as u8 * u8::from(on);
    }

    pub(crate) fn set_state(&mut self, state: NodeState) {
        self.set(Condition::Inactive, !state.is_called());
        self.set(Condition::Draining, state == NodeState::Draining);
    }

    /// What asked for the call that is about to be made is served by it.
    #[inline(always)]
    pub(crate) fn take_requests(&mut self) -> Requests {
        const ALL: u8 = Condition::Retry as u8 | Condition::Rearmed as u8;
        let requests = Requests(self.0 & ALL);
        self.0 &= !ALL;
        requests
    }

    /// The call was not made after all: what asked for it still does.
    pub(crate) fn put_back(&mut self, requests: Requests) {
        self.0 |= requests.0;
    }
}

/// The node's own requests to be called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests(u8);

impl Requests {
    pub(crate) const NONE: Self = Self(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_come_and_go_one_by_one() {
        use Condition::{Draining, Held, Inactive, Rearmed, Retry, Tick, Watched};
        let mut conditions = Conditions::default();
        for condition in [Held, Retry, Rearmed, Tick, Inactive, Watched, Draining] {
            assert!(conditions.is_plain());
            conditions.set(condition, true);
            assert!(conditions.has(condition) && !conditions.is_plain());
            assert_eq!(
                conditions.listens(),
                !matches!(condition, Held | Inactive | Draining)
            );
            assert_eq!(
                conditions.complicates_calls(),
                matches!(condition, Held | Tick | Watched | Draining)
            );
            conditions.add(condition, false);
            assert!(conditions.has(condition));
            conditions.set(condition, false);
        }
    }

    #[test]
    fn requests_are_taken_together_and_can_be_put_back() {
        let mut conditions = Conditions::default();
        conditions.add(Condition::Rearmed, true);
        conditions.add(Condition::Tick, true);
        let requests = conditions.take_requests();
        assert!(!conditions.has(Condition::Rearmed) && conditions.has(Condition::Tick));
        conditions.put_back(requests);
        assert!(conditions.has(Condition::Rearmed) && !conditions.has(Condition::Retry));
    }

    #[test]
    fn only_an_active_node_is_without_a_condition_of_its_state() {
        let mut conditions = Conditions::default();
        conditions.set_state(NodeState::Paused);
        assert!(conditions.has(Condition::Inactive));
        conditions.set_state(NodeState::Draining);
        assert!(conditions.has(Condition::Draining) && !conditions.has(Condition::Inactive));
        conditions.set_state(NodeState::Drained);
        assert!(conditions.has(Condition::Inactive) && !conditions.has(Condition::Draining));
        conditions.set_state(NodeState::Active);
        assert!(conditions.is_plain());
    }
}
