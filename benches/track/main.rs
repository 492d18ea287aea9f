//! The figures that the gate watches, each beside a peer in the same run.
//!
//! ```sh
//! cargo bench --bench track                     # all, about a minute
//! cargo bench --bench track -- chain --rounds 5 # rows with "chain" in the name
//! ```
//!
//! Ours and the peer's samples are taken in turns, on pinned cores; each row
//! names them. Counts, order and ledgers are checked with every sample or
//! before the first. Prints a table and writes `target/track.json`. How to
//! read it: docs/performance.md.

#![allow(clippy::print_stdout)]

mod allocations;
mod chains;
mod delays;
mod machine;
mod measure;
#[path = "../../ci/bench/report.rs"]
mod report;
mod rings;
mod scheduling;

use std::path::PathBuf;

use clap::Parser;

use machine::{Cores, cpu, said_by};
use measure::{Pair, interleave};
use report::{Report, Row};

/// Measures what the gate watches.
#[derive(Parser)]
struct Options {
    /// Only rows whose name contains this.
    filter: Option<String>,
    /// How often ours and the peer take turns.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
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

const fn subject(
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    beside: &'static str,
    goal: Option<f64>,
    cores: usize,
    prepare: fn(Cores) -> Pair,
) -> Subject {
    Subject {
        name,
        what,
        unit,
        beside,
        goal,
        cores,
        prepare,
    }
}

#[rustfmt::skip] // a table
const SUBJECTS: &[Subject] = &[
    subject("block-2", "Block, two threads, one by one", "ns/message", "rtrb", Some(1.0), 2, rings::block_one_by_one),
    subject("block-2-batched", "Block, two threads, batches of 64", "ns/message", "rtrb's chunks", Some(1.0), 2, rings::block_in_batches),
    subject("round-trip", "Block, round trip p50", "ns", "rtrb", Some(1.05), 2, rings::round_trip),
    subject("round-trip-bare", "Block, round trip p50", "ns", "a bare cache line", Some(1.7), 2, rings::round_trip_bare),
    subject("latest-2", "Latest, two threads, overflowing", "ns/message", "ArrayQueue::force_push", Some(0.4), 2, rings::latest_overflowing),
    subject("block-1", "Block, one thread, send and receive", "ns/message", "rtrb", None, 1, rings::block_push_pop),
    subject("latest-1", "Latest, one thread, send and receive", "ns/message", "rtrb", Some(1.5), 1, rings::latest_push_pop),
    subject("coalesce-1", "Coalesce, one thread, send and receive", "ns/message", "rtrb", Some(1.5), 1, rings::coalesce_push_pop),
    subject("chain-stage", "one more stage on one worker", "ns/message", "rtrb, one thread", Some(1.5), 1, chains::stage),
    subject("chain-tokio", "one more stage on one worker", "ns/message", "a tokio task over mpsc", Some(0.125), 1, chains::stage_beside_tokio),
    subject("stage-metrics", "one more stage, metrics on, recorder of the life cycle", "ns/message", "neither", Some(1.05), 1, chains::stage_with_metrics),
    subject("stage-recorder", "one more stage, metrics on, full recorder", "ns/message", "neither", Some(1.25), 1, chains::stage_fully_recorded),
    subject("across", "source to sink across two workers", "ns/message", "rtrb, two threads", Some(1.0), 2, chains::across_workers),
    subject("one-way", "one way across workers, light load, p50", "ns", "rtrb, spinning", Some(1.3), 2, delays::one_way),
    subject("wake", "wake from park, p50", "ns", "crossbeam's blocking receive", Some(1.1), 2, delays::wake_from_park),
    subject("control-p99", "Control under saturated Normal load, p99", "ns", "10 µs and one handler", Some(1.0), 2, scheduling::control_p99),
    subject("control-mean-8", "the same, mean with batches of 8", "ns", "batches of 1", Some(1.2), 2, scheduling::control_mean_of_8),
    subject("control-mean-64", "the same, mean with batches of 64", "ns", "batches of 1", Some(1.2), 2, scheduling::control_mean_of_64),
    subject("pick", "pick and activate, 4,000 ready nodes", "ns", "16 ready nodes", Some(2.0), 1, scheduling::pick),
    subject("loop-steady", "scheduler's loop p95, steady load", "ns", "the tick's interval", Some(1.0), 1, scheduling::loop_steady),
    subject("loop-burst", "scheduler's loop p95, bursts", "ns", "the tick's interval", None, 1, scheduling::loop_burst),
    subject("allocations", "allocations and frees after the start", "calls", "none", Some(0.0), 2, allocations::after_start),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let cores = Cores::available();
    let mut rows = Vec::new();
    print_heading();
    for subject in SUBJECTS {
        let wanted = options.filter.as_deref();
        if wanted.is_some_and(|part| !subject.name.contains(part)) {
            continue;
        }
        if subject.cores == 2 && cores.second.is_none() {
            println!("SKIPPED {}: it needs two cores", subject.name);
            continue;
        }
        let row = measure(subject, cores, options.rounds.max(1));
        print_row(&row);
        rows.push(row);
    }
    let report = Report {
        cpu: cpu(),
        cores: [Some(cores.first), cores.second]
            .into_iter()
            .flatten()
            .collect(),
        rustc: said_by("rustc", &["--version"]),
        commit: said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
        date: said_by("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        rounds: options.rounds,
        rows,
    };
    std::fs::write(
        &options.output,
        serde_json::to_string_pretty(&report)? + "\n",
    )?;
    println!(
        "\n{}; {}; {}; written to {}",
        report.cpu,
        report.rustc,
        report.commit,
        options.output.display()
    );
    Ok(())
}

fn measure(subject: &Subject, cores: Cores, rounds: usize) -> Row {
    let outcome = interleave(&mut (subject.prepare)(cores), rounds);
    Row {
        name: subject.name.to_owned(),
        what: subject.what.to_owned(),
        unit: subject.unit.to_owned(),
        ours: outcome.ours,
        peer: outcome.peer,
        beside: subject.beside.to_owned(),
        ratio: outcome.ratio,
        spread: outcome.spread,
        goal: subject.goal,
        cores: cores.named(subject.cores),
    }
}

fn print_heading() {
    println!(
        "{:<16} {:>9} {:>9} {:>7} {:>7} {:>7} {:>5}  {:<9} what, beside what, unit",
        "metric", "ours", "peer", "ratio", "spread", "goal", "cores", "verdict"
    );
}

fn print_row(row: &Row) {
    let goal = row
        .goal
        .map_or_else(|| "-".to_owned(), |goal| format!("{goal:.3}"));
    let verdict = match row.goal {
        None => "reported",
        Some(goal) if row.ratio <= goal => "ok",
        Some(_) => "shortfall",
    };
    println!(
        "{:<16} {:>9.1} {:>9.1} {:>7.3} {:>6.0}% {:>7} {:>5}  {:<9} {}, beside {}, {}",
        row.name,
        row.ours,
        row.peer,
        row.ratio,
        row.spread * 100.0,
        goal,
        row.cores,
        verdict,
        row.what,
        row.beside,
        row.unit
    );
}
