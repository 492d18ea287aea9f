//! Why something could not be added, connected or planned.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Display};

use crate::node::{Direction, PortDeclarationError};
use crate::util::{Name, NameError};

use super::issue::Issue;

/// Why a node or a subgraph could not be added to a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// Its name cannot be used.
    #[error("{0}")]
    Name(#[from] NameError),
    /// It declares ports that cannot stand.
    #[error("node {node} cannot be added: {}", List(.errors, "; "))]
    Ports {
        /// The name it was to have.
        node: Name,
        /// Everything that is wrong with its declarations.
        errors: Vec<PortDeclarationError>,
    },
}

/// Why two ports could not be connected, or a port could not be exposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is not of the form `node:port`.
    #[error("{address:?} is not an address; write \"node:port\"")]
    Address {
        /// The text.
        address: String,
    },
    /// No node and no nested subgraph has this path.
    #[error("there is no node {node:?} in {graph:?}; there are: {}", Known(.known))]
    UnknownNode {
        /// The path that was looked for.
        node: String,
        /// The subgraph it was looked for in.
        graph: String,
        /// The paths that exist.
        known: Vec<String>,
    },
    /// The node, or nested subgraph, has no port of this name.
    #[error("{node:?} has no {direction} {port:?}; its {direction}s are: {}", Known(.known))]
    UnknownPort {
        /// The node or nested subgraph.
        node: String,
        /// Whether an input or an output was looked for.
        direction: Direction,
        /// The name that was looked for.
        port: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// An input stands where an output is needed, or the reverse.
    #[error("{port} is not an {needed}; an edge goes from an output to an input")]
    WrongDirection {
        /// The port, as `node:port`.
        port: String,
        /// What is needed in its place.
        needed: Direction,
    },
    /// The payload types of the two ports differ.
    #[error("cannot connect {from} ({from_type}) to {to} ({to_type}): the payload types differ")]
    TypeMismatch {
        /// The output, as `node:port`.
        from: String,
        /// The output's payload type.
        from_type: &'static str,
        /// The input, as `node:port`.
        to: String,
        /// The input's payload type.
        to_type: &'static str,
    },
    /// The edge's merge function is for another payload type.
    #[error(
        "cannot connect {from} to {to}: their payload type is {payload}, \
         but the merge function is for {merges}"
    )]
    MergeType {
        /// The output, as `node:port`.
        from: String,
        /// The input, as `node:port`.
        to: String,
        /// The payload type of the ports.
        payload: &'static str,
        /// The payload type of the merge function.
        merges: &'static str,
    },
    /// A nested subgraph exposes the port with another payload type.
    #[error("{port} has the payload type {payload}, not {requested}")]
    ExposedType {
        /// The exposure, as `subgraph:port`.
        port: String,
        /// Its payload type.
        payload: &'static str,
        /// The type that was asked for.
        requested: &'static str,
    },
    /// A node cannot have an output for the dead letters of this input.
    #[error("dead letters of {input} cannot leave by an output {input}!: {problem}")]
    DeadLetters {
        /// The input, as `node:port`.
        input: String,
        /// What stands in the way.
        problem: &'static str,
    },
    /// The reference was made for another subgraph.
    #[error(
        "the {direction} belongs to a node of another subgraph than {graph:?}; \
         expose it there, nest that subgraph, and connect what it exposes"
    )]
    Foreign {
        /// Which end it is.
        direction: Direction,
        /// The subgraph it was used with.
        graph: String,
    },
    /// The field was not declared in [`Node::ports`](crate::node::Node::ports).
    #[error(
        "the {direction} field chosen in {node:?} is not one of its ports; \
         declare it in Node::ports (or the branch number is out of range)"
    )]
    Undeclared {
        /// The node.
        node: String,
        /// Which kind of field it is.
        direction: Direction,
    },
}

/// Why a graph could not be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The graph has errors: all of them, one per line when displayed.
    #[error("{}", List(.0, "\n"))]
    Invalid(Vec<Issue>),
    /// An engine without workers.
    #[error("an engine needs at least 1 worker, not 0")]
    NoWorkers,
    /// The memory budget is too small.
    #[error(
        "the engine needs {needed} bytes, but the memory budget is {budget} bytes; \
         raise the budget, or lower the capacities of edges"
    )]
    OverBudget {
        /// What the engine would set aside, in bytes.
        needed: usize,
        /// The budget, in bytes.
        budget: usize,
    },
}

/// How many names a message lists at most.
const MAX_LISTED: usize = 16;

/// Displays the names that exist, or the first of them when there are many.
struct Known<'a>(&'a [String]);

impl Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let listed = &self.0[..self.0.len().min(MAX_LISTED)];
        Display::fmt(&List(listed, ", "), f)?;
        match self.0.len() - listed.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Displays items one after the other.
struct List<'a, T>(&'a [T], &'static str);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(items, separator) = self;
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                f.write_str(separator)?;
            }
            Display::fmt(item, f)?;
        }
        Ok(())
    }
}
