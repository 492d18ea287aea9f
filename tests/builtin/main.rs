//! The ready-made nodes, run step by step.

mod fan;
mod shown;
mod stages;

use std::error::Error;
use std::sync::mpsc;

use tidegate::Message;
use tidegate::engine::{Engine, Report};
use tidegate::graph::Subgraph;
use tidegate::node::{Context, Input, Node, NodeResult, Ports, builtin};

type TestResult = Result<(), Box<dyn Error>>;

/// More steps than any of these graphs takes.
const MANY: usize = 10_000;

type Collect<T> = Box<dyn FnMut(Message<T>) + Send>;
type Collector<T> = builtin::Sink<T, Collect<T>>;
type Received<T> = mpsc::Receiver<Message<T>>;

/// A sink that hands everything to a channel, and the channel's other end.
fn collector<T: Send + 'static>() -> (Collector<T>, Received<T>) {
    let (sender, received) = mpsc::channel();
    let collect: Collect<T> = Box::new(move |message| {
        // Nobody listens any more: then the message is not wanted either.
        let _ = sender.send(message);
    });
    (builtin::sink_messages(collect), received)
}

fn payloads<T: Copy>(received: &Received<T>) -> Vec<T> {
    received.try_iter().map(|message| *message).collect()
}

/// Runs until nothing is ready, and shuts down; the ledger must be exact.
fn run(graph: Subgraph) -> Result<Report, Box<dyn Error>> {
    let mut engine = Engine::builder(graph).stepping()?;
    let steps = engine.run_until_idle(MANY);
    assert!(steps < MANY, "the graph never came to rest");
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    Ok(report)
}

/// A consumer that finishes at its first message, without receiving it.
struct Leaver<T: Send + 'static> {
    input: Input<T>,
}

impl<T: Send + 'static> Default for Leaver<T> {
    fn default() -> Self {
        Self {
            input: Input::new(),
        }
    }
}

impl<T: Send + 'static> Node for Leaver<T> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.finish();
        Ok(())
    }
}
