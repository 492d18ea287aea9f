//! Makes the description of a graph consistent: which nodes there are, with
//! which ports, and what is connected to what.

use tidegate::Band;
use tidegate::edge::PolicyKind;

use super::spec::{EdgeSpec, GraphSpec, NodeSpec, Role};

/// How many messages one node sends at most, ticks aside: keeps graphs that
/// multiply messages in bounds.
const MOST_MESSAGES: u64 = 1_500;

/// Which code a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Station,
    /// The ready-made ones.
    Source,
    FilterMap,
    Tee,
    Merge,
    Sink,
}

#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) spec: NodeSpec,
    /// Without data inputs.
    pub(crate) is_source: bool,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) burst: u32,
    pub(crate) has_control: bool,
    pub(crate) has_feedback: bool,
}

/// A port of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Data(usize),
    /// `control` or `feedback`.
    Side,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) from: (usize, Port),
    pub(crate) to: (usize, Port),
    pub(crate) edge: EdgeSpec,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) shapes: Vec<Shape>,
    pub(crate) wires: Vec<Wire>,
}

/// An output that leads nowhere yet, and how many messages it may send.
struct Loose {
    from: (usize, Port),
    messages: u64,
}

impl Layout {
    pub(crate) fn of(graph: &GraphSpec) -> Self {
        let mut layout = Self::default();
        let mut loose = Vec::new();
        for spec in &graph.nodes {
            layout.add(spec.clone(), &mut loose);
        }
        if let (Some(spec), false) = (graph.nodes.first(), loose.is_empty()) {
            let edges = graph.last_edges.iter().cycle();
            layout.add_last(spec.clone(), edges, loose);
        }
        for node in 0..graph.nodes.len() {
            layout.add_feedback(node);
        }
        layout
    }

    /// Whether every node finishes by itself: a cycle through another node than
    /// a source, which ends it, never does.
    pub(crate) fn completes(&self) -> bool {
        let mut sides = self.wires.iter().filter(|wire| wire.to.1 == Port::Side);
        sides.all(|wire| self.shapes[wire.to.0].is_source)
    }

    /// Whether a node panics when it gets that far, and leaves its edges.
    pub(crate) fn may_panic(&self) -> bool {
        let mut stations = self
            .shapes
            .iter()
            .filter(|shape| shape.kind == Kind::Station);
        stations.any(|shape| shape.spec.panics_at.is_some())
    }

    fn add(&mut self, spec: NodeSpec, loose: &mut Vec<Loose>) {
        let node = self.shapes.len();
        let (mut inputs, mut messages) = (0, 0);
        if spec.role != Role::Source {
            for &(index, edge) in &spec.inputs {
                if loose.is_empty() {
                    break;
                }
                let output = loose.swap_remove(index.index(loose.len()));
                messages += output.messages;
                self.connect(output.from, (node, Port::Data(inputs)), edge);
                inputs += 1;
            }
        }
        let is_source = inputs == 0;
        if is_source {
            messages = spec.length;
        }
        let (mut outputs, mut burst) = match spec.role {
            Role::Sink if !is_source => (0, 1),
            _ => (spec.outputs, spec.burst),
        };
        if messages * u64::from(burst) * outputs as u64 > MOST_MESSAGES {
            (outputs, burst) = (1, 1);
        }
        let kind = kind_of(&spec, inputs, outputs, burst);
        for output in 0..outputs {
            loose.push(Loose {
                from: (node, Port::Data(output)),
                messages: messages * u64::from(burst),
            });
        }
        self.shapes.push(Shape {
            kind,
            spec,
            is_source,
            inputs,
            outputs,
            burst,
            has_control: false,
            has_feedback: false,
        });
    }

    /// Receives everything that nobody else does.
    fn add_last<'a>(
        &mut self,
        spec: NodeSpec,
        edges: impl Iterator<Item = &'a EdgeSpec>,
        loose: Vec<Loose>,
    ) {
        let node = self.shapes.len();
        let inputs = loose.len();
        for ((input, output), &edge) in loose.into_iter().enumerate().zip(edges) {
            self.connect(output.from, (node, Port::Data(input)), edge);
        }
        self.shapes.push(Shape {
            kind: Kind::Station,
            spec: NodeSpec {
                feedback: None,
                paced: false,
                ..spec
            },
            is_source: false,
            inputs,
            outputs: 0,
            burst: 1,
            has_control: false,
            has_feedback: false,
        });
    }

    /// Leads Control messages from `node` back to an earlier one, if both can
    /// have that.
    fn add_feedback(&mut self, node: usize) {
        let Some((target, _, mut edge)) = self.shapes[node].spec.feedback else {
            return;
        };
        if node == 0 || self.shapes[node].is_source {
            return;
        }
        let target = target.index(node);
        let fit = |shape: &Shape| shape.kind == Kind::Station && !shape.has_control;
        if self.shapes[node].kind != Kind::Station || !fit(&self.shapes[target]) {
            return;
        }
        edge.band = Band::Control;
        self.shapes[node].has_feedback = true;
        self.shapes[target].has_control = true;
        self.connect((node, Port::Side), (target, Port::Side), edge);
    }

    fn connect(&mut self, from: (usize, Port), to: (usize, Port), mut edge: EdgeSpec) {
        if edge.band == Band::Control && edge.policy == PolicyKind::Drop {
            // Validation refuses to drop commands.
            edge.policy = PolicyKind::Block;
        }
        self.wires.push(Wire { from, to, edge });
    }
}

/// The ready-made node of this shape, if there is one and it is wanted.
fn kind_of(spec: &NodeSpec, inputs: usize, outputs: usize, burst: u32) -> Kind {
    let paced_source = inputs == 0 && spec.paced;
    if !spec.ready_made || burst > 1 || paced_source {
        return Kind::Station;
    }
    match (inputs, outputs) {
        (0, 1) => Kind::Source,
        (1, 0) => Kind::Sink,
        (1, 1) => Kind::FilterMap,
        (1, _) => Kind::Tee,
        (_, 1) => Kind::Merge,
        _ => Kind::Station,
    }
}
