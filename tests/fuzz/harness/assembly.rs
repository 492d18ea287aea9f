//! An arbitrary graph.

use tidegate::graph::{Edge, NodeRef, Subgraph};
use tidegate::node::{Direction, Input, Node, NodeOptions, Output, builtin};

use super::dice::{Dice, Payload};
use super::odd::Odd;

/// How deep subgraphs nest.
const DEEPEST: usize = 3;

/// A port as the graph around it knows it.
#[derive(Clone)]
struct Known {
    address: String,
    direction: Direction,
    payload: Payload,
    /// Has an edge, is exposed, or can do without.
    settled: bool,
}

/// A graph in the making.
pub(crate) struct Assembly {
    pub(crate) graph: Subgraph,
    ports: Vec<Known>,
    /// What it exposes: the name, and the port.
    exposed: Vec<(String, Known)>,
    odd: Vec<NodeRef<Odd>>,
    fillers: usize,
}

impl Assembly {
    pub(crate) fn new(dice: &mut Dice<'_>) -> Self {
        Self::at_depth(dice, 0)
    }

    /// Whether something is exposed that nothing is around to connect.
    pub(crate) fn exposes(&self) -> bool {
        !self.exposed.is_empty()
    }

    fn at_depth(dice: &mut Dice<'_>, depth: usize) -> Self {
        let mut assembly = Self {
            graph: Subgraph::new(dice.name()),
            ports: Vec::new(),
            exposed: Vec::new(),
            odd: Vec::new(),
            fillers: 0,
        };
        for _ in 0..2 + dice.below(14) {
            match dice.below(8) {
                0..4 => assembly.add(dice),
                4 => assembly.connect_by_name(dice),
                5 => assembly.connect_later(dice),
                6 => assembly.connect_typed(dice),
                _ if depth < DEEPEST && dice.chance(10) => assembly.nest(dice, depth),
                _ => assembly.expose(dice, depth),
            }
            if dice.is_used_up() {
                break;
            }
        }
        if !dice.rarely() {
            assembly.fill_up(dice);
        }
        assembly
    }

    fn add(&mut self, dice: &mut Dice<'_>) {
        let (name, options) = (dice.name(), dice.options(false));
        let both = |input, output| [(Direction::Input, input), (Direction::Output, output)];
        let (number, text) = (Payload::Number, Payload::Text);
        match dice.below(9) {
            0 => self.add_source(&name, dice.below(40) as u64, number, options),
            1 => self.add_source(&name, dice.below(40) as u64, text, options),
            2 => self.add_sink(&name, if dice.chance(6) { text } else { number }, options),
            3 => {
                let node = builtin::map(|number: u64| number.to_string());
                self.add_plain(&name, node, both(number, text), options);
            }
            4 => {
                let node = builtin::filter(|number: &u64| number.is_multiple_of(2));
                self.add_plain(&name, node, both(number, number), options);
            }
            5 => {
                let branches = if dice.rarely() {
                    dice.below(70)
                } else {
                    dice.below(4)
                };
                if self.added(&name, builtin::tee::<u64>(branches), options) {
                    self.know(&name, "in", Direction::Input, number);
                    for at in 0..branches {
                        self.know(&name, &format!("out{at}"), Direction::Output, number);
                    }
                }
            }
            6 => {
                let inputs = if dice.rarely() {
                    dice.below(70)
                } else {
                    dice.below(4)
                };
                if self.added(&name, builtin::merge::<u64>(inputs), options) {
                    for at in 0..inputs {
                        self.know(&name, &format!("in{at}"), Direction::Input, number);
                    }
                    self.know(&name, "out", Direction::Output, number);
                }
            }
            _ => self.add_odd(dice, &name),
        }
    }

