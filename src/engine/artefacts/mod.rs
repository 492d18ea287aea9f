//! Failure artefacts: what is needed to explain a failure, written to a
//! directory at the moment it happens.
//!
//! Written by the supervisor's thread, the caller's in stepping mode, or
//! whoever asks for it; never by a worker. No payload is in any of it.

mod directory;
mod text;

use core::fmt;
use std::path::{Path, PathBuf};

use crate::sync::{Mutex, lock};

use super::blueprint::Blueprint;
use super::diagnosis::Diagnosis;
use super::handle::EngineHandle;

/// The most directories that one run writes because of faults, and the most
/// because of stalls. One more is for a shutdown that timed out.
pub const MAX_ARTEFACTS: usize = 8;

/// What an engine has written by itself, and what it could not write.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Artefacts {
    /// The directories, in the order they were written.
    pub written: Vec<PathBuf>,
    /// What could not be written. The engine went on all the same.
    pub errors: Vec<ArtefactError>,
    /// Occasions without a directory, because there had been
    /// [`MAX_ARTEFACTS`] of their kind.
    pub withheld: u64,
}

/// A line for each directory, and for each error.
impl fmt::Display for Artefacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.written {
            writeln!(f, "artefacts in {}", path.display())?;
        }
        for error in &self.errors {
            writeln!(f, "artefacts: {error}")?;
        }
        Ok(())
    }
}

/// A file or directory that could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not {step} {}: {message}", path.display())]
#[non_exhaustive]
pub struct ArtefactError {
    /// Which one.
    pub path: PathBuf,
    /// What was tried.
    pub step: &'static str,
    /// What kind of error it is.
    pub kind: std::io::ErrorKind,
    /// What the system said.
    pub message: String,
}

impl ArtefactError {
    fn io(path: &Path, step: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self {
            path: path.to_owned(),
            step,
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

/// Why a directory is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    Fault,
    Stall,
    Timeout,
    Request,
}

impl Occasion {
    const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Stall => "stall",
            Self::Timeout => "timeout",
            Self::Request => "request",
        }
    }
}

/// Where an engine writes by itself: nowhere unless set.
pub(crate) type Folder = Option<PathBuf>;

/// Where an engine writes by itself, and what it has written.
pub(crate) struct ArtefactStore {
    parent: Folder,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    artefacts: Artefacts,
    /// Directories that were begun.
    faults: usize,
    stalls: usize,
}

impl ArtefactStore {
    pub(crate) fn new(parent: Folder) -> Self {
        Self {
            parent,
            kept: Mutex::default(),
        }
    }

    /// Whether anything is written.
    pub(crate) const fn is_open(&self) -> bool {
        self.parent.is_some()
    }

    /// What was written so far.
    pub(crate) fn artefacts(&self) -> Artefacts {
        lock(&self.kept).artefacts.clone()
    }

    /// Where to write on this occasion, if at all.
    fn admit(&self, occasion: Occasion) -> Option<&Path> {
        let parent = self.parent.as_deref()?;
        let mut kept = lock(&self.kept);
        let begun = match occasion {
            Occasion::Fault => &mut kept.faults,
            Occasion::Stall => &mut kept.stalls,
            Occasion::Timeout | Occasion::Request => return Some(parent),
        };
        if *begun == MAX_ARTEFACTS {
            kept.artefacts.withheld += 1;
            return None;
        }
        *begun += 1;
        Some(parent)
    }
}

impl EngineHandle {
    /// Writes a directory below `parent` with all that is known at the moment,
    /// as the engine does by itself when something goes wrong; where. `why`
    /// becomes its first line. Works after the engine has stopped, too. See
    /// [`EngineBuilder::artefacts`](super::EngineBuilder::artefacts).
    ///
    /// # Errors
    /// [`ArtefactError`]; the engine does not notice.
    pub fn write_artefacts(
        &self,
        parent: impl AsRef<Path>,
        why: &str,
    ) -> Result<PathBuf, ArtefactError> {
        let blueprint = &self.control.blueprint;
        blueprint.write_artefacts(parent.as_ref(), Occasion::Request, why, None)
    }

    /// What the engine has written by itself so far.
    #[must_use]
    pub fn artefacts(&self) -> Artefacts {
        self.control.blueprint.artefacts.artefacts()
    }
}

impl Blueprint {
    /// Writes a directory, if the engine is told to and has not written too
    /// many already. What goes wrong is noted.
    pub(crate) fn keep_artefacts(
        &self,
        occasion: Occasion,
        why: &str,
        diagnosis: Option<&Diagnosis>,
    ) {
        let Some(parent) = self.artefacts.admit(occasion) else {
            return;
        };
        let result = self.write_artefacts(parent, occasion, why, diagnosis);
        let mut kept = lock(&self.artefacts.kept);
        match result {
            Ok(path) => kept.artefacts.written.push(path),
            Err(error) => kept.artefacts.errors.push(error),
        }
    }

    /// Writes a directory below `parent`; where.
    pub(crate) fn write_artefacts(
        &self,
        parent: &Path,
        occasion: Occasion,
        why: &str,
        diagnosis: Option<&Diagnosis>,
    ) -> Result<PathBuf, ArtefactError> {
        let diagnosis = match diagnosis {
            Some(diagnosis) => diagnosis.clone(),
            None => self.diagnosis(),
        };
        let recording = self.recording();
        let snapshot = self.snapshot();
        let directory = directory::create(parent, &self.name, occasion.name())?;
        let content = text::Content {
            blueprint: self,
            occasion,
            why,
            diagnosis: &diagnosis,
            snapshot: &snapshot,
        };
        // What is read first is written first: the disk may be full.
        directory.write("summary.txt", content.summary().as_bytes())?;
        let calls = self.call_records();
        directory.write("calls.tsv", text::calls(&calls).as_bytes())?;
        directory.write("figures.txt", snapshot.to_string().as_bytes())?;
        if let Some(recording) = &recording {
            directory.write("events.tsv", text::events(recording).as_bytes())?;
        }
        #[cfg(feature = "inspect")]
        directory.write("state.json", &content.json(&directory.path)?)?;
        Ok(directory.path)
    }
}
