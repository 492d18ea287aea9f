//! The sender: a process that publishes a feed.

mod script;

use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::handler;
use crate::options::SendOptions;
use crate::wall;
use script::{LONGEST, Script};

/// How often the end of the session is told, in case one is lost.
const ENDS: u64 = 3;
const BETWEEN_ENDS: Duration = Duration::from_millis(5);

/// What was sent: the line that the sender ends with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// Datagrams of any kind.
    pub(crate) datagrams: u64,
    /// Quotes, duplicates not among them.
    pub(crate) quotes: u64,
    /// Times that numbers were skipped.
    pub(crate) gaps: u64,
    /// The numbers that were skipped.
    pub(crate) skipped: u64,
    /// Quotes that were sent again.
    pub(crate) duplicates: u64,
    /// What is no datagram of the feed.
    pub(crate) malformed: u64,
    /// Ends of the session.
    pub(crate) ends: u64,
    /// Datagrams for which the system said that nobody listens.
    pub(crate) refused: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Datagrams a second: what was really offered.
    pub(crate) rate: f64,
}

/// Sends as it is told, and prints what it sent.
pub(crate) fn run(options: &SendOptions) -> Result<(), Box<dyn Error>> {
    // From the loopback address, so that the group is reached on loopback.
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(options.to)?;
    let mut script = Script::new(&options.feed, wall::nanos());
    let total = options.datagrams();
    let rate = options.feed.rate;
    let burst = options.feed.burst;
    let pause = Duration::from_nanos(1_000_000_000 * burst / rate);

    let (_over, is_over) = handler::interruptible()?;
    let mut buffer = [0; LONGEST];
    let mut refused = 0;
    let mut sent = 0;
    let begin = Instant::now();
    while sent < total {
        let elapsed = begin.elapsed().as_nanos();
        let due = elapsed * u128::from(rate) / 1_000_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX) / burst * burst + burst;
        while sent < due.min(total) {
            let length = script.write(&mut buffer);
            refused += send(&socket, &buffer[..length])?;
            sent += 1;
        }
        if is_over.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    for _ in 0..ENDS {
        let length = script.write_end(&mut buffer);
        refused += send(&socket, &buffer[..length])?;
        thread::sleep(BETWEEN_ENDS);
    }
    let report = Sent {
        refused,
        seconds,
        rate: sent as f64 / seconds,
        ..script.sent()
    };
    writeln!(io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(())
}

/// Sends one datagram: 1 if the system said that nobody listens.
fn send(socket: &UdpSocket, bytes: &[u8]) -> io::Result<u64> {
    match socket.send(bytes) {
        Ok(_) => Ok(0),
        // It is about an earlier one; this one has not gone.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(1),
        Err(error) => Err(error),
    }
}
