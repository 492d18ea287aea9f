//! Nodes in the supervisor's hands: replaced, buried, released.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;

use crate::node::{Endpoints, Node, NodeOptions, PortTable, Ports, StandIn};
use crate::sched::{Address, Role};
use crate::sync::mpsc::Sender;
use crate::time::Timestamp;
use crate::util::{catch_quietly, drop_quietly};

use super::handle::Answer;

/// Makes a new node in place of one that faulted.
pub(crate) type Factory = Box<dyn FnMut() -> Box<dyn Node> + Send>;

/// What the supervisor knows of a node.
pub(crate) struct Ward {
    pub(crate) address: Address,
    pub(crate) factory: Option<Factory>,
    pub(crate) table: PortTable,
    pub(crate) options: NodeOptions,
    /// The endpoints of the edges for its dead letters, by output; while it has
    /// no stand-in.
    pub(crate) dead_ends: Vec<Option<Box<dyn Any + Send>>>,
    pub(crate) place: Place,
    pub(crate) restarts: Restarts,
    /// An order for it was not answered yet.
    pub(crate) ordered: bool,
    /// A release was ordered when the node was perhaps still on its way here.
    pub(crate) early: bool,
    /// Who is to be told of the answer.
    pub(crate) asked: Option<Sender<Answer>>,
}

/// Where a node is, as far as the supervisor knows.
pub(crate) enum Place {
    /// With its worker; or it is gone.
    Worker,
    /// Its stand-in is with the worker. The node itself, if it is to come back.
    Buried(Option<Box<dyn Node>>),
    /// It waits for its replacement.
    Waiting { body: Box<dyn Node>, due: Timestamp },
    /// It waits for the others of its subgraph, to be replaced with them.
    Gathered(Box<dyn Node>),
}

impl Place {
    /// What is here with endpoints in it.
    pub(super) fn take_body(&mut self) -> Option<Box<dyn Node>> {
        match core::mem::replace(self, Self::Worker) {
            Self::Waiting { body, .. } | Self::Gathered(body) => Some(body),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// The restarts that count.
#[derive(Default)]
pub(crate) struct Restarts {
    /// Within the window, if there is one.
    recent: VecDeque<Timestamp>,
    all: u32,
}

impl Restarts {
    /// How many count now.
    pub(super) fn count(&mut self, window: Option<Duration>, now: Timestamp) -> u32 {
        let Some(window) = window else {
            return self.all;
        };
        while self
            .recent
            .front()
            .is_some_and(|&at| now.since(at) >= window)
        {
            self.recent.pop_front();
        }
        u32::try_from(self.recent.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn note(&mut self, window: Option<Duration>, now: Timestamp) {
        self.all = self.all.saturating_add(1);
        if window.is_some() {
            self.recent.push_back(now);
        }
    }
}

impl Ward {
    /// Bytes that a node occupies here.
    pub(crate) const fn footprint() -> usize {
        size_of::<Self>()
    }

    /// Whether this node comes back from its quarantine when it is released.
    pub(super) fn is_buried(&self) -> bool {
        matches!(self.place, Place::Buried(_))
    }

    /// Moves the edges of `old`, the node or its stand-in, to a new node from
    /// the factory; or without one to the node that was buried. Nobody when
    /// there is neither, or a hook panicked, or what was made has other ports.
    pub(super) fn embody(&mut self, mut old: Box<dyn Node>) -> Role {
        let place = core::mem::replace(&mut self.place, Place::Worker);
        let kept = match place {
            Place::Buried(kept) => kept,
            Place::Worker | Place::Waiting { .. } | Place::Gathered(_) => None,
        };
        let mut ends = Endpoints::for_table(&self.table);
        let (table, factory, dead_ends) = (&self.table, &mut self.factory, &mut self.dead_ends);
        let role = catch_quietly(|| {
            old.ports(&mut Ports::detach(&mut ends));
            for (index, port) in table.outputs.iter().enumerate() {
                if port.dead_letters_of.is_some() && ends.outputs[index].is_some() {
                    dead_ends[index] = ends.outputs[index].take();
                }
            }
            let (mut node, is_new) = match (factory, kept) {
                (Some(factory), _) => (factory(), true),
                (None, Some(kept)) => (kept, false),
                (None, None) => return None,
            };
            let same = PortTable::of(&mut *node).has_same_ports(table);
            node.ports(&mut Ports::attach(&mut ends));
            let fits = same && ends.is_empty();
            fits.then(|| {
                if is_new {
                    Role::New(node)
                } else {
                    Role::Same(node)
                }
            })
        });
        drop_quietly(old);
        drop_quietly(ends);
        role.flatten().unwrap_or(Role::Nobody { failed: true })
    }

    /// Moves the edges of the node to a stand-in for it.
    pub(super) fn bury(&mut self, mut node: Box<dyn Node>) -> Role {
        let mut ends = Endpoints::for_table(&self.table);
        let detached = catch_quietly(|| node.ports(&mut Ports::detach(&mut ends)));
        let node = if self.factory.is_none() && detached.is_some() {
            Some(node)
        } else {
            drop_quietly(node);
            None
        };
        if detached.is_none() {
            drop_quietly(ends);
            return Role::Nobody { failed: false };
        }
        for (index, end) in self.dead_ends.iter_mut().enumerate() {
            if let Some(end) = end.take() {
                ends.outputs[index] = Some(end);
            }
        }
        self.place = Place::Buried(node);
        Role::StandIn(Box::new(StandIn::new(&self.table, ends)))
    }
}
