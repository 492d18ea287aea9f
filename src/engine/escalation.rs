//! Who decides when a node's own policy does not: its subgraph, the one around
//! that, and at last the engine.

use alloc::boxed::Box;

use crate::graph::PlannedGroup;
use crate::node::{Action, GiveUp, Node, Quarantine};
use crate::sched::{Address, COMMAND, Consequence, Dispatch, Phase, Role, Why};
use crate::sync::lock;
use crate::time::Timestamp;
use crate::util::drop_quietly;

use super::supervision::Supervision;
use super::wards::{Place, Restarts};

/// A subgraph with a policy.
pub(crate) struct Group {
    pub(crate) plan: PlannedGroup,
    restarts: Restarts,
    /// It is being restarted; its nodes are replaced when all have come in, and
    /// not before this moment.
    restart: Option<Timestamp>,
}

impl Group {
    pub(crate) fn new(plan: PlannedGroup) -> Self {
        Self {
            plan,
            restarts: Restarts::default(),
            restart: None,
        }
    }

    fn gathers(&self, node: usize) -> bool {
        self.restart.is_some() && self.plan.members.contains(&node)
    }

    /// When its nodes are replaced.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.restart
    }
}

impl Supervision {
    /// Whether the node is to be replaced with the others of its subgraph.
    pub(super) fn is_gathered(&self, node: usize) -> bool {
        self.groups.iter().any(|group| group.gathers(node))
    }

    /// A node was replaced as often as it may.
    pub(super) fn give_up(&mut self, node: usize, body: Box<dyn Node>) {
        match self.wards[node].options.give_up {
            GiveUp::Quarantine => {
                self.amend(node, Consequence::Quarantined);
                self.quarantine(node, body);
            }
            GiveUp::Escalate => {
                self.amend(node, Consequence::Escalated);
                self.escalate(node, body);
            }
            GiveUp::Stop => {
                self.amend(node, Consequence::Stopped);
                self.stop(node, "was given up");
                self.quarantine(node, body);
            }
        }
    }

    /// The fault that the worker reported last for this node led to this in the
    /// end.
    fn amend(&self, node: usize, consequence: Consequence) {
        let path = &self.blueprint.nodes[node].path;
        let mut log = lock(&self.blueprint.faults);
        if let Some(fault) = log.reports.iter_mut().rev().find(|f| f.node == *path) {
            fault.consequence = consequence;
        }
    }

    /// Asks the subgraphs around the node, from the inside, what is to be done.
    pub(super) fn escalate(&mut self, node: usize, body: Box<dyn Node>) {
        let now = self.now();
        for index in 0..self.groups.len() {
            let Group { plan, restarts, .. } = &mut self.groups[index];
            if !plan.members.contains(&node) {
                continue;
            }
            let policy = plan.policy;
            match policy.action {
                Action::PassOn => {}
                Action::Quarantine => {
                    self.quarantine(node, body);
                    return self.quarantine_all(index);
                }
                Action::Restart { limit } => {
                    let count = restarts.count(policy.window, now);
                    if count < limit {
                        restarts.note(policy.window, now);
                        let due = now.after(policy.backoff.delay(count));
                        self.wards[node].place = Place::Gathered(body);
                        return self.gather(index, due);
                    }
                }
            }
        }
        self.escalated = true;
        self.stop(node, "escalated");
        self.quarantine(node, body);
    }

    /// Has the engine shut down because of this node.
    fn stop(&mut self, node: usize, what: &str) {
        self.name_cause(node, what);
        self.blueprint.shared.request_shutdown();
    }

    /// The engine shuts down because of this node's latest fault.
    pub(super) fn name_cause(&mut self, node: usize, what: &str) {
        let path = &self.blueprint.nodes[node].path;
        let log = lock(&self.blueprint.faults);
        let fault = log.reports.iter().rev().find(|fault| fault.node == *path);
        let why = fault.map(|fault| format!(": {} failed: {}", fault.hook, fault.message));
        let cause = format!("node {path} {what}{}", why.unwrap_or_default());
        drop(log);
        self.cause.get_or_insert(cause);
    }

