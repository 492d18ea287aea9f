//! Builds a graph as it was laid out, with logs wherever a node can keep one.

use std::ops::RangeInclusive;
use std::time::Duration;

use tidegate::edge::PolicyKind;
use tidegate::graph::{Edge, Severity, Subgraph};
use tidegate::message::Message;
use tidegate::node::{Direction, Node, NodeOptions, Tick, builtin};

use super::layout::{Kind, Layout, Port, Shape, Wire};
use super::log::{NodeCounts, Received, ReceivedLog, SentLog};
use super::packet::Packet;
use super::spec::{EdgeSpec, GraphSpec, TickSpec};
use super::station::{Produces, Station};

/// A graph and what is to be observed of it.
pub(crate) struct Rig {
    pub(crate) graph: Subgraph,
    pub(crate) edges: Vec<EdgeRecord>,
    pub(crate) nodes: Vec<NodeRecord>,
    /// Whether every node finishes by itself.
    pub(crate) completes: bool,
}

pub(crate) struct EdgeRecord {
    pub(crate) id: String,
    pub(crate) policy: PolicyKind,
    /// What the capacity can be changed to.
    pub(crate) capacities: RangeInclusive<usize>,
    /// Whether its consumer may leave before its producer.
    pub(crate) may_close_early: bool,
    pub(crate) to: usize,
    /// Where the nodes at its ends keep a log.
    pub(crate) sent: Option<SentLog>,
    pub(crate) received: Option<ReceivedLog>,
}

pub(crate) struct NodeRecord {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) is_source: bool,
    pub(crate) is_paced: bool,
    pub(crate) counts: NodeCounts,
}

impl Rig {
    /// `unit` is the length of the shortest tick interval.
    pub(crate) fn new(spec: &GraphSpec, unit: Duration, workers: usize) -> Self {
        let layout = Layout::of(spec);
        let mut rig = Self {
            graph: Subgraph::new("random"),
            edges: Vec::new(),
            nodes: Vec::new(),
            completes: layout.completes(),
        };
        for wire in &layout.wires {
            rig.edges.push(record(&layout, wire));
            if wire.edge.early {
                let (from, to) = addresses(&layout, wire);
                rig.graph.connect_later(from, to, edge(&layout, wire));
            }
        }
        for (index, shape) in layout.shapes.iter().enumerate() {
            let counts = NodeCounts::default();
            let node = Place {
                layout: &layout,
                edges: &rig.edges,
                index,
                unit,
                workers,
            };
            node.add(&mut rig.graph, &counts);
            rig.nodes.push(NodeRecord {
                path: path(shape, index),
                kind: shape.kind,
                is_source: shape.is_source,
                is_paced: shape.is_source && shape.spec.paced,
                counts,
            });
        }
        for wire in layout.wires.iter().filter(|wire| !wire.edge.early) {
            let (from, to) = addresses(&layout, wire);
            (rig.graph.connect_by_name(&from, &to, edge(&layout, wire))).expect("the ports exist");
        }
        let issues = rig.graph.validate();
        let mut errors = issues
            .iter()
            .filter(|issue| issue.severity == Severity::Error);
        assert!(errors.next().is_none(), "the graph is sound: {issues:?}");
        rig
    }

    pub(crate) fn paced_sources(&self) -> impl Iterator<Item = &NodeRecord> {
        self.nodes.iter().filter(|node| node.is_paced)
    }
}

fn record(layout: &Layout, wire: &Wire) -> EdgeRecord {
    let (from, to) = (&layout.shapes[wire.from.0], &layout.shapes[wire.to.0]);
    let id = format!(
        "{}:{}->{}:{}",
        path(from, wire.from.0),
        port_name(from, Direction::Output, wire.from.1),
        path(to, wire.to.0),
        port_name(to, Direction::Input, wire.to.1),
    );
    let burst = burst(layout, wire) as usize;
    let most = capacity(layout, wire) + wire.edge.growth;
    EdgeRecord {
        id,
        policy: wire.edge.policy,
        capacities: match wire.edge.policy {
            PolicyKind::Block => burst..=most,
            _ => 1..=most,
        },
        may_close_early: to.is_source || layout.may_panic(),
        to: wire.to.0,
        sent: matches!(from.kind, Kind::Station | Kind::Source | Kind::FilterMap)
            .then(SentLog::default),
        received: matches!(to.kind, Kind::Station | Kind::FilterMap | Kind::Sink)
            .then(ReceivedLog::default),
    }
}

