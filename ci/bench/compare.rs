//! Compares what benchmarks measured with `baselines/budgets.json`, or with
//! another revision. `ci/bench.sh` runs it and says what the options mean.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod budgets;
mod figures;
mod report;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use budgets::Budgets;
use figures::{Counts, Figure, counts, ratios};
use report::Report;
use verdict::{
    COUNT_TOLERANCE, InTurns, RATIO_TOLERANCE, Verdict, judge, judge_against, judge_here,
};

type Error = Box<dyn std::error::Error>;

/// Compares measurements with budgets.
#[derive(Parser)]
struct Options {
    /// Reports of the track benchmark.
    #[arg(long, num_args = 1..)]
    track: Vec<PathBuf>,
    /// What gungraun printed.
    #[arg(long)]
    instructions: Option<PathBuf>,
    /// The budgets.
    #[arg(long, default_value = "baselines/budgets.json")]
    budgets: PathBuf,
    /// Reports of the other revision, to be compared with instead.
    #[arg(long, num_args = 1..)]
    against: Vec<PathBuf>,
    /// What gungraun printed of the other revision.
    #[arg(long)]
    against_instructions: Option<PathBuf>,
    /// Only print the names of ratios over their budgets, each with the revision
    /// that its budget was measured with; or of those slower than the other
    /// revision's.
    #[arg(long)]
    failing: bool,
    /// Reports of this tree, measured in turns with the revisions that budgets
    /// were measured with.
    #[arg(long, num_args = 1.., requires = "references")]
    in_turns: Vec<PathBuf>,
    /// Reports of those revisions.
    #[arg(long, num_args = 1.., requires = "in_turns")]
    references: Vec<PathBuf>,
    /// Set this metric's limit to what was measured; `all` for every one that
    /// is not hard.
    #[arg(long, requires = "reason")]
    update: Option<String>,
    /// Why a limit changes; recorded with it.
    #[arg(long)]
    reason: Option<String>,
    /// The commit that was measured; recorded with a limit that changes.
    #[arg(long, default_value = "")]
    revision: String,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare_bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every figure passes.
fn run(options: &Options) -> Result<bool, Error> {
    let reports = reports(&options.track)?;
    let against = !options.against.is_empty() || options.against_instructions.is_some();
    let which = if against || options.update.is_some() {
        Counts::Median
    } else {
        Counts::Lowest
    };
    let figures = all_figures(&reports, which, options.instructions.as_deref())?;
    if against {
        let before = self::reports(&options.against)?;
        let before = all_figures(&before, which, options.against_instructions.as_deref())?;
        if options.failing {
            print_slower(&figures, &before);
            return Ok(true);
        }
        return Ok(compare_revisions(&figures, &before));
    }
    let budgets = fs::read_to_string(&options.budgets);
    let mut budgets: Budgets = match budgets {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) if options.update.is_some() => Budgets::default(),
        Err(error) => return Err(format!("{}: {error}", options.budgets.display()).into()),
    };
    if let (Some(metric), Some(reason)) = (&options.update, &options.reason) {
        let wanted = (metric != "all").then_some(metric.as_str());
        if let Some(report) = reports.first()
            && wanted.is_none()
        {
            budgets.measured_on = format!("{}, {}", report.cpu, report.rustc);
        }
        let because = (reason.as_str(), options.revision.as_str());
        if budgets.update(&figures, wanted, because, tolerance) == 0 {
            return Err(format!("nothing measured is called {metric}").into());
        }
        fs::write(
            &options.budgets,
            serde_json::to_string_pretty(&budgets)? + "\n",
        )?;
    }
    if options.failing {
        print_failing(&figures, &budgets);
        return Ok(true);
    }
    let in_turns = InTurns {
        ours: ratios(&self::reports(&options.in_turns)?, Counts::Median),
        theirs: ratios(&self::reports(&options.references)?, Counts::Median),
    };
    let passes = compare_with(&figures, &budgets, &in_turns);
    if options.update.is_some() {
        return Ok(passes); // perhaps of one metric alone
    }
    let mut kinds = Vec::new();
    kinds.extend((!options.track.is_empty()).then_some("ratio"));
    kinds.extend(options.instructions.is_some().then_some("instructions"));
    let missing = budgets.without_figure(&figures, &kinds);
    for metric in &missing {
        println!("MISSING {metric}: it has a budget, and was not measured");
    }
    Ok(passes && missing.is_empty())
}

