//! Where sockets are.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
#[cfg(target_os = "linux")]
use rustix::net::{SocketFlags, socket_with};

use super::error::ServeError;

/// The end of a socket's name at its usual place.
const EXTENSION: &str = "sock";

/// The usual place for the socket of an engine that runs the graph `name` in
/// this process: `$XDG_RUNTIME_DIR/tidegate/NAME-PROCESS.sock`. Makes the
/// folder, for this user only, if it is missing. What a file name had better
/// not contain becomes `_`.
///
/// # Errors
/// [`ServeError::NoRuntimeDirectory`], [`ServeError::Io`].
pub fn default_path(name: &str) -> Result<PathBuf, ServeError> {
    let folder = runtime_folder().ok_or(ServeError::NoRuntimeDirectory)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(ServeError::io(&folder, "make the folder"))?;
    Ok(folder.join(file_name(name, std::process::id())))
}

/// The sockets at the usual place, in order, whether or not somebody still
/// serves them. None when there is no such place.
#[must_use]
pub fn served() -> Vec<PathBuf> {
    let entries = runtime_folder().and_then(|folder| folder.read_dir().ok());
    let mut sockets: Vec<_> = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new(EXTENSION)))
        .collect();
    sockets.sort();
    sockets
}

fn runtime_folder() -> Option<PathBuf> {
    // An empty variable, or a relative path, counts as not set: so the
    // specification of these folders has it.
    let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?);
    folder.is_absolute().then(|| folder.join("tidegate"))
}

/// Short enough for a socket's path, however long the graph's name.
fn file_name(graph: &str, process: u32) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '_'
        }
    };
    let graph: String = graph.chars().map(plain).take(40).collect();
    format!("{graph}-{process}.{EXTENSION}")
}

/// The address for `path`; `None` when it is too long.
pub(super) fn socket_address(path: &Path) -> Result<Option<SocketAddrUnix>, Errno> {
    match SocketAddrUnix::new(path) {
        Ok(address) => Ok(Some(address)),
        Err(Errno::NAMETOOLONG) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A socket that no child process inherits: one that did would keep a path
/// looking alive after its engine is gone.
pub(super) fn unix_socket() -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // Elsewhere not in one step.
    #[cfg(not(target_os = "linux"))]
    let socket = {
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        socket
    };
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_child_process_inherits_a_socket() {
        let flags = rustix::io::fcntl_getfd(unix_socket().unwrap()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }

    #[test]
    fn the_name_of_a_socket_is_short_and_plain() {
        assert_eq!(file_name("host_monitor", 7), "host_monitor-7.sock");
        assert_eq!(file_name("a/b c\u{e9}", 7), "a_b_c_-7.sock");
        assert!(file_name(&"x".repeat(1_000), u32::MAX).len() <= 60);
    }

    #[test]
    fn a_path_beyond_the_platforms_limit_is_no_address() {
        assert!(matches!(
            socket_address(Path::new("engine.sock")),
            Ok(Some(_))
        ));
        let long = "x".repeat(200);
        assert!(matches!(socket_address(Path::new(&long)), Ok(None)));
        assert!(socket_address(Path::new("a\0b")).is_err());
    }
}
