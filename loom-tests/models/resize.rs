//! The capacity changes while both ends are at work.

use std::sync::Arc;

use super::harness::{Model, edge, send_all};
use super::model_tests;
use crate::edge::PolicyKind;
use crate::sync::{Counter, thread};

/// `from` messages are pending in an edge of that capacity; two more are sent
/// and two received while it becomes `to`.
fn resize(kind: PolicyKind, from: usize, to: usize, max: usize) -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(kind, from, max);
    let monitor = producer.monitor();
    let filled = from as u64;
    send_all(&mut producer, 0..filled, &alive);
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            let sent = send_all(&mut producer, filled..filled + 2, &alive);
            (producer, sent)
        })
    };
    let receiver = thread::Builder::new().spawn(move || {
        let mut seen = String::new();
        let mut last = None;
        for _ in 0..2 {
            match consumer.recv() {
                Ok(run) => {
                    assert!(last < Some(run.first), "out of order");
                    last = Some(run.last);
                    seen += &format!("{run},");
                }
                Err(_) => seen.push('-'),
            }
        }
        (consumer, seen)
    });
    monitor.set_capacity(to).unwrap();
    let (mut producer, sent) = sender.unwrap().join().unwrap();
    let (mut consumer, seen) = receiver.unwrap().join().unwrap();
    assert!(monitor.ledger().is_balanced(), "{}", monitor.ledger());

    // Now the new capacity holds exactly: it is what can be pending.
    consumer.discard();
    send_all(&mut producer, 10..10 + max as u64, &alive);
    assert_eq!(consumer.len(), to);
    drop((producer, consumer));
    assert!(monitor.ledger().is_balanced(), "{}", monitor.ledger());
    assert_eq!(alive.get(), 0);
    format!("{sent} {seen}")
}

macro_rules! resizes {
    ($($name:ident: $kind:ident $from:literal to $to:literal of $max:literal
       => [$($outcome:literal),* $(,)?], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || resize(PolicyKind::$kind, $from, $to, $max),
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: Some(3),
        }),+];

        model_tests!($($name),+);
    };
}

// The outcomes: what became of each send of the race, then what each receive
// of the race got.
resizes! {
    block_grows: Block 1 to 2 of 2 => [".. 0,-", ".. 0,1,", ".x 0,-", ".x 0,1,", "x. 0,-", "x. 0,2,", "xx 0,-"], 4_600 / 610;
    drop_shrinks: Drop 2 to 1 of 2 => [".. 0,1,", ".d 0,1,", "d. 0,1,", "dd 0,1,"], 910 / 210;
    latest_grows: Latest 1 to 2 of 2 => [".. 0,-", ".. 0,1,", ".r 0,-", ".r 0,2,", ".r 1,2,", "r. 1,-", "r. 1,2,", "rr 2,-"], 5_100 / 800;
    latest_shrinks: Latest 2 to 1 of 2 => [".. 0,1,", ".. 0,2,", ".. 1,2,", ".r 0,1,", ".r 0,2,", ".r 0,3,", ".r 1,-", ".r 1,3,", "r. 0,2,", "r. 1,2,", "r. 2,-", "r. 2,3,", "rr 0,3,", "rr 1,3,", "rr 2,3,", "rr 3,-"], 17_000 / 1_200;
    coalesce_grows: Coalesce 1 to 2 of 2 => [".. 0,-", ".. 0,1,", ".c 0,-", ".c 0,12,", "c. --", "c. -01,", "c. 01,-", "c. 01,2,", "cc --", "cc -012,", "cc 012,-"], 2_100 / 720;
    coalesce_shrinks: Coalesce 2 to 1 of 2 => [".. 0,1,", ".c 0,1,", "c. 0,-", "c. 0,12,", "cc 0,-", "cc 0,123,"], 1_700 / 700;
}
