//! Judges the coverage of the library's lines, for ci/coverage.sh: prints a table
//! with a row for each module, and fails when one is below its limit.
//!
//! `check_coverage REPORT EXCLUDED [ROOT]`: an lcov report, the list of what does
//! not count, and the repository that both are about.

mod judge;
mod lines;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use judge::{Judgement, judge};
use lines::{Exclusions, covered_files};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [report, excluded] => run(report, excluded, "."),
        [report, excluded, root] => run(report, excluded, root),
        _ => Err("usage: check_coverage REPORT EXCLUDED [ROOT]".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // The exit code says it too, should the error stream be closed.
            let _ = writeln!(io::stderr(), "check_coverage: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every limit is met.
fn run(report: &str, excluded: &str, root: &str) -> Result<bool, Box<dyn Error>> {
    let root = fs::canonicalize(root)?;
    let exclusions = Exclusions::parse(&fs::read_to_string(excluded)?, &root)?;
    let report = fs::read_to_string(report)?;
    let source = |path: &str| fs::read_to_string(Path::new(&root).join(path));
    let files = covered_files(&report, &root, &exclusions, source)?;
    let Judgement { table, failures } = judge(&files);
    let mut out = io::stdout();
    writeln!(out, "{table}")?;
    writeln!(out, "not counted:")?;
    for (path, reason) in exclusions.entries() {
        writeln!(out, "  {path}: {reason}")?;
    }
    for failure in &failures {
        writeln!(out, "FAILED {failure}")?;
    }
    Ok(failures.is_empty())
}
