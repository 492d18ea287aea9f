//! What a failing test leaves behind.

// The rule keeps the primitives of the library in one file; tests stand
// outside.
#![allow(clippy::disallowed_types)]

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidegate::engine::EngineHandle;
use tidegate::observe::{Recorder, Recording};

/// How many of an engine's last events are printed, and kept by each worker.
pub(crate) const MOST_EVENTS: usize = 64;

/// What the engines of a [`Lab`](super::Lab) record: what is rare, which most
/// tests can do with, or every activation, with `TIDEGATE_TEST_RECORDER=full`.
pub(crate) fn recorder() -> Recorder {
    match std::env::var("TIDEGATE_TEST_RECORDER").as_deref() {
        Ok("full") => Recorder::Full,
        Ok(other) => panic!("TIDEGATE_TEST_RECORDER is full or unset, not {other}"),
        Err(_) => Recorder::Lifecycle,
    }
}

/// Engines whose last events are printed should the test fail, and whose state is
/// written to a directory: below `TIDEGATE_ARTEFACTS`, or in the build's own
/// folder for tests.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Engines>);

#[derive(Default)]
struct Engines(Mutex<Vec<EngineHandle>>);

impl Witness {
    /// A witness of this engine alone.
    pub(crate) fn of(handle: EngineHandle) -> Self {
        let witness = Self::default();
        witness.add(handle);
        witness
    }

    pub(crate) fn add(&self, handle: EngineHandle) {
        let Self(engines) = self;
        let mut handles = engines.0.lock().unwrap_or_else(PoisonError::into_inner);
        handles.push(handle);
    }
}

impl Drop for Engines {
    #[allow(clippy::print_stderr)] // for whoever reads the failed test
    fn drop(&mut self) {
        if !std::thread::panicking() || cfg!(miri) {
            return;
        }
        let parent =
            std::env::var_os("TIDEGATE_ARTEFACTS").map_or_else(default_parent, PathBuf::from);
        let test = std::thread::current();
        let why = format!("test {} failed", test.name().unwrap_or("without a name"));
        let handles = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for handle in handles {
            if let Some(recording) = handle.recording() {
                eprint!("{}", last_events(&recording));
            }
            // The test has failed already, and says why; this must not panic.
            match handle.write_artefacts(&parent, &why) {
                Ok(path) => eprintln!("what the engine was doing: {}", path.display()),
                Err(error) => eprintln!("no artefacts: {error}"),
            }
        }
    }
}

/// The last events of all workers together, the latest one last.
fn last_events(recording: &Recording) -> String {
    let graph = &recording.graph;
    let events: Vec<_> = recording.events().collect();
    let earlier = events.len().saturating_sub(MOST_EVENTS);
    let before = earlier as u64 + recording.lost();
    let mut text = format!("the last events of {graph}, after {before} others:\n");
    for (worker, event) in &events[earlier..] {
        let Some(kind) = event.kind() else {
            continue;
        };
        let at = Duration::from_nanos(event.at().as_nanos()).as_secs_f64();
        let about = recording.subject(&kind).unwrap_or("-");
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {at:.6} s  worker {worker}  {about}  {kind:?}");
    }
    text
}

fn default_parent() -> PathBuf {
    [env!("CARGO_TARGET_TMPDIR"), "artefacts"].iter().collect()
}