    fn add_odd(&mut self, dice: &mut Dice<'_>, name: &str) {
        let restartable = dice.chance(8);
        let options = dice.options(restartable);
        let node = Odd::new(dice);
        let inputs = node
            .inputs
            .iter()
            .map(|(port, _)| (Direction::Input, port.clone()));
        let outputs = node
            .outputs
            .iter()
            .map(|(port, _)| (Direction::Output, port.clone()));
        let ports: Vec<_> = inputs.chain(outputs).collect();
        let added = if restartable {
            self.graph
                .add_restartable(name, move || node.again(), options)
        } else {
            self.graph.add_with(name, node, options)
        };
        match added {
            Ok(node) => {
                self.odd.push(node);
                for (direction, port) in ports {
                    self.know(name, &port.name, direction, Payload::Number);
                    // Optional ports are connected sometimes.
                    if let Some(known) = self.ports.last_mut() {
                        known.settled = port.optional && dice.chance(8);
                    }
                }
            }
            Err(error) => describe(&error),
        }
    }

    fn add_source(&mut self, name: &str, count: u64, payload: Payload, options: NodeOptions) {
        let ports = [(Direction::Output, payload)];
        match payload {
            Payload::Number => {
                self.add_plain(name, builtin::source_iter(0..count), ports, options);
            }
            Payload::Text => {
                let texts = (0..count).map(|number| number.to_string());
                self.add_plain(name, builtin::source_iter(texts), ports, options);
            }
        }
    }

    fn add_sink(&mut self, name: &str, payload: Payload, options: NodeOptions) {
        let ports = [(Direction::Input, payload)];
        match payload {
            Payload::Number => {
                self.add_plain(name, builtin::sink(|_: u64| ()), ports, options);
            }
            Payload::Text => {
                self.add_plain(name, builtin::sink(|_: String| ()), ports, options);
            }
        }
    }

    /// Adds a node whose ports are called `in` and `out`.
    fn add_plain<const N: usize>(
        &mut self,
        name: &str,
        node: impl Node,
        ports: [(Direction, Payload); N],
        options: NodeOptions,
    ) {
        if self.added(name, node, options) {
            for (direction, payload) in ports {
                let port = match direction {
                    Direction::Input => "in",
                    Direction::Output => "out",
                };
                self.know(name, port, direction, payload);
            }
        }
    }

    fn added(&mut self, name: &str, node: impl Node, options: NodeOptions) -> bool {
        match self.graph.add_with(name, node, options) {
            Ok(_) => true,
            Err(error) => {
                describe(&error);
                false
            }
        }
    }

    fn know(&mut self, node: &str, port: &str, direction: Direction, payload: Payload) {
        self.ports.push(Known {
            address: format!("{node}:{port}"),
            direction,
            payload,
            settled: false,
        });
    }

    /// Two addresses: of ports that fit, if there are any. When there are none,
    /// mostly nothing.
    fn ends(&mut self, dice: &mut Dice<'_>) -> Option<(String, String, Payload)> {
        let payload = dice.pick([Payload::Number, Payload::Number, Payload::Text]);
        let loose = |direction| {
            let fits = |port: &&Known| {
                port.direction == direction && port.payload == payload && !port.settled
            };
            let addresses = self.ports.iter().filter(fits);
            addresses
                .map(|port| port.address.clone())
                .collect::<Vec<_>>()
        };
        let (outputs, inputs) = (loose(Direction::Output), loose(Direction::Input));
        if (outputs.is_empty() || inputs.is_empty()) && !dice.rarely() {
            return None;
        }
        let (from, to) = (dice.address(&outputs), dice.address(&inputs));
        for (direction, address) in [(Direction::Output, &from), (Direction::Input, &to)] {
            let at = |port: &&mut Known| port.direction == direction && port.address == *address;
            if let Some(port) = self.ports.iter_mut().find(at) {
                port.settled = true;
            }
        }
        Some((from, to, payload))
    }

    fn connect_by_name(&mut self, dice: &mut Dice<'_>) {
        if let Some((from, to, payload)) = self.ends(dice)
            && let Err(error) = self.graph.connect_by_name(&from, &to, dice.edge(payload))
        {
            describe(&error);
        }
    }

    fn connect_later(&mut self, dice: &mut Dice<'_>) {
        if let Some((from, to, payload)) = self.ends(dice) {
            self.graph.connect_later(from, to, dice.edge(payload));
        }
    }

