//! What an engine writes when something goes wrong.

#![allow(clippy::disallowed_types)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Lab, Log, MANY, PATIENCE, Probe, Seed, Witness, eat, feed, feed_forever, wait_until};
use tempfile::TempDir;
use tidegate::engine::{Engine, EngineHandle, MAX_ARTEFACTS, Report};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{FaultPolicy, NodeError, NodeOptions, builtin};
use tidegate::observe::Recorder;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn read(directory: &Path, file: &str) -> String {
    fs::read_to_string(directory.join(file)).expect("it was written")
}

/// The only directory that this run has written.
#[track_caller]
fn only(report: &Report) -> &PathBuf {
    let artefacts = &report.artefacts;
    assert!(artefacts.errors.is_empty(), "{:?}", artefacts.errors);
    assert_eq!(artefacts.written.len(), 1, "{:?}", artefacts.written);
    &artefacts.written[0]
}

/// A source, and a node that fails with every message.
fn failing(messages: u64) -> Lab {
    let mut lab = Lab::new();
    let fails = Probe::new().on_message(|io, cx| match io.input.recv(cx) {
        Some(_) => Err(NodeError::new("a number is wrong")),
        None => Ok(()),
    });
    let options = NodeOptions::new().on_error(FaultPolicy::Continue);
    lab.add("source", feed(messages));
    lab.add_with("fails", fails, options);
    lab.connect("source:out", "fails:in", Edge::block(4));
    lab
}

#[test]
fn a_fault_leaves_all_that_explains_it() {
    let folder = folder();
    let mut lab = failing(1);
    let engine = lab.engine().artefacts(folder.path()).seed(77);
    let mut engine = engine.recorder(Recorder::Full, 64).stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let directory = only(&report);
    assert_eq!(directory.parent(), Some(folder.path()));
    let summary = read(directory, "summary.txt");
    assert!(
        summary.starts_with("fault: fails failed in on_message\n"),
        "{summary}"
    );
    let version = format!(
        "tidegate {} on {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS
    );
    for part in [
        "fails in on_message: a number is wrong",
        "CAUSES\n",
        "worker 0 ",
        "graph     lab, 2 nodes, 1 edges, 1 workers",
        "seed      77",
        &version,
        "events.tsv",
    ] {
        assert!(summary.contains(part), "{part:?} in\n{summary}");
    }
    assert!(read(directory, "figures.txt").contains("source:out->fails:in"));
    let events = read(directory, "events.tsv");
    let faults = events
        .lines()
        .filter(|line| line.contains("\t0\tfails\tFault"));
    assert_eq!(faults.count(), 1, "{events}");
    assert!(report.to_string().contains("artefacts in "), "{report}");
}

#[cfg(feature = "inspect")]
#[test]
fn the_same_is_there_as_json() {
    let folder = folder();
    let mut lab = failing(1);
    let mut engine = lab.engine().artefacts(folder.path()).stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let state: serde_json::Value =
        serde_json::from_str(&read(only(&report), "state.json")).expect("JSON");
    assert_eq!(state["occasion"], "fault");
    assert_eq!(state["faults"][0]["message"], "a number is wrong");
    assert_eq!(state["snapshot"]["nodes"][1]["path"], "fails");
    assert!(state["diagnosis"]["workers"].is_array(), "{state}");
}

#[test]
fn many_faults_leave_a_bounded_number_of_directories() {
    const FAULTS: usize = 40;
    let folder = folder();
    let mut lab = failing(FAULTS as u64);
    let mut engine = lab.engine().artefacts(folder.path()).stepping().unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(report.faults.len(), FAULTS);
    assert_eq!(report.artefacts.written.len(), MAX_ARTEFACTS);
    assert_eq!(report.artefacts.withheld as usize, FAULTS - MAX_ARTEFACTS);
    let there = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(there, MAX_ARTEFACTS);
}

#[test]
fn a_shutdown_that_times_out_leaves_the_handler_it_waited_for() {
    let folder = folder();
    let (release, gate) = channel::<()>();
    let mut lab = Lab::new();
    let stuck = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            gate.recv_timeout(PATIENCE)?;
        }
        Ok(())
    });
    lab.add("source", feed(1)).add("stuck", stuck);
    lab.connect("source:out", "stuck:in", Edge::latest(4));
    let builder = lab.engine().artefacts(folder.path()).on_built(|handle| {
        handle.pause("stuck").unwrap();
    });
    let engine = builder.start().unwrap();
    let handle = engine.handle();
    wait_until("a message waits", || {
        handle.snapshot().edges[0].ledger.in_flight == 1
    });
    // The pause ends with it, so the handler begins while the engine drains. Much
    // longer than the time from which on a call counts as long.
    handle.request_shutdown(Duration::from_secs(1));
    wait_until("the timeout is over", || {
        !handle.artefacts().written.is_empty()
    });
    release.send(()).unwrap();
    let report = engine.wait();
    assert!(!report.drained);
    lab.assert_conserved(&report);
    let summary = read(only(&report), "summary.txt");
    assert!(summary.starts_with("timeout: "), "{summary}");
    assert!(
        summary.contains("the handler of stuck has not returned for "),
        "{summary}"
    );
    assert!(summary.contains("and holds worker 0"), "{summary}");
}

#[test]
fn a_stepped_shutdown_that_runs_out_of_steps_leaves_a_directory() {
    let folder = folder();
    let mut lab = Lab::new();
    lab.add("source", feed(100)).add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(64));
    let mut engine = lab.engine().artefacts(folder.path()).stepping().unwrap();
    engine.handle().pause("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(1);
    assert!(!report.drained, "{report}");
    lab.assert_conserved(&report);
    assert!(read(only(&report), "summary.txt").starts_with("timeout: "));
}