/// The most messages that are sent over an edge for one.
fn burst(layout: &Layout, wire: &Wire) -> u32 {
    match wire.from.1 {
        Port::Data(_) => layout.shapes[wire.from.0].burst,
        Port::Side => 1,
    }
}

/// Block edges hold a whole burst.
fn capacity(layout: &Layout, wire: &Wire) -> usize {
    wire.edge.capacity.max(burst(layout, wire) as usize)
}

fn edge(layout: &Layout, wire: &Wire) -> Edge {
    let EdgeSpec {
        policy,
        growth,
        band,
        ..
    } = wire.edge;
    let capacity = capacity(layout, wire);
    let edge = match policy {
        PolicyKind::Block => Edge::block(capacity),
        PolicyKind::Drop => Edge::drop_newest(capacity),
        PolicyKind::Latest => Edge::latest(capacity),
        PolicyKind::Coalesce => Edge::coalesce(capacity, Packet::absorb).into(),
    };
    edge.band(band).max_capacity(capacity + growth)
}

/// The subgraphs around a node, outermost first, each followed by `/`.
fn path(shape: &Shape, index: usize) -> String {
    let around = (0..shape.spec.depth)
        .rev()
        .map(|level| format!("s{level}-{index}/"));
    around.chain([format!("n{index}")]).collect()
}

fn port_name(shape: &Shape, direction: Direction, port: Port) -> String {
    match (direction, port, shape.kind) {
        (Direction::Input, Port::Side, _) => "control".into(),
        (Direction::Output, Port::Side, _) => "feedback".into(),
        (Direction::Input, Port::Data(at), Kind::Station | Kind::Merge) => format!("in{at}"),
        (Direction::Input, Port::Data(_), _) => "in".into(),
        (Direction::Output, Port::Data(at), Kind::Station | Kind::Tee) => format!("out{at}"),
        (Direction::Output, Port::Data(_), _) => "out".into(),
    }
}

/// The two ports of a wire, as they are addressed from outside of the subgraphs
/// around their nodes, which expose them under the same names.
fn addresses(layout: &Layout, wire: &Wire) -> (String, String) {
    let address = |(index, port): (usize, Port), direction| {
        let shape = &layout.shapes[index];
        let path = path(shape, index);
        let outermost = path.split('/').next().unwrap_or(&path);
        format!("{outermost}:{}", port_name(shape, direction, port))
    };
    (
        address(wire.from, Direction::Output),
        address(wire.to, Direction::Input),
    )
}

/// A node on its way into the graph.
struct Place<'a> {
    layout: &'a Layout,
    edges: &'a [EdgeRecord],
    index: usize,
    unit: Duration,
    workers: usize,
}