/// The tolerance of a metric that is recorded for the first time.
fn tolerance(figure: &Figure) -> f64 {
    if figure.unit == "instructions" {
        COUNT_TOLERANCE
    } else {
        RATIO_TOLERANCE
    }
}

fn reports(paths: &[PathBuf]) -> Result<Vec<Report>, Error> {
    let read = |path: &PathBuf| -> Result<Report, Error> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    };
    paths.iter().map(read).collect()
}

fn all_figures(
    reports: &[Report],
    which: Counts,
    counted: Option<&Path>,
) -> Result<Vec<Figure>, Error> {
    let mut figures = ratios(reports, which);
    if let Some(path) = counted {
        figures.extend(counts(&fs::read_to_string(path)?)?);
    }
    if figures.is_empty() {
        return Err("nothing was measured".into());
    }
    Ok(figures)
}

fn print_failing(figures: &[Figure], budgets: &Budgets) {
    for figure in figures {
        if !judge(figure, budgets).passes() {
            let revision = budgets.of(&figure.metric).map(|it| it.revision.as_str());
            println!("{} {}", figure.metric, revision.unwrap_or_default());
        }
    }
}

fn compare_with(figures: &[Figure], budgets: &Budgets, in_turns: &InTurns) -> bool {
    println!(
        "{:<20} {:>9} {:>9} {:>7}  {:<9} of what",
        "metric", "measured", "at most", "goal", "verdict"
    );
    let mut passes = true;
    for figure in figures {
        let verdict = judge_here(figure, budgets, in_turns);
        passes &= verdict.passes();
        let most = budgets.of(&figure.metric).map(budgets::Budget::most);
        println!(
            "{:<20} {:>9.3} {:>9} {:>7}  {:<9} {}",
            figure.metric,
            figure.value,
            number(most),
            number(figure.goal),
            verdict.name(),
            figure.text
        );
        if let Some((ours, theirs)) = in_turns.of(&figure.metric) {
            let (ours, theirs) = (ours.value, theirs.value);
            println!(
                "{:>20} {ours:>9.3} beside {theirs:.3} of the revision that the budget was measured with",
                "in turns"
            );
        }
    }
    println!("budgets measured on {}", budgets.measured_on);
    println!(
        "{}",
        if passes {
            "every budget is kept"
        } else {
            "a budget is broken"
        }
    );
    passes
}

/// The other revision's figure of the same metric.
fn of<'a>(before: &'a [Figure], figure: &Figure) -> Option<&'a Figure> {
    before.iter().find(|old| old.metric == figure.metric)
}

fn print_slower(after: &[Figure], before: &[Figure]) {
    for figure in after {
        if of(before, figure).is_some_and(|old| !judge_against(figure, old).passes()) {
            println!("{}", figure.metric);
        }
    }
}

fn compare_revisions(after: &[Figure], before: &[Figure]) -> bool {
    println!(
        "{:<20} {:>9} {:>9} {:>8}  verdict",
        "metric", "before", "after", "change"
    );
    let mut passes = true;
    for figure in after {
        let Some(old) = of(before, figure) else {
            println!(
                "{:<20} {:>9} {:>9.3} {:>8}  new",
                figure.metric, "-", figure.value, "-"
            );
            continue;
        };
        let verdict = judge_against(figure, old);
        passes &= verdict != Verdict::Broken;
        let change = if old.value == 0.0 {
            "-".to_owned()
        } else {
            format!("{:+.1}%", 100.0 * (figure.value / old.value - 1.0))
        };
        println!(
            "{:<20} {:>9.3} {:>9.3} {change:>8}  {}",
            figure.metric,
            old.value,
            figure.value,
            if verdict.passes() { "ok" } else { "SLOWER" }
        );
    }
    for old in before.iter().filter(|old| of(after, old).is_none()) {
        println!(
            "{:<20} {:>9.3} {:>9} {:>8}  gone",
            old.metric, old.value, "-", "-"
        );
    }
    println!(
        "{}",
        if passes {
            "nothing is slower"
        } else {
            "something is slower than before"
        }
    );
    passes
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}
