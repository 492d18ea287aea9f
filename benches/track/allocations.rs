//! Counts what workers allocate and free after the start.

// An allocator needs statics; the rule that keeps atomics in one file is the
// library's.
#![allow(clippy::disallowed_types)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Node, NodeOptions, NodeResult, Ports, builtin};

use crate::machine::Cores;
use crate::measure::Pair;

const MESSAGES: u64 = 200_000;
const SOUND: &str = "the graph is sound";

/// Counts the calls of watched threads.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Without a destructor, and initialised at compile time: reading it does
    /// not allocate.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    if WATCHED.get() {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Has its worker watched from its first activation to its `on_stop`.
struct Watcher;

impl Node for Watcher {
    fn ports(&mut self, _: &mut Ports<'_>) {}

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        WATCHED.set(true);
        cx.finish();
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        WATCHED.set(false);
        Ok(())
    }
}

/// Allocations and frees of two workers, all policies between them. `spoil`
/// is called with every number.
fn calls(cores: [usize; 2], spoil: fn(u64)) -> f64 {
    let mut graph = Subgraph::new("memory");
    for worker in 0..2 {
        let options = NodeOptions::new().worker(worker);
        graph
            .add_with(&format!("watcher{worker}"), Watcher, options)
            .expect(SOUND);
    }
    let source = builtin::source_iter((0..MESSAGES).inspect(move |&number| spoil(number)));
    let source = graph
        .add_with("source", source, NodeOptions::new().worker(0))
        .expect(SOUND);
    let tee = builtin::tee::<u64>(4);
    let tee = graph
        .add_with("tee", tee, NodeOptions::new().worker(1))
        .expect(SOUND);
    let (from, to) = (source.output(|n| &n.output), tee.input(|n| &n.input));
    graph.connect(from, to, Edge::block(16)).expect(SOUND);
    let merge = |pending: &mut u64, new: u64| *pending += new;
    let edges = [
        Edge::block(4),
        Edge::drop_newest(4),
        Edge::latest(4),
        Edge::coalesce(4, merge).into(),
    ];
    for (index, edge) in edges.into_iter().enumerate() {
        let options = NodeOptions::new().worker(index % 2);
        let consume = builtin::sink(|number: u64| {
            black_box(number);
        });
        let sink = graph
            .add_with(&format!("sink{index}"), consume, options)
            .expect(SOUND);
        let from = tee.output(move |n| n.branch(index));
        graph
            .connect(from, sink.input(|n| &n.input), edge)
            .expect(SOUND);
    }
    let before = CALLS.load(Ordering::SeqCst);
    let builder = Engine::builder(graph).workers(2).cores(cores);
    let report = builder.start().expect(SOUND).wait();
    assert!(report.is_balanced(), "{report}");
    (CALLS.load(Ordering::SeqCst) - before) as f64
}

/// Allocations and frees after the start. The counter is shown to count
/// first.
pub(crate) fn after_start(cores: Cores) -> Pair {
    let cores = cores.both();
    let spoiled = calls(cores, |number| {
        if number == MESSAGES / 2 {
            drop(black_box(Box::new(number)));
        }
    });
    assert_eq!(spoiled, 2.0, "one allocation and its free are seen");
    Pair::new(move || calls(cores, |_| ()), || 0.0)
}
