//! Inputs into which an engine's handles may inject messages.

use super::Subgraph;
use crate::graph::entry::{Door, PortKey};
use crate::graph::error::ConnectError;
use crate::graph::references::InputRef;
use crate::node::Direction;

impl Subgraph {
    /// Lets handles of the engine inject Control messages into this input, as
    /// many as `capacity` at a time:
    /// [`EngineHandle::inject`](crate::engine::EngineHandle::inject).
    ///
    /// It becomes a Block edge in the [Control](crate::Band::Control) band, with
    /// the id `>>handle->path:port`: in the plan and its memory, the ledger, the
    /// snapshots and the drawings like any other. An input has one edge: one that
    /// is connected to an output, or opened as a
    /// [door](crate::door), cannot be injectable as well, which is an issue in
    /// [`validate`](Self::validate). To inject into a stream, put a
    /// [`merge`](crate::node::builtin::merge) node before its consumer, and make
    /// one of that node's inputs injectable.
    ///
    /// It keeps no node alive that has other inputs: when these have ended, and
    /// what was injected is handled, the node has ended. One that has injectable
    /// inputs alone works until it finishes by itself, or the engine shuts down.
    ///
    /// # Errors
    /// [`ConnectError`] when the port was not declared or belongs to another
    /// graph.
    pub fn injectable<T: Send + 'static>(
        &mut self,
        input: InputRef<T>,
        capacity: usize,
    ) -> Result<(), ConnectError> {
        let port = input.resolve(self)?;
        self.let_inject(port, capacity);
        Ok(())
    }

    /// The same with the input written as in
    /// [`connect_by_name`](Self::connect_by_name).
    ///
    /// # Errors
    /// [`ConnectError`] when there is no such input; it lists those there are.
    pub fn injectable_by_name(&mut self, input: &str, capacity: usize) -> Result<(), ConnectError> {
        let port = self.find_port(input, Direction::Input)?;
        self.let_inject(port, capacity);
        Ok(())
    }

    fn let_inject(&mut self, port: PortKey, capacity: usize) {
        self.injectables.push((Door::of_handles(capacity), port));
    }
}
