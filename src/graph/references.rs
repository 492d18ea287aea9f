//! Keys to what was added to a graph, and to its ports.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::{Any, type_name};
use core::fmt;
use core::marker::PhantomData;

use crate::node::{Direction, Input, Node, Output, PortSpec};

use super::entry::{AnyNode, PortKey};
use super::error::ConnectError;
use super::subgraph::Subgraph;

/// A key to a node of type `N` in the [`Subgraph`] that returned it.
pub struct NodeRef<N> {
    graph: u64,
    node: usize,
    kind: PhantomData<fn() -> N>,
}

impl<N: Node> NodeRef<N> {
    pub(super) const fn new(graph: u64, node: usize) -> Self {
        Self {
            graph,
            node,
            kind: PhantomData,
        }
    }

    /// The input that lives in the field that `field` returns.
    ///
    /// Looked up when it is connected.
    pub fn input<T: Send + 'static>(
        &self,
        field: impl Fn(&N) -> &Input<T> + 'static,
    ) -> InputRef<T> {
        InputRef::new(self.port(move |node: &N| field(node).index))
    }

    /// The output that lives in the field that `field` returns.
    ///
    /// Looked up when it is connected.
    pub fn output<T: Send + 'static>(
        &self,
        field: impl Fn(&N) -> &Output<T> + 'static,
    ) -> OutputRef<T> {
        OutputRef::new(self.port(move |node: &N| field(node).index()))
    }

    fn port(&self, index: impl Fn(&N) -> usize + 'static) -> PortRef {
        PortRef {
            graph: self.graph,
            node: self.node,
            place: PortPlace::Field(Box::new(move |node: &dyn AnyNode| {
                (node as &dyn Any).downcast_ref::<N>().map(&index)
            })),
        }
    }
}

impl<N> Clone for NodeRef<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for NodeRef<N> {}

impl<N> fmt::Debug for NodeRef<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeRef<{}>({})", type_name::<N>(), self.node)
    }
}

/// An input of a node, for [`Subgraph::connect`].
#[must_use]
pub struct InputRef<T> {
    port: PortRef,
    payload: PhantomData<fn() -> T>,
}

/// An output of a node, for [`Subgraph::connect`].
#[must_use]
pub struct OutputRef<T> {
    port: PortRef,
    payload: PhantomData<fn() -> T>,
}

/// A port whose direction and payload type the wrapper around it knows.
struct PortRef {
    graph: u64,
    node: usize,
    place: PortPlace,
}

enum PortPlace {
    /// Where the field says: the index it was declared with.
    Field(FieldIndex),
    /// At this index.
    Index(usize),
}

/// The index of a port field; `None` when the node is of another type.
type FieldIndex = Box<dyn Fn(&dyn AnyNode) -> Option<usize>>;

impl<T: Send + 'static> InputRef<T> {
    const fn new(port: PortRef) -> Self {
        Self {
            port,
            payload: PhantomData,
        }
    }

    /// Finds the port in `graph`.
    pub(super) fn resolve(&self, graph: &Subgraph) -> Result<PortKey, ConnectError> {
        self.port.resolve(graph, Direction::Input)
    }
}

impl<T: Send + 'static> OutputRef<T> {
    const fn new(port: PortRef) -> Self {
        Self {
            port,
            payload: PhantomData,
        }
    }

    /// Finds the port in `graph`.
    pub(super) fn resolve(&self, graph: &Subgraph) -> Result<PortKey, ConnectError> {
        self.port.resolve(graph, Direction::Output)
    }
}

impl PortRef {
    fn resolve(&self, graph: &Subgraph, direction: Direction) -> Result<PortKey, ConnectError> {
        let foreign = || ConnectError::Foreign {
            direction,
            graph: graph.name().into(),
        };
        if self.graph != graph.id() {
            return Err(foreign());
        }
        let entry = graph.nodes().get(self.node).ok_or_else(foreign)?;
        let port = match &self.place {
            PortPlace::Index(index) => Some(*index),
            PortPlace::Field(index_in) => index_in(&*entry.node),
        };
        match port {
            Some(port) if port < entry.ports(direction).len() => Ok(PortKey {
                node: self.node,
                port,
            }),
            _ => Err(ConnectError::Undeclared {
                node: entry.path.clone(),
                direction,
            }),
        }
    }
}

impl<T> fmt::Debug for InputRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "InputRef<{}> of node {}",
            type_name::<T>(),
            self.port.node
        )
    }
}

impl<T> fmt::Debug for OutputRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OutputRef<{}> of node {}",
            type_name::<T>(),
            self.port.node
        )
    }
}

/// A key to a subgraph nested in the [`Subgraph`] that returned it, through
/// which its exposed ports are reached.
#[derive(Clone)]
pub struct SubgraphRef {
    graph: u64,
    path: String,
    exposed: Vec<Exposed>,
}

/// An exposure whose port exists.
#[derive(Clone)]
pub(super) struct Exposed {
    pub(super) name: String,
    pub(super) key: PortKey,
    pub(super) spec: PortSpec,
}

impl SubgraphRef {
    pub(super) const fn new(graph: u64, path: String, exposed: Vec<Exposed>) -> Self {
        Self {
            graph,
            path,
            exposed,
        }
    }

    /// The input exposed as `name`.
    ///
    /// # Errors
    /// [`ConnectError::UnknownPort`] lists what is exposed;
    /// [`ConnectError::ExposedType`] names the payload type it has instead of
    /// `T`.
    pub fn input<T: Send + 'static>(&self, name: &str) -> Result<InputRef<T>, ConnectError> {
        self.find::<T>(Direction::Input, name).map(InputRef::new)
    }

    /// The output exposed as `name`.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn output<T: Send + 'static>(&self, name: &str) -> Result<OutputRef<T>, ConnectError> {
        self.find::<T>(Direction::Output, name).map(OutputRef::new)
    }

    fn find<T: Send + 'static>(
        &self,
        direction: Direction,
        name: &str,
    ) -> Result<PortRef, ConnectError> {
        let mut candidates = self
            .exposed
            .iter()
            .filter(|exposed| exposed.spec.direction == direction);
        let Some(exposed) = candidates.clone().find(|exposed| exposed.name == name) else {
            return Err(ConnectError::UnknownPort {
                node: self.path.clone(),
                direction,
                port: name.into(),
                known: candidates.by_ref().map(|e| e.name.clone()).collect(),
            });
        };
        if exposed.spec.type_id != core::any::TypeId::of::<T>() {
            return Err(ConnectError::ExposedType {
                port: format!("{}:{name}", self.path),
                payload: exposed.spec.type_name,
                requested: type_name::<T>(),
            });
        }
        Ok(PortRef {
            graph: self.graph,
            node: exposed.key.node,
            place: PortPlace::Index(exposed.key.port),
        })
    }
}

impl fmt::Debug for SubgraphRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubgraphRef")
            .field("path", &self.path)
            .field(
                "exposed",
                &self.exposed.iter().map(|e| &e.name).collect::<Vec<_>>(),
            )
            .finish()
    }
}
