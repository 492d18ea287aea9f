//! The right to serve at a path, held by one process at a time.
//!
//! A lock on the file `PATH.lock` beside the socket decides who serves: the
//! system releases it when its process ends, however that comes, so a lock
//! that can be taken means that a socket left there is stale. The file holds
//! the process number, for the message to the next one who asks.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::net::{bind, listen};

use super::address::{socket_address, unix_socket};
use super::error::ServeError;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 16;

/// A path that only this value serves. Dropping it removes what is there.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    /// The socket's identity, once there is one.
    socket: Option<Identity>,
    lock_path: PathBuf,
    /// Locked for as long as this value lives.
    lock: File,
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Claim {
    /// Claims `path` and listens there. Only this user can connect.
    ///
    /// # Errors
    /// [`ServeError`]; then nothing has changed, except that a stale socket is
    /// gone.
    pub(super) fn listen(path: &Path) -> Result<(Self, UnixListener), ServeError> {
        let mut claim = Self::take(path)?;
        claim.clear_the_way()?;
        let listener = claim.open()?;
        Ok((claim, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock.
    fn take(path: &Path) -> Result<Self, ServeError> {
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let failed = |step| ServeError::io(&lock_path, step);
        loop {
            let mut lock = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false) // it may be another's, with a number in it
                .mode(0o600)
                .open(&lock_path)
                .map_err(failed("open the lock file"))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(ServeError::InUse {
                        path: path.to_owned(),
                        process: process_in(&mut lock),
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(failed("lock the lock file")(error));
                }
            }
            // Between `open` and `try_lock` the one before may have ended and
            // removed the file: then this lock is on a file without a name,
            // and the next one would lock another.
            if identity(&lock_path) == lock.metadata().ok().as_ref().map(Identity::of) {
                write_process(&mut lock).map_err(failed("write the lock file"))?;
                return Ok(Self {
                    path: path.to_owned(),
                    socket: None,
                    lock_path,
                    lock,
                });
            }
        }
    }

    /// Removes a stale socket. Nothing else is ever removed.
    fn clear_the_way(&self) -> Result<(), ServeError> {
        let path = &self.path;
        let there = match fs::symlink_metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ServeError::io(path, "look at the path")(error)),
        };
        if !there.file_type().is_socket() {
            return Err(ServeError::NotASocket { path: path.clone() });
        }
        // No inspector serves it, or it would hold the lock; but it may be the
        // socket of something else.
        if UnixStream::connect(path).is_ok() {
            return Err(ServeError::InUse {
                path: path.clone(),
                process: None,
            });
        }
        fs::remove_file(path).map_err(ServeError::io(path, "remove the stale socket"))
    }

    /// Makes the socket. Nobody can connect before `listen`, so the
    /// permissions hold for everybody.
    fn open(&mut self) -> Result<UnixListener, ServeError> {
        let path = &self.path;
        let failed = |step| ServeError::io(path, step);
        let address = socket_address(path)
            .map_err(|error| failed("use the path")(error.into()))?
            .ok_or_else(|| ServeError::PathTooLong { path: path.clone() })?;
        let socket = unix_socket().map_err(|error| failed("make a socket")(error.into()))?;
        bind(&socket, &address).map_err(|error| failed("make the socket there")(error.into()))?;
        self.socket = identity(path);
        fs::set_permissions(path, Permissions::from_mode(0o600))
            .map_err(failed("restrict the socket to its owner"))?;
        listen(&socket, BACKLOG).map_err(|error| failed("listen")(error.into()))?;
        let listener = UnixListener::from(socket);
        listener
            .set_nonblocking(true)
            .map_err(failed("make the socket non-blocking"))?;
        Ok(listener)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Only what this value made: somebody may have cleaned up by hand, and
        // another may serve there since. What cannot be removed is stale.
        if self.socket.is_some() && identity(&self.path) == self.socket {
            let _ = fs::remove_file(&self.path);
        }
        let own = self.lock.metadata().ok().as_ref().map(Identity::of);
        if own.is_some() && identity(&self.lock_path) == own {
            let _ = fs::remove_file(&self.lock_path);
        }
        // The lock goes with its file, last.
    }
}

impl Identity {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// What is at `path`, if something is.
fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(Identity::of(&metadata))
}

fn write_process(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{}", std::process::id())
}

/// The number in a lock file; `None` while its owner is about to write it.
fn process_in(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
