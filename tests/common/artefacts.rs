//! What a failing test leaves behind.

// The rule keeps the primitives of the library in one file; tests stand
// outside.
#![allow(clippy::disallowed_types)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tidegate::engine::EngineHandle;

/// Engines whose state is written to a directory should the test fail: below
/// `TIDEGATE_ARTEFACTS`, or in the build's own folder for tests.
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
            // The test has failed already, and says why; this must not panic.
            match handle.write_artefacts(&parent, &why) {
                Ok(path) => eprintln!("what the engine was doing: {}", path.display()),
                Err(error) => eprintln!("no artefacts: {error}"),
            }
        }
    }
}

fn default_parent() -> PathBuf {
    [env!("CARGO_TARGET_TMPDIR"), "artefacts"].iter().collect()
}
