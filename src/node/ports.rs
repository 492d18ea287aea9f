//! Declaring ports, and attaching edges to them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;

use crate::edge::Consumer;
use crate::message::Message;
use crate::util::{Name, NameError};

use super::Node;
use super::context::bit;
use super::input::Input;
use super::options::Tick;
use super::output::{Output, OutputEndpoint};
use super::spec::{Direction, PortDefault, PortSpec, Validator};

/// The most inputs, and the most outputs, one node can have: a worker keeps
/// what an activation touched in one 64-bit word each.
pub const MAX_PORTS: usize = 64;

/// The index of a port field that [`Node::ports`] has not
/// declared.
pub(crate) const UNDECLARED: usize = usize::MAX;

/// A declaration of ports that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortDeclarationError {
    /// The name of a port cannot be used.
    #[error("port {0}")]
    Name(#[from] NameError),
    /// Two inputs or two outputs have the same name.
    #[error("two {direction}s are named {name}; rename one")]
    Duplicate {
        /// Inputs or outputs.
        direction: Direction,
        /// The name they share.
        name: Name,
    },
    /// More ports than a node can have.
    #[error("more than {MAX_PORTS} {0}s; split the node, or merge edges before it")]
    TooMany(Direction),
    /// A fan-out of zero: a port that is never sent on is not a port.
    #[error("output {0} declares a fan-out of 0; declare at least 1")]
    ZeroFanOut(Name),
}

/// Passed to [`Node::ports`], which declares each port
/// with its name and the field it lives in.
///
/// ```
/// use tidegate::node::{Input, Node, Output, Ports};
///
/// #[derive(Default)]
/// struct Splitter {
///     lines: Input<String>,
///     commands: Input<char>,
///     words: Output<String>,
/// }
///
/// impl Node for Splitter {
///     fn ports(&mut self, ports: &mut Ports<'_>) {
///         // A line that is too long goes back to who sent it.
///         ports
///             .input("lines", &mut self.lines)
///             .validator(|line| if line.len() > 200 { Err("too long") } else { Ok(()) });
///         // Heard also while there is no room for words.
///         ports.input("commands", &mut self.commands).optional().uncredited();
///         // Up to 20 words are sent for each line.
///         ports.output("words", &mut self.words).fan_out(20);
///     }
/// }
/// ```
pub struct Ports<'a> {
    mode: Mode<'a>,
    inputs: usize,
    outputs: usize,
}

enum Mode<'a> {
    Describe(&'a mut PortTable),
    Attach(&'a mut Endpoints),
    Detach(&'a mut Endpoints),
}

/// The ports of a node as it declared them.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortTable {
    pub(crate) inputs: Vec<PortSpec>,
    pub(crate) outputs: Vec<PortSpec>,
    pub(crate) tick: Tick,
    pub(crate) errors: Vec<PortDeclarationError>,
}

/// The ends of a node's edges, erased, by port index. `None`: no edge.
#[derive(Default)]
pub(crate) struct Endpoints {
    pub(crate) inputs: Vec<Option<Box<dyn Any + Send>>>,
    pub(crate) outputs: Vec<Option<Box<dyn Any + Send>>>,
}

impl Endpoints {
    pub(crate) fn for_table(table: &PortTable) -> Self {
        let mut endpoints = Self::default();
        endpoints.inputs.resize_with(table.inputs.len(), || None);
        endpoints.outputs.resize_with(table.outputs.len(), || None);
        endpoints
    }

    /// Whether every endpoint has found its port.
    pub(crate) fn is_empty(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).all(Option::is_none)
    }
}

impl<'a> Ports<'a> {
    /// Collects the declarations in `table`.
    pub(crate) fn describe(table: &'a mut PortTable) -> Self {
        Self::in_mode(Mode::Describe(table))
    }

    /// Moves each endpoint into the port it belongs to.
    pub(crate) fn attach(endpoints: &'a mut Endpoints) -> Self {
        Self::in_mode(Mode::Attach(endpoints))
    }

    /// Moves each endpoint out of the port it is in.
    pub(crate) fn detach(endpoints: &'a mut Endpoints) -> Self {
        Self::in_mode(Mode::Detach(endpoints))
    }

