//! The example `doctor`, run as a program.

#[path = "common/example.rs"]
mod example;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;
use tidegate::doctor::Check;

fn doctor(arguments: &[&str]) -> Output {
    let mut program = Command::new(example::build("doctor"));
    program.args(arguments).output().expect("it runs")
}

#[track_caller]
fn text(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_report_for_people_names_every_check_once() {
    let text = text(doctor(&[]));
    assert!(text.starts_with("ready for real time?"), "{text}");
    for check in Check::ALL {
        // At the beginning of a line, behind its severity.
        let lines = text.lines().filter(|line| !line.starts_with(' '));
        let named = lines.filter(|line| line.contains(&format!(" {check}: ")));
        assert_eq!(named.count(), 1, "{check}: {text}");
    }
}

#[test]
fn the_report_for_programs_has_the_same_findings_and_the_figures() {
    let text = text(doctor(&["--json"]));
    assert_eq!(text.lines().count(), 1, "{text}");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    let checks: Vec<_> = findings.iter().map(|finding| &finding["check"]).collect();
    let expected: Vec<_> = Check::ALL.iter().map(|check| check.as_str()).collect();
    assert_eq!(checks, expected);
    let severities: BTreeSet<_> = findings
        .iter()
        .map(|finding| finding["severity"].as_str().expect("a word"))
        .collect();
    let known = BTreeSet::from(["good", "note", "unknown", "warning"]);
    assert!(severities.is_subset(&known), "{severities:?}");
    assert!(report["clock_read"].as_u64() > Some(0), "{text}");
    for trip in report["round_trips"].as_array().expect("a list") {
        assert!(trip["latency"]["median"].as_u64() > Some(0), "{trip}");
    }
}

#[test]
fn an_unknown_option_is_refused() {
    let output = doctor(&["--cure"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--cure"));
}
