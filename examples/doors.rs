//! A graph that serves other threads: requests enter through a door, results
//! leave through another.
//!
//! ```sh
//! cargo run --release --example doors
//! ```

// The library never prints, and makes its threads in one place; this program
// does both.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::thread;
use std::time::Duration;

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

const PATIENCE: Duration = Duration::from_secs(5);
const REQUESTS: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    // Two clients with a door each, merged: none can starve the other.
    let mut graph = Subgraph::new("squares");
    let merge = graph.add("merge", builtin::merge(2))?;
    let square = graph.add(
        "square",
        builtin::map(|(client, n): (u8, u64)| (client, n * n)),
    )?;
    graph.connect(
        merge.output(|n| &n.output),
        square.input(|n| &n.input),
        Edge::block(64),
    )?;
    graph.expose_input("first", merge.input(|n| n.input(0)))?;
    graph.expose_input("second", merge.input(|n| n.input(1)))?;
    graph.expose_output("results", square.output(|n| &n.output))?;

    let mut engine = Engine::builder(graph)
        .entrance("first", Edge::block(16))
        .entrance("second", Edge::block(16))
        .exit("results", Edge::block(64))
        .start()?;

    let mut clients = Vec::new();
    for (client, name) in (0..).zip(["first", "second"]) {
        let mut door = engine.take_entrance::<(u8, u64)>(name)?;
        clients.push(thread::spawn(move || {
            for number in 0..REQUESTS {
                // A full door holds this thread back; a closed one says so.
                if let Err(refused) = door.send_timeout((client, number), PATIENCE) {
                    return Err(format!("{refused}: {:?}", refused.message.payload()));
                }
            }
            Ok(()) // the door closes with the thread
        }));
    }

    let mut results = engine.take_exit::<(u8, u64)>("results")?;
    let mut sums = [0, 0];
    while let Ok(result) = results.recv_timeout(PATIENCE) {
        let (client, square) = result.into_payload();
        sums[usize::from(client)] += square;
    }
    println!("sums of squares: {sums:?}");
    for client in clients {
        client.join().map_err(|_| "a client panicked")??;
    }

    // Both doors are closed, so the engine has completed.
    let report = engine.wait();
    println!("{report}");
    assert!(report.is_balanced());
    Ok(())
}
