//! The table that a benchmark run ends with.

use crate::report::{Report, Row};

pub(crate) fn print(report: &Report) {
    println!(
        "{:<16} {:>9} {:>9} {:>7} {:>7} {:>7} {:>5}  {:<9} what, beside what, unit",
        "metric", "ours", "peer", "ratio", "spread", "goal", "cores", "verdict"
    );
    for row in &report.rows {
        print_row(row);
    }
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
