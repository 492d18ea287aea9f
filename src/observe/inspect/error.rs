//! What can go wrong on either end of the socket.

use core::time::Duration;
use std::io;
use std::path::PathBuf;

use super::frame::{MAX_PAYLOAD, PROTOCOL_VERSION};

/// An engine that cannot be served at a path. The engine is not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no folder for sockets of this user.
    #[error("XDG_RUNTIME_DIR is not set, so there is no usual place for the socket; name a path")]
    NoRuntimeDirectory,
    /// Somebody serves there already.
    #[error(
        "{path} is in use by {}; choose another path, or end that one",
        holder(*.process)
    )]
    InUse {
        /// The path asked for.
        path: PathBuf,
        /// The process, when it said who it is.
        process: Option<u32>,
    },
    /// Something else than a socket is there.
    #[error("{path} exists and is not a socket; choose another path, or remove it")]
    NotASocket {
        /// The path asked for.
        path: PathBuf,
    },
    /// The platform has no sockets with so long a path.
    #[error("{path} is too long for a socket (about 100 bytes); choose a shorter path")]
    PathTooLong {
        /// The path asked for.
        path: PathBuf,
    },
    /// The platform refused a step.
    #[error("{path}: cannot {step}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        step: &'static str,
        /// What the platform said.
        error: io::Error,
    },
}

fn holder(process: Option<u32>) -> String {
    match process {
        Some(process) => format!("process {process}"),
        None => "another program".to_owned(),
    }
}

impl ServeError {
    /// For `map_err`: the platform refused `step` on `path`.
    pub(super) fn io(
        path: impl Into<PathBuf>,
        step: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, step, error }
    }
}

/// A reading that could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing is at this path.
    #[error(
        "there is no socket at this path; is the engine running, and does it serve an inspector?"
    )]
    NotFound,
    /// A socket is there, but nobody listens: its process is gone.
    #[error("nobody serves this socket any more; its process is gone")]
    NobodyServes,
    /// Another user's socket.
    #[error("the socket belongs to another user; only its owner can look")]
    Denied,
    /// The path holds something else.
    #[error("this is not a socket")]
    NotASocket,
    /// The platform has no sockets with so long a path.
    #[error("the path is too long for a socket")]
    PathTooLong,
    /// No answer, or not all of it, in time.
    #[error("no complete answer within {patience:?}; its process may be stopped or overloaded")]
    Silent {
        /// How long was waited.
        patience: Duration,
    },
    /// More connections wait than the engine's process takes.
    #[error("too many connections wait to be answered; its process may be stopped or overloaded")]
    Busy,
    /// The other end closed before the frame was complete.
    #[error("the answer ends after {received} of {expected} bytes; the other end broke off")]
    Truncated {
        /// Bytes that came, header included.
        received: usize,
        /// Bytes that a complete frame, or its header, would have.
        expected: usize,
    },
    /// The answer is not a frame.
    #[error("whatever serves this socket is not a tidegate engine")]
    Foreign,
    /// The other end speaks another version.
    #[error(
        "the engine speaks version {version} of the protocol, this program version \
         {PROTOCOL_VERSION}; use the program that was built with the engine's version"
    )]
    Version {
        /// The other end's version.
        version: u32,
    },
    /// The frame announces more than there can be.
    #[error("the answer claims to have {length} bytes, above the limit of {MAX_PAYLOAD}")]
    TooLarge {
        /// What it announces.
        length: usize,
    },
    /// The content is not a reading.
    #[error("the answer cannot be understood: {error}")]
    Unreadable {
        /// Where and why.
        error: serde_json::Error,
    },
    /// The engine answered that it cannot.
    #[error("the engine cannot answer: {why}")]
    Refused {
        /// What it said.
        why: String,
    },
    /// The platform refused a step.
    #[error("the socket cannot be read: {0}")]
    Io(#[from] io::Error),
}