    fn in_mode(mode: Mode<'a>) -> Self {
        Self {
            mode,
            inputs: 0,
            outputs: 0,
        }
    }

    /// Declares an input.
    pub fn input<'p, T: Send + 'static>(
        &'p mut self,
        name: &str,
        input: &'p mut Input<T>,
    ) -> PortBuilder<'p, T> {
        let index = self.inputs;
        self.inputs += 1;
        match &mut self.mode {
            Mode::Describe(table) => {
                input.index = index;
                let spec = table.declare::<T>(Direction::Input, name);
                PortBuilder::new(spec, Some(&mut input.credited))
            }
            Mode::Attach(endpoints) => {
                input.index = index;
                if let Some(end) = take(&mut endpoints.inputs, index) {
                    match end.downcast::<Consumer<Message<T>>>() {
                        Ok(consumer) => input.consumer = Some(*consumer),
                        Err(end) => put(&mut endpoints.inputs, index, end),
                    }
                }
                // Options given again apply to the field itself.
                PortBuilder::new(None, Some(&mut input.credited))
            }
            Mode::Detach(endpoints) => {
                if let Some(consumer) = input.consumer.take() {
                    put(&mut endpoints.inputs, index, Box::new(consumer));
                }
                PortBuilder::new(None, None)
            }
        }
    }

    /// Declares an output.
    pub fn output<'p, T: Send + 'static>(
        &'p mut self,
        name: &str,
        output: &'p mut Output<T>,
    ) -> PortBuilder<'p, T> {
        let index = self.outputs;
        self.outputs += 1;
        match &mut self.mode {
            Mode::Describe(table) => {
                output.mask = bit(index);
                let spec = table.declare::<T>(Direction::Output, name);
                PortBuilder::for_output(spec, Some(&mut output.validator))
            }
            Mode::Attach(endpoints) => {
                output.mask = bit(index);
                if let Some(end) = take(&mut endpoints.outputs, index) {
                    match end.downcast::<OutputEndpoint<T>>() {
                        Ok(end) => output.end = Some(*end),
                        Err(end) => put(&mut endpoints.outputs, index, end),
                    }
                }
                PortBuilder::for_output(None, Some(&mut output.validator))
            }
            Mode::Detach(endpoints) => {
                if let Some(end) = output.end.take() {
                    put(&mut endpoints.outputs, index, Box::new(end));
                }
                PortBuilder::new(None, None)
            }
        }
    }

    /// Exchanges all endpoints for those of a stand-in, which has no fields for
    /// them.
    pub(crate) fn exchange(&mut self, held: &mut Endpoints) {
        match &mut self.mode {
            Mode::Attach(endpoints) | Mode::Detach(endpoints) => {
                core::mem::swap(*endpoints, held);
            }
            Mode::Describe(_) => {}
        }
    }

    /// Declares the cadence at which the node wants
    /// [`on_tick`](super::Node::on_tick); [`Tick::Never`] unless declared.
    pub fn tick(&mut self, tick: Tick) {
        if let Mode::Describe(table) = &mut self.mode {
            table.tick = tick;
        }
    }
}

fn take(ends: &mut [Option<Box<dyn Any + Send>>], index: usize) -> Option<Box<dyn Any + Send>> {
    ends.get_mut(index).and_then(Option::take)
}

fn put(ends: &mut Vec<Option<Box<dyn Any + Send>>>, index: usize, end: Box<dyn Any + Send>) {
    if ends.len() <= index {
        ends.resize_with(index + 1, || None);
    }
    ends[index] = Some(end);
}

impl PortTable {
    /// Asks `node` for its ports, and checks what it says.
    pub(crate) fn of(node: &mut dyn Node) -> Self {
        let mut table = Self::default();
        node.ports(&mut Ports::describe(&mut table));
        for port in &table.outputs {
            if port.fan_out == 0 {
                table
                    .errors
                    .push(PortDeclarationError::ZeroFanOut(port.name.clone()));
            }
        }
        table
    }

