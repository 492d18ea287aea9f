//! Reading the workers' and edges' figures into facts, and naming them.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::sched::{NodeState, Phase};
use crate::sync::{lock, thread};
use crate::time::{Patience, Timestamp};

use super::super::blueprint::Blueprint;
use super::causes::Root;
use super::{Cause, Diagnosis, Doing, LONG_CALL, ReadyNode, Standing, Wait, WorkerStanding};

/// How long workers are waited for that are asked who is ready. A worker that
/// is not held by a handler answers within microseconds, once it has its core.
const PATIENCE: Duration = Duration::from_millis(50);

/// How an engine stands, by the plan's indices.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(super) now: Timestamp,
    pub(super) nodes: Vec<NodeFacts>,
    pub(super) edges: Vec<EdgeFacts>,
    pub(super) workers: Vec<WorkerFacts>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NodeFacts {
    pub(super) worker: usize,
    pub(super) state: NodeState,
    /// The edge that it waits for room in.
    pub(super) held_by: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct EdgeFacts {
    /// None at an entrance.
    pub(super) producer: Option<usize>,
    /// None at an exit.
    pub(super) consumer: Option<usize>,
    /// Messages wait here, or are being handled, for which the consumer should
    /// be called; at an exit, a node waits for room.
    pub(super) waits: bool,
    /// How long that is so and the consumer has taken none.
    pub(super) unmoved: Duration,
    /// Whether the consumer was called meanwhile.
    pub(super) called: bool,
    /// How long the producer is held here.
    pub(super) blocked: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WorkerFacts {
    pub(super) activations: u64,
    /// The node that runs, or ran a moment ago; `None` while it is idle.
    pub(super) calling: Option<usize>,
    /// How long that is the same call.
    pub(super) lasting: Duration,
}

impl Blueprint {
    /// Takes a look.
    pub(crate) fn facts(&self) -> Facts {
        let mut motion = lock(&self.motion);
        // Read under the lock: looks come in the order of their moments.
        let now = self.clock.now();
        let shared = &self.shared;
        let workers = (0..shared.mailboxes.len()).map(|worker| {
            let stats = &shared.worker_stats[worker];
            let activations = stats.activations();
            // Between two steps no handler runs, and at the end none of these.
            let runs = !self.stepped && shared.phase() != Phase::Stopping;
            let busy = runs && shared.activities[worker].is_busy();
            let (lasting, _) = motion.workers[worker].look(now, activations, 0, busy);
            // Busy with the mail alone, it has called nobody yet.
            let calling = (busy && activations > 0).then(|| self.called_last(worker));
            WorkerFacts {
                activations,
                calling: calling.flatten(),
                lasting,
            }
        });
        let workers = workers.collect();
        let mut nodes: Vec<_> = (self.nodes.iter().zip(&shared.node_stats))
            .map(|(node, stats)| NodeFacts {
                worker: node.worker,
                state: NodeState::from_number(stats.state.get()),
                held_by: None,
            })
            .collect();
        let mut edges = Vec::with_capacity(self.edges.len());
        for (index, edge) in self.edges.iter().enumerate() {
            // Its worker notes the end of a hold when it next comes to the node;
            // until then the edge says whether there is room.
            let held_since = (shared.edge_stats[index].producer.held_since())
                .filter(|_| edge.control.is_awaited());
            if let Some(producer) = edge.producer.filter(|_| held_since.is_some()) {
                nodes[producer].held_by = Some(index);
            }
            let waits = !edge.is_settled(shared);
            let consumer = edge.consumer.map(|node| &shared.node_stats[node]);
            let calls = consumer.map_or(0, |stats| stats.activations.get());
            let taken = edge.control.taken();
            let (unmoved, called) = motion.edges[index].look(now, taken, calls, waits);
            edges.push(EdgeFacts {
                producer: edge.producer,
                consumer: edge.consumer,
                waits,
                unmoved,
                called,
                blocked: held_since
                    .filter(|_| {
                        let mut producer = edge.producer.iter();
                        producer.all(|&node| nodes[node].state.is_called())
                    })
                    .map(|since| now.since(since)),
            });
        }
        Facts {
            now,
            nodes,
            edges,
            workers,
        }
    }

    /// So much time has passed just now in which nobody ran: the process was
    /// stopped, or its machine.
    pub(super) fn leave_out(&self, passed: Duration) {
        let mut motion = lock(&self.motion);
        motion.leave_out(passed, self.clock.now());
    }

    /// The node that the worker called last, or calls.
    fn called_last(&self, worker: usize) -> Option<usize> {
        let local = self.shared.worker_stats[worker].calling.get();
        let mut own = (self.nodes.iter().enumerate()).filter(|(_, node)| node.worker == worker);
        let (index, _) = own.nth(usize::try_from(local).ok()?)?;
        Some(index)
    }

    /// Who waits for whom, at this moment. Waits for the workers' answers, not
    /// for long.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        let facts = self.facts();
        let mut causes = facts.causes(LONG_CALL, |edge| edge.waits);
        for long in facts.long_calls(LONG_CALL) {
            if !causes.contains(&long) {
                causes.push(long);
            }
        }
        self.name(&facts, &causes)
    }

    /// The facts in words, with these causes.
    pub(crate) fn name(&self, facts: &Facts, causes: &[Root]) -> Diagnosis {
        let answered = self.ask();
        let mut waiting: Vec<_> = (facts.edges.iter().enumerate())
            .filter(|(_, edge)| edge.waits || edge.blocked.is_some())
            .collect();
        waiting.sort_by_key(|(_, edge)| core::cmp::Reverse((edge.blocked.is_some(), edge.unmoved)));
        let waits = waiting.into_iter().map(|(index, edge)| {
            let info = &self.edges[index];
            Wait {
                edge: info.id.clone(),
                producer: self.end(edge.producer),
                consumer: self.end(edge.consumer),
                pending: info.control.len(),
                capacity: info.control.capacity(),
                unmoved: edge.unmoved,
                blocked: edge.blocked,
                standing: match edge.consumer {
                    Some(node) => self.standing(facts, node),
                    None => Standing::Outside,
                },
            }
        });
        let workers = (facts.workers.iter().zip(answered).enumerate()).map(
            |(worker, (standing, answered))| WorkerStanding {
                worker,
                doing: self.doing(worker, standing),
                ready: answered.then(|| self.ready(worker)),
            },
        );
        Diagnosis {
            taken_at: facts.now,
            causes: causes
                .iter()
                .map(|root| self.name_cause(facts, root))
                .collect(),
            waits: waits.collect(),
            workers: workers.collect(),
        }
    }

    pub(crate) fn name_cause(&self, facts: &Facts, root: &Root) -> Cause {
        let edge = |index: usize| self.edges[index].id.clone();
        match root {
            Root::Cycle(edges) => Cause::Cycle {
                nodes: (edges.iter())
                    .map(|&edge| self.end(self.edges[edge].producer))
                    .collect(),
                edges: edges.iter().map(|&index| edge(index)).collect(),
            },
            &Root::Handler { node, worker, .. } => Cause::Handler {
                node: self.path(node),
                worker,
                lasting: facts.workers[worker].lasting,
            },
            &Root::State { node, state } => Cause::State {
                node: self.path(node),
                state,
            },
            &Root::Untaken { node, edge: index } => Cause::Untaken {
                node: self.path(node),
                edge: edge(index),
            },
            &Root::Unreceived { edge: index } => Cause::Unreceived { edge: edge(index) },
            &Root::Uncalled { node } => Cause::Uncalled {
                node: self.path(node),
                worker: facts.nodes[node].worker,
            },
        }
    }

    /// The path of the node at an end of an edge, or what to call who is there.
    fn end(&self, node: Option<usize>) -> String {
        node.map_or_else(|| "the outside".into(), |node| self.path(node))
    }

    fn path(&self, node: usize) -> String {
        self.nodes[node].path.clone()
    }

    fn standing(&self, facts: &Facts, node: usize) -> Standing {
        let NodeFacts {
            worker,
            state,
            held_by,
        } = facts.nodes[node];
        let WorkerFacts {
            calling, lasting, ..
        } = facts.workers[worker];
        match (state, held_by) {
            (state, Some(edge)) if state.is_called() => Standing::Blocked {
                edge: self.edges[edge].id.clone(),
            },
            (state, None) if state.is_called() && calling == Some(node) => {
                Standing::Running { worker, lasting }
            }
            (state, None) if state.is_called() => Standing::Waiting {
                worker,
                behind: calling.map(|node| self.path(node)),
                lasting,
            },
            (state, _) => Standing::Resting { state },
        }
    }

    fn doing(&self, worker: usize, facts: &WorkerFacts) -> Doing {
        if self.shared.phase() == Phase::Stopping {
            let node = self.called_last(worker).map(|node| self.path(node));
            return Doing::Stopping { node };
        }
        match facts.calling {
            Some(node) => Doing::Calling {
                node: self.path(node),
                lasting: facts.lasting,
            },
            None => Doing::Idle,
        }
    }

    /// The ready sets of a worker, as it told them last; the higher bands
    /// first.
    fn ready(&self, worker: usize) -> Vec<ReadyNode> {
        let own = (self.nodes.iter().enumerate()).filter(|(_, node)| node.worker == worker);
        let mut ready: Vec<_> = own
            .filter_map(|(index, node)| {
                Some(ReadyNode {
                    node: node.path.clone(),
                    band: self.shared.answered_band(index)?,
                })
            })
            .collect();
        ready.sort_by_key(|node| core::cmp::Reverse(node.band));
        ready
    }

    /// Asks the workers who is ready, and waits for them a little. By worker,
    /// whether it has answered.
    ///
    /// In stepping mode nobody is asked: the worker is on the caller's thread,
    /// and says by itself what it can.
    fn ask(&self) -> Vec<bool> {
        let shared = &self.shared;
        let workers = shared.mailboxes.len();
        if shared.phase() == Phase::Stopping {
            return vec![false; workers];
        }
        let has_answered = |request| {
            let answers = (0..workers).map(|worker| shared.has_answered(worker, request));
            answers.collect::<Vec<_>>()
        };
        if self.stepped {
            return has_answered(shared.last_request());
        }
        let request = shared.request_standings();
        shared.command_all();
        let mut patience = Patience::new(PATIENCE);
        loop {
            let answers = has_answered(request);
            if answers.iter().all(|&answered| answered) || patience.is_over() {
                return answers;
            }
            thread::park_timeout(Duration::from_micros(200));
        }
    }
}
