//! Tables for scripts: `--once` and `--json`.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use tidegate::observe::inspect::{ReadError, read};

use crate::feed::PATIENCE;
use crate::format::span;
use crate::table::Table;
use crate::tables::{self, Choice};
use crate::view::View;

/// Two readings, an interval apart.
pub(crate) fn view(socket: &Path, interval: Duration) -> Result<View, ReadError> {
    let earlier = read(socket, PATIENCE)?;
    std::thread::sleep(interval);
    let reading = read(socket, PATIENCE)?;
    Ok(View::new(&reading, Some(&earlier)))
}

/// Everything as text, in lines as long as they get.
pub(crate) fn text(view: &View, choice: &Choice) -> String {
    let mut text = format!("{}\n", title(view));
    for finding in &view.trouble {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:<6} {}", finding.kind, finding.text);
    }
    if view.trouble.is_empty() {
        text.push_str("no trouble\n");
    }
    let tables = [
        tables::nodes(view, choice),
        tables::edges(view, choice),
        tables::workers(view),
        tables::paths(view),
        tables::ledger(view, choice),
    ];
    for table in &tables {
        let _ = write!(text, "\n{}", block(table));
    }
    text
}

/// The line that says what is shown.
pub(crate) fn title(view: &View) -> String {
    format!(
        "{}  {}  process {}  served {}  {}",
        view.graph,
        view.phase,
        view.process,
        span(Duration::from_secs_f64(view.served_seconds)),
        if view.sampling.is_some() {
            ""
        } else {
            "no times: metrics are off"
        }
    )
    .trim_end()
    .to_owned()
}

fn block(table: &Table) -> String {
    let lines = table.lines(&table.title(0, table.rows.len()), usize::MAX / 2);
    let mut text = lines.head;
    for (row, _) in lines.rows {
        text.push('\n');
        text.push_str(&row);
    }
    text.push('\n');
    text
}
