//! A node that produces.

use core::fmt;

use crate::message::Message;
use crate::node::{Context, Node, NodeResult, Output, Ports};

use super::forward::{Forwarded, forward, forward_kept};

/// A node that sends what its closure returns; see [`source`].
pub struct Source<T: Send + 'static, F> {
    /// The port `out`.
    pub output: Output<T>,
    produce: F,
    kept: Option<Message<T>>,
}

/// A node that calls `produce` again and again and sends what it returns, until
/// it returns `None`: then the node finishes.
///
/// It produces up to a batch per activation, and only while its Block edge has
/// room. Once shutdown has begun it is not called any more. A closure that has
/// nothing *yet* keeps the worker busy asking: for sources that wait for the
/// outside, write a [`Node`] with a tick.
///
/// ```
/// use tidegate::graph::Subgraph;
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("count");
/// let mut next = 0_u64;
/// graph.add("counter", builtin::source(move || {
///     next += 1;
///     (next <= 1_000).then_some(next)
/// }))?;
/// # Ok::<(), tidegate::graph::AddError>(())
/// ```
pub fn source<T, F>(produce: F) -> Source<T, F>
where
    T: Send + 'static,
    F: FnMut() -> Option<T> + Send + 'static,
{
    Source {
        output: Output::new(),
        produce,
        kept: None,
    }
}

/// A [`source`] of the items of an iterator. It finishes when they end.
pub fn source_iter<I>(items: I) -> Source<I::Item, impl FnMut() -> Option<I::Item> + Send + 'static>
where
    I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
{
    let mut items = items.into_iter();
    source(move || items.next())
}

impl<T, F> Node for Source<T, F>
where
    T: Send + 'static,
    F: FnMut() -> Option<T> + Send + 'static,
{
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("out", &mut self.output);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        // First, so that the source goes on even if this call fails. Finishing
        // takes precedence.
        cx.rearm();
        match forward_kept(cx, &mut self.output, &mut self.kept)? {
            Forwarded::Done => {}
            Forwarded::Kept => return Ok(()),
            Forwarded::Closed => {
                cx.finish();
                return Ok(());
            }
        }
        while cx.next_turn() {
            let Some(payload) = (self.produce)() else {
                cx.return_turn();
                cx.finish();
                break;
            };
            match forward(cx, &mut self.output, &mut self.kept, payload.into())? {
                Forwarded::Done => {}
                Forwarded::Kept => break,
                Forwarded::Closed => {
                    cx.finish();
                    break;
                }
            }
        }
        Ok(())
    }
}

impl<T: Send + 'static, F> fmt::Debug for Source<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}
