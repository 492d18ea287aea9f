//! `on_stop` comes after the last message of the whole graph.

#![allow(clippy::disallowed_types)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin};

/// How often a running handler looks whether somebody was stopped meanwhile.
const LOOKS: usize = 2_000;

/// Takes its time over a message, and looks around.
struct Slow {
    input: Input<u32>,
    output: Output<u32>,
    at_work: Arc<AtomicBool>,
    sink_stopped: Arc<AtomicBool>,
    violated: Arc<AtomicBool>,
}

impl Node for Slow {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.input.recv(cx) {
            self.at_work.store(true, Ordering::Release);
            for _ in 0..LOOKS {
                thread::yield_now();
            }
            if self.sink_stopped.load(Ordering::Acquire) {
                self.violated.store(true, Ordering::Release);
            }
            self.output.send(cx, *number)?;
        }
        Ok(())
    }
}

/// Says when it was stopped.
struct Sink {
    input: Input<u32>,
    stopped: Arc<AtomicBool>,
}

impl Node for Sink {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while self.input.recv(cx).is_some() {}
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        self.stopped.store(true, Ordering::Release);
        Ok(())
    }
}

#[test]
fn no_node_is_stopped_while_another_worker_still_handles_a_message() {
    let [at_work, stopped, violated] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
    let mut graph = Subgraph::new("stop-order");
    let source = builtin::source_iter(0..u32::MAX);
    let slow = Slow {
        input: Input::new(),
        output: Output::new(),
        at_work: Arc::clone(&at_work),
        sink_stopped: Arc::clone(&stopped),
        violated: Arc::clone(&violated),
    };
    let sink = Sink {
        input: Input::new(),
        stopped: Arc::clone(&stopped),
    };
    let on = |worker| NodeOptions::new().worker(worker);
    graph.add_with("source", source, on(0)).unwrap();
    graph.add_with("slow", slow, on(0)).unwrap();
    graph.add_with("sink", sink, on(1)).unwrap();
    let block = || Edge::block(8);
    graph
        .connect_by_name("source:out", "slow:in", block())
        .unwrap();
    graph
        .connect_by_name("slow:out", "sink:in", block())
        .unwrap();
    let engine = Engine::builder(graph).workers(2).start().unwrap();
    while !at_work.load(Ordering::Acquire) {
        thread::yield_now();
    }
    // Without draining: `slow` is in the middle of a message.
    let report = engine.shutdown(Duration::ZERO);
    assert!(stopped.load(Ordering::Acquire));
    assert!(!violated.load(Ordering::Acquire));
    assert!(report.is_balanced(), "{report}");
}
