//! A node that joins several edges into one.

use alloc::vec::Vec;
use core::fmt;

use crate::message::Message;
use crate::node::{Context, Input, Node, NodeResult, Output, Ports};

use super::forward::{Forwarded, forward, forward_kept, numbered};

/// A node that joins several edges into one; see [`merge`].
pub struct Merge<T: Send + 'static> {
    inputs: Vec<Input<T>>,
    /// The port `out`.
    pub output: Output<T>,
    /// The input whose turn it is.
    turn: usize,
    kept: Option<Message<T>>,
    /// Stands for inputs that do not exist; never declared.
    missing: Input<T>,
}

/// A node with `inputs` inputs and one output, to which it sends the messages
/// of all inputs: one of each in turn, as far as they have any.
///
/// Also across activations, a message waits for at most one of each other
/// input. More inputs than a node can have
/// ([`MAX_PORTS`](crate::node::MAX_PORTS)) are refused when the node is added.
///
/// ```
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("fan-in");
/// let even = graph.add("even", builtin::source_iter((0..10_u32).step_by(2)))?;
/// let odd = graph.add("odd", builtin::source_iter((1..10_u32).step_by(2)))?;
/// let merge = graph.add("merge", builtin::merge(2))?;
/// let all = graph.add("all", builtin::sink(|n: u32| println!("{n}")))?;
/// graph.connect(even.output(|n| &n.output), merge.input(|n| n.input(0)), Edge::block(8))?;
/// graph.connect(odd.output(|n| &n.output), merge.input(|n| n.input(1)), Edge::block(8))?;
/// graph.connect(merge.output(|n| &n.output), all.input(|n| &n.input), Edge::block(8))?;
/// assert!(graph.validate().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn merge<T: Send + 'static>(inputs: usize) -> Merge<T> {
    Merge {
        inputs: (0..inputs).map(|_| Input::new()).collect(),
        output: Output::new(),
        turn: 0,
        kept: None,
        missing: Input::new(),
    }
}

impl<T: Send + 'static> Merge<T> {
    /// The port `in{index}`. One that does not exist is refused when it is
    /// connected, like a field that is not a port.
    #[must_use]
    pub fn input(&self, index: usize) -> &Input<T> {
        self.inputs.get(index).unwrap_or(&self.missing)
    }

    /// A message of the first input from `turn` on that has one.
    fn recv(&mut self, cx: &mut Context<'_>) -> Option<Message<T>> {
        for _ in 0..self.inputs.len() {
            let input = self.turn;
            self.turn = (input + 1) % self.inputs.len();
            if let Some(message) = self.inputs[input].recv(cx) {
                return Some(message);
            }
        }
        // All were asked once, so `turn` is where it was.
        None
    }
}

impl<T: Send + 'static> Node for Merge<T> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        for (index, input) in self.inputs.iter_mut().enumerate() {
            ports.input(&numbered("in", index), input);
        }
        ports.output("out", &mut self.output);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let mut forwarded = forward_kept(cx, &mut self.output, &mut self.kept)?;
        while forwarded == Forwarded::Done {
            let Some(message) = self.recv(cx) else {
                return Ok(());
            };
            forwarded = forward(cx, &mut self.output, &mut self.kept, message)?;
        }
        if forwarded == Forwarded::Closed {
            cx.finish();
        }
        Ok(())
    }
}

impl<T: Send + 'static> fmt::Debug for Merge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge")
            .field("inputs", &self.inputs.len())
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}
