//! A directory for the owner alone, under a name that nobody has.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::ArtefactError;

/// How many names are tried.
const ATTEMPTS: u32 = 10_000;

pub(super) struct Directory {
    pub(super) path: PathBuf,
}

/// Makes `GRAPH-OCCASION-PROCESS-NUMBER` below `parent`, and `parent` itself if
/// it is not there. What is there already, a link included, is left alone.
pub(super) fn create(
    parent: &Path,
    graph: &str,
    occasion: &str,
) -> Result<Directory, ArtefactError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    builder
        .recursive(true)
        .create(parent)
        .map_err(ArtefactError::io(parent, "make the directory"))?;
    builder.recursive(false);
    let graph = file_name(graph);
    let process = std::process::id();
    let mut number = 0;
    loop {
        let path = parent.join(format!("{graph}-{occasion}-{process}-{number}"));
        match builder.create(&path) {
            Ok(()) => return Ok(Directory { path }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < ATTEMPTS => {
                number += 1;
            }
            Err(error) => return Err(ArtefactError::io(&path, "make the directory")(error)),
        }
    }
}

/// `name` as part of a file name: a graph may be called anything.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let replace = |c| if plain(c) { c } else { '_' };
    name.chars().take(48).map(replace).collect()
}

impl Directory {
    /// Writes a file that was not there.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), ArtefactError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        options
            .open(&path)
            .and_then(|mut file: File| file.write_all(content))
            .map_err(ArtefactError::io(&path, "write"))
    }
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "needs a file system")]
    fn a_name_that_is_taken_is_left_alone_and_the_next_one_used() {
        let parent = tempfile::tempdir().unwrap();
        let taken = format!("a_b-fault-{}-0", std::process::id());
        std::fs::write(parent.path().join(&taken), "mine").unwrap();
        let first = create(parent.path(), "a/b", "fault").unwrap();
        let second = create(parent.path(), "a/b", "fault").unwrap();
        assert_ne!(first.path, second.path);
        assert_eq!(first.path.parent(), Some(parent.path()));
        let untouched = std::fs::read_to_string(parent.path().join(&taken));
        assert_eq!(untouched.unwrap(), "mine");
        first.write("file", b"once").unwrap();
        let again = first.write("file", b"twice").unwrap_err();
        assert_eq!(again.kind, ErrorKind::AlreadyExists);
        assert!(again.to_string().contains("could not write"), "{again}");
    }

    #[cfg(unix)]
    #[test]
    #[cfg_attr(miri, ignore = "needs a file system")]
    fn everything_is_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let directory = create(&parent.path().join("new"), "graph", "stall").unwrap();
        directory.write("file", b"content").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&parent.path().join("new")), 0o700);
        assert_eq!(mode(&directory.path), 0o700);
        assert_eq!(mode(&directory.path.join("file")), 0o600);
    }
}
