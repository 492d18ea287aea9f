//! `tidegate-top` as a script runs it, on an engine in another process: this one.
#![cfg(all(feature = "top", unix))]

mod common;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use common::{Lab, Probe, feed_forever, wait_until};
use tidegate::engine::Engine;
use tidegate::graph::Edge;
use tidegate::node::NodeError;
use tidegate::observe::inspect::Inspector;

fn top(arguments: &[&str], socket: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate-top"))
        .args(arguments)
        .arg(socket)
        .output()
        .unwrap()
}

/// Runs it until `told` holds of what it prints: on a busy machine the engine may
/// do nothing between two of its looks.
fn top_until(arguments: &[&str], socket: &Path, told: impl Fn(&str) -> bool) -> String {
    let mut printed = String::new();
    wait_until("everything is told", || {
        let output = top(arguments, socket);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).clone_into(&mut printed);
        told(&printed)
    });
    printed
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn swallow() -> Probe {
    Probe::new().on_message(|io, cx| {
        while io.input.recv(cx).is_some() {}
        Ok(())
    })
}

/// Takes one message per call, where its producer has sent eight.
fn dawdle() -> Probe {
    Probe::new().on_message(|io, cx| {
        let _ = io.input.recv(cx);
        Ok(())
    })
}

fn fail() -> Probe {
    Probe::new().on_message(|io, cx| match io.input.recv(cx) {
        Some(_) => Err(NodeError::new("a secret of the application")),
        None => Ok(()),
    })
}

/// A producer that is held back, an edge that drops, a node that fails.
fn troubled() -> (Lab, Engine) {
    let mut lab = Lab::new();
    lab.add("orders", feed_forever());
    lab.add("invoices", dawdle());
    lab.connect("orders:out", "invoices:in", Edge::block(8));
    lab.add("sensor", feed_forever());
    lab.add("archive", swallow());
    lab.connect("sensor:out", "archive:in", Edge::drop_newest(2));
    lab.add("counter", feed_forever());
    lab.add("checker", fail());
    lab.connect("counter:out", "checker:in", Edge::block(64));
    let engine = lab.engine().start().unwrap();
    (lab, engine)
}

/// The engine is shut down in good order whatever was looked at.
fn finish(lab: &Lab, engine: Engine) {
    let report = engine.shutdown(Duration::from_secs(20));
    lab.assert_conserved(&report);
}

#[test]
fn once_tells_what_is_wrong_and_prints_every_table() {
    let (lab, engine) = troubled();
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let troubles = [
        ["FAULT", "checker fails"],
        ["LOSS", "sensor:out->archive:in drops"],
        ["SLOW", "invoices holds back orders"],
    ];
    let arguments = ["--once", "--interval", "0.2"];
    let printed = top_until(&arguments, inspector.path(), |printed| {
        troubles.iter().all(|words| {
            let tells = |line: &str| words.iter().all(|word| line.contains(word));
            printed.lines().any(tells)
        })
    });
    for row in [
        "orders ",
        "counter:out->checker:in ",
        "worker 0 ",
        "together ",
    ] {
        let starts = |line: &str| line.starts_with(row);
        assert!(printed.lines().any(starts), "{row}: {printed}");
    }
    assert!(
        printed.is_ascii() && !printed.contains("secret"),
        "{printed}"
    );
    drop(inspector);
    finish(&lab, engine);
}

#[test]
fn json_has_the_same_for_programs() {
    let (lab, engine) = troubled();
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let arguments = ["--json", "--interval", "0.2"];
    let kinds = ["fault", "loss", "slow"].map(|kind| format!("\"kind\":\"{kind}\""));
    let printed = top_until(&arguments, inspector.path(), |printed| {
        let all_on_one_line: String = printed.split_whitespace().collect();
        kinds.iter().all(|kind| all_on_one_line.contains(kind))
    });
    let view: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(view["graph"], "lab");
    assert_eq!(view["process"], std::process::id());
    assert!(view["interval_seconds"].as_f64().unwrap() >= 0.2);
    let kinds: Vec<_> = view["trouble"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    for kind in ["fault", "loss", "slow"] {
        assert!(kinds.contains(&&kind.into()), "{kind}: {kinds:?}");
    }
    let lossy = &view["edges"][1];
    assert_eq!(lossy["id"], "sensor:out->archive:in");
    assert!(lossy["dropped_rate"].as_f64().unwrap() > 0.0, "{lossy}");
    drop(inspector);
    finish(&lab, engine);
}

#[test]
fn a_filter_leaves_the_others_out() {
    let (lab, engine) = troubled();
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let arguments = [
        "--once",
        "--interval",
        "0.1",
        "--filter",
        "orders",
        "--sort",
        "flow",
    ];
    let output = top(&arguments, inspector.path());
    let printed = text(&output.stdout);
    let starts = |row: &str| printed.lines().any(|line| line.starts_with(row));
    assert!(starts("orders ") && !starts("counter "), "{printed}");
    assert!(printed.contains("NODES 1 of 6"), "{printed}");
    drop(inspector);
    finish(&lab, engine);
}

#[test]
fn what_cannot_be_shown_is_told_with_the_path_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let output = top(&["--once"], &missing);
    assert!(!output.status.success());
    let told = text(&output.stderr);
    assert!(told.contains(missing.to_str().unwrap()), "{told}");
    assert!(told.contains("there is no socket"), "{told}");

    // Not a terminal, and neither --once nor --json.
    let output = top(&[], &missing);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("--once"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn without_a_path_the_engine_at_the_usual_place_is_found() {
    let runtime = tempfile::tempdir().unwrap();
    let run = || {
        Command::new(env!("CARGO_BIN_EXE_tidegate-top"))
            .args(["--once", "--interval", "0.1"])
            .env("XDG_RUNTIME_DIR", runtime.path())
            .output()
            .unwrap()
    };
    let none = run();
    assert!(
        text(&none.stderr).contains("no engine serves"),
        "{}",
        text(&none.stderr)
    );

    let (lab, engine) = troubled();
    let usual = runtime.path().join("tidegate");
    std::fs::create_dir(&usual).unwrap();
    let first = Inspector::serve(&engine.handle(), usual.join("lab-1.sock")).unwrap();
    let found = run();
    assert!(
        text(&found.stdout).contains("lab  running"),
        "{}",
        text(&found.stderr)
    );

    let second = Inspector::serve(&engine.handle(), usual.join("lab-2.sock")).unwrap();
    let several = run();
    let told = text(&several.stderr);
    assert!(!several.status.success());
    assert!(
        told.contains("lab-1.sock") && told.contains("lab-2.sock"),
        "{told}"
    );
    drop((first, second));
    finish(&lab, engine);
}
