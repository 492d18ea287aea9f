//! The reader's end: every answer that is none.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use tempfile::TempDir;
use tidegate::observe::inspect::{
    self, Inspector, MAX_PAYLOAD, PROTOCOL_VERSION, ReadError, Reading,
};

use crate::common::MANY;
use crate::{PATIENCE, pair};

/// Answers one connection with these bytes.
struct Pretender {
    folder: TempDir,
    thread: JoinHandle<()>,
}

impl Pretender {
    fn new(answer: Vec<u8>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let thread = std::thread::Builder::new().spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The reader may have seen enough before the end.
            let _ = stream.write_all(&answer);
        });
        Self {
            folder,
            thread: thread.unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("s")
    }
}

fn read(answer: impl Into<Vec<u8>>) -> Result<Reading, ReadError> {
    let pretender = Pretender::new(answer.into());
    let outcome = inspect::read(pretender.path(), PATIENCE);
    pretender.thread.join().unwrap();
    outcome
}

fn frame(version: u32, length: usize, payload: &[u8]) -> Vec<u8> {
    let mut frame = b"tidegate".to_vec();
    frame.extend(version.to_le_bytes());
    frame.extend(u32::try_from(length).unwrap().to_le_bytes());
    frame.extend(payload);
    frame
}

fn framed(payload: &[u8]) -> Vec<u8> {
    frame(PROTOCOL_VERSION, payload.len(), payload)
}

/// What an engine really answers.
fn real_frame() -> Vec<u8> {
    let (lab, mut engine) = pair(20);
    engine.run_until_idle(MANY);
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let mut stream = UnixStream::connect(inspector.path()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    lab.assert_conserved(&engine.shutdown(MANY));
    bytes
}

#[test]
fn the_frame_is_as_documented() {
    let bytes = real_frame();
    let (header, payload) = bytes.split_at(16);
    assert_eq!(header, &frame(PROTOCOL_VERSION, payload.len(), b"")[..]);
    let answer: serde_json::Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(answer["Ok"]["graph"], "lab");
    assert_eq!(read(bytes).unwrap().graph, "lab");
}

#[test]
fn a_frame_cut_off_anywhere_is_truncated() {
    let whole = real_frame();
    let cuts = (0..=17).chain((18..whole.len()).step_by(97));
    for cut in cuts.chain([whole.len() - 1]) {
        let error = read(&whole[..cut]).unwrap_err();
        let ReadError::Truncated { received, expected } = error else {
            panic!("{cut}: {error}");
        };
        assert_eq!(received, cut);
        let of_header = cut < 16;
        assert_eq!(expected, if of_header { 16 } else { whole.len() });
    }
}

#[test]
fn an_answer_of_something_else_is_foreign() {
    let error = read("HTTP/1.1 400 Bad Request\r\n\r\n").unwrap_err();
    assert!(matches!(error, ReadError::Foreign), "{error}");
    assert!(error.to_string().contains("not a tidegate engine"));
}

#[test]
fn another_version_is_refused_with_both_numbers() {
    let error = read(frame(PROTOCOL_VERSION + 1, 2, b"{}")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&format!("version {}", PROTOCOL_VERSION + 1)),
        "{text}"
    );
    assert!(
        text.contains(&format!("version {PROTOCOL_VERSION};")),
        "{text}"
    );
}

#[test]
fn a_length_above_the_limit_is_refused_before_anything_is_read() {
    let error = read(frame(PROTOCOL_VERSION, MAX_PAYLOAD + 1, b"")).unwrap_err();
    assert!(
        matches!(error, ReadError::TooLarge { length } if length == MAX_PAYLOAD + 1),
        "{error}"
    );
}

#[test]
fn content_that_is_no_reading_is_unreadable_and_a_refusal_is_repeated() {
    for payload in [&b"\xff\xfe"[..], b"", b"{\"Ok\":", b"{\"Ok\":{}}", b"[1,2]"] {
        let error = read(framed(payload)).unwrap_err();
        assert!(matches!(error, ReadError::Unreadable { .. }), "{error}");
    }
    let error = read(framed(br#"{"Err":"out of order"}"#)).unwrap_err();
    assert!(error.to_string().contains("out of order"), "{error}");
}

#[test]
fn a_reading_that_names_nodes_it_does_not_have_is_unreadable() {
    let payload = real_frame().split_off(16);
    let good: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    for pointer in ["/edges/0/producer", "/edges/0/consumer", "/nodes/0/worker"] {
        let mut bad = good.clone();
        *bad["Ok"]["snapshot"].pointer_mut(pointer).unwrap() = 99.into();
        let error = read(framed(bad.to_string().as_bytes())).unwrap_err();
        assert!(error.to_string().contains("not in it"), "{error}");
    }
}

#[test]
fn an_engine_that_does_not_answer_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    // Connections wait to be accepted; nobody does.
    let listener = UnixListener::bind(&path).unwrap();
    let error = inspect::read(&path, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, ReadError::Silent { .. }), "{error}");
    drop(listener);
}

#[test]
fn an_engine_whose_queue_of_connections_is_full_is_given_up_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&socket, 0).unwrap();
    let first = UnixStream::connect(&path).unwrap();
    let error = inspect::read(&path, Duration::MAX).unwrap_err();
    assert!(matches!(error, ReadError::Busy), "{error}");
    drop((first, socket));
}

#[test]
fn a_path_without_an_engine_says_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let error = inspect::read(&path, PATIENCE).unwrap_err();
    assert!(matches!(error, ReadError::NotFound), "{error}");
    fs::write(&path, "text").unwrap();
    let error = inspect::read(&path, PATIENCE).unwrap_err();
    assert!(matches!(error, ReadError::NotASocket), "{error}");
    let error = inspect::read(folder.path().join("x".repeat(150)), PATIENCE).unwrap_err();
    assert!(matches!(error, ReadError::PathTooLong), "{error}");
}
