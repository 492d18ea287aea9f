//! Sends racing receives, on each policy: order, exact books, payloads that
//! are dropped once, and edges that are never empty without cause.

use std::sync::Arc;

use super::harness::{Model, Run, edge, send_all};
use super::model_tests;
use crate::edge::{Consumer, PolicyKind, RecvError};
use crate::sync::{Counter, thread};

/// The messages sent are 0 to `sends`, the first `filled` of them before the
/// race begins.
struct Traffic {
    kind: PolicyKind,
    capacity: usize,
    max: usize,
    filled: u64,
    sends: u64,
    receives: usize,
    /// Whether the consumer looks whether something is pending before it
    /// receives.
    looks: bool,
}

impl Traffic {
    /// What the receives of the race got, and what became of the sends.
    fn run(&self) -> String {
        let alive: Arc<Counter> = Arc::default();
        let (mut producer, mut consumer) = edge(self.kind, self.capacity, self.max);
        let monitor = producer.monitor();
        send_all(&mut producer, 0..self.filled, &alive);

        let sender = {
            let (numbers, alive) = (self.filled..self.sends, alive.clone());
            thread::Builder::new().spawn(move || {
                let sent = send_all(&mut producer, numbers, &alive);
                (producer, sent)
            })
        };
        let mut received = Received::default();
        for _ in 0..self.receives {
            self.receive(&mut consumer, &mut received);
        }
        let (producer, sent) = sender.unwrap().join().unwrap();
        let race = core::mem::take(&mut received.text);

        assert!(monitor.ledger().is_balanced(), "{}", monitor.ledger());
        assert_eq!(monitor.ledger().in_flight, monitor.len() as u64);
        while consumer.control().has_pending() {
            received.take(consumer.take().expect("it is pending"));
        }
        assert_eq!(alive.get(), 0, "nothing is left");
        self.check_the_end(&received);
        drop((producer, consumer));
        assert!(monitor.ledger().is_balanced(), "{}", monitor.ledger());
        format!("{sent} {race}")
    }

    fn receive(&self, consumer: &mut Consumer<Run>, received: &mut Received) {
        // Not in each model: a look at the tail would synchronise with the
        // producer, and hide that receiving forgets to.
        let promised = self.looks && consumer.control().has_pending();
        match consumer.recv() {
            Ok(run) => received.take(run),
            Err(RecvError::Empty) => {
                assert!(!promised, "it was pending, and nobody else takes it");
                // What was sent before the race is there until it is received
                // or something newer is. (But merging withdraws a message.)
                if self.kind != PolicyKind::Coalesce {
                    assert!(received.next >= self.filled, "empty without cause");
                }
                received.text.push('-');
            }
            Err(RecvError::Closed) => unreachable!("the producer is there"),
        }
    }

    fn check_the_end(&self, received: &Received) {
        if matches!(self.kind, PolicyKind::Latest | PolicyKind::Coalesce) {
            assert_eq!(received.next, self.sends, "the newest stays");
        }
        if self.kind == PolicyKind::Coalesce {
            assert_eq!(received.missing, 0, "nothing is lost");
        }
    }
}

#[derive(Default)]
struct Received {
    text: String,
    /// One more than the highest number received.
    next: u64,
    /// How many numbers below `next` were not received.
    missing: u64,
}

impl Received {
    fn take(&mut self, run: Run) {
        assert!(run.first >= self.next, "out of order");
        self.missing += run.first - self.next;
        self.next = run.last + 1;
        if !self.text.is_empty() && !self.text.ends_with('-') {
            self.text.push(',');
        }
        self.text.push_str(&run.to_string());
    }
}

