//! The reader's end.

use core::time::Duration;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::connect;

use crate::time::{Clock, MonotonicClock, Timestamp};

use super::address::{socket_address, unix_socket};
use super::error::ReadError;
use super::frame::{HEADER, decode, payload_length};
use super::reading::Reading;

/// Memory set aside before the first byte of content is there, whatever the
/// header claims.
const FIRST_BYTES: usize = 64 << 10;

/// Reads the engine that is served at `path`, waiting for at most `patience`.
///
/// One call is one connection; call it again for the next reading.
///
/// # Errors
/// [`ReadError`] says what is in the way. The engine is not affected by any of
/// it.
pub fn read(path: impl AsRef<Path>, patience: Duration) -> Result<Reading, ReadError> {
    let stream = open(path.as_ref())?;
    let mut source = Patient {
        stream,
        clock: MonotonicClock::new(),
        patience,
    };
    let mut header = Vec::with_capacity(HEADER);
    source.fill(&mut header, HEADER)?;
    let header = header.try_into().map_err(|_| ReadError::Foreign)?;
    let length = payload_length(&header)?;
    let mut payload = Vec::with_capacity(length.min(FIRST_BYTES));
    source
        .fill(&mut payload, length)
        .map_err(|error| match error {
            ReadError::Truncated { received, expected } => ReadError::Truncated {
                received: HEADER + received,
                expected: HEADER + expected,
            },
            error => error,
        })?;
    decode(&payload)
}

fn open(path: &Path) -> Result<UnixStream, ReadError> {
    let address = socket_address(path)
        .map_err(|error| ReadError::Io(error.into()))?
        .ok_or(ReadError::PathTooLong)?;
    let socket = unix_socket().map_err(|error| ReadError::Io(error.into()))?;
    let stream = UnixStream::from(socket);
    // Connecting waits while the engine's process stands still with a full
    // queue of connections. Non-blocking, it says so instead.
    stream.set_nonblocking(true)?;
    loop {
        match connect(&stream, &address) {
            Ok(()) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(refused(path, error)),
        }
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn refused(path: &Path, error: Errno) -> ReadError {
    match error {
        Errno::NOENT => ReadError::NotFound,
        Errno::ACCESS | Errno::PERM => ReadError::Denied,
        Errno::AGAIN => ReadError::Busy,
        Errno::CONNREFUSED | Errno::NOTSOCK | Errno::PROTOTYPE => {
            let is_socket = |path: &Path| {
                path.metadata()
                    .is_ok_and(|there| there.file_type().is_socket())
            };
            if is_socket(path) {
                ReadError::NobodyServes
            } else {
                ReadError::NotASocket
            }
        }
        error => ReadError::Io(error.into()),
    }
}

/// A stream that is read for a limited time in total.
struct Patient {
    stream: UnixStream,
    clock: MonotonicClock,
    patience: Duration,
}

impl Patient {
    /// Appends to `bytes` until there are `wanted`.
    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<(), ReadError> {
        let mut chunk = [0; 4096];
        while bytes.len() < wanted {
            let silent = ReadError::Silent {
                patience: self.patience,
            };
            let left = self
                .patience
                .saturating_sub(self.clock.now().since(Timestamp::EPOCH));
            if left.is_zero() {
                return Err(silent);
            }
            self.stream.set_read_timeout(Some(left))?;
            let room = chunk.len().min(wanted - bytes.len());
            match self.stream.read(&mut chunk[..room]) {
                Ok(0) => {
                    return Err(ReadError::Truncated {
                        received: bytes.len(),
                        expected: wanted,
                    });
                }
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(silent),
                    // The other end closed with a reset.
                    ErrorKind::ConnectionReset => {
                        return Err(ReadError::Truncated {
                            received: bytes.len(),
                            expected: wanted,
                        });
                    }
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }
}
