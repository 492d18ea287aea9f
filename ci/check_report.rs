//! Checks what `host_monitor --json` printed: reads it from standard input
//! and fails with the list of what is wrong with its last line.
//!
//! `host_monitor … --json | check_report SECONDS RATE`, with the seconds and
//! the samples a second that the monitor was told. It is a program of this
//! package, so the check needs nothing that a machine with Rust lacks.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde_json::Value;

const POLICIES: [&str; 4] = ["block", "drop", "latest", "coalesce"];

/// What the accounts of an edge add up to `sent` from.
const ACCOUNTS: [&str; 7] = [
    "delivered",
    "dropped",
    "evicted",
    "coalesced",
    "expired",
    "in_flight",
    "discarded",
];

fn main() -> ExitCode {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map_while(|text| text.parse().ok())
        .collect();
    let mut text = String::new();
    let found = match (arguments.as_slice(), io::stdin().read_to_string(&mut text)) {
        ([seconds, rate], Ok(_)) => problems(&text, seconds.saturating_mul(*rate)),
        ([_, _], Err(error)) => vec![format!("cannot read standard input: {error}")],
        _ => vec!["usage: check_report SECONDS RATE < output".to_owned()],
    };
    for problem in &found {
        // The exit code says it too, should the error stream be closed.
        let _ = writeln!(io::stderr(), "check_report: {problem}");
    }
    if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is wrong with the report in the last line of `output`, of a run that
/// was to take about `samples` samples.
fn problems(output: &str, samples: u64) -> Vec<String> {
    let Some(line) = output.lines().last() else {
        return vec!["there is no output".to_owned()];
    };
    let report: Value = match serde_json::from_str(line) {
        Ok(report) => report,
        Err(error) => return vec![format!("the last line is not JSON ({error}): {line}")],
    };
    let mut found = Vec::new();
    if report["balanced"] != Value::Bool(true) {
        found.push(format!("balanced is {}", report["balanced"]));
    }
    let edges = entries(&report["edges"]);
    for policy in POLICIES {
        let is_used = |edge: &Value| {
            let used = edge["policy"].as_str().unwrap_or_default();
            used.eq_ignore_ascii_case(policy)
        };
        if !edges.iter().any(is_used) {
            found.push(format!("no edge has the policy {policy}"));
        }
    }
    for edge in edges {
        let accounts: Option<Vec<u64>> = ACCOUNTS.iter().map(|name| edge[name].as_u64()).collect();
        let sum = accounts.map(|counts| counts.iter().map(|&n| u128::from(n)).sum());
        if sum.is_none() || sum != edge["sent"].as_u64().map(u128::from) {
            found.push(format!("an edge does not balance: {edge}"));
        }
    }
    let workers = entries(&report["workers"]).len();
    if workers < 2 {
        found.push(format!("{workers} workers; at least 2 are expected"));
    }
    // A machine busy with other things misses ticks, and counts them. More
    // samples than ticks there cannot be, but for the ones at both ends.
    let range = samples / 2..=samples + samples / 50 + 2;
    let taken = report["samples"].as_u64();
    if !taken.is_some_and(|taken| range.contains(&taken)) {
        found.push(format!("{} samples; expected {range:?}", report["samples"]));
    }
    found
}

/// The entries of a JSON array; none when it is something else.
fn entries(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        let edge = |policy| {
            json!({
                "policy": policy, "sent": 28, "delivered": 1, "dropped": 2,
                "evicted": 3, "coalesced": 4, "in_flight": 5, "discarded": 6, "expired": 7,
            })
        };
        json!({
            "edges": [edge("block"), edge("drop"), edge("latest"), edge("coalesce")],
            "workers": [{ "index": 0, "core": 0 }, { "index": 1, "core": null }],
            "balanced": true,
            "samples": 4990,
        })
    }

    fn problems_of(report: &Value) -> Vec<String> {
        problems(&format!("a screen\n{report}\n"), 5_000)
    }

    #[test]
    fn a_good_report_has_no_problems() {
        assert_eq!(problems_of(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_defect_is_reported_alone() {
        type Breakage = fn(&mut Value);
        let break_with: [(Breakage, &str); 8] = [
            (|r| r["balanced"] = json!(false), "balanced is false"),
            (|r| r["balanced"] = json!("true"), "balanced is \"true\""),
            (
                |r| r["edges"][2]["policy"] = json!("block"),
                "policy latest",
            ),
            (|r| r["edges"][1]["dropped"] = json!(1), "does not balance"),
            (
                |r| r["edges"][1]["evicted"] = json!(null),
                "does not balance",
            ),
            (|r| r["workers"] = json!([{}]), "1 workers"),
            (|r| r["samples"] = json!(2_499), "2499 samples"),
            (|r| r["samples"] = json!(5_103), "5103 samples"),
        ];
        for (defect, expected) in break_with {
            let mut report = good();
            defect(&mut report);
            let found = problems_of(&report);
            assert_eq!(found.len(), 1, "{expected}: {found:?}");
            assert!(found[0].contains(expected), "{found:?}");
        }
    }

    #[test]
    fn output_without_a_report_is_refused() {
        assert_eq!(problems("", 1).len(), 1);
        assert!(problems("{}\nnot json\n", 1)[0].contains("not json"));
        assert!(!problems("{}", 1).is_empty());
    }
}
