//! Threads outside send into an engine and receive from it, while it works,
//! completes, or is shut down.

use std::sync::Arc;

use shuttle::thread::{self, JoinHandle};

use tidegate::door::{Entrance, Exit, SharedEntrance};
use tidegate::edge::RecvError;
use tidegate::engine::{Engine, Report, StopReason};
use tidegate::graph::Edge;

use crate::audit::Audit;
use crate::harness::{Seen, explore};
use crate::journal::{Item, Journal};
use crate::plant::{NEVER, Plant, Running, stage};

const ALL: &str = "everything came in";
const REFUSED: &str = "something was refused";

const ITEMS: u32 = 3;

/// An engine on two workers with both its doors, and what is checked in the end.
struct Served {
    engine: Engine,
    entrance: Entrance<Item>,
    exit: Exit<Item>,
    audit: Audit,
    journal: Arc<Journal>,
}

fn serve(entrance: usize, exit: usize) -> Served {
    let plant = Plant::new(2, [stage("first", 0), stage("second", 1)])
        .entrance("first", Edge::block(entrance))
        .block("first", "second", 1)
        .exit("second", Edge::block(exit));
    let journal = Arc::clone(&plant.journal);
    let Running { mut engine, audit } = plant.start().unwrap();
    Served {
        entrance: engine.take_entrance("in").unwrap(),
        exit: engine.take_exit("out").unwrap(),
        engine,
        audit,
        journal,
    }
}

/// Sends until it is done or refused; how many were accepted.
fn sender(mut door: Entrance<Item>, journal: Arc<Journal>) -> JoinHandle<u32> {
    thread::spawn(move || {
        for serial in 1..=ITEMS {
            let item = Item::new(&journal, serial);
            if let Err(error) = door.send_timeout(item, NEVER) {
                assert!(error.is_closed());
                assert_eq!(error.message.first, serial, "it is handed back");
                return serial - 1;
            }
        }
        ITEMS
    })
}

/// Receives to the end; how many there were.
fn receiver(mut door: Exit<Item>) -> JoinHandle<u32> {
    thread::spawn(move || {
        let mut received = 0;
        loop {
            match door.recv_timeout(NEVER) {
                Ok(item) => {
                    received += 1;
                    assert_eq!(item.last, received, "in order");
                }
                Err(end) => {
                    assert_eq!(end, RecvError::Closed);
                    return received;
                }
            }
        }
    })
}

/// Of an edge in the report: sent, and lost.
fn books(report: &Report, id: &str) -> (u32, u32) {
    let ledger = report.edge(id).unwrap().ledger;
    assert!(ledger.is_balanced(), "{id}: {ledger}");
    (ledger.sent as u32, ledger.discarded as u32)
}

const IN: &str = ">in->first:in0";
const OUT: &str = "second:out0->out>";

/// The doors close by themselves.
pub fn completing(seen: &Seen) {
    let served = serve(1, 1);
    let sending = sender(served.entrance, served.journal);
    let receiving = receiver(served.exit);
    assert_eq!(sending.join().unwrap(), ITEMS);
    let report = served.engine.wait();
    assert_eq!(report.reason, StopReason::Completed);
    assert_eq!(receiving.join().unwrap(), ITEMS);
    assert_eq!(books(&report, IN), (ITEMS, 0));
    assert_eq!(books(&report, OUT), (ITEMS, 0));
    served.audit.check(&report);
    let waits = report.edge(IN).unwrap().waits + report.edge(OUT).unwrap().waits;
    seen.note("somebody waited for room", waits > 0);
}

/// A shutdown in between: what was accepted comes out.
pub fn against_shutdown(seen: &Seen) {
    let served = serve(2, 1);
    let sending = sender(served.entrance, served.journal);
    let receiving = receiver(served.exit);
    for _ in 0..40 {
        thread::yield_now(); // to be late, now and then
    }
    let report = served.engine.shutdown(NEVER);
    let (accepted, received) = (sending.join().unwrap(), receiving.join().unwrap());
    assert!(report.drained);
    assert_eq!(accepted, received, "accepted and lost");
    assert_eq!(books(&report, IN), (accepted, 0), "accepted and lost");
    assert_eq!(books(&report, OUT), (accepted, 0));
    served.audit.check(&report);
    seen.note(ALL, accepted == ITEMS);
    seen.note(REFUSED, accepted < ITEMS);
    seen.note("some came in", (1..ITEMS).contains(&accepted));
}

