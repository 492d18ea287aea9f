//! A graph with something to show: a busy edge, a lossy one, one that merges,
//! and a node that faults.

use std::error::Error;
use std::time::Duration;

use tidegate::Band;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeError, NodeOptions, NodeResult, Output, Ports, Tick,
    builtin,
};

/// How often the sensor measures.
const CADENCE: Duration = Duration::from_millis(1);

/// Measures at each tick: sixteen readings, and now and then an alarm.
#[derive(Default)]
struct Sensor {
    readings: Output<f64>,
    alarms: Output<u64>,
    ticks: u64,
}

impl Node for Sensor {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("readings", &mut self.readings).fan_out(16);
        ports.output("alarms", &mut self.alarms);
        ports.tick(Tick::Every(CADENCE));
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.ticks += 1;
        for step in 0..16_u32 {
            self.readings.send(cx, f64::from(step) / 16.0)?;
        }
        if self.ticks.is_multiple_of(100) {
            self.alarms.send(cx, self.ticks)?;
        }
        Ok(())
    }
}

/// Sounds at each alarm; fails at every fifth.
#[derive(Default)]
struct Siren {
    alarms: Input<u64>,
}

impl Node for Siren {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("alarms", &mut self.alarms);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(tick) = self.alarms.recv(cx) {
            if tick.is_multiple_of(500) {
                return Err(NodeError::new("the siren is stuck"));
            }
        }
        Ok(())
    }
}

/// The graph, not yet built.
///
/// # Errors
/// None that the graph as written can cause.
pub fn graph() -> Result<Subgraph, Box<dyn Error>> {
    let mut graph = Subgraph::new("plant");
    let sensor = graph.add("sensor", Sensor::default())?;
    let scale = graph.add("scale", builtin::map(|reading: f64| reading * 100.0))?;
    let display = graph.add("display", builtin::sink(|_: f64| ()))?;
    let options = NodeOptions::new().on_error(FaultPolicy::Continue);
    let siren = graph.add_with("siren", Siren::default(), options)?;
    graph.connect(
        sensor.output(|n| &n.readings),
        scale.input(|n| &n.input),
        Edge::block(64),
    )?;
    graph.connect(
        scale.output(|n| &n.output),
        display.input(|n| &n.input),
        Edge::latest(1),
    )?;
    graph.connect(
        sensor.output(|n| &n.alarms),
        siren.input(|n| &n.alarms),
        Edge::block(8).band(Band::Control),
    )?;
    Ok(graph)
}
