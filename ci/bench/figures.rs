//! What was measured, from the reports of the track benchmark and the counts
//! of gungraun.

use serde_json::Value;

use crate::report::{Report, Row};

/// Operations per benchmark in `benches/instructions.rs`.
const OPERATIONS: f64 = 8_000.0;

/// One figure to judge. Less is better, always.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) metric: String,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    /// What each job came to.
    pub(crate) jobs: Vec<f64>,
    pub(crate) goal: Option<f64>,
    /// Ours, the peer's and the unit, for the table.
    pub(crate) text: String,
}

/// Which of several jobs counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counts {
    /// The one with the lowest ratio. Whatever disturbs a machine makes one job
    /// differ; a regression is in all.
    Lowest,
    /// The one in the middle.
    Median,
}

/// The figures of several jobs.
pub(crate) fn ratios(reports: &[Report], counts: Counts) -> Vec<Figure> {
    let mut jobs: Vec<Vec<&Row>> = Vec::new();
    for row in reports.iter().flat_map(|report| &report.rows) {
        match jobs.iter_mut().find(|known| known[0].name == row.name) {
            Some(known) => known.push(row),
            None => jobs.push(vec![row]),
        }
    }
    jobs.iter().map(|rows| ratio(rows, counts)).collect()
}

/// The figure of one metric, of all its jobs.
fn ratio(rows: &[&Row], counts: Counts) -> Figure {
    let mut ordered = rows.to_vec();
    ordered.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let row = match counts {
        Counts::Lowest => ordered[0],
        Counts::Median => ordered[(ordered.len() - 1) / 2],
    };
    Figure {
        metric: row.name.clone(),
        unit: "ratio",
        value: row.ratio,
        jobs: rows.iter().map(|row| row.ratio).collect(),
        goal: row.goal,
        text: format!(
            "{:.1} beside {:.1} of {}, {}, spread {:.0}%",
            row.ours,
            row.peer,
            row.beside,
            row.unit,
            row.spread * 100.0
        ),
    }
}

/// The figures in what gungraun printed: one JSON object per line.
///
/// # Errors
/// Names the line that is not as expected; or there is none at all.
pub(crate) fn counts(text: &str) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let name = |key: &str| value[key].as_str().unwrap_or_default();
        let metric = format!("{}.{}", name("function_name"), name("id"));
        let counted = &value["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"];
        let counted = counted
            .as_f64()
            .ok_or_else(|| format!("{metric} has no count of instructions"))?;
        figures.push(instructions(metric, counted / OPERATIONS));
    }
    if figures.is_empty() {
        return Err("gungraun printed no count".to_owned());
    }
    let of = |metric: &str| figures.iter().find(|figure| figure.metric == metric);
    if let (Some(long), Some(short)) = (of("chain_of.maps_8"), of("chain_of.maps_1")) {
        let stage = (long.value - short.value) / 7.0;
        figures.push(instructions("stage".to_owned(), stage));
    }
    Ok(figures)
}

fn instructions(metric: String, value: f64) -> Figure {
    Figure {
        metric,
        unit: "instructions",
        value,
        jobs: vec![value],
        goal: None,
        text: "instructions per operation".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Judged;
    use serde_json::json;

    fn report(name: &str, ratio: f64) -> Report {
        let text = String::new;
        Report {
            cpu: text(),
            cores: vec![0],
            rustc: text(),
            commit: text(),
            date: text(),
            rounds: 1,
            rows: vec![Row {
                name: name.to_owned(),
                what: text(),
                unit: text(),
                ours: ratio,
                peer: 1.0,
                beside: text(),
                ratio,
                judged: Judged::InTurn,
                runs: vec![ratio],
                samples: Vec::new(),
                spread: 0.0,
                goal: Some(1.0),
                cores: text(),
            }],
        }
    }

    #[test]
    fn of_several_jobs_the_lowest_ratio_or_the_median_counts() {
        let reports = [
            report("a", 2.0),
            report("b", 5.0),
            report("a", 1.5),
            report("a", 3.0),
        ];
        let values = |counts| {
            let figures = ratios(&reports, counts);
            let values = figures.iter().map(|f| (f.metric.clone(), f.value));
            values.collect::<Vec<_>>()
        };
        let of = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
        assert_eq!(values(Counts::Lowest), of(1.5, 5.0));
        assert_eq!(values(Counts::Median), of(2.0, 5.0));
        let jobs = &ratios(&reports, Counts::Median)[0].jobs;
        assert_eq!(jobs, &[2.0, 1.5, 3.0]);
    }

    fn line(function: &str, id: &str, count: u64) -> String {
        let total = json!({ "metrics": { "Ir": { "values": { "new": count } } } });
        json!({
            "function_name": function, "id": id,
            "profiles": [{ "data": { "total": total } }],
        })
        .to_string()
    }

    #[test]
    fn counts_are_per_operation_and_a_stage_is_the_difference() {
        let lines = [
            "a line of something else".to_owned(),
            line("chain_of", "maps_1", 8_000 * 100),
            line("chain_of", "maps_8", 8_000 * 450),
        ];
        let figures = counts(&lines.join("\n")).unwrap();
        let values: Vec<_> = figures
            .iter()
            .map(|f| (f.metric.as_str(), f.value))
            .collect();
        assert_eq!(
            values,
            [
                ("chain_of.maps_1", 100.0),
                ("chain_of.maps_8", 450.0),
                ("stage", 50.0)
            ]
        );
    }

    #[test]
    fn no_count_at_all_is_an_error() {
        assert!(counts("a line of something else").is_err());
    }

    #[test]
    fn a_benchmark_without_a_count_is_an_error() {
        let line = json!({ "function_name": "f", "id": "x" }).to_string();
        assert!(counts(&line).unwrap_err().contains("f.x"));
    }
}
