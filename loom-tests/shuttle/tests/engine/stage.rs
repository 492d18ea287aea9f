//! The one kind of node that all models are made of.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tidegate::Message;
use tidegate::node::{
    Context, Input, Node, NodeError, NodeResult, Output, Ports, SendFailure, Tick,
};

use crate::journal::{Event, Item, Journal};

/// What goes wrong in a stage, or what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Fail,
    Panic,
    RequestShutdown,
    Finish,
}

/// When a stage does its deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    OnStart,
    /// At the handling of these messages, counted from 1 over all instances.
    AtMessages(u32, u32),
    OnStop,
}

/// How to make a stage; again and again, when it is restarted.
#[derive(Clone)]
pub struct Recipe {
    pub name: &'static str,
    pub inputs: usize,
    pub outputs: usize,
    /// A source makes this many items.
    pub items: u32,
    /// Input 0 is heard even while the stage is held back.
    pub first_uncredited: bool,
    /// Messages bring no calls, so it receives nothing.
    pub passive: bool,
    /// A source with a cadence makes one item per tick.
    pub tick: Tick,
    pub deed: Option<(When, Deed)>,
}

/// What outlives a restart.
#[derive(Default)]
pub struct Memory {
    /// Messages handled, or made by a source.
    handled: AtomicU32,
}

/// Takes items from all inputs in turn and sends one for each to all outputs,
/// numbered from 1. Without inputs it makes them.
pub struct Stage {
    inputs: Vec<Input<Item>>,
    outputs: Vec<Output<Item>>,
    recipe: Recipe,
    memory: Arc<Memory>,
    journal: Arc<Journal>,
}

impl Stage {
    pub fn new(recipe: Recipe, memory: &Arc<Memory>, journal: &Arc<Journal>) -> Self {
        Self {
            inputs: (0..recipe.inputs).map(|_| Input::new()).collect(),
            outputs: (0..recipe.outputs).map(|_| Output::new()).collect(),
            recipe,
            memory: Arc::clone(memory),
            journal: Arc::clone(journal),
        }
    }

    fn is_free_running(&self) -> bool {
        self.inputs.is_empty() && self.recipe.tick == Tick::Never
    }

    fn produce(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if self.memory.handled.load(Ordering::Relaxed) == self.recipe.items {
            cx.finish();
            return Ok(());
        }
        self.handle(cx)
    }

    /// Sends an item with the number of this message, unless it is one that
    /// something goes wrong with.
    fn handle(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let handled = self.memory.handled.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((When::AtMessages(from, to), deed)) = self.recipe.deed
            && (from..=to).contains(&handled)
        {
            do_it(deed, cx)?;
        }
        for index in 0..self.outputs.len() {
            self.send(cx, index, handled)?;
        }
        Ok(())
    }

    fn send(&mut self, cx: &mut Context<'_>, output: usize, serial: u32) -> NodeResult {
        let item = Item::new(&self.journal, serial);
        match self.outputs[output].send(cx, item) {
            Ok(outcome) => {
                self.journal.note(Event::Sent {
                    node: self.recipe.name,
                    output,
                    serial,
                    outcome,
                });
                Ok(())
            }
            // Nobody there any more: a stage that nobody listens to ends.
            Err(error) if error.failure == SendFailure::Closed => {
                if self.outputs.iter().all(Output::is_closed) {
                    cx.finish();
                }
                Ok(())
            }
            // A stage sends one message for one, so it has credit for it.
            Err(error) => {
                self.journal.complain(self.recipe.name, &error);
                Err(error.into())
            }
        }
    }

    fn note_received(&self, input: usize, message: &Message<Item>) {
        self.journal.note(Event::Received {
            node: self.recipe.name,
            input,
            first: message.first,
            last: message.last,
        });
    }

    fn do_at(&self, moment: When, cx: &mut Context<'_>) -> NodeResult {
        match self.recipe.deed {
            Some((when, deed)) if when == moment => do_it(deed, cx),
            _ => Ok(()),
        }
    }
}

fn do_it(deed: Deed, cx: &mut Context<'_>) -> NodeResult {
    match deed {
        Deed::Fail => Err(NodeError::new("on purpose")),
        // Past the panic hook: shuttle's prints a schedule at each panic.
        Deed::Panic => resume_unwind(Box::new("on purpose")),
        Deed::RequestShutdown => {
            cx.request_shutdown();
            Ok(())
        }
        Deed::Finish => {
            cx.finish();
            Ok(())
        }
    }
}

impl Node for Stage {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        for (index, input) in self.inputs.iter_mut().enumerate() {
            let mut port = ports.input(&format!("in{index}"), input);
            if index == 0 && self.recipe.first_uncredited {
                port = port.uncredited();
            }
            if self.recipe.passive {
                port.passive();
            }
        }
        for (index, output) in self.outputs.iter_mut().enumerate() {
            ports.output(&format!("out{index}"), output);
        }
        ports.tick(self.recipe.tick);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.journal.note(Event::Started(self.recipe.name));
        if self.is_free_running() {
            cx.rearm(); // first: also when this call fails
        }
        self.do_at(When::OnStart, cx)
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        if self.is_free_running() {
            cx.rearm(); // first: also when this call fails
            while cx.next_turn() {
                self.produce(cx)?;
            }
        }
        for input in 0..self.inputs.len() {
            while let Some(message) = self.inputs[input].recv(cx) {
                self.note_received(input, &message);
                if input == 0 && self.recipe.first_uncredited {
                    continue; // heard, not sent on: there may be no room
                }
                self.handle(cx)?;
            }
        }
        Ok(())
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.produce(cx)
    }

    fn on_stop(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.journal.note(Event::Stopped(self.recipe.name));
        self.do_at(When::OnStop, cx)
    }
}
