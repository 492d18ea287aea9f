//! The monitor as a graph.
//!
//! ```text
//! sampler ─► samples ─┬─► rates ─► rates-tee ─┬─ Latest ──► display ◄─ Drop ─┐
//!    ▲       (tee)    │                       ├─► sums ─ Coalesce ─►┘        │
//!    │                │                       └─► alarm ─────────────────────┤
//!    │                └─► recorder (with --record, own worker)               │
//!    └───────────────────────── Control ─────────────────────────────────────┘
//! ```

use std::error::Error;
use std::sync::mpsc::Sender;

use tidegate::Band;
use tidegate::engine::{Engine, EngineBuilder};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{FaultPolicy, NodeOptions, builtin};
use tidegate::time::{Clock, MonotonicClock};

use crate::aggregate::Aggregate;
use crate::csv::Recorder;
use crate::nodes::{Alarm, Display, Rating, Sampling, Summing, Writing};
use crate::options::Options;
use crate::percentiles::Percentiles;
use crate::proc::{Sample, Sampler};
use crate::rates::Rates;

/// Sampling and computing.
const COMPUTE: usize = 0;
/// Writing to the terminal, which may block.
const SHOW: usize = 1;
/// Writing to a file, which may block for longer.
const RECORD: usize = 2;

/// How many samples may wait for the file: seconds, at the default rate.
const RECORD_CAPACITY: usize = 8_192;

/// The monitor, ready to start. In the end the display sends `result`.
pub(crate) fn build(
    options: &Options,
    result: Sender<Percentiles>,
) -> Result<EngineBuilder, Box<dyn Error>> {
    let clock = MonotonicClock::new();
    let recorder = match &options.record {
        Some(path) => Some(Recorder::open(path, clock.wall_at_epoch())?),
        None => None,
    };
    let compute = NodeOptions::new().worker(COMPUTE);
    let mut graph = Subgraph::new("host_monitor");

    let sampling = Sampling::new(Sampler::open(options.rate)?, options.interval());
    let sampler = graph.add_with("sampler", sampling, compute.tick_band(Band::High))?;
    let branches = 1 + usize::from(recorder.is_some());
    let samples = graph.add_with("samples", builtin::tee::<Sample>(branches), compute)?;
    let rating = graph.add_with("rates", Rating::default(), compute)?;
    let rates = graph.add_with("rates-tee", builtin::tee::<Rates>(3), compute)?;
    let sums = graph.add_with("sums", Summing::default(), compute)?;
    let alarm = graph.add_with("alarm", Alarm::default(), compute)?;
    let show = NodeOptions::new().worker(SHOW);
    let display = graph.add_with("display", Display::new(result)?, show)?;

    graph.connect(
        sampler.output(|n| &n.samples),
        samples.input(|n| &n.input),
        Edge::block(64),
    )?;
    graph.connect(
        samples.output(|n| n.branch(0)),
        rating.input(|n| &n.samples),
        Edge::block(64),
    )?;
    graph.connect(
        rating.output(|n| &n.rates),
        rates.input(|n| &n.input),
        Edge::block(64),
    )?;
    // The display looks five times a second, and only at the newest.
    graph.connect(
        rates.output(|n| n.branch(0)),
        display.input(|n| &n.rates),
        Edge::latest(1),
    )?;
    graph.connect(
        rates.output(|n| n.branch(1)),
        sums.input(|n| &n.rates),
        Edge::block(64),
    )?;
    // It takes the sum once a second; until then the readings add up here.
    graph.connect(
        sums.output(|n| &n.sums),
        display.input(|n| &n.sums),
        Edge::coalesce(1, Aggregate::merge),
    )?;
    graph.connect(
        rates.output(|n| n.branch(2)),
        alarm.input(|n| &n.rates),
        Edge::block(64).band(Band::High),
    )?;
    // A notice that finds eight others waiting is not worth waiting for.
    graph.connect(
        alarm.output(|n| &n.notices),
        display.input(|n| &n.notices),
        Edge::drop_newest(8),
    )?;
    graph.connect_by_name(
        "alarm:trip",
        "sampler:control",
        Edge::block(8).band(Band::Control),
    )?;

    let mut workers = 2;
    if let Some(recorder) = recorder {
        workers += 1;
        // A full disk ends the recording, not the monitor.
        let record = NodeOptions::new()
            .worker(RECORD)
            .on_error(FaultPolicy::Quarantine { after: 1 });
        let writing = graph.add_with("recorder", Writing::new(recorder), record)?;
        graph.connect(
            samples.output(|n| n.branch(1)),
            writing.input(|n| &n.samples),
            Edge::block(RECORD_CAPACITY),
        )?;
    }
    Ok(Engine::builder(graph).workers(workers).clock(clock))
}
