//! A graph with three kinds of trouble, to find with `tidegate-top`: a node
//! that is too slow for its producer, an edge that loses messages, and a node
//! that fails now and then.
//!
//! ```sh
//! cargo run --release --features inspect --example troubled -- --socket /tmp/troubled.sock
//! cargo run --release --features top --bin tidegate-top -- /tmp/troubled.sock
//! ```
//!
//! Without `--socket` it serves at the usual place, where `tidegate-top` finds
//! it by itself.
#![allow(clippy::print_stdout, clippy::print_stderr)] // the library never prints; this program does
#![allow(clippy::disallowed_methods)] // it sleeps, to stand for slow work

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::Parser;
use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{
    Context, Input, Node, NodeError, NodeOptions, NodeResult, Output, Ports, Tick, builtin,
};
use tidegate::observe::inspect::{Inspector, default_path};

/// A graph with a slow node, a lossy edge and a failing node.
#[derive(Parser)]
struct Options {
    /// How many seconds to run
    #[arg(long, value_name = "N", default_value_t = 600)]
    seconds: u64,

    /// Where to serve readings
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

/// Sends a number at every tick.
struct Meter {
    readings: Output<u64>,
    interval: Duration,
    next: u64,
}

impl Meter {
    fn new(interval: Duration) -> Self {
        Self {
            readings: Output::new(),
            interval,
            next: 0,
        }
    }
}

impl Node for Meter {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("readings", &mut self.readings);
        ports.tick(Tick::Every(self.interval));
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.readings.send(cx, self.next)?;
        self.next += 1;
        Ok(())
    }
}

/// Refuses every fiftieth number.
#[derive(Default)]
struct Checker {
    numbers: Input<u64>,
    good: Output<u64>,
}

impl Node for Checker {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.numbers);
        ports.output("out", &mut self.good);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.numbers.recv(cx) {
            if *number % 50 == 49 {
                return Err(NodeError::new("this number is refused"));
            }
            self.good.send_message(cx, number)?;
        }
        Ok(())
    }
}

fn graph() -> Result<Subgraph, Box<dyn Error>> {
    let on = |worker| NodeOptions::new().worker(worker);
    let mut graph = Subgraph::new("troubled");

    // Slow: 500 orders a second, of which 50 can be done.
    let orders = Meter::new(Duration::from_millis(2));
    let orders = graph.add_with("orders", orders, on(0))?;
    let invoices = builtin::sink(|_: u64| sleep(Duration::from_millis(20)));
    let invoices = graph.add_with("invoices", invoices, on(1))?;
    graph.connect(
        orders.output(|n| &n.readings),
        invoices.input(|n| &n.input),
        Edge::block(64),
    )?;

    // Lossy: a thousand samples a second, of which 200 can be kept.
    let sensor = Meter::new(Duration::from_millis(1));
    let sensor = graph.add_with("sensor", sensor, on(0))?;
    let archive = builtin::sink(|_: u64| sleep(Duration::from_millis(5)));
    let archive = graph.add_with("archive", archive, on(2))?;
    graph.connect(
        sensor.output(|n| &n.readings),
        archive.input(|n| &n.input),
        Edge::drop_newest(8),
    )?;

    // Failing: one in fifty.
    let counter = Meter::new(Duration::from_millis(5));
    let counter = graph.add_with("counter", counter, on(0))?;
    let checker = graph.add_with("checker", Checker::default(), on(0))?;
    let totals = graph.add_with("totals", builtin::sink(|_: u64| {}), on(0))?;
    graph.connect(
        counter.output(|n| &n.readings),
        checker.input(|n| &n.numbers),
        Edge::block(64),
    )?;
    graph.connect(
        checker.output(|n| &n.good),
        totals.input(|n| &n.input),
        Edge::latest(4),
    )?;
    Ok(graph)
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("troubled: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let engine = Engine::builder(graph()?).workers(3).start()?;
    let socket = match options.socket {
        Some(socket) => socket,
        None => default_path("troubled")?,
    };
    let inspector = Inspector::serve(&engine.handle(), socket)?;
    println!("serving at {}", inspector.path().display());
    sleep(Duration::from_secs(options.seconds));
    println!("{}", engine.shutdown(Duration::from_secs(1)));
    Ok(())
}
