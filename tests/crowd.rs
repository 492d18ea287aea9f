//! A crowd at one door: ten thousand tasks that send through it. They are
//! served in the order they came, each costs a few bytes while it waits, and
//! whenever they go, every message is delivered, handed back, or dropped with
//! its future, and the ledger is exact.
//!
//! A binary of its own, for its allocator.

mod common;
#[path = "common/tasks.rs"]
mod tasks;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use common::{Log, MANY, Seed, wait_until};
use tasks::{block_on, block_on_steps, in_time};
use tidegate::door::{Entrance, Exit, SharedEntrance, SharedSending};
use tidegate::engine::{Engine, EngineBuilder};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

/// How many tasks there are.
const TASKS: u64 = if cfg!(miri) { 100 } else { 10_000 };

const IN: &str = ">in->relay:in";
const OUT: &str = "relay:out->out>";

/// What this thread holds: allocated and not freed.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// In bytes. Without a destructor, and initialised at compile time: using
    /// it does not allocate.
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn hold(bytes: usize) {
    HELD.with(|held| held.set(held.get() + bytes as i64));
}

fn release(bytes: usize) {
    HELD.with(|held| held.set(held.get() - bytes as i64));
}

fn held() -> i64 {
    HELD.with(Cell::get)
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hold(layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        release(layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        release(layout.size());
        hold(size);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// A relay between two doors that hold one message each.
fn builder<T: Send + 'static>() -> EngineBuilder {
    let mut graph = Subgraph::new("crowd");
    let relay = graph.add("relay", builtin::map(|item: T| item)).unwrap();
    graph.expose_input("in", relay.input(|n| &n.input)).unwrap();
    graph
        .expose_output("out", relay.output(|n| &n.output))
        .unwrap();
    Engine::builder(graph)
        .pin(false)
        .entrance("in", Edge::block(1))
        .exit("out", Edge::block(1))
}

/// The same, running, and full with two messages: nothing moves until somebody
/// receives.
fn full<T: Send + 'static>(mut filler: impl FnMut() -> T) -> (Engine, Entrance<T>, Exit<T>) {
    let mut engine = builder::<T>().start().unwrap();
    let mut entrance = engine.take_entrance("in").unwrap();
    let exit = engine.take_exit("out").unwrap();
    for _ in 0..2 {
        let mut item = Some(filler());
        wait_until("there is room", || {
            let sent = entrance.try_send(item.take().unwrap());
            item = sent.err().map(|refused| refused.into_payload());
            item.is_none()
        });
    }
    wait_until("the exit is full", || exit.len() == 1);
    (engine, entrance, exit)
}

/// Lets the other tasks run until so many stand in line.
async fn until_in_line<T: Send + 'static>(shared: &SharedEntrance<T>, tasks: u64) {
    while (shared.waiting() as u64) < tasks {
        tokio::task::yield_now().await;
    }
}

#[test]
fn ten_thousand_tasks_that_send_again_and_again_are_served_in_rounds() {
    const ROUNDS: u64 = 3;
    const FILLER: u64 = u64::MAX;
    let (engine, entrance, mut exit) = full(|| FILLER);
    let shared = entrance.share();
    block_on_steps(async {
        for task in 0..TASKS {
            let shared = shared.clone();
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    shared.send(task).await.unwrap();
                }
            });
        }
        in_time(until_in_line(&shared, TASKS)).await;
        drop(shared);
        let mut expected = [FILLER; 2].into_iter();
        for message in 0..TASKS * ROUNDS + 2 {
            // So no task is ever more than one message ahead of another.
            let expected = expected.next().unwrap_or((message.wrapping_sub(2)) % TASKS);
            assert_eq!(*in_time(exit.recv()).await.unwrap(), expected);
        }
        assert!(in_time(exit.recv()).await.is_none());
    });
    let report = engine.wait();
    assert!(report.is_balanced(), "{report}");
    assert_eq!(report.edge(IN).unwrap().ledger.sent, TASKS * ROUNDS + 2);
}

/// Looks once whether it is sent.
fn is_ready(send: &mut SharedSending<'_, u64>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(send).poll(&mut cx).is_ready()
}

