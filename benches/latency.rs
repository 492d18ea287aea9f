//! How long a message takes from a source on one worker to a sink on another,
//! unfiltered, under light load, half load and saturation.
//!
//! `cargo bench --bench latency` prints the percentiles and draws them into
//! `target/latency/percentiles.svg`.

#![allow(clippy::print_stdout)]

use std::sync::mpsc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use plotters::prelude::*;
use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, builtin};
use tidegate::sched::IdleStrategy;

#[path = "support/pulse.rs"]
mod pulse;

use pulse::{Pulse, moment};

type Error = Box<dyn std::error::Error>;

/// Between two messages under light load.
const LIGHT: Duration = Duration::from_micros(20);
const MESSAGES: usize = 200_000;

/// The delays in nanoseconds, and how long the run took.
fn run(
    cores: &[usize],
    interval: Duration,
    messages: usize,
) -> Result<(Histogram<u64>, Duration), Error> {
    let mut graph = Subgraph::new("latency");
    let pulse = Pulse::new(interval, messages);
    let pulse = graph.add_with("pulse", pulse, NodeOptions::new().worker(0))?;
    let (sender, delays) = mpsc::sync_channel(messages);
    let note = builtin::sink(move |sent: Instant| {
        // Never full, and the receiver outlives the engine.
        let _ = sender.send(sent.elapsed());
    });
    let note = graph.add_with("note", note, NodeOptions::new().worker(1))?;
    let (from, to) = (pulse.output(|n| &n.output), note.input(|n| &n.input));
    graph.connect(from, to, Edge::block(1024))?;
    let begin = moment();
    let builder = Engine::builder(graph).workers(2).cores(cores);
    let report = builder.idle(IdleStrategy::Spin).start()?.wait();
    let took = begin.elapsed();
    assert!(report.is_balanced(), "{report}");
    let mut histogram = Histogram::new(3)?;
    for delay in &delays {
        histogram.record(delay.as_nanos() as u64)?;
    }
    assert_eq!(histogram.len(), messages as u64, "a message is lost");
    Ok((histogram, took))
}

fn main() -> Result<(), Error> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let cores: Vec<usize> = cores.iter().take(2).map(|core| core.id).collect();
    if cores.len() < 2 {
        println!("SKIPPED latency: it needs two cores");
        return Ok(());
    }
    let (saturated, took) = run(&cores, Duration::ZERO, MESSAGES)?;
    let half = 2 * took / MESSAGES as u32;
    let series = [
        ("light load", run(&cores, LIGHT, MESSAGES / 10)?.0),
        ("half load", run(&cores, half, MESSAGES)?.0),
        ("saturation", saturated),
    ];
    println!("one way, ns, from core {} to core {}", cores[0], cores[1]);
    println!(
        "{:<12} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "load", "p50", "p90", "p99", "p99.9", "max"
    );
    for (name, delays) in &series {
        let at = |share| delays.value_at_quantile(share);
        println!(
            "{name:<12} {:>9} {:>9} {:>9} {:>9} {:>10}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            delays.max()
        );
    }
    draw(&series)
}

/// Percentiles to the right, ever finer towards 100 %; delays upwards.
fn draw(series: &[(&str, Histogram<u64>)]) -> Result<(), Error> {
    std::fs::create_dir_all("target/latency")?;
    let root = SVGBackend::new("target/latency/percentiles.svg", (800, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let highest = series.iter().map(|(_, delays)| delays.max()).max();
    let highest = highest.unwrap_or(1) as f64;
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .caption("one way across two workers", ("sans-serif", 20))
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..4.0, (10.0..highest).log_scale())?;
    let percentile = |nines: &f64| format!("{}%", 100.0 - 100.0 / 10_f64.powf(*nines));
    chart
        .configure_mesh()
        .x_labels(5)
        .x_label_formatter(&percentile)
        .x_desc("percentile")
        .y_desc("nanoseconds")
        .draw()?;
    for ((name, delays), color) in series.iter().zip([GREEN, BLUE, RED]) {
        let points = (0..=400).map(|step| {
            let nines = f64::from(step) / 100.0;
            let share = 1.0 - 10_f64.powf(-nines);
            (nines, delays.value_at_quantile(share) as f64)
        });
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color));
    }
    chart.configure_series_labels().border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
