//! What the nodes of one run did and saw, in order.

use std::sync::{Arc, Mutex};

use tidegate::node::SendOutcome;

/// One thing that a node did. Nodes and ports go by name and index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Started(&'static str),
    Sent {
        node: &'static str,
        output: usize,
        serial: u32,
        outcome: SendOutcome,
    },
    Received {
        node: &'static str,
        input: usize,
        first: u32,
        last: u32,
    },
    Stopped(&'static str),
}

impl Event {
    /// Whether a message was sent or received.
    pub fn is_traffic(&self) -> bool {
        matches!(self, Self::Sent { .. } | Self::Received { .. })
    }
}

/// Shared by everything in a run.
#[derive(Default)]
pub struct Journal {
    events: Mutex<Vec<Event>>,
    /// What nodes met that they must never meet.
    complaints: Mutex<Vec<String>>,
    /// How often each payload was dropped, by identity.
    drops: Mutex<Vec<u32>>,
}

impl Journal {
    pub fn note(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// A promise to `node` was broken. The engine would catch a panic.
    pub fn complain(&self, node: &str, what: &dyn std::fmt::Debug) {
        let mut complaints = self.complaints.lock().unwrap();
        complaints.push(format!("{node} met {what:?}"));
    }

    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    /// How many payloads were not dropped exactly once.
    pub fn misdropped(&self) -> usize {
        let drops = self.drops.lock().unwrap();
        drops.iter().filter(|&&drops| drops != 1).count()
    }
}

/// A payload that is counted from its making to its drop.
pub struct Item {
    /// The serials of its producer that it stands for: several once merged.
    pub first: u32,
    pub last: u32,
    identity: usize,
    journal: Arc<Journal>,
}

impl Item {
    pub fn new(journal: &Arc<Journal>, serial: u32) -> Self {
        let mut drops = journal.drops.lock().unwrap();
        drops.push(0);
        Self {
            first: serial,
            last: serial,
            identity: drops.len() - 1,
            journal: Arc::clone(journal),
        }
    }

    /// For Coalesce edges.
    pub fn merge(pending: &mut Self, new: Self) {
        pending.last = new.last;
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.journal.drops.lock().unwrap()[self.identity] += 1;
    }
}
