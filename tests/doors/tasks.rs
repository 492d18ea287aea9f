//! Tasks that wait at doors.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use std::thread;

use tidegate::edge::RecvError;
use tidegate::graph::Edge;

use crate::common::{Log, MANY, PATIENCE};
use crate::leaving::counting;
use crate::pair::{self, assert_conserved, assert_passed};
use crate::running::{block_on, block_on_steps, in_time};

#[test]
fn tasks_on_one_thread_and_an_engine_on_another_exchange_a_stream() {
    const MESSAGES: u64 = if cfg!(miri) { 50 } else { 5_000 };
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(2), Edge::block(2));
    block_on(async move {
        let sender = tokio::spawn(async move {
            for number in 0..MESSAGES {
                entrance.send(number).await.unwrap();
            }
        });
        for number in 0..MESSAGES {
            assert_eq!(*exit.recv().await.unwrap(), number + 100);
        }
        assert!(exit.recv().await.is_none());
        sender.await.unwrap();
    });
    assert_passed(&engine.wait(), MESSAGES, MESSAGES);
}

#[test]
fn a_task_is_woken_once_for_what_it_waits_for_and_only_while_it_waits() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(1), Edge::block(1));
    let (waker, wakes) = counting();
    let mut cx = Context::from_waker(&waker);
    let mut receiving = Box::pin(exit.recv());
    assert!(receiving.as_mut().poll(&mut cx).is_pending());
    assert!(entrance.try_send(1).is_ok());
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 1, "a message came");
    assert!(receiving.as_mut().poll(&mut cx).is_ready());
    drop(receiving);
    assert!(pin!(exit.recv()).poll(&mut cx).is_pending()); // and is dropped
    assert!(entrance.try_send(2).is_ok());
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 1, "nobody waited");
    assert!(entrance.try_send(3).is_ok()); // which the full exit holds back
    let mut sending = pin!(entrance.send(4));
    assert!(sending.as_mut().poll(&mut cx).is_pending());
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 1, "no room was made");
    assert_eq!(*exit.try_recv().unwrap(), 102);
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 2, "room was made");
    assert!(matches!(sending.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
    for number in [103, 104] {
        assert_eq!(*exit.try_recv().unwrap(), number);
        engine.run_until_idle(MANY);
    }
    assert_conserved(&engine.shutdown(10), 4, 4, 0);
}

#[test]
fn a_dropped_send_sends_nothing_and_harms_no_later_one() {
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(1), Edge::block(8));
    let (waker, wakes) = counting();
    let mut cx = Context::from_waker(&waker);
    assert!(entrance.try_send(1).is_ok());
    {
        let mut sending = pin!(entrance.send(2));
        assert!(sending.as_mut().poll(&mut cx).is_pending());
    }
    let edge = engine.snapshot().edge(pair::IN).unwrap().clone();
    assert_eq!((edge.waits, edge.ledger.sent), (1, 1));
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 0, "nobody waits any more");
    assert!(entrance.try_send(3).is_ok());
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 101);
    assert_eq!(*exit.try_recv().unwrap(), 103);
    assert_conserved(&engine.shutdown(10), 2, 2, 0);
}

#[test]
fn who_waits_for_readiness_keeps_the_message() {
    let (mut engine, mut entrance, exit) = pair::stepping(Edge::block(1), Edge::block(8));
    let (waker, wakes) = counting();
    let mut cx = Context::from_waker(&waker);
    assert!(pin!(entrance.ready()).poll(&mut cx).is_ready());
    assert!(entrance.try_send(1).is_ok());
    let mut ready = Box::pin(entrance.ready());
    assert!(ready.as_mut().poll(&mut cx).is_pending());
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 1);
    assert!(ready.as_mut().poll(&mut cx).is_ready());
    drop(ready);
    assert!(entrance.try_send(2).is_ok());
    let report = engine.shutdown(10);
    assert!(pin!(entrance.ready()).poll(&mut cx).is_ready(), "closed");
    assert!(entrance.try_send(3).unwrap_err().is_closed());
    assert_conserved(&report, 2, 0, 2);
    drop(exit);
}

#[test]
fn a_shutdown_wakes_waiting_tasks_with_a_value() {
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(1), Edge::block(1));
    engine.handle().pause("relay").unwrap();
    let handle = engine.handle();
    let tasks = thread::Builder::new().spawn(move || {
        block_on(async move {
            let mut accepted = 0;
            let refused = loop {
                match entrance.send(accepted).await {
                    Ok(_) => accepted += 1,
                    Err(error) => break error,
                }
                if accepted == 2 {
                    handle.request_shutdown(PATIENCE);
                }
            };
            assert!(refused.is_closed());
            assert_eq!(refused.into_payload(), accepted);
            let mut received = 0;
            while exit.recv().await.is_some() {
                received += 1;
            }
            assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
            (accepted, received)
        })
    });
    // A relay that was paused in time lets one message in, no two.
    crate::common::wait_until("somebody waits or it is over", || {
        let snapshot = engine.snapshot();
        snapshot.edge(pair::IN).unwrap().waits > 0
            || snapshot.edge(pair::IN).unwrap().ledger.sent >= 2
    });
    let report = engine.shutdown(PATIENCE);
    let (accepted, received) = tasks.unwrap().join().unwrap();
    assert_eq!(accepted, received, "all that was accepted came out");
    assert!(report.is_balanced() && report.drained);
    let ledger = report.edge(pair::OUT).unwrap().ledger;
    assert_eq!(ledger.delivered + ledger.in_flight, received);
}

