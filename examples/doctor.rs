//! Says whether this machine is ready for real time, and what to change.
//!
//! `cargo run --release --example doctor`

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;
use tidegate::doctor::{Latency, Readiness};

/// Says whether this machine is ready for real time: what the system says, some
/// measurements, and what to change.
#[derive(Debug, Parser)]
#[command(name = "doctor")]
struct Options {
    /// Print one line of JSON; durations are in nanoseconds
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    findings: Vec<Finding>,
    round_trips: Vec<RoundTrip>,
    wake_up: Option<Figures>,
    timer_lateness: Option<Figures>,
    clock_read: u128,
}

#[derive(Serialize)]
struct Finding {
    check: &'static str,
    severity: String,
    found: String,
    meaning: &'static str,
    advice: Option<&'static str>,
}

#[derive(Serialize)]
struct RoundTrip {
    cores: [usize; 2],
    latency: Figures,
}

#[derive(Serialize)]
struct Figures {
    median: u128,
    p99: u128,
    worst: u128,
}

impl From<Latency> for Figures {
    fn from(latency: Latency) -> Self {
        let [median, p99, worst] =
            [latency.median, latency.p99, latency.worst].map(|span: Duration| span.as_nanos());
        Self { median, p99, worst }
    }
}

impl From<Readiness> for Report {
    fn from(readiness: Readiness) -> Self {
        let finding = |finding: tidegate::doctor::Finding| Finding {
            check: finding.check.as_str(),
            severity: finding.severity.to_string(),
            found: finding.found,
            meaning: finding.meaning,
            advice: finding.advice,
        };
        let round_trip = |trip: tidegate::doctor::RoundTrip| RoundTrip {
            cores: trip.cores,
            latency: trip.latency.into(),
        };
        Self {
            findings: readiness.findings.into_iter().map(finding).collect(),
            round_trips: readiness.round_trips.into_iter().map(round_trip).collect(),
            wake_up: readiness.wake_up.map(Figures::from),
            timer_lateness: readiness.timer_lateness.map(Figures::from),
            clock_read: readiness.clock_read.as_nanos(),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let readiness = tidegate::doctor();
    let written = if options.json {
        serde_json::to_string(&Report::from(readiness))
            .map_err(io::Error::from)
            .and_then(|line| writeln!(io::stdout(), "{line}"))
    } else {
        write!(io::stdout(), "{readiness}")
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody is there to read it.
        Err(_) => ExitCode::FAILURE,
    }
}
