//! How the cost of a message grows with what a graph holds.
//!
//! `cargo bench --bench growth` prints the tables of docs/performance.md and
//! draws docs/img/growth-nodes.svg and docs/img/growth-branches.svg.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use plotters::prelude::*;
use tidegate::engine::{Engine, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

const CAPACITY: usize = 64;
const SAMPLES: usize = 15;
/// Activations of each node in a sample, about.
const TURNS: usize = 2_000;
const SOUND: &str = "the graph is sound";

/// A source of payloads of so many words, then maps, then a tee with so many
/// sinks.
fn graph_of<const WORDS: usize>(maps: usize, sinks: usize) -> SteppedEngine {
    let mut graph = Subgraph::new("growth");
    let source = builtin::source(|| Some([1_u64; WORDS]));
    let source = graph.add("source", source).expect(SOUND);
    let mut output = source.output(|n| &n.output);
    for index in 0..maps {
        let map = builtin::map(|payload: [u64; WORDS]| payload);
        let map = graph.add(&format!("map{index}"), map).expect(SOUND);
        let input = map.input(|n| &n.input);
        graph
            .connect(output, input, Edge::block(CAPACITY))
            .expect(SOUND);
        output = map.output(|n| &n.output);
    }
    let tee = builtin::tee::<[u64; WORDS]>(sinks);
    let tee = graph.add("tee", tee).expect(SOUND);
    let input = tee.input(|n| &n.input);
    graph
        .connect(output, input, Edge::block(CAPACITY))
        .expect(SOUND);
    for index in 0..sinks {
        let sink = builtin::sink(|payload: [u64; WORDS]| {
            std::hint::black_box(payload);
        });
        let sink = graph.add(&format!("sink{index}"), sink).expect(SOUND);
        let (branch, input) = (
            tee.output(move |n| n.branch(index)),
            sink.input(|n| &n.input),
        );
        graph
            .connect(branch, input, Edge::block(CAPACITY))
            .expect(SOUND);
    }
    Engine::builder(graph).stepping().expect(SOUND)
}

/// Messages that the first sink has received.
fn delivered(engine: &SteppedEngine) -> u64 {
    let snapshot = engine.snapshot();
    assert!(snapshot.is_balanced(), "{snapshot}");
    let edge = snapshot.edges.iter().find(|e| e.id.ends_with("->sink0:in"));
    edge.expect("there is a first sink").ledger.delivered
}

/// Nanoseconds per message from the source to every sink: the median.
#[allow(clippy::disallowed_methods)] // a benchmark measures against the clock
fn cost<const WORDS: usize>(maps: usize, sinks: usize) -> f64 {
    let mut engine = graph_of::<WORDS>(maps, sinks);
    let steps = TURNS * (2 + maps + sinks);
    engine.run_until_idle(steps);
    let mut samples: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let before = delivered(&engine);
            let begin = Instant::now();
            engine.run_until_idle(steps);
            let nanos = begin.elapsed().as_nanos() as f64;
            nanos / (delivered(&engine) - before) as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}

/// One more stage: eight maps against one, over seven.
fn stage<const WORDS: usize>() -> f64 {
    (cost::<WORDS>(8, 1) - cost::<WORDS>(1, 1)) / 7.0
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("payload, ns per stage");
    println!("8 B: {:.1}", stage::<1>());
    println!("64 B: {:.1}", stage::<8>());
    println!("256 B: {:.1}", stage::<32>());
    println!("nodes on one worker, ns per message and node");
    let nodes = [4, 10, 30, 100, 300, 1000].map(|nodes| {
        let each = cost::<1>(nodes - 3, 1) / nodes as f64;
        println!("{nodes}: {each:.1}");
        (nodes as f64, each)
    });
    println!("branches of a tee, ns per message and branch");
    let branches = [1, 2, 4, 8].map(|branches| {
        let each = cost::<1>(0, branches) / branches as f64;
        println!("{branches}: {each:.1}");
        (branches as f64, each)
    });
    draw(
        "docs/img/growth-nodes.svg",
        "nodes on one worker",
        "ns per message and node",
        &nodes,
    )?;
    draw(
        "docs/img/growth-branches.svg",
        "branches of a tee",
        "ns per message and branch",
        &branches,
    )
}

/// A line through the points; the counts are on a logarithmic scale.
fn draw(
    path: &str,
    counted: &str,
    unit: &str,
    points: &[(f64, f64)],
) -> Result<(), Box<dyn Error>> {
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let area = SVGBackend::new(path, (560, 300)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d((first..last).log_scale(), 0.0..most * 1.2)?;
    chart
        .configure_mesh()
        .x_desc(counted)
        .y_desc(unit)
        .x_label_formatter(&|count| format!("{count:.0}"))
        .draw()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
    area.present()?;
    Ok(())
}
