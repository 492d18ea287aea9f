//! Several runs, each a process of its own.
//!
//! Where memory, code and threads come to lie is drawn anew for every process,
//! and moves some figures by tens of percent: a figure of one process tells of
//! its luck.

use std::path::Path;
use std::process::Command;

use crate::measure::{outcome, quantile};
use crate::report::{Report, Row};

type Error = Box<dyn std::error::Error>;

/// Has this program measure so many times, and puts together what came out.
pub(crate) fn measure(
    runs: usize,
    rounds: usize,
    filter: Option<&str>,
    output: &Path,
) -> Result<Report, Error> {
    let part = output.with_extension("part.json");
    let mut reports = Vec::new();
    for run in 1..=runs {
        println!("run {run} of {runs}");
        let mut child = Command::new(std::env::current_exe()?);
        child.arg("--one-run").arg("--output").arg(&part);
        child.args(["--rounds", &rounds.to_string()]).args(filter);
        let status = child.status()?;
        if !status.success() {
            return Err(format!("run {run} of {runs} ended with {status}").into());
        }
        reports.push(serde_json::from_str(&std::fs::read_to_string(&part)?)?);
    }
    std::fs::remove_file(&part)?;
    Ok(merged(reports))
}

/// One report of all rounds of all runs. A ring that has two gaits has them
/// within a process and from one process to the next: all rounds together tell
/// best how often it has which.
fn merged(reports: Vec<Report>) -> Report {
    let merged = (0..reports[0].rows.len()).map(|at| {
        let rows: Vec<&Row> = reports.iter().map(|report| &report.rows[at]).collect();
        let samples: Vec<_> = rows.iter().flat_map(|row| row.samples.clone()).collect();
        let outcome = outcome(&samples, rows[0].judged);
        let runs: Vec<f64> = rows.iter().map(|row| row.ratio).collect();
        let middle = quantile(&runs, 0.75) - quantile(&runs, 0.25);
        let none = outcome.ratio == 0.0;
        Row {
            ours: outcome.ours,
            peer: outcome.peer,
            ratio: outcome.ratio,
            spread: if none { 0.0 } else { middle / outcome.ratio },
            runs,
            samples: Vec::new(),
            ..rows[0].clone()
        }
    });
    let rows = merged.collect();
    Report {
        rows,
        ..reports[0].clone()
    }
}
