//! The handler: a process that runs the graph, and what is around it.

use std::error::Error;
use std::io::{self, Write};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tidegate::door::Entrance;

use crate::connector::{self, Lost};
use crate::nodes::Switch;
use crate::options::{HandleOptions, Running};
use crate::pipeline::{self, Listening};
use crate::report::Report;
use crate::socket::FeedSocket;
use crate::wall;

/// How long the edges may take to empty in the end.
const DRAIN: Duration = Duration::from_secs(2);

/// Where the feed comes in and the orders go.
pub(crate) struct Places {
    pub(crate) feed: SocketAddrV4,
    pub(crate) orders: SocketAddr,
}

/// Is told that the run is over, by Ctrl-C among others.
pub(crate) fn interruptible() -> Result<(Sender<()>, Receiver<()>), ctrlc::Error> {
    let (over, is_over) = mpsc::channel();
    let interrupt = over.clone();
    ctrlc::set_handler(move || {
        // The run is over already when nobody listens.
        let _ = interrupt.send(());
    })?;
    Ok((over, is_over))
}

/// Handles a feed for as long as it is told to.
pub(crate) fn run(options: &HandleOptions) -> Result<(), Box<dyn Error>> {
    let (over, is_over) = interruptible()?;
    let places = Places {
        feed: options.listen,
        orders: options.orders,
    };
    let until = options.sessions.map(|sessions| (sessions, over));
    let (report, ()) = handle(&places, &options.running, until, |listening, operator| {
        writeln!(io::stdout(), "listening on {}", listening.address)?;
        operate(&options.running, operator, &is_over);
        Ok(())
    })?;
    print(&report, &options.running)
}

/// Runs the graph while `meanwhile` does.
pub(crate) fn handle<T>(
    places: &Places,
    running: &Running,
    until: Option<(u64, Sender<()>)>,
    meanwhile: impl FnOnce(&Listening, &mut Entrance<Switch>) -> Result<T, Box<dyn Error>>,
) -> Result<(Report, T), Box<dyn Error>> {
    let socket = FeedSocket::open(places.feed)?;
    let listening = Listening {
        address: socket.address()?,
        buffer_bytes: socket.buffer()?,
    };
    let (results, figures) = mpsc::channel();
    let builder = pipeline::build(socket, running, until, &results)?;
    let mut engine = builder.start()?;
    let mut operator = engine.take_entrance::<Switch>("operator")?;
    let links = engine.take_entrance::<TcpStream>("links")?;
    let lost = engine.take_exit::<Lost>("lost")?;
    let orders = places.orders;
    let connector = thread::spawn(move || connector::run(orders, links, lost));

    let outcome = meanwhile(&listening, &mut operator);
    let report = engine.shutdown(DRAIN);
    connector.join().map_err(|_| "the connector panicked")?;
    Ok((Report::new(&listening, &report, &figures), outcome?))
}

/// Pulls the kill switch and releases it, evenly over the run; returns when the
/// run is over, and whether that was earlier than intended.
pub(crate) fn operate(
    running: &Running,
    operator: &mut Entrance<Switch>,
    is_over: &Receiver<()>,
) -> bool {
    let begin = Instant::now();
    let actions = 2 * running.kills;
    for action in 1..=actions {
        // An odd one in the middle between two even ones.
        let due = running.duration() * action / (actions + 1);
        let wait = due.saturating_sub(begin.elapsed());
        if is_over.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return true;
        }
        let switch = Switch {
            halt: action % 2 == 1,
            at: wall::nanos(),
        };
        // Its edge is never full: a command is taken at once.
        let _ = operator.try_send(switch);
    }
    let rest = running.duration().saturating_sub(begin.elapsed());
    is_over.recv_timeout(rest) != Err(RecvTimeoutError::Timeout)
}

/// Prints the report.
///
/// # Errors
/// Accounts that do not agree are one, besides output that fails.
pub(crate) fn print(report: &Report, running: &Running) -> Result<(), Box<dyn Error>> {
    let mut stdout = io::stdout().lock();
    if running.json {
        writeln!(stdout, "{}", serde_json::to_string(report)?)?;
    } else {
        writeln!(stdout, "{report}")?;
    }
    if report.disagreements.is_empty() {
        Ok(())
    } else {
        Err("accounts do not agree".into())
    }
}