    /// Connects two odd nodes, perhaps of another graph, perhaps without such
    /// ports.
    fn connect_typed(&mut self, dice: &mut Dice<'_>) {
        if self.odd.is_empty() {
            return;
        }
        let from = self.odd[dice.below(self.odd.len())];
        let to = self.odd[dice.below(self.odd.len())];
        let at = dice.below(3);
        let result = self.graph.connect(
            from.output(move |node: &Odd| output(node, at)),
            to.input(move |node: &Odd| input(node, at)),
            dice.edge(Payload::Number),
        );
        if let Err(error) = result {
            describe(&error);
        }
    }

    fn expose(&mut self, dice: &mut Dice<'_>, depth: usize) {
        // Nothing is around the outermost graph.
        if depth == 0 && !dice.rarely() {
            return;
        }
        let name = dice.name();
        let loose: Vec<usize> = (0..self.ports.len())
            .filter(|&at| !self.ports[at].settled)
            .collect();
        if dice.rarely() {
            let address = dice.address(&[]);
            let direction = dice.direction();
            self.graph
                .expose_later(direction, name.clone(), address.clone());
            let payload = Payload::Number;
            self.exposed.push((
                name,
                Known {
                    address,
                    direction,
                    payload,
                    settled: false,
                },
            ));
        } else if let (true, Some(&node)) = (dice.chance(2), self.odd.first()) {
            let port = node.output(|node: &Odd| output(node, 0));
            if let Err(error) = self.graph.expose_output(name, port) {
                describe(&error);
            }
        } else if !loose.is_empty() {
            let port = &mut self.ports[loose[dice.below(loose.len())]];
            port.settled = true;
            self.graph
                .expose_later(port.direction, name.clone(), port.address.clone());
            self.exposed.push((name, port.clone()));
        }
    }

    fn nest(&mut self, dice: &mut Dice<'_>, depth: usize) {
        let inner = Self::at_depth(dice, depth + 1);
        let name = if dice.chance(8) {
            dice.name()
        } else {
            inner.graph.name().to_owned()
        };
        // References to its nodes stay, and are of no use any more.
        self.odd.extend(inner.odd);
        match self.graph.nest_as(&name, inner.graph) {
            Ok(subgraph) => {
                for (exposed, port) in inner.exposed {
                    if let Err(error) = subgraph.output::<u64>(&exposed) {
                        describe(&error);
                    }
                    self.know(&name, &exposed, port.direction, port.payload);
                }
            }
            Err(error) => describe(&error),
        }
    }

    /// Gives every port that lacks an edge one, so that most graphs are sound.
    fn fill_up(&mut self, dice: &mut Dice<'_>) {
        let loose: Vec<Known> = self
            .ports
            .iter()
            .filter(|port| !port.settled)
            .cloned()
            .collect();
        for port in loose {
            self.fillers += 1;
            let name = format!("filler{}", self.fillers);
            let (from, to) = match port.direction {
                Direction::Input => {
                    self.add_source(&name, 20, port.payload, NodeOptions::new());
                    (format!("{name}:out"), port.address)
                }
                Direction::Output => {
                    self.add_sink(&name, port.payload, NodeOptions::new());
                    (port.address, format!("{name}:in"))
                }
            };
            let edge = if dice.chance(4) {
                dice.edge(port.payload)
            } else {
                Edge::block(8)
            };
            self.graph.connect_later(from, to, edge);
        }
        for port in &mut self.ports {
            port.settled = true;
        }
    }
}

/// A port of the node, or a field that is none.
fn output(node: &Odd, at: usize) -> &Output<u64> {
    node.outputs
        .get(at)
        .map_or(&node.undeclared_output, |(_, output)| output)
}

/// A port of the node, or a field that is none.
fn input(node: &Odd, at: usize) -> &Input<u64> {
    node.inputs
        .get(at)
        .map_or(&node.undeclared_input, |(_, input)| input)
}

/// Errors can be displayed, whatever is in them.
fn describe(error: &dyn std::error::Error) {
    assert!(!error.to_string().is_empty());
}
