//! The handler as a graph.
//!
//! ```text
//! receive ─► sequence ─┬─ Coalesce, one edge for each ─► strategy ─ Drop ─► gateway ─► TCP
//!  (UDP)               └─ of the symbols ─────────────►     ▲                 ▲   │
//!                        operator's door ─ Control ─► kill ─┴──── Control ────┤   │
//!                                     connections' door ─ Control ────────────┘   │
//!                                   lost connections' door ◄──────────────────────┘
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tidegate::Band;
use tidegate::engine::{Engine, EngineBuilder};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{NodeOptions, builtin};

use crate::nodes::{Gateway, Quote, Receive, Results, Sequence, Strategy, Switch};
use crate::options::Running;
use crate::socket::FeedSocket;

/// The engine's cadence, at which receipts are read.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How many messages an activation handles: what one system call receives.
const MESSAGES: u32 = crate::socket::BATCH as u32;

/// What is known of the feed's socket.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) buffer_bytes: usize,
}

/// The handler, ready to start. In the end its nodes send their `results`.
pub(crate) fn build(
    socket: FeedSocket,
    running: &Running,
    until: Option<(u64, Sender<()>)>,
    results: &Results,
) -> Result<EngineBuilder, Box<dyn Error>> {
    let workers = running.workers as usize;
    let feed = NodeOptions::new().worker(0);
    let trade = NodeOptions::new().worker(workers - 1);
    let mut graph = Subgraph::new("feed_handler");

    let receive = Receive::new(socket, running.poll(), results.clone());
    let receive = graph.add_with("receive", receive, feed)?;
    let sequence = graph.add_with("sequence", Sequence::new(until, results.clone()), feed)?;
    let strategy = graph.add_with("strategy", Strategy::new(results.clone()), trade)?;
    let gateway = graph.add_with("gateway", Gateway::new(results.clone())?, trade)?;
    let kill = graph.add_with("kill", builtin::tee::<Switch>(2), trade)?;

    graph.connect(
        receive.output(|n| &n.updates),
        sequence.input(|n| &n.updates),
        Edge::block(1_024),
    )?;
    // Prices that the strategy has not looked at yet are replaced by newer ones,
    // and their number is known.
    for symbol in 0..crate::wire::SYMBOLS {
        graph.connect(
            sequence.output(move |n| &n.quotes[symbol]),
            strategy.input(move |n| &n.quotes[symbol]),
            Edge::coalesce(1, Quote::merge),
        )?;
    }
    graph.connect(
        strategy.output(|n| &n.orders),
        gateway.input(|n| &n.orders),
        Edge::drop_newest(1_024).band(Band::High),
    )?;
    // A command waits neither for a batch nor for the orders before it.
    graph.connect(
        kill.output(|n| n.branch(0)),
        gateway.input(|n| &n.kill),
        Edge::block(8).band(Band::Control),
    )?;
    graph.connect(
        kill.output(|n| n.branch(1)),
        strategy.input(|n| &n.kill),
        Edge::block(8).band(Band::Control),
    )?;
    graph.expose_input("operator", kill.input(|n| &n.input))?;
    graph.expose_input("links", gateway.input(|n| &n.links))?;
    graph.expose_output("lost", gateway.output(|n| &n.lost))?;

    Ok(Engine::builder(graph)
        .workers(workers)
        .batch(MESSAGES)
        .tick(TICK)
        .entrance("operator", Edge::block(8).band(Band::Control))
        .entrance("links", Edge::block(2).band(Band::Control))
        .exit("lost", Edge::drop_newest(2)))
}
