//! Threads that wait at doors, and what wakes them. Whoever were not woken
//! would wait until the test harness loses patience.

use std::thread;
use std::time::Duration;

use tidegate::edge::{EdgeError, RecvError};
use tidegate::graph::Edge;

use crate::common::{MANY, PATIENCE, wait_until};
use crate::pair::{self, IN};

const NEVER: Duration = Duration::from_secs(3_600);

#[test]
fn a_timeout_hands_the_message_back() {
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(1), Edge::block(1));
    let soon = Duration::from_millis(1);
    assert_eq!(exit.recv_timeout(soon).unwrap_err(), RecvError::Empty);
    let handle = engine.handle();
    let pause = handle.pause("relay").unwrap();
    handle.wait_applied(pause, PATIENCE).unwrap();
    assert!(entrance.send_timeout(1, PATIENCE).is_ok());
    let error = entrance.send_timeout(2, soon).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_payload(), 2);
    let edge = || engine.snapshot().edge(IN).unwrap().clone();
    assert!(edge().waits >= 1);
    assert_eq!(edge().high_water, Some(1));
    // Once is not enough on a busy machine: a timeout runs from the call, and the
    // sender is held back a moment later.
    wait_until("the time held back is counted", || {
        assert!(entrance.send_timeout(3, soon).unwrap_err().is_full());
        edge().blocked.unwrap() >= soon
    });
    let report = engine.shutdown(PATIENCE);
    assert!(report.is_balanced());
}

#[test]
fn room_wakes_a_waiting_sender_and_a_message_a_waiting_receiver() {
    const MESSAGES: u64 = 2_000;
    let (engine, mut entrance, mut exit) = pair::started(Edge::block(1), Edge::block(1));
    let sender = thread::Builder::new()
        .spawn(move || {
            for number in 0..MESSAGES {
                entrance.send_timeout(number, NEVER).unwrap();
            }
        })
        .unwrap();
    for number in 0..MESSAGES {
        assert_eq!(*exit.recv_timeout(NEVER).unwrap(), number + 100);
    }
    sender.join().unwrap();
    assert_eq!(exit.recv_timeout(NEVER).unwrap_err(), RecvError::Closed);
    let report = engine.wait();
    pair::assert_passed(&report, MESSAGES, MESSAGES);
}

#[test]
fn a_shutdown_wakes_a_waiting_sender_with_its_message() {
    let (engine, mut entrance, exit) = pair::started(Edge::block(1), Edge::block(1));
    let edge = entrance.monitor();
    let sender = thread::Builder::new()
        .spawn(move || {
            let mut accepted = 0;
            loop {
                match entrance.send_timeout(accepted, NEVER) {
                    Ok(_) => accepted += 1,
                    Err(error) => {
                        assert!(error.is_closed());
                        assert_eq!(error.into_payload(), accepted);
                        return accepted;
                    }
                }
            }
        })
        .unwrap();
    wait_until("both doors are full", || edge.len() == 1 && exit.len() == 1);
    let report = engine.shutdown(Duration::from_millis(1));
    let accepted = sender.join().unwrap();
    pair::assert_conserved(&report, accepted, 0, 1);
    assert_eq!(report.edge(IN).unwrap().ledger.discarded, accepted - 1);
}

#[test]
fn a_shutdown_wakes_a_waiting_receiver() {
    let (engine, entrance, mut exit) = pair::started(Edge::block(1), Edge::block(1));
    let receiver = thread::Builder::new()
        .spawn(move || exit.recv_timeout(NEVER).unwrap_err())
        .unwrap();
    let report = engine.shutdown(PATIENCE);
    assert!(report.drained);
    assert_eq!(receiver.join().unwrap(), RecvError::Closed);
    pair::assert_conserved(&report, 0, 0, 0);
    drop(entrance);
}

#[test]
fn a_grown_capacity_wakes_a_waiting_sender() {
    let edge = Edge::block(1).max_capacity(2);
    let (engine, mut entrance, mut exit) = pair::started(edge, Edge::block(1));
    engine.handle().pause("relay").unwrap();
    let edge = entrance.monitor();
    let sender = thread::Builder::new()
        .spawn(move || {
            for number in 0..4 {
                entrance.send_timeout(number, NEVER).unwrap();
            }
        })
        .unwrap();
    wait_until("the sender waits", || !edge.is_empty());
    let handle = engine.handle();
    handle.set_edge_capacity(IN, 2).unwrap();
    wait_until("it was woken", || edge.len() == 2);
    handle.resume("relay").unwrap();
    for number in 0..4 {
        assert_eq!(*exit.recv_timeout(NEVER).unwrap(), number + 100);
    }
    sender.join().unwrap();
    pair::assert_passed(&engine.wait(), 4, 4);
}

#[test]
fn a_monitor_changes_no_doors_capacity_and_so_loses_nobodys_wish_for_room() {
    let exit = Edge::block(1).max_capacity(2);
    let (mut engine, mut entrance, mut exit) = pair::stepping(Edge::block(4), exit);
    for number in 0..3 {
        assert!(entrance.try_send(number).is_ok());
    }
    engine.run_until_idle(MANY); // the relay waits for room in the exit
    for door in [exit.monitor(), entrance.monitor()] {
        let refused = door.set_capacity(2);
        assert_eq!(refused, Err(EdgeError::OfAnEngine));
    }
    for number in 0..3 {
        assert_eq!(exit.try_recv().map(|message| *message), Ok(100 + number));
        engine.run_until_idle(MANY);
    }
    pair::assert_conserved(&engine.shutdown(MANY), 3, 3, 0);
}
