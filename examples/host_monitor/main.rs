//! Watches this machine: samples its processors, memory, network and disks a
//! thousand times a second, and shows the rates.
//!
//! `cargo run --release --example host_monitor -- --help` lists the options.

#[path = "../common/accounts.rs"]
mod accounts;
mod aggregate;
mod csv;
mod dashboard;
mod inspection;
mod nodes;
mod options;
#[path = "../common/percentiles.rs"]
mod percentiles;
mod pipeline;
mod proc;
mod rates;
mod report;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;

use options::Options;
use percentiles::Percentiles;
use report::Report;

/// How long the edges may take to empty in the end.
const DRAIN: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the error stream is closed too.
            let _ = writeln!(io::stderr(), "host_monitor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let (result, latencies) = mpsc::channel();
    let engine = pipeline::build(options, result)?.prepare()?;
    if options.dot {
        writeln!(io::stdout(), "{}", engine.plan().to_dot())?;
        return Ok(());
    }
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The run is over already when nobody listens.
        let _ = interrupt.send(());
    })?;

    let engine = engine.start()?;
    let path = options.inspect.as_deref();
    let _inspector = path
        .map(|path| inspection::serve(&engine.handle(), path))
        .transpose()?;
    // Either way the run is over: it was interrupted, or its time is up.
    let _ = interrupted.recv_timeout(options.duration());
    let report = engine.shutdown(DRAIN);

    let mut stdout = io::stdout().lock();
    if options.json {
        let latency_us = latencies.recv().unwrap_or(Percentiles::default());
        writeln!(stdout, "{}", Report::new(&report, latency_us).to_json()?)?;
    } else {
        writeln!(stdout, "\n{report}")?;
    }
    Ok(())
}
