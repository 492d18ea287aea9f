//! Handles a feed of market data: UDP multicast in, orders by TCP out, with a
//! kill switch, and every datagram and order accounted for.
//!
//! `cargo run --release --example feed_handler -- --help` lists the options.
//! Without a command it starts a sender and a consumer as well.

// The library makes its threads and reads its clocks in one place; a program
// around it has its own.
#![cfg_attr(target_os = "linux", allow(clippy::disallowed_methods))]

#[cfg(target_os = "linux")]
#[path = "../common/accounts.rs"]
mod accounts;
#[cfg(target_os = "linux")]
mod connector;
#[cfg(target_os = "linux")]
mod consumer;
#[cfg(target_os = "linux")]
mod handler;
#[cfg(target_os = "linux")]
mod link;
#[cfg(all(test, target_os = "linux"))]
mod no_alloc;
#[cfg(target_os = "linux")]
mod nodes;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
#[path = "../common/percentiles.rs"]
mod percentiles;
#[cfg(target_os = "linux")]
mod pipeline;
#[cfg(target_os = "linux")]
mod report;
#[cfg(all(test, target_os = "linux"))]
#[path = "../../tests/common/seed.rs"]
mod seed;
#[cfg(target_os = "linux")]
mod sender;
#[cfg(target_os = "linux")]
mod sequence;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod together;
#[cfg(target_os = "linux")]
mod wall;
#[cfg(target_os = "linux")]
mod wire;

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the error stream is closed too.
            let _ = writeln!(io::stderr(), "feed_handler: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
fn run() -> Result<(), Box<dyn std::error::Error>> {
    use clap::Parser;
    use options::Command;

    let options = options::Options::parse();
    match &options.command {
        Some(Command::Handle(handle)) => handler::run(handle),
        Some(Command::Send(send)) => sender::run(send),
        Some(Command::Consume(consume)) => consumer::run(consume),
        None => together::run(&options.all),
    }
}

/// It receives many datagrams with one system call, which is Linux' own.
#[cfg(not(target_os = "linux"))]
fn run() -> Result<(), &'static str> {
    Err("runs on Linux only")
}
