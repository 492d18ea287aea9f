//! That the check bites: a handler that misbehaves ends its process.
//!
//! Each case runs this binary again, for [`misbehave`] alone.

// The rule keeps the primitives of the library in one file; tests stand
// outside.
#![allow(clippy::disallowed_types)]

use std::hint::black_box;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::engine::EngineHandle;
use tidegate::graph::Edge;

use crate::common::{Probe, feed};
use crate::line;

/// Says which misdeed the child commits.
const MISDEED: &str = "TIDEGATE_MISDEED";

/// With which RealtimeSanitizer ends a process, unless told otherwise.
const STOPPED: i32 = 43;

fn child(misdeed: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bites::misbehave", "--ignored", "--nocapture"])
        .env(MISDEED, misdeed)
        .output()
        .unwrap()
}

#[track_caller]
fn assert_stopped(misdeed: &str, because: &str) {
    let output = child(misdeed);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(STOPPED), "{misdeed}: {text}");
    assert!(text.contains("RealtimeSanitizer"), "{misdeed}: {text}");
    assert!(text.contains(because), "{misdeed}: {text}");
}

#[test]
fn a_handler_without_a_misdeed_is_left_alone() {
    let output = child("nothing");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[test]
fn an_allocation_is_stopped() {
    assert_stopped("allocate", "`malloc`");
}

#[test]
fn a_free_is_stopped() {
    assert_stopped("free", "`free`");
}

#[test]
fn a_lock_that_another_holds_is_stopped() {
    assert_stopped("wait for a lock", "`syscall`");
}

#[test]
fn output_is_stopped() {
    assert_stopped("print", "`write");
}

#[test]
fn a_request_that_locks_inside_the_engine_is_stopped() {
    assert_stopped("lock inside the engine", "tidegate::sync::lock");
}

/// What [`misbehave`] gives its handler.
#[derive(Default)]
struct Means {
    memory: Option<Box<u64>>,
    lock: Arc<Mutex<()>>,
    handle: Arc<Mutex<Option<EngineHandle>>>,
}

fn commit(misdeed: &str, means: &mut Means) {
    match misdeed {
        "allocate" => drop(black_box(Box::new(1))),
        "free" => drop(black_box(means.memory.take())),
        "wait for a lock" => drop(means.lock.lock()),
        "print" => {
            // Around the test harness, which would capture it.
            use std::io::Write;
            let _ = std::io::stderr().write_all(b"printed\n");
        }
        "lock inside the engine" => {
            if let Some(handle) = means.handle.lock().unwrap().as_ref() {
                handle.request_shutdown(Duration::ZERO);
            }
        }
        _ => {}
    }
}

#[test]
#[ignore = "the other tests of this module run it as a child"]
fn misbehave() {
    let misdeed = std::env::var(MISDEED).unwrap();
    let (lock, handle) = (Arc::default(), Arc::default());
    let mut means = Means {
        memory: Some(Box::new(1)),
        lock: Arc::clone(&lock),
        handle: Arc::clone(&handle),
    };
    let sink = Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            commit(&misdeed, &mut means);
        }
        Ok(())
    });
    let mut engine = line(feed(3), sink, Edge::block(4)).stepping();
    *handle.lock().unwrap() = Some(engine.handle());
    let held = lock.lock().unwrap();
    engine.run_until_idle(10);
    drop(held);
    assert_eq!(engine.snapshot().edges[0].ledger.delivered, 3);
}