    /// Whether the ports of `other` have the same names and types.
    pub(crate) fn has_same_ports(&self, other: &Self) -> bool {
        fn same(a: &[PortSpec], b: &[PortSpec]) -> bool {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name == b.name && a.type_id == b.type_id)
        }
        same(&self.inputs, &other.inputs) && same(self.own_outputs(), other.own_outputs())
    }

    /// The outputs that the node declared: those for dead letters come after
    /// them.
    fn own_outputs(&self) -> &[PortSpec] {
        let own = self
            .outputs
            .iter()
            .position(|port| port.dead_letters_of.is_some());
        &self.outputs[..own.unwrap_or(self.outputs.len())]
    }

    fn declare<T: Send + 'static>(
        &mut self,
        direction: Direction,
        name: &str,
    ) -> Option<&mut PortSpec> {
        let name = match Name::new(name) {
            Ok(name) => name,
            Err(error) => {
                self.errors.push(error.into());
                return None;
            }
        };
        let ports = match direction {
            Direction::Input => &mut self.inputs,
            Direction::Output => &mut self.outputs,
        };
        if ports.iter().any(|port| port.name == name) {
            self.errors
                .push(PortDeclarationError::Duplicate { direction, name });
            return None;
        }
        if ports.len() == MAX_PORTS {
            let error = PortDeclarationError::TooMany(direction);
            if !self.errors.contains(&error) {
                self.errors.push(error);
            }
            return None;
        }
        ports.push(PortSpec::new::<T>(direction, name));
        ports.last_mut()
    }
}

/// Options of the port just declared, see [`Ports`].
pub struct PortBuilder<'a, T> {
    spec: Option<&'a mut PortSpec>,
    credited: Option<&'a mut bool>,
    own_validator: Option<&'a mut Option<Validator<T>>>,
}

impl<'a, T: Send + 'static> PortBuilder<'a, T> {
    fn new(spec: Option<&'a mut PortSpec>, credited: Option<&'a mut bool>) -> Self {
        Self {
            spec,
            credited,
            own_validator: None,
        }
    }

    fn for_output(
        spec: Option<&'a mut PortSpec>,
        own_validator: Option<&'a mut Option<Validator<T>>>,
    ) -> Self {
        Self {
            spec,
            credited: None,
            own_validator,
        }
    }

    fn change(mut self, change: impl FnOnce(&mut PortSpec)) -> Self {
        if let Some(spec) = self.spec.as_deref_mut() {
            change(spec);
        }
        self
    }

    /// The graph is complete without an edge here. An optional input without
    /// an edge is always empty; what is sent to an optional output without an
    /// edge is discarded.
    pub fn optional(self) -> Self {
        self.change(|spec| spec.optional = true)
    }

    /// At most this many messages are sent here for each message handled, and
    /// for each tick; 1 unless declared. The engine calls the node only while
    /// Block edges have room for that many.
    pub fn fan_out(self, messages: u32) -> Self {
        self.change(|spec| spec.fan_out = messages)
    }

    /// Handling a message from this input sends nothing on Block edges, so it
    /// need not wait for room in them. For inputs that must be heard even while
    /// the node is held back downstream, such as a Control input.
    pub fn uncredited(mut self) -> Self {
        if let Some(credited) = self.credited.as_deref_mut() {
            *credited = false;
        }
        self.change(|spec| spec.credited = false)
    }

    /// A message here does not bring a call by itself: the node receives it
    /// when it is called for something else, a tick say. For a register that
    /// is looked at now and then, such as a Latest edge behind a display.
    ///
    /// Shutdown does not wait for a passive input to empty; what is left there
    /// counts as discarded.
    pub fn passive(self) -> Self {
        self.change(|spec| spec.passive = true)
    }

    /// What an edge becomes here that leaves the choice to its ports.
    pub fn default(self, default: PortDefault) -> Self {
        self.change(|spec| spec.default = Some(default))
    }

    /// Refuses payloads on their way into the edge; the sender gets them back.
    pub fn validator(mut self, validator: Validator<T>) -> Self {
        if let Some(own) = self.own_validator.as_deref_mut() {
            *own = Some(validator);
        }
        self.change(|spec| spec.validator = Some(alloc::sync::Arc::new(validator)))
    }
}
