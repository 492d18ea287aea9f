//! Serves `GET /factor/N` and `GET /metrics` until SIGTERM or Ctrl-C; then
//! answers what it has accepted, and prints what the requests came to.
//!
//! ```sh
//! cd examples/exporters
//! cargo run --release -p tidegate-axum-service -- --address 127.0.0.1:8080
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tidegate_axum_service::service::{self, Options};
use tokio::signal::unix::{SignalKind, signal};

/// An HTTP service around an engine
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// How many workers factorise
    #[arg(long, default_value_t = 2)]
    lanes: usize,
    /// How many accepted jobs may wait in the door
    #[arg(long, default_value_t = 64)]
    capacity: usize,
    /// How many requests may wait in front of the door
    #[arg(long, default_value_t = 256)]
    waiting: usize,
    /// How long each of them waits before it is refused, in milliseconds
    #[arg(long, default_value_t = 50)]
    patience: u64,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let arguments = Arguments::parse();
    let options = Options {
        address: arguments.address,
        lanes: arguments.lanes,
        capacity: arguments.capacity,
        waiting: arguments.waiting,
        patience: Duration::from_millis(arguments.patience),
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let listening = |address| println!("http://{address}");
    let summary = service::run(&options, listening, stop).await?;
    println!("{}", serde_json::to_string(&summary)?);
    Ok(if summary.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
