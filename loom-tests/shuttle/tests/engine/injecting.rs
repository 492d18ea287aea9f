//! Handles inject into a node: while its data arrives and ends, and against a
//! shutdown.

use std::sync::Arc;

use shuttle::thread::{self, JoinHandle};

use tidegate::engine::{EngineHandle, InjectFailure, Injected, StopReason, Taken};

use crate::harness::{Seen, explore};
use crate::journal::{Item, Journal};
use crate::plant::{NEVER, Plant, source, stage};

const ALL: &str = "everything was accepted";
const REFUSED: &str = "something was refused";

const ITEMS: u32 = 3;

/// Injects one item after the other, and calls `then` with the receipt of each,
/// until it is done or refused for good: with why.
fn injector(
    handle: EngineHandle,
    journal: Arc<Journal>,
    input: &'static str,
    mut then: impl FnMut(&EngineHandle, Injected) + Send + 'static,
) -> JoinHandle<(Vec<Injected>, Option<InjectFailure>)> {
    thread::spawn(move || {
        let mut receipts = Vec::new();
        while receipts.len() < ITEMS as usize {
            let item = Item::new(&journal, receipts.len() as u32 + 1);
            match handle.inject(input, item) {
                Ok(receipt) => {
                    then(&handle, receipt);
                    receipts.push(receipt);
                }
                Err(error) => match error.failure {
                    InjectFailure::Full { .. } => thread::yield_now(),
                    refused => return (receipts, Some(refused)),
                },
            }
        }
        (receipts, None)
    })
}

/// The data ends, and with it the node: what was injected was taken in its order,
/// or discarded.
pub fn beside_data(seen: &Seen) {
    let plant = Plant::new(2, [source("data", 0, 1), stage("sink", 1)])
        .block("data", "sink", 1)
        .injectable("sink", 2);
    let journal = Arc::clone(&plant.journal);
    let running = plant.start().unwrap();
    let handle = running.handle();
    let injecting = injector(running.handle(), journal, "sink:in1", |_, _| ());
    let report = running.wait();
    assert_eq!(report.reason, StopReason::Completed);
    let (receipts, refused) = injecting.join().unwrap();
    let ended = matches!(
        refused,
        None | Some(InjectFailure::NodeEnded { .. } | InjectFailure::Stopped)
    );
    assert!(ended, "{refused:?}");
    let ledger = handle.snapshot().edge(">>handle->sink:in1").unwrap().ledger;
    assert_eq!(ledger.sent, receipts.len() as u64, "{ledger}");
    assert_eq!(ledger.sent, ledger.delivered + ledger.discarded, "{ledger}");
    let activations = report.node("sink").unwrap().activations;
    let mut before = 1;
    for (index, receipt) in receipts.iter().enumerate() {
        let taken = handle.taken(*receipt);
        assert_eq!(taken.is_some(), (index as u64) < ledger.delivered);
        if let Some(Taken {
            earliest, latest, ..
        }) = taken
        {
            let possible = before <= earliest && earliest <= latest && latest <= activations;
            assert!(possible, "taken in {taken:?} of {activations}");
            before = earliest;
        }
    }
    seen.note(ALL, receipts.len() == ITEMS as usize);
    seen.note(REFUSED, receipts.len() < ITEMS as usize);
    seen.note("something was discarded", ledger.discarded > 0);
}

/// Each is injected when the one before was taken: which activation took it is
/// known exactly. What a shutdown accepts it drains; what it refuses, it refuses
/// as stopped.
pub fn against_shutdown(seen: &Seen) {
    let plant = Plant::new(1, [stage("sink", 0)]).injectable("sink", 1);
    let journal = Arc::clone(&plant.journal);
    let running = plant.start().unwrap();
    let mut before = 0;
    let exactly = move |handle: &EngineHandle, receipt| {
        let taken = loop {
            match handle.taken(receipt) {
                Some(taken) => break taken,
                None => thread::yield_now(),
            }
        };
        let exact = taken.earliest == taken.latest && taken.latest > before;
        assert!(exact, "taken in {taken:?}, the one before in {before}");
        before = taken.latest;
    };
    let injecting = injector(running.handle(), journal, "sink:in0", exactly);
    for _ in 0..40 {
        thread::yield_now(); // to be late, now and then
    }
    let report = running.shutdown(NEVER);
    let (receipts, refused) = injecting.join().unwrap();
    let stopped = matches!(refused, None | Some(InjectFailure::Stopped));
    assert!(stopped, "the node has not ended, but {refused:?}");
    assert!(report.drained);
    let ledger = report.edge(">>handle->sink:in0").unwrap().ledger;
    let accepted = receipts.len() as u64;
    assert_eq!((ledger.sent, ledger.delivered), (accepted, accepted));
    seen.note(ALL, receipts.len() == ITEMS as usize);
    seen.note(REFUSED, receipts.len() < ITEMS as usize);
}

#[test]
fn what_is_injected_beside_data_has_one_fate_though_the_node_ends() {
    let expected = [ALL, REFUSED, "something was discarded"];
    explore("beside data, injected", beside_data, &expected);
}

#[test]
fn what_is_injected_against_a_shutdown_is_drained_and_its_activation_known() {
    explore(
        "injected against shutdown",
        against_shutdown,
        &[ALL, REFUSED],
    );
}
