//! The engine's end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use tidegate::graph::Edge;
use tidegate::observe::inspect::{self, Inspector, ReadError, ServeError, ServedPhase};

use crate::common::{Lab, Log, MANY, eat, feed, relay, wait_until};
use crate::{PATIENCE, pair};

#[test]
fn a_reading_has_the_figures_of_the_engine_and_says_whose_they_are() {
    let (lab, mut engine) = pair(100);
    engine.run_until_idle(10);
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let reading = inspect::read(inspector.path(), PATIENCE).unwrap();
    assert_eq!(reading.graph, "lab");
    assert_eq!(reading.process, std::process::id());
    assert_eq!(reading.library, env!("CARGO_PKG_VERSION"));
    assert_eq!(reading.phase, ServedPhase::Running);
    assert!(reading.memory_bytes > 0);
    assert_eq!(reading.snapshot.to_string(), engine.snapshot().to_string());
    let sent = reading.snapshot.edge("source:out->sink:in").unwrap();
    assert!(sent.ledger.sent > 0);

    engine.run_until_idle(MANY);
    let later = inspect::read(inspector.path(), PATIENCE).unwrap();
    assert!(later.is_same_engine(&reading));
    assert!(later.read_at > reading.read_at);
    let delivered = later.snapshot.edge("source:out->sink:in").unwrap();
    assert_eq!(delivered.ledger.delivered, 100);
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn a_running_engine_is_read_from_outside_and_not_disturbed() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_on(0, "source", feed(50_000));
    lab.add_on(1, "sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(64));
    let engine = lab.engine().workers(2).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let mut before = 0;
    for _ in 0..20 {
        let reading = inspect::read(inspector.path(), PATIENCE).unwrap();
        let sent = reading.snapshot.edges[0].ledger.sent;
        assert!(sent >= before, "a counter went back");
        before = sent;
    }
    let report = engine.wait();
    lab.assert_conserved(&report);
    assert_eq!(eaten.len(), 50_000);

    // The final figures stay until the inspector goes.
    let reading = inspect::read(inspector.path(), PATIENCE).unwrap();
    assert_eq!(reading.phase, ServedPhase::Stopped);
    assert_eq!(reading.snapshot.to_string(), report.snapshot.to_string());
}

#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_inspector() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let inspector = Inspector::serve(&engine.handle(), &path).unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    assert_eq!(files().count(), 2, "the socket and its lock");
    for file in files() {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
    drop(inspector);
    assert_eq!(files().count(), 0);
    assert!(matches!(
        inspect::read(&path, PATIENCE),
        Err(ReadError::NotFound)
    ));
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn a_path_in_use_is_refused_by_name_and_its_holder_goes_on() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let inspector = Inspector::serve(&engine.handle(), &path).unwrap();
    let error = Inspector::serve(&engine.handle(), &path).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&format!("process {}", std::process::id())),
        "{text}"
    );
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(inspect::read(&path, PATIENCE).is_ok());
    drop(inspector);
    // Free again.
    let again = Inspector::serve(&engine.handle(), &path).unwrap();
    assert!(inspect::read(again.path(), PATIENCE).is_ok());
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn what_a_dead_process_left_is_replaced() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    fs::write(folder.path().join("s.lock"), "4000000000").unwrap();
    assert!(matches!(
        inspect::read(&path, PATIENCE),
        Err(ReadError::NobodyServes)
    ));
    let inspector = Inspector::serve(&engine.handle(), &path).unwrap();
    assert!(inspect::read(&path, PATIENCE).is_ok());
    drop(inspector);
    assert!(!path.exists());
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn what_others_have_at_the_path_stays_as_it_is() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let error = Inspector::serve(&engine.handle(), &file).unwrap_err();
    assert!(matches!(error, ServeError::NotASocket { .. }), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

    let foreign = folder.path().join("foreign");
    let listener = UnixListener::bind(&foreign).unwrap();
    let error = Inspector::serve(&engine.handle(), &foreign).unwrap_err();
    assert!(
        matches!(error, ServeError::InUse { process: None, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("another program"), "{error}");
    assert!(UnixStream::connect(&foreign).is_ok());
    drop(listener);

    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "no lock file stays behind");
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn a_place_that_cannot_hold_a_socket_is_named() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/folder/s");
    let text = Inspector::serve(&engine.handle(), &missing)
        .unwrap_err()
        .to_string();
    assert!(text.contains("no/such/folder"), "{text}");

    let long = folder.path().join("x".repeat(150));
    let error = Inspector::serve(&engine.handle(), &long).unwrap_err();
    assert!(matches!(error, ServeError::PathTooLong { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    lab.assert_conserved(&engine.shutdown(MANY));
}

/// A reading of so many edges does not fit into the buffers of a connection.
#[test]
fn readers_that_stall_or_vanish_keep_nobody_else_from_reading() {
    const RELAYS: usize = 1_500;
    let mut lab = Lab::new();
    lab.add("source", feed(10));
    let mut from = String::from("source:out");
    for index in 0..RELAYS {
        let name = format!("relay-{index:04}");
        lab.add(&name, relay());
        lab.connect(&from, &format!("{name}:in"), Edge::block(1));
        from = format!("{name}:out");
    }
    lab.add("sink", eat(&Log::new()));
    lab.connect(&from, "sink:in", Edge::block(1));
    let mut engine = lab.stepping();
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();

    let mut stalled = Vec::new();
    for _ in 0..6 {
        stalled.push(UnixStream::connect(inspector.path()).unwrap());
        drop(UnixStream::connect(inspector.path()).unwrap());
    }
    let reading = inspect::read(inspector.path(), PATIENCE).unwrap();
    assert_eq!(reading.snapshot.nodes.len(), RELAYS + 2);
    let frame = serde_json::to_vec(&reading).unwrap();
    assert!(frame.len() > 400_000, "{} bytes fit at once", frame.len());
    drop(stalled);
    engine.run_until_idle(MANY);
    lab.assert_conserved(&engine.shutdown(MANY));
}

#[test]
fn an_inspector_ends_while_readers_wait_for_it() {
    let (lab, engine) = pair(0);
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let waiting: Vec<_> = (0..12)
        .map(|_| UnixStream::connect(inspector.path()).unwrap())
        .collect();
    drop(inspector);
    drop(waiting);
    wait_until("the folder is empty", || {
        fs::read_dir(folder.path()).unwrap().count() == 0
    });
    lab.assert_conserved(&engine.shutdown(MANY));
}
