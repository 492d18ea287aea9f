//! The last moments: what a shutdown waits for, and what it does not.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::{Count, Lab, PATIENCE, Probe, feed, feed_forever, wait_until};
use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin,
};
use tidegate::sched::NodeState;

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
    let engine = Engine::builder(graph).workers(2).batch(1).start().unwrap();
    while !at_work.load(Ordering::Acquire) {
        thread::yield_now();
    }
    // Without draining: `slow` is in the middle of a message.
    let report = engine.shutdown(Duration::ZERO);
    assert!(stopped.load(Ordering::Acquire));
    assert!(!violated.load(Ordering::Acquire));
    assert!(report.is_balanced(), "{report}");
}

#[test]
fn dropping_the_engine_cuts_a_long_drain_short() {
    let mut lab = Lab::new();
    // It never takes its message, so its edge never drains.
    lab.add("source", feed(1))
        .add("sink", Probe::new().on_message(|_, _| Ok(())));
    lab.connect("source:out", "sink:in", Edge::block(1));
    let engine = lab.engine().start().unwrap();
    let handle = engine.handle();
    let sink_is = |state| handle.snapshot().node("sink").unwrap().state == state;
    handle.pause("sink").unwrap();
    wait_until("the sink is paused", || sink_is(NodeState::Paused));
    handle.request_shutdown(Duration::from_secs(3_600));
    wait_until("the pause ended with draining", || {
        sink_is(NodeState::Active)
    });
    let (tell, dropped) = channel();
    thread::spawn(move || {
        drop(engine);
        tell.send(())
    });
    assert!(dropped.recv_timeout(PATIENCE).is_ok());
}

/// More faults than are attended to from the request of a shutdown until its
/// end: those that wait, twice.
const MOST: u64 = 10_000;

/// What is known about the faults below.
#[derive(Clone, Debug, Default)]
struct Storm {
    failures: Count,
    requested: Count,
    /// Since the request.
    attended: Count,
    over: Count,
}

/// An error that takes until the next ones are there: whoever attends to one
/// after the other finds no end.
#[derive(Debug)]
struct Gust {
    storm: Storm,
    number: u64,
    worker: thread::ThreadId,
}

impl core::fmt::Display for Gust {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "gust {}", self.number)
    }
}

impl core::error::Error for Gust {}

impl Drop for Gust {
    fn drop(&mut self) {
        let storm = &self.storm;
        if thread::current().id() == self.worker {
            return; // it found the queue full
        }
        if storm.requested.get() > 0 && storm.attended.up() > MOST {
            storm.over.set(1);
        }
        // Bounded, because the node is not called any more in the end. Of three
        // failures two were reported; and there was room for one at least.
        let before = storm.failures.get();
        for _ in 0..LOOKS {
            if storm.over.get() > 0 || storm.failures.get() > before + 2 {
                return;
            }
            thread::park_timeout(Duration::from_micros(50));
        }
        storm.over.set(1);
    }
}

#[test]
fn a_node_that_fails_faster_than_its_faults_are_described_holds_up_no_shutdown() {
    let storm = Storm::default();
    let fails = {
        let storm = storm.clone();
        Probe::new().on_message(move |io, cx| match io.input.recv(cx) {
            Some(_) => Err(Gust {
                number: storm.failures.up(),
                worker: thread::current().id(),
                storm: storm.clone(),
            }
            .into()),
            None => Ok(()),
        })
    };
    let mut lab = Lab::new();
    let options = NodeOptions::new().on_error(FaultPolicy::Continue);
    lab.add("source", feed_forever());
    lab.add_with("fails", fails, options);
    lab.connect("source:out", "fails:in", Edge::block(4));
    let engine = lab.engine().start().unwrap();
    wait_until("it fails on and on", || storm.failures.get() > 1_000);
    storm.requested.set(1);
    let report = engine.shutdown(PATIENCE);
    assert!(storm.attended.get() < MOST, "the storm was sat out");
    assert!(report.drained, "{report}");
    lab.assert_conserved(&report);
}
