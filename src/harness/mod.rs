//! A node alone: for testing what it does with its inputs, its ticks and its
//! full outputs.
//!
//! [`NodeHarness`] puts one node into an engine that is [driven step by
//! step](crate::engine::SteppedEngine), by a clock that stands still. Every
//! port of the node is a [door](crate::door): the test sends into the inputs
//! and receives from the outputs. No thread is started and no time passes, so a
//! test does the same every time.
//!
//! ```
//! use tidegate::harness::NodeHarness;
//! use tidegate::node::builtin;
//!
//! let mut harness = NodeHarness::new(builtin::filter(|n: &u64| n.is_multiple_of(2)))?;
//! harness.feed("in", [1_u64, 2, 3, 4])?;
//! harness.run();
//! assert_eq!(harness.collect::<u64>("out")?, [2, 4]);
//! assert!(harness.finish().is_balanced());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A full output
//!
//! The edges are as an application would choose them. An output over a small
//! Block edge holds the node back until the test receives from it:
//!
//! ```
//! use tidegate::engine::Step;
//! use tidegate::graph::Edge;
//! use tidegate::harness::NodeHarness;
//! use tidegate::node::builtin;
//!
//! let mut harness = NodeHarness::builder(builtin::map(|n: u64| n + 1))
//!     .output("out", Edge::block(1))
//!     .build()?;
//! harness.feed("in", [1_u64, 2])?;
//! assert!(matches!(harness.step(), Step::Activated { .. })); // 2 waits in the output
//! assert!(matches!(harness.step(), Step::Parked { .. })); // there is no room for 3
//! assert_eq!(harness.collect::<u64>("out")?, [2]);
//! harness.run();
//! assert_eq!(harness.collect::<u64>("out")?, [3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Ticks, a Control input, a fault
//!
//! ```
//! use std::time::Duration;
//!
//! use tidegate::Band;
//! use tidegate::graph::Edge;
//! use tidegate::harness::NodeHarness;
//! use tidegate::node::{Context, Input, Node, NodeError, NodeResult, Output, Ports, Tick};
//!
//! /// Counts what it receives, and tells at each tick.
//! #[derive(Default)]
//! struct Meter {
//!     events: Input<u64>,
//!     resets: Input<()>,
//!     counts: Output<u64>,
//!     count: u64,
//! }
//!
//! impl Node for Meter {
//!     fn ports(&mut self, ports: &mut Ports<'_>) {
//!         ports.input("events", &mut self.events);
//!         ports.input("resets", &mut self.resets);
//!         ports.output("counts", &mut self.counts);
//!         ports.tick(Tick::Every(Duration::from_secs(1)));
//!     }
//!     fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
//!         while self.resets.recv(cx).is_some() {
//!             self.count = 0;
//!         }
//!         while let Some(event) = self.events.recv(cx) {
//!             if *event == 0 {
//!                 return Err(NodeError::new("an event without weight"));
//!             }
//!             self.count += *event;
//!         }
//!         Ok(())
//!     }
//!     fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
//!         self.counts.send(cx, self.count)?;
//!         Ok(())
//!     }
//! }
//!
//! let mut harness = NodeHarness::builder(Meter::default())
//!     .input("resets", Edge::block(1).band(Band::Control))
//!     .build()?;
//! harness.feed("events", [3_u64, 4])?;
//! harness.advance(Duration::from_secs(1));
//! assert_eq!(harness.collect::<u64>("counts")?, [7]);
//!
//! harness.feed("events", [5_u64])?;
//! harness.feed("resets", [()])?; // heard first, though it came last
//! harness.advance(Duration::from_secs(1));
//! assert_eq!(harness.collect::<u64>("counts")?, [5]);
//!
//! harness.feed("events", [0_u64])?;
//! harness.run();
//! assert_eq!(harness.node().errors, 1);
//! assert_eq!(harness.faults()[0].message, "an event without weight");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod error;
mod ports;

use alloc::vec::Vec;
use core::time::Duration;

use crate::door::{Entrance, Exit};
use crate::engine::{FaultReport, NodeReport, Report, Step, SteppedEngine};
use crate::node::Node;
use crate::time::ManualClock;

pub use builder::NodeHarnessBuilder;
pub use error::HarnessError;

use ports::Ends;

/// What the node is called in reports: its edges are `>in->node:in` and
/// `node:out->out>`.
pub const NODE: &str = "node";

/// How many steps [`NodeHarness::run`] takes at most: a node that asks to be
/// called again and again is always ready.
pub const MOST_STEPS: usize = 100_000;

/// One node, driven by a test. See the [module documentation](self).
///
/// Dropping it without [`finish`](Self::finish) drops the node, without a report
/// and without calling `on_stop`.
///
/// # Real-time
/// None of this is for the hot path: building allocates what an engine
/// allocates, and reading allocates. What the node itself does is done by the
/// worker of an ordinary engine.
pub struct NodeHarness {
    engine: SteppedEngine,
    clock: ManualClock,
    // Outlive the engine: what it still sends at its end finds them open.
    ends: Ends,
}

impl NodeHarness {
    /// Puts a node into a harness: every port has an edge as the port declares
    /// it, else Block with capacity 64, and `on_start` has been called.
    ///
    /// # Errors
    /// [`HarnessError::Node`] when its ports cannot stand,
    /// [`HarnessError::Engine`] when the engine refuses it or its `on_start`
    /// fails under [`FaultPolicy::Stop`](crate::node::FaultPolicy::Stop).
    pub fn new(node: impl Node) -> Result<Self, HarnessError> {
        Self::builder(node).build()
    }

