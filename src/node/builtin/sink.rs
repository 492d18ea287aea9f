//! A node that consumes.

use core::fmt;

use crate::message::Message;
use crate::node::{Context, Input, Node, NodeResult, Ports};

/// A node that hands each message to its closure; see [`sink`].
pub struct Sink<T: Send + 'static, F> {
    /// The port `in`.
    pub input: Input<T>,
    consume: F,
}

/// A node that calls `consume` with each payload.
///
/// ```
/// use tidegate::graph::Subgraph;
/// use tidegate::node::builtin;
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let mut graph = Subgraph::new("results");
/// graph.add("collect", builtin::sink(move |result: u64| {
///     // The receiver may be gone; then nobody wants the result.
///     let _ = sender.send(result);
/// }))?;
/// # drop(receiver);
/// # Ok::<(), tidegate::graph::AddError>(())
/// ```
pub fn sink<T>(
    mut consume: impl FnMut(T) + Send + 'static,
) -> Sink<T, impl FnMut(Message<T>) + Send + 'static>
where
    T: Send + 'static,
{
    sink_messages(move |message: Message<T>| consume(message.into_payload()))
}

/// A node that calls `consume` with each message, header included.
pub fn sink_messages<T, F>(consume: F) -> Sink<T, F>
where
    T: Send + 'static,
    F: FnMut(Message<T>) + Send + 'static,
{
    Sink {
        input: Input::new(),
        consume,
    }
}

impl<T, F> Node for Sink<T, F>
where
    T: Send + 'static,
    F: FnMut(Message<T>) + Send + 'static,
{
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(message) = self.input.recv(cx) {
            (self.consume)(message);
        }
        Ok(())
    }
}

impl<T: Send + 'static, F> fmt::Debug for Sink<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
