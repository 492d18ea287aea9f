//! Notifications reach a worker that sleeps whenever it has nothing to do: a
//! lost one is a deadlock, which the model checker reports.

use super::harness::Model;
use super::model_tests;
use crate::sched::mailbox::Mailbox;
use crate::sync::{Arc, UnsafeCell, thread};
use std::time::Duration;

/// A mailbox, and for each number what its notifier wrote beforehand.
struct Desk {
    mailbox: Mailbox,
    notes: [UnsafeCell<u32>; 2],
}

// SAFETY: the model checker reports unordered accesses; that is the point.
unsafe impl Sync for Desk {}

const NUMBERS: [[usize; 2]; 2] = [[0, 1], [0, 64]];

impl Desk {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            mailbox: Mailbox::new(),
            notes: [UnsafeCell::new(0), UnsafeCell::new(0)],
        })
    }

    /// Leaves a note, then notifies.
    fn notify(&self, numbers: [usize; 2], which: usize) {
        // SAFETY: the pointer is valid, and the model checker watches.
        self.notes[which].with_mut(|note| unsafe { *note = 7 });
        self.mailbox.notify(numbers[which]);
    }

    /// Works until every notification in `expected` has come; how often it
    /// slept, and the numbers in the order they came.
    fn work(&self, numbers: [usize; 2], expected: usize, timeout: Option<Duration>) -> String {
        self.mailbox.register();
        let mut seen = String::new();
        let mut timeout = timeout;
        let mut got = [false; 2];
        while got.iter().filter(|got| **got).count() < expected {
            self.mailbox.drain(|number| {
                let which = usize::from(number != numbers[0]);
                assert_eq!(number, numbers[which], "nobody sent that");
                // SAFETY: the pointer is valid, and the model checker watches.
                let note = self.notes[which].with_mut(|note| unsafe { *note });
                assert_eq!(note, 7);
                assert!(!got[which], "it came twice");
                got[which] = true;
                seen += &which.to_string();
            });
            if got.iter().filter(|got| **got).count() < expected
                && self.mailbox.is_empty()
                && self.mailbox.park(timeout.take())
            {
                seen.push('z');
            }
        }
        seen
    }
}

/// As many threads as `notifiers` have lists, each notifying about those.
fn post(numbers: [usize; 2], notifiers: &[&'static [usize]], timeout: Option<Duration>) -> String {
    let desk = Desk::new();
    let expected = notifiers.iter().map(|list| list.len()).sum();
    // Not on the main thread: loom cannot unpark a thread that joins.
    let worker = {
        let desk = desk.clone();
        thread::Builder::new()
            .spawn(move || desk.work(numbers, expected, timeout))
            .unwrap()
    };
    let (first, others) = notifiers.split_first().expect("somebody notifies");
    let others: Vec<_> = others
        .iter()
        .map(|list| {
            let (desk, list) = (desk.clone(), *list);
            let notify = move || list.iter().for_each(|which| desk.notify(numbers, *which));
            thread::Builder::new().spawn(notify).unwrap()
        })
        .collect();
    for which in *first {
        desk.notify(numbers, *which);
    }
    for notifier in others {
        notifier.join().unwrap();
    }
    worker.join().unwrap()
}

macro_rules! mail {
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

// The outcomes: the notifications in the order they came, and `z` for a sleep.
mail! {
    one_notifier: post(NUMBERS[0], &[&[0]], None) => ["0", "z0"], 16 / 13;
    one_notifier_twice: post(NUMBERS[0], &[&[0, 1]], None) => ["01", "0z1", "z01", "z0z1"], 390 / 250;
    two_notifiers_one_leaf: post(NUMBERS[0], &[&[0], &[1]], None) => ["01", "0z1", "10", "1z0", "z01", "z0z1", "z10", "z1z0"], 140_000 / 76_000;
    two_notifiers_two_leaves: post(NUMBERS[1], &[&[0], &[1]], None) => ["01", "0z1", "10", "1z0", "z01", "z0z1", "z10", "z1z0"], 71_000 / 34_000;
    a_timeout_first: post(NUMBERS[0], &[&[0, 1]], Some(Duration::ZERO)) => ["01", "0z1", "0zz1", "z01", "z0z1", "z0zz1", "zz01", "zz0z1"], 2_100 / 900;
}
