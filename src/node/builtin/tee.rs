//! A node that sends each message to several edges.

use alloc::vec::Vec;
use core::fmt;

use crate::message::Message;
use crate::node::{Context, Input, Node, NodeError, NodeResult, Output, Ports};

use super::forward::{Forwarded, forward, forward_kept, numbered};

/// A node that sends each message to several edges; see [`tee`].
pub struct Tee<T: Clone + Send + 'static> {
    /// The port `in`.
    pub input: Input<T>,
    branches: Vec<Branch<T>>,
    /// Stands for branches that do not exist; never declared.
    missing: Output<T>,
}

struct Branch<T: Send + 'static> {
    output: Output<T>,
    kept: Option<Message<T>>,
    /// Until the consumer has gone.
    open: bool,
}

/// A node with one input and `branches` outputs, which sends a clone of each
/// message to every output. Each edge behind it has a policy of its own.
///
/// A full Block edge holds the whole node back; put Drop or Latest edges
/// behind branches that must not slow the others down. A branch whose consumer
/// has gone is skipped. When all are gone, or when there are none, the node
/// finishes. More branches than a node can have
/// outputs ([`MAX_PORTS`](crate::node::MAX_PORTS)) are refused when the node
/// is added.
///
/// ```
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("fan-out");
/// let numbers = graph.add("numbers", builtin::source_iter(0..10_u32))?;
/// let tee = graph.add("tee", builtin::tee(2))?;
/// let all = graph.add("all", builtin::sink(|n: u32| println!("{n}")))?;
/// let newest = graph.add("newest", builtin::sink(|n: u32| println!("{n}")))?;
/// graph.connect(numbers.output(|n| &n.output), tee.input(|n| &n.input), Edge::block(8))?;
/// graph.connect(tee.output(|n| n.branch(0)), all.input(|n| &n.input), Edge::block(8))?;
/// graph.connect(tee.output(|n| n.branch(1)), newest.input(|n| &n.input), Edge::latest(1))?;
/// assert!(graph.validate().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn tee<T: Clone + Send + 'static>(branches: usize) -> Tee<T> {
    Tee {
        input: Input::new(),
        branches: (0..branches).map(|_| Branch::new()).collect(),
        missing: Output::new(),
    }
}

impl<T: Clone + Send + 'static> Tee<T> {
    /// The port `out{index}`. One that does not exist is refused when it is
    /// connected, like a field that is not a port.
    #[must_use]
    pub fn branch(&self, index: usize) -> &Output<T> {
        self.branches
            .get(index)
            .map_or(&self.missing, |branch| &branch.output)
    }

    /// Retries what was kept; whether some branch still has no room.
    fn forward_kept(&mut self, cx: &mut Context<'_>) -> Result<bool, NodeError> {
        let mut waiting = false;
        for branch in &mut self.branches {
            let forwarded = forward_kept(cx, &mut branch.output, &mut branch.kept)?;
            waiting |= branch.note(forwarded);
        }
        Ok(waiting)
    }

    /// Sends a message to every open branch; whether some branch had no room.
    /// All others get it even if a validator of one refuses it.
    fn distribute(&mut self, cx: &mut Context<'_>, message: Message<T>) -> Result<bool, NodeError> {
        let mut waiting = false;
        let mut refusal = Ok(());
        let mut send = |branch: &mut Branch<T>, message| match forward(
            cx,
            &mut branch.output,
            &mut branch.kept,
            message,
        ) {
            Ok(forwarded) => waiting |= branch.note(forwarded),
            Err(error) => refusal = Err(error),
        };
        let mut open = self.branches.iter_mut().filter(|branch| branch.open);
        // The last one gets the original.
        if let Some(last) = open.next_back() {
            for branch in open {
                send(branch, message.clone());
            }
            send(last, message);
        }
        refusal.map(|()| waiting)
    }
}

impl<T: Send + 'static> Branch<T> {
    const fn new() -> Self {
        Self {
            output: Output::new(),
            kept: None,
            open: true,
        }
    }

    /// Takes note of what became of a message; whether it waits here.
    fn note(&mut self, forwarded: Forwarded) -> bool {
        self.open &= forwarded != Forwarded::Closed;
        forwarded == Forwarded::Kept
    }
}

impl<T: Clone + Send + 'static> Node for Tee<T> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        for (index, branch) in self.branches.iter_mut().enumerate() {
            ports.output(&numbered("out", index), &mut branch.output);
        }
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let mut waiting = self.forward_kept(cx)?;
        loop {
            if self.branches.iter().all(|branch| !branch.open) {
                cx.finish();
                return Ok(());
            }
            if waiting {
                return Ok(());
            }
            let Some(message) = self.input.recv(cx) else {
                return Ok(());
            };
            waiting = self.distribute(cx, message)?;
        }
    }
}

impl<T: Clone + Send + 'static> fmt::Debug for Tee<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee")
            .field("input", &self.input)
            .field("branches", &self.branches.len())
            .finish_non_exhaustive()
    }
}
