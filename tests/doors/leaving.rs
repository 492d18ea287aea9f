//! Who waits no more: is not woken, is not kept, and holds nobody up.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tidegate::door::SharedEntrance;
use tidegate::engine::Engine;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{SendOutcome, builtin};

use crate::common::{Count, Log, MANY};
use crate::pair::{self, assert_conserved};

/// Counts how often it was woken.
struct Wakes(Count);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.up();
    }
}

/// A waker, and how often it was woken.
pub(crate) fn counting() -> (Waker, Count) {
    let count = Count::default();
    (Waker::from(Arc::new(Wakes(count.clone()))), count)
}

#[cfg(feature = "futures")]
#[test]
fn a_sink_that_is_dropped_while_it_waits_is_forgotten() {
    use futures_util::SinkExt;
    use std::time::Duration;
    use tidegate::time::ManualClock;

    let clock = ManualClock::new();
    let builder = pair::builder(Edge::block(1), Edge::block(8)).clock(clock.clone());
    let mut engine = builder.stepping().unwrap();
    let mut entrance = engine.take_entrance::<u64>("in").unwrap();
    let exit = engine.take_exit::<u64>("out").unwrap();
    let wakes = Arc::new(Wakes(Count::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    assert!(entrance.try_send(1).is_ok());
    assert!(SinkExt::<u64>::poll_ready_unpin(&mut entrance, &mut cx).is_pending());
    clock.advance(Duration::from_nanos(5));
    drop(entrance);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "nobody keeps it");
    clock.advance(Duration::from_nanos(20));
    engine.run_until_idle(MANY);
    assert_eq!(wakes.0.get(), 0, "nobody waits");
    let edge = engine.snapshot().edge(pair::IN).unwrap().clone();
    let blocked = edge.blocked.unwrap();
    assert_eq!((edge.waits, blocked), (1, Duration::from_nanos(5)));
    assert_conserved(&engine.shutdown(10), 1, 0, 1);
    drop(exit);
}

#[cfg(feature = "futures")]
#[test]
fn a_stream_that_is_dropped_while_it_waits_is_forgotten() {
    use futures_util::StreamExt;

    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(1), Edge::block(8));
    let wakes = Arc::new(Wakes(Count::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    assert!(exit.poll_next_unpin(&mut cx).is_pending());
    drop(exit);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "nobody keeps it");
    assert!(entrance.try_send(1).is_ok());
    engine.run_until_idle(MANY);
    drop(engine);
    assert_eq!(wakes.0.get(), 0, "nobody waits");
}

#[test]
fn a_closed_door_keeps_nobody_in_line_behind_who_is_never_polled() {
    let (engine, entrance, exit) = pair::stepping(Edge::block(1), Edge::block(8));
    let shared = entrance.share();
    let (waker, _) = counting();
    let mut cx = Context::from_waker(&waker);
    assert!(shared.try_send(0).is_ok());
    let mut first = Box::pin(shared.send(1));
    let mut second = pin!(shared.send(2));
    assert!(first.as_mut().poll(&mut cx).is_pending());
    assert!(second.as_mut().poll(&mut cx).is_pending());
    let report = engine.shutdown(MANY);
    let Poll::Ready(Err(error)) = second.as_mut().poll(&mut cx) else {
        panic!("the engine is gone");
    };
    assert!(error.is_closed());
    assert_eq!(shared.waiting(), 1);
    drop(first);
    assert_eq!(shared.waiting(), 0);
    assert_conserved(&report, 1, 0, 1);
    drop(exit);
}

/// A payload whose drop looks at the door it went through.
struct Nosy(Log<SharedEntrance<Nosy>>, Count);

impl Drop for Nosy {
    fn drop(&mut self) {
        for door in self.0.entries() {
            assert_eq!(door.waiting(), 0);
            self.1.up();
        }
    }
}

/// If it could not, this would never end.
#[test]
fn what_is_pushed_out_of_a_shared_door_may_use_it() {
    let mut graph = Subgraph::new("nosy");
    let sink = graph.add("sink", builtin::sink(|_: Nosy| {})).unwrap();
    graph.expose_input("in", sink.input(|n| &n.input)).unwrap();
    let builder = Engine::builder(graph).entrance("in", Edge::latest(1));
    let mut engine = builder.stepping().unwrap();
    let shared = engine.take_entrance::<Nosy>("in").unwrap().share();
    let (doors, dropped) = (Log::new(), Count::default());
    doors.push(shared.clone());
    let nosy = || Nosy(doors.clone(), dropped.clone());
    assert_eq!(shared.try_send(nosy()).unwrap(), SendOutcome::Stored);
    assert_eq!(shared.try_send(nosy()).unwrap(), SendOutcome::Replaced);
    assert_eq!(dropped.get(), 1);
    let (waker, _) = counting();
    let sent = pin!(shared.send(nosy())).poll(&mut Context::from_waker(&waker));
    assert!(matches!(sent, Poll::Ready(Ok(SendOutcome::Replaced))));
    assert_eq!(dropped.get(), 2);
    engine.run_until_idle(MANY);
    assert_eq!(dropped.get(), 3);
    drop(doors.take());
    let report = engine.shutdown(10);
    assert!(report.is_balanced());
    let ledger = report.edge(">in->sink:in").unwrap().ledger;
    assert_eq!((ledger.evicted, ledger.delivered), (2, 1));
}
