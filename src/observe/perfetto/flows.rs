//! Which send belongs to which activation: the arrows.

use std::collections::HashMap;

use crate::message::TraceId;
use crate::observe::{EventKind, Outcome, Recording};

/// An end of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// Common to both ends.
    pub(super) id: usize,
    /// The edge.
    pub(super) edge: usize,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Sent,
    Handled,
}

/// The ends by the position of their event in [`Recording::events`].
pub(super) struct Flows(HashMap<usize, Flow>);

impl Flows {
    /// Matches sends and activations by trace id: what was sent over an edge
    /// is handled by its consumer's next activation that ends with the same
    /// trace. A send without such an activation has no arrow.
    pub(super) fn of(recording: &Recording) -> Self {
        let mut flows = HashMap::new();
        let mut pending: HashMap<(usize, TraceId), (usize, usize)> = HashMap::new();
        for (position, (_, event)) in recording.events().enumerate() {
            match event.kind() {
                Some(EventKind::Send {
                    edge,
                    outcome: Outcome::Stored | Outcome::Replaced | Outcome::Coalesced,
                    trace: Some(trace),
                    ..
                }) => {
                    let ends = recording.edges.get(edge);
                    if let Some(consumer) = ends.and_then(|ends| ends.consumer) {
                        pending.insert((consumer, trace), (position, edge));
                    }
                }
                Some(EventKind::Activation {
                    node,
                    trace: Some(trace),
                    ..
                }) => {
                    if let Some((sent, edge)) = pending.remove(&(node, trace)) {
                        let flow = |end| Flow {
                            id: position,
                            edge,
                            end,
                        };
                        flows.insert(sent, flow(End::Sent));
                        flows.insert(position, flow(End::Handled));
                    }
                }
                _ => {}
            }
        }
        Self(flows)
    }

    /// The end at this event, if an arrow begins or ends there.
    pub(super) fn at(&self, position: usize) -> Option<Flow> {
        self.0.get(&position).copied()
    }
}