macro_rules! traffic {
    ($($name:ident: $kind:ident $capacity:literal of $max:literal,
       $filled:literal filled, $sends:literal sends, $receives:literal receives
       $(, looks $looks:literal)?
       => [$($outcome:literal),* $(,)?], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || {
                Traffic {
                    kind: PolicyKind::$kind,
                    capacity: $capacity,
                    max: $max,
                    filled: $filled,
                    sends: $sends,
                    receives: $receives,
                    looks: false $(|| $looks)?,
                }
                .run()
            },
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

// The outcomes: what became of each send of the race, then what each receive
// of the race got.
traffic! {
    block_1: Block 1 of 1, 0 filled, 3 sends, 2 receives => ["... 0,1", "..x -0", "..x 0,1", "..x 0-", ".x. -0", ".x. 0,2", ".x. 0-", ".xx --", ".xx -0", ".xx 0-"], 88 / 38;
    block_2: Block 2 of 2, 1 filled, 5 sends, 3 receives => [".... 0,1,2", "...x 0,1,2", "...x 0,1-", "...x 0-1", "..x. 0,1,2", "..x. 0,1-", "..x. 0-1", "..xx 0,1,2", "..xx 0,1-", "..xx 0--", "..xx 0-1", ".x.. 0,1,3", ".x.. 0,1-", ".x.. 0-1", ".x.x 0,1,3", ".x.x 0,1-", ".x.x 0--", ".x.x 0-1", ".xx. 0,1,4", ".xx. 0,1-", ".xx. 0--", ".xx. 0-1", ".xxx 0,1-", ".xxx 0--", ".xxx 0-1"], 10_000 / 720;
    block_3_of_4: Block 3 of 3, 3 filled, 5 sends, 2 receives => [".. 0,1", ".x 0,1", "x. 0,1", "xx 0,1"], 44 / 12;
    block_looks: Block 2 of 2, 0 filled, 2 sends, 2 receives, looks true => [".. --", ".. -0", ".. 0,1", ".. 0-"], 290 / 50;
    drop_1: Drop 1 of 1, 1 filled, 4 sends, 2 receives => ["..d 0,1", ".d. 0,1", ".dd 0,1", ".dd 0-", "d.. 0,2", "d.d 0,2", "d.d 0-", "dd. 0,3", "dd. 0-", "ddd 0-"], 100 / 30;
    drop_2: Drop 2 of 2, 1 filled, 5 sends, 3 receives => [".... 0,1,2", "...d 0,1,2", "...d 0,1-", "...d 0-1", "..d. 0,1,2", "..d. 0,1-", "..d. 0-1", "..dd 0,1,2", "..dd 0,1-", "..dd 0--", "..dd 0-1", ".d.. 0,1,3", ".d.. 0,1-", ".d.. 0-1", ".d.d 0,1,3", ".d.d 0,1-", ".d.d 0--", ".d.d 0-1", ".dd. 0,1,4", ".dd. 0,1-", ".dd. 0--", ".dd. 0-1", ".ddd 0,1-", ".ddd 0--", ".ddd 0-1"], 10_000 / 720;
    latest_1: Latest 1 of 1, 1 filled, 4 sends, 2 receives => ["..r 0,1", ".r. 0,2", ".rr 0,3", ".rr 0-", "r.. 1,2", "r.r 1,3", "r.r 1-", "rr. 2,3", "rr. 2-", "rrr 3-"], 42_000 / 56_000;
    latest_2: Latest 2 of 2, 2 filled, 5 sends, 2 receives => ["..r 0,1", ".r. 0,2", ".rr 0,3", "r.. 1,2", "r.r 1,3", "rr. 2,3", "rrr 3,4"], 9_100 / 17_000;
    latest_1_of_2: Latest 1 of 2, 1 filled, 4 sends, 2 receives => ["..r 0,1", ".r. 0,2", ".rr 0,3", ".rr 0-", "r.. 1,2", "r.r 1,3", "r.r 1-", "rr. 2,3", "rr. 2-", "rrr 3-"], 90_000 / 180_000;
    latest_3_of_4: Latest 3 of 4, 3 filled, 6 sends, 3 receives => ["... 0,1,2", "..r 0,1,3", ".r. 0,2,3", ".rr 0,3,4", "r.. 1,2,3", "r.r 1,3,4", "rr. 2,3,4", "rrr 3,4,5"], 25_000 / 60_000;
    latest_looks: Latest 1 of 2, 0 filled, 2 sends, 2 receives, looks true => [".. -0", ".. 0,1", ".. 0-", ".r --", ".r -1", ".r 1-"], 12_000 / 3_700;
    coalesce_1: Coalesce 1 of 1, 1 filled, 4 sends, 2 receives => ["..c 0,1", ".c. 0,12", ".cc 0,123", ".cc 0-", "c.. 01,2", "c.c -01", "c.c 01,23", "c.c 01-", "cc. -012", "cc. 012,3", "cc. 012-", "ccc --", "ccc -0123", "ccc 0123-"], 340 / 1_700;
    coalesce_2: Coalesce 2 of 2, 2 filled, 4 sends, 2 receives => [".. 0,1", ".c 0,1", "c. 0,12", "c. 0-", "cc 0,123", "cc 0-"], 260 / 310;
    coalesce_3_of_4: Coalesce 3 of 4, 3 filled, 5 sends, 3 receives => [".. 0,1,2", ".c 0,1,2", "c. 0,1,23", "c. 0,1-", "cc 0,1,234", "cc 0,1-"], 670 / 310;
}