    /// For other edges, options or settings.
    pub fn builder(node: impl Node) -> NodeHarnessBuilder {
        NodeHarnessBuilder::new(node)
    }

    /// For a node that is replaced by a new one after a fault
    /// ([`FaultPolicy::Restart`](crate::node::FaultPolicy::Restart)): see
    /// [`Subgraph::add_restartable`](crate::graph::Subgraph::add_restartable).
    pub fn restartable<N: Node>(factory: impl FnMut() -> N + Send + 'static) -> NodeHarnessBuilder {
        NodeHarnessBuilder::restartable(factory)
    }

    /// The outer end of an input: send with
    /// [`try_send`](Entrance::try_send), which says `Full` when the edge is,
    /// and what a validator refused.
    ///
    /// # Errors
    /// [`HarnessError::UnknownPort`], [`HarnessError::PayloadType`],
    /// [`HarnessError::Taken`].
    pub fn input<T: Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<&mut Entrance<T>, HarnessError> {
        self.ends.open(name)
    }

    /// The outer end of an output: receive with [`try_recv`](Exit::try_recv),
    /// which gives whole messages.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn output<T: Send + 'static>(&mut self, name: &str) -> Result<&mut Exit<T>, HarnessError> {
        self.ends.open(name)
    }

    /// As [`input`](Self::input), to keep. Closing or dropping it ends the
    /// node's input; a node whose inputs have all ended finishes.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn take_input<T: Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Entrance<T>, HarnessError> {
        self.ends.take(name)
    }

    /// As [`output`](Self::output), to keep: to receive what is sent during
    /// [`finish`](Self::finish). Closing or dropping it has the node's sends
    /// come back as [`Closed`](crate::node::SendFailure::Closed).
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn take_output<T: Send + 'static>(&mut self, name: &str) -> Result<Exit<T>, HarnessError> {
        self.ends.take(name)
    }

    /// Sends these payloads into an input, and lets the node run whenever that
    /// is full. The node may not have handled the last ones yet: see
    /// [`run`](Self::run).
    ///
    /// # Errors
    /// As [`input`](Self::input); [`HarnessError::Refused`] at the first
    /// payload that does not come in although the node ran (it is held back by
    /// a full output, or paused), is refused by a validator, or comes after
    /// the node has ended. That payload and the ones after it are dropped.
    pub fn feed<T: Send + 'static>(
        &mut self,
        input: &str,
        payloads: impl IntoIterator<Item = T>,
    ) -> Result<(), HarnessError> {
        for (fed, payload) in payloads.into_iter().enumerate() {
            let sent = match self.input::<T>(input)?.try_send(payload) {
                Err(error) if error.is_full() => {
                    self.run();
                    self.input::<T>(input)?.try_send_message(error.message)
                }
                sent => sent,
            };
            sent.map_err(|error| HarnessError::Refused {
                input: input.into(),
                fed,
                failure: error.failure,
            })?;
        }
        Ok(())
    }

    /// The payloads that wait in an output, oldest first. The node does not
    /// run.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn collect<T: Send + 'static>(&mut self, output: &str) -> Result<Vec<T>, HarnessError> {
        let exit = self.output::<T>(output)?;
        let messages = core::iter::from_fn(|| exit.try_recv().ok());
        Ok(messages.map(crate::Message::into_payload).collect())
    }

    /// Takes one step: at most one activation of the node.
    pub fn step(&mut self) -> Step {
        self.engine.step()
    }

    /// Runs the node until it has nothing to do: its inputs are empty, a full
    /// output holds it back, or it waits for a tick. At most [`MOST_STEPS`];
    /// how many were taken.
    pub fn run(&mut self) -> usize {
        self.engine.run_until_idle(MOST_STEPS)
    }

    /// [Runs](Self::run) the node, lets time pass, and runs it again: a tick
    /// that has become due is served; of several, the oldest, and the others
    /// count as missed. To serve each, advance by one interval at a time.
    pub fn advance(&mut self, span: Duration) -> usize {
        let before = self.run();
        self.clock.advance(span);
        before + self.run()
    }

    /// The engine's clock: moving it lets time pass without running the node.
    /// A cadence begins at the first step.
    #[must_use]
    pub const fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// What the node did so far, and its state.
    #[must_use]
    pub fn node(&self) -> NodeReport {
        self.engine.snapshot().nodes.swap_remove(0)
    }

    /// The faults so far, described; the first thousand of them.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultReport> {
        self.engine.handle().faults_after(0).0
    }

    /// The engine, for all else: its handle (to pause the node, or change a
    /// capacity), snapshot, diagnosis, recording.
    pub const fn engine(&mut self) -> &mut SteppedEngine {
        &mut self.engine
    }

    /// Drains the inputs, calls `on_stop`, and drops the node. What waits in an
    /// output that is not [taken](Self::take_output) is *in flight* in the
    /// report.
    #[must_use = "the report says whether the ledger balances"]
    pub fn finish(self) -> Report {
        let Self { engine, ends, .. } = self;
        let report = engine.shutdown(MOST_STEPS);
        drop(ends);
        report
    }
}

impl core::fmt::Debug for NodeHarness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NodeHarness")
            .field("state", &self.node().state)
            .field("ports", &self.ends)
            .finish_non_exhaustive()
    }
}