    /// Quarantines a node that is here.
    pub(super) fn quarantine(&mut self, node: usize, body: Box<dyn Node>) {
        let ward = &mut self.wards[node];
        let role = if ward.options.quarantine == Quarantine::Open {
            ward.bury(body)
        } else {
            drop_quietly(body);
            Role::Nobody { failed: false }
        };
        self.send(node, role);
    }

    /// Quarantines all nodes of a subgraph, in the plan's order.
    fn quarantine_all(&mut self, group: usize) {
        for position in 0..self.groups[group].plan.members.len() {
            let node = self.groups[group].plan.members[position];
            self.quarantine_by_order(node);
        }
    }

    /// Quarantines a node wherever it is.
    pub(super) fn quarantine_by_order(&mut self, node: usize) {
        let ward = &mut self.wards[node];
        if let Some(body) = ward.place.take_body() {
            return self.quarantine(node, body);
        }
        let why = match ward.options.quarantine {
            Quarantine::Open => Why::Bury,
            Quarantine::Closed => Why::Close,
        };
        if !ward.is_buried() {
            self.order(node, why);
        }
    }

    /// Has all nodes of a subgraph come in.
    fn gather(&mut self, group: usize, due: Timestamp) {
        let members = self.groups[group].plan.members.clone();
        // Those within it are restarted by it.
        for inner in &mut self.groups {
            if inner.plan.members.iter().all(|node| members.contains(node)) {
                inner.restart = None;
            }
        }
        self.groups[group].restart = Some(due);
        for node in members {
            let place = &mut self.wards[node].place;
            match place.take_body() {
                Some(body) => *place = Place::Gathered(body),
                None => self.order(node, Why::Together),
            }
        }
    }

    /// Replaces the nodes of the subgraphs of which all have come in.
    pub(super) fn restart_gathered(&mut self) {
        for index in 0..self.groups.len() {
            let group = &self.groups[index];
            let waits = |&node: &usize| self.wards[node].ordered;
            let due = group.restart.is_some_and(|due| self.is_due(due));
            if !due || group.plan.members.iter().any(waits) {
                continue;
            }
            self.groups[index].restart = None;
            for position in (0..self.groups[index].plan.members.len()).rev() {
                let node = self.groups[index].plan.members[position];
                if let Some(body) = self.wards[node].place.take_body() {
                    let role = self.wards[node].embody(body);
                    self.send(node, role);
                }
            }
        }
    }

    /// Whether what was put off until then is to be done.
    pub(super) fn is_due(&self, due: Timestamp) -> bool {
        self.blueprint.shared.phase() > Phase::Running || due <= self.now()
    }

    /// Orders the node's worker to retire it, unless an order is on its way.
    pub(super) fn order(&mut self, node: usize, why: Why) {
        let ward = &mut self.wards[node];
        if ward.ordered {
            return;
        }
        ward.ordered = true;
        let Address { worker, node } = ward.address;
        self.dispatch(worker, Dispatch::Order(node, why));
    }

    /// Sends the node's worker what takes its place.
    pub(super) fn send(&mut self, node: usize, role: Role) {
        let now = self.now();
        let ward = &mut self.wards[node];
        if matches!(role, Role::New(_)) {
            ward.restarts.note(ward.options.restart_window, now);
        }
        let Address { worker, node } = ward.address;
        self.dispatch(worker, Dispatch::Successor(node, role));
    }

    fn dispatch(&mut self, worker: usize, dispatch: Dispatch) {
        // There is room, see `ROOM_PER_NODE`.
        let _ = self.links[worker].dispatches.push(dispatch);
        self.blueprint.shared.mailboxes[worker].notify(COMMAND);
    }
}
