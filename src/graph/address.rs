//! Finding ports by `node:port`, or `subgraph:exposure`.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::node::Direction;

use super::edge_options::Edge;
use super::entry::{Exposure, Place, PortKey, Target, split_address};
use super::error::ConnectError;
use super::subgraph::Subgraph;

impl Subgraph {
    /// The port at `address`, which must face in `direction`.
    pub(super) fn find_port(
        &self,
        address: &str,
        direction: Direction,
    ) -> Result<PortKey, ConnectError> {
        let (path, port) = split_address(address)?;
        match self.place(path) {
            Some(Place::Node(node)) => self.find_in_node(node, port, direction),
            Some(Place::Scope(scope)) => self.find_in_scope(scope, port, direction),
            None => Err(ConnectError::UnknownNode {
                node: path.into(),
                graph: self.name().into(),
                known: self.paths().map(str::to_owned).collect(),
            }),
        }
    }

    fn find_in_node(
        &self,
        node: usize,
        port: &str,
        direction: Direction,
    ) -> Result<PortKey, ConnectError> {
        let entry = &self.nodes()[node];
        let position = |direction| {
            entry
                .ports(direction)
                .iter()
                .position(|spec| spec.name.as_str() == port)
        };
        match position(direction) {
            Some(port) => Ok(PortKey { node, port }),
            None => Err(absent(
                &entry.path,
                port,
                direction,
                position(opposite(direction)).is_some(),
                entry
                    .ports(direction)
                    .iter()
                    .map(|spec| spec.name.to_string())
                    .collect(),
            )),
        }
    }

    fn find_in_scope(
        &self,
        scope: usize,
        port: &str,
        direction: Direction,
    ) -> Result<PortKey, ConnectError> {
        let scope = &self.scopes()[scope];
        let facing = |direction| {
            scope
                .exposures
                .iter()
                .filter(move |exposure| exposure.direction == direction)
        };
        let named = |direction| facing(direction).find(|exposure| exposure.name == port);
        match named(direction) {
            Some(exposure) => self.target(exposure),
            None => Err(absent(
                &scope.path,
                port,
                direction,
                named(opposite(direction)).is_some(),
                facing(direction)
                    .map(|exposure| exposure.name.clone())
                    .collect(),
            )),
        }
    }

    /// The port that an exposure of this graph, or of one nested in it, stands
    /// for.
    ///
    /// Ends, because an address in an exposure reaches inwards: the paths it
    /// can name are longer than that of the subgraph it belongs to.
    pub(super) fn target(&self, exposure: &Exposure) -> Result<PortKey, ConnectError> {
        match &exposure.target {
            Target::Port(key) => Ok(*key),
            Target::Address(address) => self.find_port(address, exposure.direction),
        }
    }

    /// The two ports of a connection by name, when an edge can join them.
    pub(super) fn find_connection(
        &self,
        from: &str,
        to: &str,
        edge: &Edge,
    ) -> Result<(PortKey, PortKey), ConnectError> {
        let from_key = self.find_port(from, Direction::Output)?;
        let to_key = self.find_port(to, Direction::Input)?;
        let (output, input) = (self.output_spec(from_key), self.input_spec(to_key));
        if output.type_id != input.type_id {
            return Err(ConnectError::TypeMismatch {
                from: from.into(),
                from_type: output.type_name,
                to: to.into(),
                to_type: input.type_name,
            });
        }
        self.check_merge(from_key, to_key, edge)?;
        Ok((from_key, to_key))
    }

    /// Whether the edge's merge function, if it has one, fits these ports.
    pub(super) fn check_merge(
        &self,
        from: PortKey,
        to: PortKey,
        edge: &Edge,
    ) -> Result<(), ConnectError> {
        match edge.foreign_merge(self.output_spec(from)) {
            None => Ok(()),
            Some(merges) => Err(ConnectError::MergeType {
                from: self.port_label(from, Direction::Output),
                to: self.port_label(to, Direction::Input),
                payload: self.output_spec(from).type_name,
                merges,
            }),
        }
    }
}

fn absent(
    node: &str,
    port: &str,
    direction: Direction,
    faces_the_other_way: bool,
    known: Vec<String>,
) -> ConnectError {
    if faces_the_other_way {
        ConnectError::WrongDirection {
            port: format!("{node}:{port}"),
            needed: direction,
        }
    } else {
        ConnectError::UnknownPort {
            node: node.into(),
            direction,
            port: port.into(),
            known,
        }
    }
}

const fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Input => Direction::Output,
        Direction::Output => Direction::Input,
    }
}
