//! A node whose every detail is arbitrary.

use tidegate::node::{
    Context, Input, Node, NodeError, NodeResult, Output, PortDefault, Ports, Tick,
};

use super::dice::Dice;

/// A port of [`Odd`] as it will be declared.
#[derive(Clone, Debug)]
pub(crate) struct OddPort {
    pub(crate) name: String,
    pub(crate) optional: bool,
    fan_out: u32,
    uncredited: bool,
    passive: bool,
    default: Option<PortDefault>,
}

/// How a hook goes wrong, now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    Never,
    Error,
    Panic,
}

/// A node with any ports, which sends more than it says, fails in any hook and
/// ends at any time.
pub(crate) struct Odd {
    pub(crate) inputs: Vec<(OddPort, Input<u64>)>,
    pub(crate) outputs: Vec<(OddPort, Output<u64>)>,
    /// Fields that are never declared.
    pub(crate) undeclared_input: Input<u64>,
    pub(crate) undeclared_output: Output<u64>,
    tick: Tick,
    mishap: Mishap,
    /// Every so many calls go wrong.
    period: usize,
    calls: usize,
    /// Sends so many messages for one.
    sends: usize,
    rearms: bool,
    ends_after: usize,
}

impl Odd {
    pub(crate) fn new(dice: &mut Dice<'_>) -> Self {
        let count = |dice: &mut Dice<'_>| {
            if dice.rarely() {
                dice.below(70)
            } else {
                dice.below(4)
            }
        };
        let (inputs, outputs) = (count(dice), count(dice));
        Self {
            inputs: (0..inputs)
                .map(|at| (port(dice, "in", at), Input::new()))
                .collect(),
            outputs: (0..outputs)
                .map(|at| (port(dice, "out", at), Output::new()))
                .collect(),
            undeclared_input: Input::new(),
            undeclared_output: Output::new(),
            tick: dice.tick(),
            mishap: dice.pick([Mishap::Never, Mishap::Never, Mishap::Error, Mishap::Panic]),
            period: 1 + dice.below(5),
            calls: 0,
            sends: dice.below(4),
            rearms: dice.chance(4),
            ends_after: dice.pick([usize::MAX, 0, 3, 20]),
        }
    }

    /// Another one that declares the same ports, in its first state.
    pub(crate) fn again(&self) -> Self {
        let inputs = self
            .inputs
            .iter()
            .map(|(port, _)| (port.clone(), Input::new()));
        let outputs = self
            .outputs
            .iter()
            .map(|(port, _)| (port.clone(), Output::new()));
        Self {
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            undeclared_input: Input::new(),
            undeclared_output: Output::new(),
            calls: 0,
            ..*self
        }
    }

    fn send(&mut self, cx: &mut Context<'_>) {
        for (_, output) in &mut self.outputs {
            for number in 0..self.sends {
                // Whatever is refused is dropped: it was not sent.
                let _ = output.send(cx, number as u64);
            }
        }
    }

    fn end_of_call(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.calls += 1;
        if self.rearms {
            cx.rearm();
        }
        if self.calls > self.ends_after {
            if self.sends == 3 {
                cx.request_shutdown();
            }
            cx.finish();
        }
        match self.mishap {
            Mishap::Error if self.calls.is_multiple_of(self.period) => {
                Err(NodeError::new("an odd failure"))
            }
            Mishap::Panic if self.calls.is_multiple_of(self.period) => {
                // Without the panic hook, which ends a fuzzer.
                std::panic::resume_unwind(Box::new("an odd panic"))
            }
            _ => Ok(()),
        }
    }
}

fn port(dice: &mut Dice<'_>, prefix: &str, at: usize) -> OddPort {
    let plain = !dice.rarely();
    OddPort {
        name: if plain {
            format!("{prefix}{at}")
        } else {
            dice.name()
        },
        optional: dice.chance(6),
        fan_out: if dice.rarely() {
            dice.pick([0, 9, u32::MAX])
        } else {
            1
        },
        uncredited: dice.chance(3),
        passive: dice.chance(2),
        default: dice.chance(3).then(|| dice.port_default()),
    }
}

impl Node for Odd {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        for (port, input) in &mut self.inputs {
            let mut builder = ports.input(&port.name, input);
            if port.optional {
                builder = builder.optional();
            }
            if port.uncredited {
                builder = builder.uncredited();
            }
            if port.passive {
                builder = builder.passive();
            }
            if let Some(default) = port.default {
                builder.default(default);
            }
        }
        for (port, output) in &mut self.outputs {
            let mut builder = ports.output(&port.name, output).fan_out(port.fan_out);
            if port.optional {
                builder = builder.optional();
            }
            if let Some(default) = port.default {
                builder.default(default);
            }
        }
        ports.tick(self.tick);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.send(cx);
        self.end_of_call(cx)
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if self.inputs.is_empty() && cx.next_turn() {
            self.send(cx);
        }
        for at in 0..self.inputs.len() {
            while self.inputs[at].1.recv(cx).is_some() {
                self.send(cx);
            }
        }
        self.end_of_call(cx)
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.send(cx);
        self.end_of_call(cx)
    }

    fn on_stop(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.send(cx);
        self.end_of_call(cx)
    }
}
