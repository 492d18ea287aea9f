//! A sensor, a conversion that misses no reading, a display that only wants
//! the newest one.
#![allow(clippy::print_stdout)] // the library never prints; this program does

use std::error::Error;

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, builtin};

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = Subgraph::new("thermometer");
    let readings = (0..10_000).map(|n| f64::from(n) / 100.0);
    let sensor = builtin::source_iter(readings);
    let sensor = graph.add_with("sensor", sensor, NodeOptions::new().worker(0))?;
    let convert = graph.add("convert", builtin::map(|celsius: f64| celsius * 1.8 + 32.0))?;
    let mut highest = f64::MIN;
    let display = builtin::sink(move |fahrenheit: f64| highest = highest.max(fahrenheit));
    let display = graph.add_with("display", display, NodeOptions::new().worker(1))?;

    // Block: when the edge is full the sensor waits; nothing is lost.
    graph.connect(
        sensor.output(|n| &n.output),
        convert.input(|n| &n.input),
        Edge::block(64),
    )?;
    // Latest: the display finds the newest reading, however slow it is.
    graph.connect(
        convert.output(|n| &n.output),
        display.input(|n| &n.input),
        Edge::latest(1),
    )?;

    let engine = Engine::builder(graph).workers(2).start()?;
    let report = engine.wait(); // every node finishes when the readings end
    println!("{report}");
    Ok(())
}