#[test]
fn who_waits_costs_at_most_64_bytes_besides_its_future_and_leaves_nothing_in_the_line() {
    let mut engine = builder::<u64>().stepping().unwrap();
    let shared = engine.take_entrance("in").unwrap().share();
    let mut exit = engine.take_exit::<u64>("out").unwrap();
    shared.try_send(0).unwrap();
    assert!(size_of::<SharedSending<'_, u64>>() <= 72, "the future");
    let empty = held();
    let sends = (0..TASKS).map(|task| Some(shared.send(task)));
    let mut sends: Vec<_> = sends.collect();
    let before = held();
    assert!(!sends.iter_mut().flatten().any(is_ready));
    let waiting = held() - before;
    let each = waiting / TASKS as i64;
    assert!((24..=64).contains(&each), "{each} bytes");
    for _ in 0..3 {
        assert!(!sends.iter_mut().flatten().any(is_ready));
    }
    assert_eq!(held() - before, waiting, "looking again costs nothing");

    // Half of them go, in any order; the others are served as they came.
    let mut seed = Seed::new();
    let mut gone: Vec<_> = (0..TASKS as usize).collect();
    for place in 0..gone.len() {
        gone.swap(place, seed.in_range(0..TASKS) as usize);
    }
    for place in gone.into_iter().skip(TASKS as usize / 2) {
        sends[place] = None;
    }
    assert_eq!(shared.waiting() as u64, TASKS / 2);
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 0);
    for (task, send) in sends.iter_mut().enumerate() {
        if let Some(send) = send {
            assert!(is_ready(send));
            engine.run_until_idle(MANY);
            assert_eq!(*exit.try_recv().unwrap(), task as u64);
        }
    }
    drop(sends);
    let left = held() - empty;
    assert!(
        (0..=512).contains(&left),
        "an empty map node at most: {left}"
    );
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(report.edge(OUT).unwrap().ledger.delivered, TASKS / 2 + 1);
}

/// A message that tells when it is dropped, unless it was received or handed
/// back.
struct Token {
    number: u64,
    dropped: Option<Log<u64>>,
}

impl Token {
    /// It is accounted for.
    fn settle(mut self) -> u64 {
        self.dropped = None;
        self.number
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(dropped) = &self.dropped {
            dropped.push(self.number);
        }
    }
}

/// How long a task waits.
#[derive(Clone, Copy, PartialEq)]
enum Patience {
    Endless,
    /// It goes after its first look.
    OneLook,
    /// It goes when it is told that it is its turn, without another look.
    UntilWoken,
}

/// The outcome of the send; `None` when the task goes.
async fn send(
    patience: Patience,
    mut sending: SharedSending<'_, Token>,
) -> Option<Result<(), u64>> {
    let mut looks = 0;
    poll_fn(|cx| {
        looks += 1;
        if looks == 2 && patience == Patience::UntilWoken {
            return Poll::Ready(None);
        }
        match Pin::new(&mut sending).poll(cx) {
            Poll::Ready(sent) => Poll::Ready(Some(match sent {
                Ok(_) => Ok(()),
                Err(refused) => Err(refused.into_payload().settle()),
            })),
            Poll::Pending if patience == Patience::OneLook => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[test]
fn each_message_of_ten_thousand_impatient_tasks_has_one_fate() {
    let dropped = Log::new();
    let mut fillers = TASKS..;
    let token = |number, dropped: &Log<u64>| Token {
        number,
        dropped: Some(dropped.clone()),
    };
    let (engine, entrance, mut exit) = full(|| token(fillers.next().unwrap(), &dropped));
    let shared = entrance.share();
    let (sent, handed_back, gone) = (Log::new(), Log::new(), Log::new());
    let mut received = BTreeSet::new();
    let mut seed = Seed::new();
    block_on(async {
        let mut stay = 0;
        for number in 0..TASKS {
            let patience = match seed.in_range(0..4) {
                // Who is first stays, so that all others get into line.
                _ if number == 0 => Patience::Endless,
                0 => Patience::OneLook,
                1 => Patience::UntilWoken,
                _ => Patience::Endless,
            };
            stay += u64::from(patience != Patience::OneLook);
            let (shared, token) = (shared.clone(), token(number, &dropped));
            let (sent, handed_back, gone) = (sent.clone(), handed_back.clone(), gone.clone());
            tokio::spawn(async move {
                match send(patience, shared.send(token)).await {
                    Some(Ok(())) => sent.push(number),
                    Some(Err(number)) => handed_back.push(number),
                    None => gone.push(number),
                }
            });
        }
        until_in_line(&shared, stay).await;
        // Two thirds of those who stay get their turn; then the door closes.
        while let Some(message) = exit.recv().await {
            received.insert(message.into_payload().settle());
            if received.len() as u64 == TASKS / 3 {
                shared.close();
            }
        }
        while (sent.len() + handed_back.len() + gone.len()) < TASKS as usize {
            tokio::task::yield_now().await;
        }
        assert_eq!(shared.waiting(), 0);
    });
    let report = engine.wait();
    assert!(report.is_balanced(), "{report}");
    let set = |log: &Log<u64>| BTreeSet::from_iter(log.take());
    let (mut sent, handed_back) = (set(&sent), set(&handed_back));
    let (gone, dropped) = (set(&gone), set(&dropped));
    assert!(!gone.is_empty() && !handed_back.is_empty());
    assert_eq!(sent.len() + gone.len() + handed_back.len(), TASKS as usize);
    assert!(dropped == gone, "dropped with its future, and only there");
    sent.extend([TASKS, TASKS + 1]); // what filled the doors
    assert!(sent == received, "what was sent was received");
    let ledger = report.edge(IN).unwrap().ledger;
    assert_eq!(
        (ledger.sent, ledger.delivered),
        (sent.len() as u64, sent.len() as u64)
    );
}
