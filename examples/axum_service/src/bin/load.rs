//! Asks a service as fast as it answers, and prints what came of it.
//!
//! ```sh
//! cd examples/exporters
//! cargo run --release --bin load -- --address 127.0.0.1:8080 --connections 1000
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use tidegate_axum_service::load::{self, Load, Outcome};
use tokio::time::Instant;

/// A load generator for axum_service
#[derive(Parser)]
struct Arguments {
    /// Of the service
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// How many ask at the same time
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// How often each of them asks
    #[arg(long, default_value_t = 100)]
    requests: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let mut outcomes = load::start(Load {
        address: arguments.address,
        connections: arguments.connections,
        requests: arguments.requests,
    });
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    let (mut closed, mut wrong) = (0, 0);
    while let Some(outcome) = outcomes.recv().await {
        match outcome {
            Outcome::Answered(after) => answered.push(after),
            Outcome::Refused(after) => refused.push(after),
            Outcome::Closed => closed += 1,
            Outcome::Wrong(what) => {
                eprintln!("{what}");
                wrong += 1;
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{seconds:.1} s, {} connections", arguments.connections);
    for (status, mut times) in [("200", answered), ("503", refused)] {
        times.sort_unstable();
        let rate = times.len() as f64 / seconds;
        let at = |share: f64| {
            let last = times.len().saturating_sub(1);
            let index = (share * last as f64) as usize;
            times.get(index).copied().unwrap_or(Duration::ZERO)
        };
        println!(
            "{status}: {} ({rate:.0}/s), p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}, max {:.1?}",
            times.len(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        );
    }
    println!("connections closed by the service: {closed}; other answers: {wrong}");
    Ok(())
}
