//! The figures that the gate watches, each beside a peer in the same run.
//!
//! ```sh
//! cargo bench --bench track                   # all, about a minute
//! cargo bench --bench track -- chain --runs 9 # rows with "chain" in the name
//! ```
//!
//! Ours and the peer's samples are taken in turns, on pinned cores, in several
//! processes one after the other; each row names its cores. Counts, order and
//! ledgers are checked with every sample or before the first. Prints a table and
//! writes `target/track.json`. How to read it: docs/performance.md.

#![allow(clippy::print_stdout)]

mod allocations;
#[path = "../support/chain.rs"]
mod chain;
mod chains;
mod delays;
mod machine;
mod measure;
#[path = "../support/pulse.rs"]
mod pulse;
#[path = "../support/ready.rs"]
mod ready;
#[path = "../../ci/bench/report.rs"]
mod report;
mod rings;
mod runs;
mod scheduling;
mod table;

use std::path::{Path, PathBuf};

use clap::Parser;

use machine::{Cores, cpu, said_by};
use measure::{Pair, interleave, outcome};
use report::{Report, Row};

/// Measures what the gate watches.
#[derive(Parser)]
struct Options {
    /// Only rows whose name contains this.
    filter: Option<String>,
    /// How often ours and the peer take turns in one run.
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// How many runs, each a process of its own; all their rounds count.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Measures once, in this process, and only writes the report.
    #[arg(long, hide = true)]
    one_run: bool,
    /// Where the report goes.
    #[arg(long, default_value = "target/track.json")]
    output: PathBuf,
    /// Handed over by `cargo bench`; without effect.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What a row measures and what it is to reach.
struct Subject {
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    beside: &'static str,
    /// The most the ratio may be.
    goal: Option<f64>,
    /// How many cores it needs.
    cores: usize,
    prepare: fn(Cores) -> Pair,
}

/// A row of the table, its cells in the order of the struct.
macro_rules! subjects {
    ($($name:literal, $what:literal, $unit:literal, $beside:literal, $goal:expr, $cores:literal, $prepare:path;)*) => {
        &[$(Subject {
            name: $name,
            what: $what,
            unit: $unit,
            beside: $beside,
            goal: $goal,
            cores: $cores,
            prepare: $prepare,
        }),*]
    };
}

#[rustfmt::skip] // a table
const SUBJECTS: &[Subject] = subjects![
    "block-2", "Block, two threads, one by one", "ns/message", "rtrb", Some(1.0), 2, rings::block_one_by_one;
    "block-2-batched", "Block, two threads, batches of 64", "ns/message", "rtrb's chunks", Some(1.0), 2, rings::block_in_batches;
    "round-trip", "Block, round trip p50", "ns", "rtrb", Some(1.05), 2, rings::round_trip;
    "round-trip-bare", "Block, round trip p50", "ns", "a bare cache line", Some(1.7), 2, rings::round_trip_bare;
    "latest-2", "Latest, two threads, overflowing", "ns/message", "ArrayQueue::force_push", Some(0.4), 2, rings::latest_overflowing;
    "block-1", "Block, one thread, send and receive", "ns/message", "rtrb", None, 1, rings::block_push_pop;
    "latest-1", "Latest, one thread, send and receive", "ns/message", "rtrb", Some(1.5), 1, rings::latest_push_pop;
    "coalesce-1", "Coalesce, one thread, send and receive", "ns/message", "rtrb", Some(1.5), 1, rings::coalesce_push_pop;
    "chain-stage", "one more stage on one worker", "ns/message", "rtrb, one thread", Some(1.5), 1, chains::stage;
    "chain-tokio", "one more stage on one worker", "ns/message", "a tokio task over mpsc", Some(0.125), 1, chains::stage_beside_tokio;
    "stage-metrics", "one more stage, metrics on, recorder of the life cycle", "ns/message", "neither", Some(1.05), 1, chains::stage_with_metrics;
    "stage-recorder", "one more stage, metrics on, full recorder", "ns/message", "neither", Some(1.25), 1, chains::stage_fully_recorded;
    "across", "source to sink across two workers", "ns/message", "rtrb, two threads", Some(1.0), 2, chains::across_workers;
    "across-size", "source to sink across two workers", "ns/message", "rtrb with elements of a message's size", None, 2, chains::across_workers_by_size;
    "one-way", "one way across workers, light load, p50", "ns", "rtrb, spinning", Some(1.3), 2, delays::one_way;
    "wake", "wake from park, p50", "ns", "crossbeam's blocking receive", Some(1.1), 2, delays::wake_from_park;
    "control-p99", "Control under saturated Normal load, p99", "ns", "10 µs and one handler", Some(1.0), 2, scheduling::control_p99;
    "control-p99-bare", "the same", "ns", "a bare loop that looks between two handlers", None, 2, scheduling::control_p99_beside_bare;
    "control-mean-8", "the same, mean with batches of 8", "ns", "batches of 1", Some(1.2), 2, scheduling::control_mean_of_8;
    "control-mean-64", "the same, mean with batches of 64", "ns", "batches of 1", Some(1.2), 2, scheduling::control_mean_of_64;
    "pick", "pick and activate, 4,000 ready nodes", "ns", "16 ready nodes", Some(2.0), 1, scheduling::pick;
    "loop-steady", "scheduler's loop p95, steady load", "ns", "the tick's interval", Some(1.0), 1, scheduling::loop_steady;
    "loop-burst", "scheduler's loop p95, bursts", "ns", "the tick's interval", None, 1, scheduling::loop_burst;
    "allocations", "allocations and frees after the start", "calls", "none", Some(0.0), 2, allocations::after_start;
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let output = options.output.as_path();
    if options.one_run {
        let rows = one_run(options.filter.as_deref(), options.rounds.max(1));
        return write(&report(rows, options.rounds), output);
    }
    let filter = options.filter.as_deref();
    let report = runs::measure(options.runs.max(1), options.rounds, filter, output)?;
    table::print(&report);
    println!(
        "\n{}; {}; {}; written to {}",
        report.cpu,
        report.rustc,
        report.commit,
        output.display()
    );
    write(&report, output)
}

fn write(report: &Report, output: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::write(output, serde_json::to_string_pretty(report)? + "\n")?;
    Ok(())
}

fn report(rows: Vec<Row>, rounds: usize) -> Report {
    let cores = Cores::available();
    Report {
        cpu: cpu(),
        cores: [Some(cores.first), cores.second]
            .into_iter()
            .flatten()
            .collect(),
        rustc: said_by("rustc", &["--version"]),
        commit: said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
        date: said_by("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        rounds,
        rows,
    }
}

fn one_run(filter: Option<&str>, rounds: usize) -> Vec<Row> {
    let cores = Cores::available();
    let wanted = |subject: &&Subject| filter.is_none_or(|part| subject.name.contains(part));
    let mut rows = Vec::new();
    for subject in SUBJECTS.iter().filter(wanted) {
        if subject.cores == 2 && cores.second.is_none() {
            println!("SKIPPED {}: it needs two cores", subject.name);
            continue;
        }
        rows.push(measure(subject, cores, rounds));
    }
    rows
}

fn measure(subject: &Subject, cores: Cores, rounds: usize) -> Row {
    let mut pair = (subject.prepare)(cores);
    let samples = interleave(&mut pair, rounds);
    let outcome = outcome(&samples, pair.judged);
    Row {
        name: subject.name.to_owned(),
        what: subject.what.to_owned(),
        unit: subject.unit.to_owned(),
        ours: outcome.ours,
        peer: outcome.peer,
        beside: subject.beside.to_owned(),
        ratio: outcome.ratio,
        judged: pair.judged,
        runs: vec![outcome.ratio],
        samples,
        spread: 0.0,
        goal: subject.goal,
        cores: cores.named(subject.cores),
    }
}