/// A sender that begins while the engine drains: what is accepted comes out.
pub fn latecomer(seen: &Seen) {
    let served = serve(1, 1);
    let receiving = receiver(served.exit);
    served.engine.handle().request_shutdown(NEVER);
    let sending = sender(served.entrance, served.journal);
    let report = served.engine.wait();
    let (accepted, received) = (sending.join().unwrap(), receiving.join().unwrap());
    assert!(report.drained);
    assert_eq!(accepted, received, "accepted and lost");
    served.audit.check(&report);
    seen.note(REFUSED, accepted < ITEMS);
}

/// A shutdown while somebody waits for a message that never comes, and the
/// entrance stays open.
pub fn waiting(seen: &Seen) {
    let served = serve(1, 1);
    let receiving = receiver(served.exit);
    let report = served.engine.shutdown(NEVER);
    assert_eq!(receiving.join().unwrap(), 0);
    drop(served.entrance);
    served.audit.check(&report);
    seen.note("it drained", report.drained);
}

/// The receiver leaves early, and a shutdown comes.
pub fn abandoned(seen: &Seen) {
    let served = serve(1, 2);
    let sending = sender(served.entrance, served.journal);
    let mut exit = served.exit;
    let out = exit.monitor();
    let leaving = thread::spawn(move || {
        let first = exit.recv_timeout(NEVER);
        first.is_ok()
    });
    let report = served.engine.shutdown(NEVER);
    let accepted = sending.join().unwrap();
    let received = leaving.join().unwrap();
    let (sent, _) = books(&report, IN);
    assert_eq!(sent, accepted);
    books(&report, OUT);
    assert!(report.drained, "nobody is kept");
    // The report may be from before it left.
    let ledger = out.ledger();
    assert_eq!(ledger.delivered, u64::from(received));
    assert_eq!(ledger.sent, ledger.delivered + ledger.discarded);
    assert_eq!(ledger.in_flight, 0);
    assert!(!received || accepted > 0);
    served.audit.check(&report);
    seen.note("it received one", received);
    seen.note("it received none", !received);
    seen.note(REFUSED, accepted < ITEMS);
}

/// Two tasks share an entrance; each gives up a send that it has begun.
pub fn shared(seen: &Seen) {
    let served = serve(1, 1);
    let door = served.entrance.share();
    let sending: Vec<_> = (0..2)
        .map(|_| {
            let (door, journal) = (door.clone(), Arc::clone(&served.journal));
            thread::spawn(move || share(&door, &journal))
        })
        .collect();
    drop(door);
    let mut exit = served.exit;
    let receiving = thread::spawn(move || {
        let mut received = 0;
        while exit.recv_timeout(NEVER).is_ok() {
            received += 1;
        }
        received
    });
    let accepted: u32 = sending.into_iter().map(|task| task.join().unwrap()).sum();
    let report = served.engine.wait();
    assert_eq!(receiving.join().unwrap(), accepted);
    assert_eq!(books(&report, IN), (accepted, 0));
    served.audit.check(&report);
    seen.note("a send was given up", accepted < 6);
}

/// Three sends, the second of them polled only once; how many were accepted.
fn share(door: &SharedEntrance<Item>, journal: &Arc<Journal>) -> u32 {
    let mut accepted = 0;
    for serial in 1..=3 {
        let mut send = Box::pin(door.send(Item::new(journal, serial)));
        let sent = if serial == 2 {
            shuttle::future::block_on(std::future::poll_fn(|cx| {
                std::task::Poll::Ready(send.as_mut().poll(cx).is_ready())
            }))
        } else {
            shuttle::future::block_on(send.as_mut()).unwrap();
            true
        };
        accepted += u32::from(sent);
    }
    accepted
}

#[test]
fn an_engine_between_doors_completes_when_they_close() {
    explore("completing", completing, &["somebody waited for room"]);
}

#[test]
fn what_an_entrance_accepts_comes_out_whenever_the_engine_is_shut_down() {
    let expected = [ALL, REFUSED, "some came in"];
    explore("against shutdown", against_shutdown, &expected);
}

#[test]
fn what_an_entrance_accepts_while_the_engine_drains_comes_out() {
    explore("latecomer", latecomer, &[REFUSED]);
}

#[test]
fn a_receiver_hears_of_the_end_of_an_engine_whose_entrance_is_open() {
    explore("waiting", waiting, &["it drained"]);
}

#[test]
fn a_receiver_that_leaves_keeps_nobody() {
    let expected = ["it received one", "it received none", REFUSED];
    explore("abandoned", abandoned, &expected);
}

#[test]
fn tasks_that_share_an_entrance_lose_no_turn() {
    explore("shared", shared, &["a send was given up"]);
}