#[test]
fn ten_thousand_tasks_share_a_door_in_the_order_they_came() {
    const TASKS: u64 = if cfg!(miri) { 100 } else { 10_000 };
    let (engine, entrance, mut exit) = pair::started(Edge::block(4), Edge::block(4));
    let shared = entrance.share();
    block_on_steps(async {
        for number in 0..TASKS {
            let shared = shared.clone();
            tokio::spawn(async move { shared.send(number).await.unwrap() });
        }
        for number in 0..TASKS {
            let message = in_time(exit.recv()).await.unwrap();
            assert_eq!(*message, number + 100, "first come, first served");
        }
        assert_eq!(shared.waiting(), 0);
        drop(shared);
        assert!(in_time(exit.recv()).await.is_none());
    });
    assert_passed(&engine.wait(), TASKS, TASKS);
}

#[test]
fn many_threads_share_a_door_and_lose_nothing_when_sends_are_dropped() {
    const SENDS: u64 = if cfg!(miri) { 20 } else { 2_000 };
    let (engine, entrance, mut exit) = pair::started(Edge::block(1), Edge::block(1));
    let (shared, sent) = (entrance.share(), Log::new());
    let threads: Vec<_> = (0..3)
        .map(|index| {
            let (shared, sent) = (shared.clone(), sent.clone());
            let body = move || {
                block_on_steps(async {
                    for number in 0..SENDS {
                        let number = number * 3 + index;
                        let mut send = Box::pin(shared.send(number));
                        if number % 5 == 0 {
                            // Whatever it is told while it waits, it is dropped.
                            let first = std::future::poll_fn(|cx| {
                                Poll::Ready(send.as_mut().poll(cx).is_ready())
                            });
                            if first.await {
                                sent.push(number + 100);
                            }
                        } else {
                            in_time(send).await.unwrap();
                            sent.push(number + 100);
                        }
                    }
                });
            };
            thread::Builder::new().spawn(body).unwrap()
        })
        .collect();
    drop(shared);
    let mut received = Vec::new();
    while let Ok(message) = exit.recv_timeout(PATIENCE) {
        received.push(message.into_payload());
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let mut sent = sent.take();
    let all = sent.len() as u64;
    sent.sort_unstable();
    received.sort_unstable();
    assert!(sent == received, "sent and received are the same");
    assert_passed(&engine.wait(), all, all);
}

#[test]
fn the_line_at_a_shared_door_has_one_entry_for_each_who_waits() {
    let (mut engine, entrance, mut exit) = pair::stepping(Edge::block(1), Edge::block(8));
    let shared = entrance.share();
    let (waker, wakes) = counting();
    let mut cx = Context::from_waker(&waker);
    assert!(shared.try_send(0).is_ok());
    let mut sends: Vec<_> = (1..=100).map(|n| Box::pin(shared.send(n))).collect();
    assert_eq!(
        shared.waiting(),
        0,
        "who was never polled waits for nothing"
    );
    for _ in 0..2 {
        for send in &mut sends {
            assert!(send.as_mut().poll(&mut cx).is_pending());
        }
    }
    assert_eq!(shared.waiting(), 100);
    assert!(
        shared.try_send(7).unwrap_err().is_full(),
        "it would jump the line"
    );
    engine.run_until_idle(MANY);
    assert_eq!(wakes.get(), 1, "the first one");
    drop(sends.remove(0));
    assert_eq!(wakes.get(), 2, "who goes tells the next");
    assert!(sends[1].as_mut().poll(&mut cx).is_pending(), "not its turn");
    assert!(sends[0].as_mut().poll(&mut cx).is_ready());
    assert_eq!((wakes.get(), shared.waiting()), (3, 98));
    shared.close();
    assert!(shared.is_closed());
    for (index, send) in sends.iter_mut().enumerate().skip(1) {
        let Poll::Ready(Err(error)) = send.as_mut().poll(&mut cx) else {
            panic!("it is closed");
        };
        assert!(error.is_closed());
        assert_eq!(error.into_payload(), 2 + index as u64);
    }
    assert_eq!(shared.waiting(), 0);
    drop(sends);
    engine.run_until_idle(MANY);
    assert_eq!(*exit.try_recv().unwrap(), 100);
    assert_eq!(*exit.try_recv().unwrap(), 102);
    assert_eq!(exit.try_recv().unwrap_err(), RecvError::Closed);
    assert_conserved(&engine.shutdown(10), 2, 2, 0);
}

#[cfg(feature = "futures")]
#[test]
fn doors_are_streams_and_sinks() {
    use futures_util::{SinkExt, StreamExt, stream};

    let (engine, mut entrance, exit) = pair::started(Edge::block(1), Edge::block(1));
    block_on(async move {
        let sender = tokio::spawn(async move {
            let mut numbers = stream::iter((0..100).map(Ok));
            entrance.send_all(&mut numbers).await.unwrap();
            SinkExt::<u64>::close(&mut entrance).await.unwrap();
            let error = SinkExt::send(&mut entrance, 7).await.unwrap_err();
            assert!(error.payload.is_none(), "it was not even asked for");
            entrance
        });
        let received: Vec<u64> = exit.map(|message| *message).collect().await;
        assert!(received.into_iter().eq(100..200));
        drop(sender.await.unwrap());
    });
    assert_passed(&engine.wait(), 100, 100);
}
