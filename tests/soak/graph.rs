//! The graph of the soak: every policy, both workers, commands, and messages
//! that are counted as long as they are alive.

use tidegate::Band;
use tidegate::graph::Edge;
use tidegate::node::{NodeOptions, Tick, builtin};

use super::allocator::watcher;
use super::common::{Count, Io, Lab, Probe};

/// The Block edge that everything passes.
pub(crate) const STRICT: &str = "tee:out0->strict:in";

/// The edges into consumers that look now and then.
pub(crate) const PASSIVE: [&str; 3] = [
    "tee:out1->dropping:in",
    "tee:out2->latest:in",
    "tee:out3->coalesce:in",
];

const CAPACITY: usize = 64;

/// More messages than all edges and nodes together hold at any moment.
pub(crate) const MOST_ALIVE: u64 = 16 * CAPACITY as u64;

/// How many messages there are.
#[derive(Clone, Default)]
pub(crate) struct Alive {
    made: Count,
    dropped: Count,
}

impl Alive {
    /// A message more.
    fn token(&self) -> Token {
        self.made.up();
        Token(self.clone())
    }

    /// Those that are not dropped yet; too few while others are at work.
    pub(crate) fn now(&self) -> u64 {
        // In this order, so that a thread that is interrupted in between does not
        // take what was made meanwhile for alive.
        let made = self.made.get();
        made.saturating_sub(self.dropped.get())
    }

    pub(crate) fn ever(&self) -> u64 {
        self.made.get()
    }
}

/// A message, whose drop is counted.
struct Token(Alive);

impl Clone for Token {
    fn clone(&self) -> Self {
        self.0.token()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.dropped.up();
    }
}

/// `source -> stage -> tee`, a consumer for each policy behind that, and a
/// commander for the stage; by turns on the workers.
pub(crate) fn plant(lab: &mut Lab, alive: &Alive) {
    lab.add_on(0, "watcher0", watcher());
    lab.add_on(1, "watcher1", watcher());
    lab.add_on(0, "source", source(alive));
    lab.add_on(1, "stage", stage());
    lab.add_on(0, "commander", commander(alive));
    let tee = builtin::tee::<Token>(4);
    let options = NodeOptions::new().worker(0);
    lab.graph.add_with("tee", tee, options).unwrap();
    lab.connect("source:out", "stage:in", Edge::block(CAPACITY));
    lab.connect("stage:out", "tee:in", Edge::block(CAPACITY));
    let command = Edge::block(8).band(Band::Control);
    lab.connect("commander:out", "stage:control", command);
    lab.add_on(1, "strict", strict());
    lab.connect("tee:out0", "strict:in", Edge::block(8));
    let edges: [Edge; 3] = [
        Edge::drop_newest(CAPACITY),
        Edge::latest(CAPACITY),
        Edge::coalesce(CAPACITY, |_: &mut Token, _: Token| ()).into(),
    ];
    let names = ["dropping", "latest", "coalesce"].into_iter();
    for (place, (name, edge)) in names.zip(edges).enumerate() {
        lab.add_on(place % 2, name, display());
        let from = format!("tee:out{}", place + 1);
        lab.connect(&from, &format!("{name}:in"), edge);
    }
}

/// Produces as fast as it can.
fn source(alive: &Alive) -> Probe<Token> {
    let alive = alive.clone();
    Probe::carrying().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            io.output.send(cx, alive.token())?;
        }
        Ok(())
    })
}

/// Passes on, and hears commands even while it is held back.
fn stage() -> Probe<Token> {
    Probe::carrying()
        .uncredited()
        .on_message(|io: &mut Io<Token>, cx| {
            while io.control.recv(cx).is_some() {}
            while let Some(token) = io.input.recv(cx) {
                io.output.send(cx, token)?;
            }
            Ok(())
        })
}

fn commander(alive: &Alive) -> Probe<Token> {
    let alive = alive.clone();
    Probe::carrying().on_tick(Tick::Every(super::BEAT), move |io: &mut Io<Token>, cx| {
        io.output.send(cx, alive.token())?;
        Ok(())
    })
}

fn strict() -> Probe<Token> {
    Probe::carrying().on_message(|io: &mut Io<Token>, cx| {
        while io.input.recv(cx).is_some() {}
        Ok(())
    })
}

/// Looks now and then at what has come.
fn display() -> Probe<Token> {
    Probe::carrying()
        .passive()
        .on_tick(Tick::Every(super::BEAT), |io: &mut Io<Token>, cx| {
            while io.input.recv(cx).is_some() {}
            Ok(())
        })
}