impl Place<'_> {
    fn shape(&self) -> &Shape {
        &self.layout.shapes[self.index]
    }

    fn add(&self, graph: &mut Subgraph, counts: &NodeCounts) {
        let shape = self.shape();
        let keep_one_in = shape.spec.keep_one_in;
        match shape.kind {
            Kind::Station => self.nest(graph, self.station(counts)),
            Kind::Tee => self.nest(graph, builtin::tee::<Packet>(shape.outputs)),
            Kind::Merge => self.nest(graph, builtin::merge::<Packet>(shape.inputs)),
            Kind::Source => {
                let (mut sent, counts) = (self.stamps(), counts.clone());
                let mut left = shape.spec.length;
                self.nest(
                    graph,
                    builtin::source(move || {
                        left = left.checked_sub(1)?;
                        counts.handled.up();
                        Some(sent(left))
                    }),
                );
            }
            Kind::FilterMap => {
                let (mut sent, counts) = (self.stamps(), counts.clone());
                let received = self.received(Port::Data(0));
                self.nest(
                    graph,
                    builtin::filter_map(move |packet: Packet| {
                        received.push(Received {
                            packet,
                            trace: None,
                            origin: None,
                        });
                        let handled = counts.handled.up() + 1;
                        handled
                            .is_multiple_of(keep_one_in)
                            .then(|| sent(packet.value))
                    }),
                );
            }
            Kind::Sink => {
                let (received, counts) = (self.received(Port::Data(0)), counts.clone());
                self.nest(
                    graph,
                    builtin::sink_messages(move |message: Message<Packet>| {
                        counts.handled.up();
                        let header = message.header();
                        received.push(Received {
                            packet: *message,
                            trace: header.trace(),
                            origin: header.origin(),
                        });
                    }),
                );
            }
        }
    }

    /// Makes and logs the packets of a ready-made node with one output.
    fn stamps(&self) -> impl FnMut(u64) -> Packet + Send + 'static {
        let log = self.sent(Port::Data(0));
        let mut position = 0;
        move |value| {
            log.push(None);
            position += 1;
            Packet::new(position - 1, value)
        }
    }

    fn station(&self, counts: &NodeCounts) -> Station {
        let shape = self.shape();
        let spec = &shape.spec;
        Station {
            inputs: (0..shape.inputs)
                .map(|at| Station::input(&self.received(Port::Data(at))))
                .collect(),
            control: (shape.has_control).then(|| Station::input(&self.received(Port::Side))),
            outputs: (0..shape.outputs)
                .map(|at| Station::output(&self.sent(Port::Data(at))))
                .collect(),
            feedback: (shape.has_feedback).then(|| Station::output(&self.sent(Port::Side))),
            produces: match (shape.is_source, spec.paced) {
                (false, _) => Produces::Nothing,
                (true, false) => Produces::Turns(spec.length),
                (true, true) => Produces::Paced(spec.length),
            },
            tick: self.tick(),
            burst: shape.burst,
            keep_one_in: spec.keep_one_in,
            feedback_one_in: spec.feedback.map_or(1, |(_, one_in, _)| one_in),
            fail_one_in: spec.fail_one_in,
            panics_at: spec.panics_at,
            counts: counts.clone(),
            turn: 0,
        }
    }

    fn tick(&self) -> Tick {
        let shape = self.shape();
        match shape.spec.tick {
            TickSpec::Never if shape.is_source && shape.spec.paced => Tick::Every(self.unit),
            TickSpec::Never => Tick::Never,
            TickSpec::Global => Tick::Global,
            TickSpec::Every(units) => Tick::Every(self.unit * units),
        }
    }

    /// Adds the node within as many subgraphs as it is to have, each of which
    /// exposes its ports under their own names.
    fn nest<N: Node>(&self, graph: &mut Subgraph, node: N) {
        let shape = self.shape();
        let mut options = NodeOptions::new().tick(self.tick());
        if let Some(worker) = shape.spec.worker {
            options = options.worker(worker % self.workers);
        }
        let name = format!("n{}", self.index);
        if shape.spec.depth == 0 {
            graph
                .add_with(&name, node, options)
                .expect("the node is sound");
            return;
        }
        let mut around = Subgraph::new(format!("s0-{}", self.index));
        around
            .add_with(&name, node, options)
            .expect("the node is sound");
        self.expose(&mut around, &name);
        for level in 1..shape.spec.depth {
            let inner = around.name().to_owned();
            let mut outer = Subgraph::new(format!("s{level}-{}", self.index));
            outer.nest(around).expect("the name is sound");
            self.expose(&mut outer, &inner);
            around = outer;
        }
        graph.nest(around).expect("the name is sound");
    }

    /// Exposes every port of `inner`.
    fn expose(&self, around: &mut Subgraph, inner: &str) {
        let mut expose = |direction, port| {
            let name = port_name(self.shape(), direction, port);
            around.expose_later(direction, name.clone(), format!("{inner}:{name}"));
        };
        for wire in &self.layout.wires {
            if wire.from.0 == self.index {
                expose(Direction::Output, wire.from.1);
            }
            if wire.to.0 == self.index {
                expose(Direction::Input, wire.to.1);
            }
        }
    }

    fn sent(&self, port: Port) -> SentLog {
        let at = |wire: &Wire| wire.from == (self.index, port);
        self.record(at)
            .sent
            .clone()
            .expect("its producer keeps a log")
    }

    fn received(&self, port: Port) -> ReceivedLog {
        let at = |wire: &Wire| wire.to == (self.index, port);
        self.record(at)
            .received
            .clone()
            .expect("its consumer keeps a log")
    }

    /// The edge at a port of this node.
    fn record(&self, at: impl Fn(&Wire) -> bool) -> &EdgeRecord {
        let wire = self.layout.wires.iter().position(at);
        &self.edges[wire.expect("every port has an edge")]
    }
}
