//! Nodes: what an application is made of.
//!
//! A [`Node`] declares its ports once and is then called by its worker:
//! [`Node::on_message`] when an input has something, [`Node::on_tick`] on its
//! cadence. It receives through [`Input`] and sends through [`Output`], both
//! with the [`Context`] of the call, which is where the runtime keeps its
//! promises (batches, priorities, credit, trace inheritance).
//!
//! # A source of one's own
//!
//! asks for each message whether it may produce one more:
//!
//! ```
//! # use tidegate::harness::NodeHarness;
//! use tidegate::node::{Context, Node, NodeResult, Output, Ports};
//!
//! /// Counts for ever.
//! #[derive(Default)]
//! struct Counter {
//!     numbers: Output<u64>,
//!     next: u64,
//! }
//!
//! impl Node for Counter {
//!     fn ports(&mut self, ports: &mut Ports<'_>) {
//!         ports.output("numbers", &mut self.numbers);
//!     }
//!
//!     fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
//!         cx.rearm();
//!         Ok(())
//!     }
//!
//!     fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
//!         cx.rearm();
//!         while cx.next_turn() {
//!             self.numbers.send(cx, self.next)?;
//!             self.next += 1;
//!         }
//!         Ok(())
//!     }
//! }
//! # let mut harness = NodeHarness::new(Counter::default())?;
//! # harness.step();
//! # assert_eq!(harness.collect::<u64>("numbers")?, (0..8).collect::<Vec<_>>());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod builtin;
mod context;
mod error;
mod input;
mod options;
mod output;
mod passage;
mod ports;
mod relay;
mod spec;
mod stand_in;
mod supervision;
#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests;

pub(crate) use context::{Activation, Host, Outcome, TraceIds, Wishes, bit};
pub use context::{Context, TickInfo};
pub use error::{NodeError, NodeResult};
pub use input::Input;
pub use options::{FaultPolicy, NodeOptions, Tick};
pub(crate) use output::OutputEndpoint;
pub use output::{Output, SendError, SendFailure, SendOutcome};
pub(crate) use ports::{Endpoints, PortTable};
pub use ports::{MAX_PORTS, PortBuilder, PortDeclarationError, Ports};
pub use spec::{Direction, PortDefault, PortSpec, Validator};
pub(crate) use spec::{EdgeParts, ErasedPolicy};
pub(crate) use stand_in::StandIn;
pub(crate) use supervision::Action;
pub use supervision::{Backoff, Escalation, GiveUp, Quarantine};

/// A stage of the graph. See the [module documentation](self).
///
/// # Calls
/// All hooks run on the worker the node is placed on, never two at a time, in
/// this order: `on_start` once (of every node of the graph, before any message
/// is handled), then `on_message` and `on_tick` as they come due, then
/// `on_stop` once. A hook that returns an error or panics is a fault: it is
/// caught, counted, and treated as the node's [`NodeOptions`] say.
///
/// A replacement has its `on_start` when it takes the place of the old node; that
/// one is dropped without [`on_stop`](Self::on_stop), which says who else has none.
///
/// # Real-time
/// The engine neither allocates, locks nor blocks around these calls. What a
/// hook does itself is the application's business; a hook that blocks delays
/// the other nodes of its worker, so place it on a worker of its own.
///
/// ```
/// use tidegate::harness::NodeHarness;
/// use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};
///
/// /// The differences between samples.
/// #[derive(Default)]
/// struct Differences {
///     samples: Input<u64>,
///     changes: Output<u64>,
///     last: Option<u64>,
/// }
///
/// impl Node for Differences {
///     fn ports(&mut self, ports: &mut Ports<'_>) {
///         ports.input("samples", &mut self.samples);
///         ports.output("changes", &mut self.changes);
///     }
///
///     fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
///         while let Some(sample) = self.samples.recv(cx) {
///             if let Some(last) = self.last.replace(*sample) {
///                 self.changes.send(cx, sample.wrapping_sub(last))?;
///             }
///         }
///         Ok(())
///     }
/// }
///
/// let mut harness = NodeHarness::new(Differences::default())?;
/// harness.feed("samples", [3_u64, 4, 9])?;
/// harness.run();
/// assert_eq!(harness.collect::<u64>("changes")?, [1, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Node: Send + 'static {
    /// Declares the ports, by name, in a fixed order.
    ///
    /// Called when the node is added to a graph, and again with the same
    /// declarations expected when the engine attaches or detaches the edges.
    fn ports(&mut self, ports: &mut Ports<'_>);

    /// Called once before any message of the graph is handled.
    ///
    /// # Errors
    /// An error counts as a fault of this node. Where its policy then is to stop
    /// the engine ([`FaultPolicy::Stop`]), the start fails:
    /// [`EngineBuilder::start`](crate::engine::EngineBuilder::start) or
    /// [`PreparedEngine::start`](crate::engine::PreparedEngine::start), in stepping
    /// mode `stepping`. That of a replacement shuts the engine down.
    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let _ = cx;
        Ok(())
    }

    /// Called when an input has messages, when an output that refused a
    /// message has room again, and after [`Context::rearm`].
    ///
    /// Receive until [`Input::recv`] returns `None`; what is left stays in the
    /// edge and brings another call.
    ///
    /// # Errors
    /// An error counts as a fault of this node.
    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let _ = cx;
        Ok(())
    }

    /// Called on the node's cadence, see [`Tick`].
    ///
    /// # Errors
    /// An error counts as a fault of this node.
    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let _ = cx;
        Ok(())
    }

    /// Called once after the last message of the graph, consumers before
    /// producers. What it sends comes back as
    /// [`Closed`](SendFailure::Closed).
    ///
    /// Not called for a node that is in quarantine then, or waits for its
    /// replacement; nor for one that was replaced, nor when a
    /// [`SteppedEngine`](crate::engine::SteppedEngine) is dropped without a shutdown.
    /// What must be released in any case belongs in `Drop`.
    ///
    /// # Errors
    /// An error counts as a fault of this node and appears in the report.
    fn on_stop(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let _ = cx;
        Ok(())
    }
}
