//! What a graph says about its nodes when they fail: who decides, and where
//! their messages go.

use alloc::string::String;

use super::Subgraph;
use crate::graph::edge_options::{Edge, EdgeFor};
use crate::graph::entry::{Connection, Group, PortKey};
use crate::graph::error::ConnectError;
use crate::graph::references::InputRef;
use crate::node::{Direction, Escalation, MAX_PORTS, Quarantine};
use crate::util::Name;

impl Subgraph {
    /// Decides what happens when a node of this graph
    /// [escalates](crate::node::FaultPolicy::Escalate), or of a graph nested in
    /// it that passes it on; it is passed on to the graph around this one unless
    /// set, and from the outermost the engine shuts down.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tidegate::graph::Subgraph;
    /// use tidegate::node::{Backoff, Escalation};
    ///
    /// let mut feed = Subgraph::new("feed");
    /// // All nodes of the feed anew, three times a minute at most; then it is for the
    /// // graph around it to decide.
    /// feed.on_escalation(
    ///     Escalation::restart(3)
    ///         .window(Duration::from_secs(60))
    ///         .backoff(Backoff::new(Duration::from_millis(100))),
    /// );
    /// ```
    pub fn on_escalation(&mut self, policy: Escalation) {
        self.groups.retain(|group| !group.path.is_empty());
        let path = String::new();
        self.groups.push(Group { path, policy });
    }

    /// Sends what arrives at the input `of` while its node is quarantined to
    /// the input `to`, over this edge. The node's quarantine is an
    /// [open](Quarantine::Open) one from now on.
    ///
    /// The edge's id is `node:in!->to:in`. While the node works it is an edge on
    /// which nothing is sent; it ends with the node. A message keeps its header
    /// there. One that finds the edge closed, or is refused by the validator of
    /// `to`, is dropped.
    ///
    /// # Errors
    /// [`ConnectError`], as for [`connect`](Self::connect); or
    /// [`ConnectError::DeadLetters`] when the node cannot have one output more.
    ///
    /// ```
    /// use tidegate::engine::Engine;
    /// use tidegate::graph::{Edge, Subgraph};
    /// use tidegate::node::builtin;
    ///
    /// let mut graph = Subgraph::new("careful");
    /// let numbers = graph.add("numbers", builtin::source_iter(0..10_u32))?;
    /// let work = graph.add("work", builtin::sink(|n: u32| assert!(n < 3, "too large")))?;
    /// let grave = graph.add("grave", builtin::sink(|n: u32| println!("nobody handled {n}")))?;
    /// let input = work.input(|n| &n.input);
    /// graph.connect(numbers.output(|n| &n.output), input, Edge::block(8))?;
    /// graph.dead_letters(work.input(|n| &n.input), grave.input(|n| &n.input), Edge::block(8))?;
    ///
    /// let mut engine = Engine::builder(graph).stepping()?;
    /// engine.run_until_idle(100);
    /// let report = engine.shutdown(100);
    /// assert!(report.is_balanced());
    /// // 0, 1 and 2 were handled; the panic took 3 with it.
    /// assert_eq!(report.edge("numbers:out->work:in").unwrap().ledger.dead_letters, 6);
    /// assert_eq!(report.edge("work:in!->grave:in").unwrap().ledger.delivered, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dead_letters<T: Send + 'static>(
        &mut self,
        of: InputRef<T>,
        to: InputRef<T>,
        edge: impl EdgeFor<T>,
    ) -> Result<(), ConnectError> {
        let (of, to) = (of.resolve(self)?, to.resolve(self)?);
        self.bury(of, to, edge.into())
    }

    /// The same with both inputs written as in
    /// [`connect_by_name`](Self::connect_by_name).
    ///
    /// # Errors
    /// As [`dead_letters`](Self::dead_letters), and as
    /// [`connect_by_name`](Self::connect_by_name).
    pub fn dead_letters_by_name(
        &mut self,
        of: &str,
        to: &str,
        edge: impl Into<Edge>,
    ) -> Result<(), ConnectError> {
        let of_key = self.find_port(of, Direction::Input)?;
        let to_key = self.find_port(to, Direction::Input)?;
        let (from, into) = (self.input_spec(of_key), self.input_spec(to_key));
        if from.type_id != into.type_id {
            return Err(ConnectError::TypeMismatch {
                from: of.into(),
                from_type: from.type_name,
                to: to.into(),
                to_type: into.type_name,
            });
        }
        self.bury(of_key, to_key, edge.into())
    }

    fn bury(&mut self, of: PortKey, to: PortKey, edge: Edge) -> Result<(), ConnectError> {
        let from = self.dead_letter_port(of)?;
        self.check_merge(from, to, &edge)?;
        self.nodes[of.node].options.quarantine = Quarantine::Open;
        self.connections.push(Connection { from, to, edge });
        Ok(())
    }

    /// The output for the dead letters of an input; added if it is not there.
    fn dead_letter_port(&mut self, of: PortKey) -> Result<PortKey, ConnectError> {
        let table = &self.nodes[of.node].table;
        let outputs = &table.outputs;
        let there = (outputs.iter()).position(|port| port.dead_letters_of == Some(of.port));
        let port = there.unwrap_or(outputs.len());
        if there.is_none() {
            let input = &table.inputs[of.port];
            let refuse = |problem| ConnectError::DeadLetters {
                input: self.port_label(of, Direction::Input),
                problem,
            };
            let name = Name::new(&format!("{}!", input.name))
                .map_err(|_| refuse("its name is too long for the \"!\" behind it"))?;
            if outputs.iter().any(|port| port.name == name) {
                return Err(refuse("the node has an output of that name already"));
            }
            if outputs.len() == MAX_PORTS {
                return Err(refuse("the node has all the outputs that it can have"));
            }
            let spec = input.for_dead_letters(of.port, name);
            self.nodes[of.node].table.outputs.push(spec);
        }
        let node = of.node;
        Ok(PortKey { node, port })
    }
}