#[test]
fn a_shutdown_that_was_to_discard_leaves_nothing() {
    let folder = folder();
    let mut lab = Lab::new();
    lab.add("source", feed_forever())
        .add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(64));
    let engine = lab.engine().artefacts(folder.path()).start().unwrap();
    let report = engine.shutdown(Duration::ZERO);
    lab.assert_conserved(&report);
    assert!(report.artefacts.written.is_empty() && report.artefacts.errors.is_empty());
}

#[test]
fn a_stall_leaves_a_directory_that_names_the_cause() {
    let folder = folder();
    let mut lab = Lab::new();
    lab.add("source", feed_forever())
        .add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let engine = lab.engine().artefacts(folder.path());
    let engine = engine
        .stall_after(Duration::from_millis(40))
        .start()
        .unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    wait_until("it is written", || {
        let mut written = handle.artefacts().written.into_iter();
        written.any(|it| read(&it, "summary.txt").contains("sink is paused; resume it"))
    });
    let report = engine.shutdown(PATIENCE);
    assert!(report.drained && !report.stalls.is_empty());
    lab.assert_conserved(&report);
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_in_the_report_and_no_more() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    for threads in [false, true] {
        let mut lab = failing(3);
        let engine = lab.engine().artefacts(file.join("below"));
        let report = if threads {
            engine.start().unwrap().wait()
        } else {
            let mut engine = engine.stepping().unwrap();
            engine.run_until_idle(MANY);
            engine.shutdown(MANY)
        };
        lab.assert_conserved(&report);
        assert_eq!(report.faults.len(), 3);
        assert!(report.artefacts.written.is_empty());
        let error = &report.artefacts.errors[0];
        let text = error.to_string();
        assert!(text.starts_with("could not make the directory "), "{text}");
        assert!(text.contains("below"), "{text}");
    }
}

#[test]
fn artefacts_can_be_asked_for_at_any_time() {
    let folder = folder();
    let mut lab = Lab::new();
    lab.add("source", feed(10)).add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let engine = lab.engine().start().unwrap();
    let handle = engine.handle();
    let before = handle
        .write_artefacts(folder.path(), "while it runs")
        .unwrap();
    let report = engine.wait();
    lab.assert_conserved(&report);
    let after = handle.write_artefacts(folder.path(), "afterwards").unwrap();
    assert_ne!(before, after);
    assert!(read(&before, "summary.txt").starts_with("request: while it runs\n"));
    assert!(read(&after, "summary.txt").contains("worker 0 is stopping"));
}

#[test]
fn an_observer_gets_the_handle_before_any_node_starts() {
    let (give, take) = channel();
    let mut graph = Subgraph::new("graph");
    let source = Probe::new().on_start(move |_, cx| {
        let handle: EngineHandle = take.try_recv().expect("it came before");
        assert_eq!(handle.snapshot().nodes.len(), 1);
        cx.finish();
        Ok(())
    });
    graph.add("source", source).unwrap();
    let builder = Engine::builder(graph).on_built(move |handle| give.send(handle).unwrap());
    let report = builder.start().unwrap().wait();
    assert!(report.is_balanced() && report.faults.is_empty(), "{report}");
}

/// What the test below runs in a process of its own.
#[test]
#[ignore = "fails on purpose"]
fn fails_on_purpose() {
    let mut lab = Lab::new();
    lab.add("source", feed(10)).add("sink", eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let report = lab.engine().seed(4_711).start().unwrap().wait();
    lab.assert_conserved(&report);
    let mut graph = Subgraph::new("bare");
    let source = graph.add("source", builtin::source_iter(0..3)).unwrap();
    let sink = graph.add("sink", builtin::sink(|_: i32| ())).unwrap();
    let (from, to) = (source.output(|n| &n.output), sink.input(|n| &n.input));
    graph.connect(from, to, Edge::block(4)).unwrap();
    let engine = Engine::builder(graph).stepping().unwrap();
    let _seed = Seed::new();
    let _witness = Witness::of(engine.handle());
    panic!("on purpose");
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_failing_test_leaves_its_engines_and_says_where() {
    let folder = folder();
    let this = std::env::current_exe().expect("this binary");
    let run = Command::new(this)
        .args(["--exact", "fails_on_purpose", "--ignored", "--nocapture"])
        .env("TIDEGATE_ARTEFACTS", folder.path())
        .env("TIDEGATE_TEST_SEED", "0x4d")
        .env_remove("TIDEGATE_TEST_RECORDER")
        .output()
        .expect("it runs");
    assert!(!run.status.success());
    let told = String::from_utf8_lossy(&run.stderr);
    let summaries: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .inspect(|path| assert!(told.contains(&*path.to_string_lossy()), "{told}"))
        .map(|path| read(&path, "summary.txt"))
        .collect();
    assert_eq!(summaries.len(), 2, "{told}");
    let of = |graph: &str| {
        let mut found = summaries.iter();
        found
            .find(|text| text.contains(&format!("graph     {graph},")))
            .expect("there")
    };
    assert!(of("lab").starts_with("request: test fails_on_purpose failed\n"));
    assert!(of("lab").contains("seed      4711"));
    assert!(of("bare").contains("seed      0"));
    // The bare engine has no recorder.
    assert_eq!(told.matches("the last events of").count(), 1, "{told}");
    for part in [
        "the last events of lab, after 0 others:\n",
        "  source  State",
        "Phase(Stopping)\n",
        "to see this again: TIDEGATE_TEST_SEED=77\n",
    ] {
        assert!(told.contains(part), "{part:?} in\n{told}");
    }
}
