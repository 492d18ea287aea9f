//! Which limits the coverage meets.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::lines::Lines;

/// Modules whose lines are to be covered so far each, in percent.
const CORE: [&str; 6] = ["edge", "engine", "graph", "message", "node", "sched"];
const CORE_LIMIT: usize = 90;

/// All modules together.
const LIMIT: usize = 80;

/// Every file by itself, if it is long enough for that to mean something: a
/// file without tests would hide in a large module.
const FILE_LIMIT: usize = 50;
const FILE_LINES: usize = 10;

/// How many lines there are, and were executed.
#[derive(Clone, Copy, Default)]
struct Share {
    lines: usize,
    covered: usize,
}

impl Share {
    fn of(lines: &Lines) -> Self {
        Self {
            lines: lines.len(),
            covered: lines.values().filter(|&&count| count > 0).count(),
        }
    }

    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.covered += other.covered;
    }

    fn meets(self, percent: usize) -> bool {
        self.covered * 100 >= self.lines * percent
    }

    fn percent(self) -> f64 {
        100.0 * self.covered as f64 / self.lines.max(1) as f64
    }
}

/// What is printed, and what is too low.
pub(crate) struct Judgement {
    pub(crate) table: String,
    pub(crate) failures: Vec<String>,
}

/// Judges the lines of each file.
pub(crate) fn judge(files: &BTreeMap<String, Lines>) -> Judgement {
    let (mut modules, mut total) = (BTreeMap::<&str, Share>::new(), Share::default());
    let mut failures = Vec::new();
    for (file, lines) in files {
        let share = Share::of(lines);
        modules.entry(module(file)).or_default().add(share);
        total.add(share);
        if share.lines >= FILE_LINES && !share.meets(FILE_LIMIT) {
            failures.push(format!(
                "{file}: {:.1} % of its lines, below {FILE_LIMIT} %; not executed: {}",
                share.percent(),
                gaps(lines)
            ));
        }
    }
    for name in CORE {
        let share = modules.get(name).copied().unwrap_or_default();
        if share.lines == 0 {
            failures.push(format!("module {name} is not in the report"));
        } else if !share.meets(CORE_LIMIT) {
            failures.push(format!(
                "module {name}: {:.1} % of its lines, below {CORE_LIMIT} %; not executed: {}",
                share.percent(),
                gaps_of_module(files, name)
            ));
        }
    }
    if !total.meets(LIMIT) {
        let percent = total.percent();
        failures.push(format!(
            "all modules: {percent:.1} % of the lines, below {LIMIT} %"
        ));
    }
    let table = table(&modules, total);
    Judgement { table, failures }
}

/// `edge` of `src/edge/ring.rs`, and of `src/edge.rs`.
fn module(file: &str) -> &str {
    let below = file.strip_prefix("src/").unwrap_or(file);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn table(modules: &BTreeMap<&str, Share>, total: Share) -> String {
    let mut text = format!(
        "{:12} {:>7} {:>9} {:>7} {:>6}\n",
        "module", "lines", "executed", "%", "limit"
    );
    let mut row = |name: &str, share: Share, limit: Option<usize>| {
        let limit = limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
        let Share { lines, covered } = share;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{name:12} {lines:>7} {covered:>9} {:>7.1} {limit:>6}",
            share.percent()
        );
    };
    for (name, &share) in modules {
        row(name, share, CORE.contains(name).then_some(CORE_LIMIT));
    }
    row("all", total, Some(LIMIT));
    text
}

/// The lines of a module that were not executed, by file, from the file with the
/// most of them on.
fn gaps_of_module(files: &BTreeMap<String, Lines>, name: &str) -> String {
    let of_module = files.iter().filter(|(file, _)| module(file) == name);
    let mut missing: Vec<_> = of_module
        .map(|(file, lines)| (Share::of(lines), file, lines))
        .filter(|(share, ..)| share.covered < share.lines)
        .collect();
    missing.sort_by_key(|(share, file, _)| (share.covered.wrapping_sub(share.lines), *file));
    let texts = missing
        .iter()
        .map(|(_, file, lines)| format!("\n  {file}: {}", gaps(lines)));
    texts.collect()
}

/// `3-7, 9`: the lines that were not executed, as runs.
fn gaps(lines: &Lines) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut in_run = false;
    for (&number, &count) in lines {
        match runs.last_mut() {
            Some(run) if in_run && count == 0 => run.1 = number,
            _ if count == 0 => runs.push((number, number)),
            _ => {}
        }
        in_run = count == 0;
    }
    let texts = runs.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many lines, of which so many were executed.
    fn lines(all: usize, executed: usize) -> Lines {
        let count = |line| (line, u64::from(line <= executed));
        (1..=all).map(count).collect()
    }

    fn good() -> BTreeMap<String, Lines> {
        let mut files: BTreeMap<_, _> = CORE
            .map(|name| (format!("src/{name}/mod.rs"), lines(100, 90)))
            .into();
        files.insert("src/other.rs".into(), lines(100, 50));
        files
    }

    #[test]
    fn what_is_on_its_limit_passes() {
        let judgement = judge(&good());
        assert_eq!(judgement.failures, Vec::<String>::new());
        let rows: Vec<_> = judgement.table.lines().collect();
        assert_eq!(rows.len(), 9);
        assert!(rows[1].starts_with("edge ") && rows[1].ends_with("90.0     90"));
        assert!(rows[6].starts_with("other ") && rows[6].ends_with("50.0      -"));
        assert!(rows[8].starts_with("all ") && rows[8].ends_with("84.3     80"));
    }

    #[test]
    fn one_line_less_fails_with_the_lines_that_are_missing() {
        for name in CORE {
            let mut files = good();
            files.insert(format!("src/{name}/mod.rs"), lines(100, 89));
            let failures = judge(&files).failures;
            assert_eq!(
                failures,
                [format!(
                    "module {name}: 89.0 % of its lines, below 90 %; not executed: \
                     \n  src/{name}/mod.rs: 90-100"
                )]
            );
        }
    }

    #[test]
    fn a_file_without_tests_fails_however_large_its_module() {
        let mut files = good();
        files.insert("src/engine/large.rs".into(), lines(9_000, 9_000));
        files.insert("src/engine/new.rs".into(), lines(10, 4));
        files.insert("src/engine/short.rs".into(), lines(9, 0));
        let failures = judge(&files).failures;
        assert_eq!(failures.len(), 1);
        assert!(failures[0].starts_with("src/engine/new.rs: 40.0 %"));
    }

    #[test]
    fn a_core_module_that_is_not_there_fails() {
        let mut files = good();
        files.remove("src/sched/mod.rs");
        assert_eq!(
            judge(&files).failures,
            ["module sched is not in the report"]
        );
    }

    #[test]
    fn all_modules_together_have_a_limit() {
        let mut files = good();
        files.insert("src/other.rs".into(), lines(1_000, 600));
        let failures = judge(&files).failures;
        assert_eq!(failures, ["all modules: 71.2 % of the lines, below 80 %"]);
    }

    #[test]
    fn gaps_are_runs_of_lines_that_follow_each_other_in_the_report() {
        let report: Lines = [(1, 0), (2, 1), (4, 0), (8, 0), (9, 3), (10, 0)].into();
        assert_eq!(gaps(&report), "1, 4-8, 10");
        assert_eq!(gaps(&lines(3, 3)), "");
    }
}
