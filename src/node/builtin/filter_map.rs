//! A node that derives a message from some of the messages.

use core::fmt;

use crate::message::Message;
use crate::node::{Context, Input, Node, NodeResult, Output, Ports};

use super::forward::{Forwarded, forward_kept, keep};

/// A node that sends what its closure makes of some messages; see
/// [`filter_map`].
pub struct FilterMap<T: Send + 'static, U: Send + 'static, F> {
    /// The port `in`.
    pub input: Input<T>,
    /// The port `out`.
    pub output: Output<U>,
    derive: F,
    kept: Option<Message<U>>,
}

/// A node that sends a message with `derive(payload)` and the same header for
/// each message for which `derive` returns `Some`.
///
/// ```
/// use tidegate::graph::Subgraph;
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("parse");
/// graph.add("numbers", builtin::filter_map(|text: String| text.parse::<u64>().ok()))?;
/// # Ok::<(), tidegate::graph::AddError>(())
/// ```
pub fn filter_map<T, U, F>(derive: F) -> FilterMap<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnMut(T) -> Option<U> + Send + 'static,
{
    FilterMap {
        input: Input::new(),
        output: Output::new(),
        derive,
        kept: None,
    }
}

impl<T, U, F> Node for FilterMap<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnMut(T) -> Option<U> + Send + 'static,
{
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        match forward_kept(cx, &mut self.output, &mut self.kept)? {
            Forwarded::Done => {}
            other => return other.stop(cx),
        }
        match self.input.relay(cx, &mut self.output, &mut self.derive) {
            Ok(()) => Ok(()),
            Err(error) => keep(error, &mut self.kept)?.stop(cx),
        }
    }
}

impl<T: Send + 'static, U: Send + 'static, F> fmt::Debug for FilterMap<T, U, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterMap")
            .field("input", &self.input)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}
