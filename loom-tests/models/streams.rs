//! An end goes away while the other one is at work: nothing is lost unseen,
//! everything is dropped once, and what the producer did is visible.

use std::sync::Arc;

use super::harness::{Model, Run, edge, send_all};
use super::model_tests;
use crate::edge::{Monitor, Policy, PolicyKind, RecvError, channel};
use crate::sync::{Arc as ModelArc, Counter, UnsafeCell, thread};

/// Neither end is left: every message is accounted for, and dropped.
fn check_books(monitor: &Monitor, alive: &Counter) {
    let ledger = monitor.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!(ledger.in_flight, 0, "{ledger}");
    assert_eq!(alive.get(), 0, "each is dropped once: {ledger}");
}

/// The producer sends two and goes; the consumer receives until it is told
/// so, or has looked in vain a few times.
fn end_of_stream(kind: PolicyKind) -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(kind, 2, 2);
    let monitor = producer.monitor();
    let notes = ModelArc::new(UnsafeCell::new(0));
    let sender = {
        let (alive, notes) = (alive.clone(), Shared(notes.clone()));
        thread::Builder::new().spawn(move || {
            send_all(&mut producer, 0..2, &alive);
            notes.write(7);
            drop(producer);
        })
    };
    let mut seen = String::new();
    for _ in 0..4 {
        match consumer.recv() {
            Ok(run) => seen += &run.to_string(),
            Err(RecvError::Empty) => seen.push('-'),
            Err(RecvError::Closed) => {
                assert_eq!(seen.replace('-', ""), "01", "closed too early");
                assert_eq!(Shared(notes.clone()).read(), 7);
                seen.push('.');
                break;
            }
        }
    }
    sender.unwrap().join().unwrap();
    drop(consumer);
    check_books(&monitor, &alive);
    seen
}

/// Plain data that the model checker watches.
struct Shared(ModelArc<UnsafeCell<u32>>);

// SAFETY: the model checker reports unordered accesses; that is the point.
unsafe impl Send for Shared {}

impl Shared {
    fn write(&self, value: u32) {
        // SAFETY: the pointer is valid, and the model checker watches.
        self.0.with_mut(|cell| unsafe { *cell = value });
    }

    fn read(&self) -> u32 {
        // SAFETY: the pointer is valid, and the model checker watches.
        self.0.with_mut(|cell| unsafe { *cell })
    }
}

/// The consumer receives one and goes, the producer sends on and goes.
fn both_go(kind: PolicyKind) -> String {
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(kind, 2, 2);
    let monitor = producer.monitor();
    send_all(&mut producer, 0..1, &alive);
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || send_all(&mut producer, 1..3, &alive))
    };
    let received = consumer.recv().expect("sent before").to_string();
    drop(consumer);
    let sent = sender.unwrap().join().unwrap();
    check_books(&monitor, &alive);
    assert_eq!(monitor.ledger().delivered, 1);
    format!("{sent} {received}")
}

/// The merge function panics while the consumer goes after the message.
fn panicking_merge() -> String {
    let alive: Arc<Counter> = Arc::default();
    let policy = Policy::coalesce(|pending: &mut Run, new: Run| {
        if new.first == 1 {
            std::panic::resume_unwind(Box::new("cannot merge"));
        }
        pending.last = new.last - 1; // the one that panicked is missing
    });
    let (mut producer, mut consumer) = channel(1, policy).unwrap();
    let monitor = producer.monitor();
    send_all(&mut producer, 0..1, &alive);
    let sender = {
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            let sends = (1..3).map(|number| {
                let send = || send_all(&mut producer, number..number + 1, &alive);
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(send))
                    .unwrap_or_else(|_| "!".into())
            });
            let sent: String = sends.collect();
            (producer, sent)
        })
    };
    let mut seen = String::new();
    for _ in 0..2 {
        match consumer.recv() {
            Ok(run) => seen += &run.to_string(),
            Err(_) => seen.push('-'),
        }
    }
    let (producer, sent) = sender.unwrap().join().unwrap();
    let left: String = consumer.drain(9).map(|run| run.to_string()).collect();
    assert!(seen.contains('0') || left.contains('0'), "0 was pending");
    let ledger = monitor.ledger();
    assert_eq!(ledger.merge_panics, sent.matches('!').count() as u64);
    assert_eq!(ledger.dropped, ledger.merge_panics);
    drop((producer, consumer));
    check_books(&monitor, &alive);
    format!("{sent} {seen}|{left}")
}

macro_rules! streams {
    ($($name:ident: $run:expr => [$($outcome:literal),* $(,)?], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || $run,
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

streams! {
    block_ends: end_of_stream(PolicyKind::Block) => ["----", "---0", "--0-", "--01", "-0--", "-0-1", "-01-", "-01.", "0---", "0--1", "0-1-", "0-1.", "01--", "01-.", "01."], 1_400 / 120;
    latest_ends: end_of_stream(PolicyKind::Latest) => ["----", "---0", "--0-", "--01", "-0--", "-0-1", "-01-", "-01.", "0---", "0--1", "0-1-", "0-1.", "01--", "01-.", "01."], 4_900 / 3_300;
    coalesce_ends: end_of_stream(PolicyKind::Coalesce) => ["----", "---0", "--0-", "--01", "-0--", "-0-1", "-01-", "-01.", "0---", "0--1", "0-1-", "0-1.", "01--", "01-.", "01."], 4_900 / 3_300;
    block_both_go: both_go(PolicyKind::Block) => [".. 0", ".x 0", "xx 0"], 190_000 / 9_000;
    latest_both_go: both_go(PolicyKind::Latest) => [".. 0", ".r 1", ".x 0", "xx 0"], 2_500 / 3_600;
    coalesce_both_go: both_go(PolicyKind::Coalesce) => [".. 0", ".c 0", ".x 0", "xx 0"], 3_800 / 5_200;
    merge_panics: panicking_merge() => ["!. -0|2", "!. 0-|2", "!. 02|", "!c --|01", "!c -01|", "!c 01-|", ".. 01|2", ".c 0-|1", ".c 01|"], 160 / 620;
}
