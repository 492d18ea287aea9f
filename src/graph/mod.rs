//! Graphs: declaring them, checking them, and planning how they run.
//!
//! A [`Subgraph`] collects nodes, edges and nested subgraphs. It can be checked
//! at any time with [`Subgraph::validate`]. When an engine is built from it, it
//! becomes a [`Plan`]: every edge settled, every node placed on a worker, the
//! memory added up. All of this happens before anything runs, may allocate, and
//! reports what is wrong as values that name the place and what to do.
//!
//! ```
//! use tidegate::graph::{Edge, Subgraph};
//! use tidegate::node::builtin;
//!
//! let mut graph = Subgraph::new("celsius");
//! let mut left = 3;
//! let sensor = graph.add("sensor", builtin::source(move || {
//!     left -= 1;
//!     (left >= 0).then_some(20.0)
//! }))?;
//! let convert = graph.add("convert", builtin::map(|celsius: f64| celsius * 1.8 + 32.0))?;
//! let print = graph.add("print", builtin::sink(|fahrenheit: f64| println!("{fahrenheit}")))?;
//!
//! graph.connect(sensor.output(|n| &n.output), convert.input(|n| &n.input), Edge::block(64))?;
//! graph.connect(convert.output(|n| &n.output), print.input(|n| &n.input), Edge::latest(1))?;
//! assert!(graph.validate().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod cycles;
mod drawing;
mod edge_options;
mod entry;
mod error;
mod issue;
mod placement;
mod plan;
mod references;
mod render;
mod subgraph;
mod validate;

pub(crate) use drawing::{Arrow, Drawing, Frame, Item, PLAIN};
pub use edge_options::{CoalesceEdge, Edge, EdgeFor};
pub(crate) use entry::PortKey;
pub use error::{AddError, ConnectError, PlanError};
pub use issue::{Issue, IssueCode, Severity};
pub use placement::Costs;
pub use plan::{Memory, Plan};
pub(crate) use plan::{ObservationBytes, PlanSettings, PlannedGroup, PlannedNode};
pub use references::{InputRef, NodeRef, OutputRef, SubgraphRef};
pub use subgraph::Subgraph;
