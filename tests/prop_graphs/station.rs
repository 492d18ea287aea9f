//! A node of any shape that logs what it sends and receives.

use std::collections::VecDeque;

use tidegate::node::{
    Context, Input, Node, NodeError, NodeResult, Output, Ports, SendFailure, Tick,
};

use super::log::{NodeCounts, Received, ReceivedLog, SentLog};
use super::packet::Packet;

pub(crate) struct InputPort {
    port: Input<Packet>,
    log: ReceivedLog,
}

impl InputPort {
    fn recv(&mut self, cx: &mut Context<'_>) -> Option<Packet> {
        let message = self.port.recv(cx)?;
        let header = message.header();
        let received = Received {
            packet: *message,
            trace: header.trace(),
            origin: header.origin(),
        };
        self.log.push(received);
        Some(received.packet)
    }
}

pub(crate) struct OutputPort {
    port: Output<Packet>,
    log: SentLog,
    position: u64,
    /// What did not find room.
    waiting: VecDeque<Packet>,
    open: bool,
}

impl OutputPort {
    fn enqueue(&mut self, value: u64) {
        if self.open {
            self.waiting.push_back(Packet::new(self.position, value));
            self.position += 1;
        }
    }

    /// Sends what waits, as far as there is room.
    fn flush(&mut self, cx: &mut Context<'_>, counts: &NodeCounts) {
        while let Some(&packet) = self.waiting.front() {
            match self.port.send(cx, packet) {
                Ok(outcome) => {
                    self.log.push(Some(outcome));
                    self.waiting.pop_front();
                }
                Err(error) if error.failure == SendFailure::Full => {
                    counts.refused.up();
                    return;
                }
                Err(_) => {
                    self.open = false;
                    self.waiting.clear();
                }
            }
        }
    }
}

/// Where a station's messages come from, besides its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Produces {
    Nothing,
    /// So many turns, whenever it is called.
    Turns(u64),
    /// So many turns, one in each tick.
    Paced(u64),
}

/// A node with any number of ports: `in0`, `in1`, …, the uncredited `control`,
/// `out0`, `out1`, …, and `feedback`.
pub(crate) struct Station {
    pub(crate) inputs: Vec<InputPort>,
    pub(crate) control: Option<InputPort>,
    pub(crate) outputs: Vec<OutputPort>,
    pub(crate) feedback: Option<OutputPort>,
    pub(crate) produces: Produces,
    pub(crate) tick: Tick,
    pub(crate) burst: u32,
    pub(crate) keep_one_in: u64,
    pub(crate) feedback_one_in: u64,
    pub(crate) fail_one_in: Option<u64>,
    pub(crate) panics_at: Option<u64>,
    pub(crate) counts: NodeCounts,
    /// The input whose turn it is.
    pub(crate) turn: usize,
}

impl Station {
    pub(crate) fn input(log: &ReceivedLog) -> InputPort {
        InputPort {
            port: Input::new(),
            log: log.clone(),
        }
    }

    pub(crate) fn output(log: &SentLog) -> OutputPort {
        OutputPort {
            port: Output::new(),
            log: log.clone(),
            position: 0,
            waiting: VecDeque::new(),
            open: true,
        }
    }

    /// Sends what waits; whether all of it went.
    fn flush(&mut self, cx: &mut Context<'_>) -> bool {
        let mut all = true;
        for output in self.outputs.iter_mut().chain(&mut self.feedback) {
            output.flush(cx, &self.counts);
            all &= output.waiting.is_empty();
        }
        all
    }

    fn emit(&mut self, copies: u32, value: u64) {
        for output in &mut self.outputs {
            for copy in 0..copies {
                output.enqueue(value.wrapping_mul(3).wrapping_add(copy.into()));
            }
        }
    }

    /// Handles one message or turn; whether everything it sent found room.
    fn handle(&mut self, cx: &mut Context<'_>, value: u64) -> Result<bool, NodeError> {
        let handled = self.counts.handled.up() + 1;
        if handled.is_multiple_of(self.keep_one_in) {
            self.emit(self.burst, value);
        }
        if let Some(feedback) = &mut self.feedback
            && handled.is_multiple_of(self.feedback_one_in)
        {
            feedback.enqueue(value);
        }
        let all = self.flush(cx);
        if self.panics_at == Some(handled) {
            self.counts.panics.up();
            // Without the panic hook, which would print it.
            std::panic::resume_unwind(Box::new("it panics once"));
        }
        self.fail_now(handled)?;
        Ok(all)
    }

    fn fail_now(&self, calls: u64) -> NodeResult {
        match self.fail_one_in {
            Some(period) if calls.is_multiple_of(period) => {
                self.counts.errors.up();
                Err(NodeError::new("it fails now and then"))
            }
            _ => Ok(()),
        }
    }

    /// A message of the first input from `turn` on that has one.
    fn recv(&mut self, cx: &mut Context<'_>) -> Option<Packet> {
        for _ in 0..self.inputs.len() {
            let input = self.turn;
            self.turn = (input + 1) % self.inputs.len();
            if let Some(packet) = self.inputs[input].recv(cx) {
                return Some(packet);
            }
        }
        None
    }
}

impl Node for Station {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        for (index, input) in self.inputs.iter_mut().enumerate() {
            ports.input(&format!("in{index}"), &mut input.port);
        }
        if let Some(control) = &mut self.control {
            ports.input("control", &mut control.port).uncredited();
        }
        for (index, output) in self.outputs.iter_mut().enumerate() {
            ports
                .output(&format!("out{index}"), &mut output.port)
                .fan_out(self.burst);
        }
        if let Some(feedback) = &mut self.feedback {
            ports.output("feedback", &mut feedback.port);
        }
        ports.tick(self.tick);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if let Produces::Turns(_) = self.produces {
            cx.rearm();
        }
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if let Produces::Turns(_) = self.produces {
            cx.rearm();
        }
        // Commands are heard even while there is no room downstream.
        while let Some(control) = &mut self.control
            && control.recv(cx).is_some()
        {
            let handled = self.counts.handled.up() + 1;
            self.fail_now(handled)?;
        }
        if !self.flush(cx) {
            return Ok(());
        }
        while let Produces::Turns(left) = self.produces
            && cx.next_turn()
        {
            if left == 0 {
                cx.return_turn();
                cx.finish();
                return Ok(());
            }
            self.produces = Produces::Turns(left - 1);
            if !self.handle(cx, left)? {
                return Ok(());
            }
        }
        while let Some(packet) = self.recv(cx) {
            if !self.handle(cx, packet.value)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let ticks = self.counts.ticks.up() + 1;
        let copies = match &mut self.produces {
            Produces::Nothing | Produces::Turns(_) => 1,
            Produces::Paced(0) => {
                cx.finish();
                return Ok(());
            }
            Produces::Paced(left) => {
                *left -= 1;
                self.burst
            }
        };
        self.emit(copies, ticks);
        self.flush(cx);
        self.fail_now(ticks)
    }
}
