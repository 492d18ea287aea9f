//! Whoever injects a message learns which activation took it: never another
//! one, and never one that has not begun.

use std::sync::Arc;

use super::harness::{Model, edge, send_all};
use super::model_tests;
use crate::edge::{EdgeControl, PolicyKind};
use crate::sync::{Arc as ModelArc, AtomicU64, Counter, Ordering, thread};
use crate::time::Timestamp;

/// What a node's worker tells of its activations, counted from 1.
struct Told {
    /// How many have begun.
    begun: AtomicU64,
    /// Which of them took the message that was marked last.
    taken_in: AtomicU64,
    /// The truth, by message: which of them took it. Not modelled.
    took: [Counter; 3],
}

impl Told {
    fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            taken_in: AtomicU64::new(0),
            took: Default::default(),
        }
    }

    /// One activation: takes a message if there is one, and says so.
    fn activate(&self, activation: u64, take: impl FnOnce() -> bool, control: &EdgeControl) {
        // Relaxed, like the engine's counts: the edge carries them along.
        self.begun.store(activation, Ordering::Relaxed);
        if !take() {
            return;
        }
        self.took[control.taken() as usize].set(activation);
        let _ = control.publish();
        if control.is_mark_passed() {
            self.taken_in.store(activation, Ordering::Relaxed);
            let _ = control.take_mark();
        }
    }

    /// What the producer knows of the message that it sent last: nothing yet,
    /// that it was taken, or in which activation.
    fn look(&self, message: u64, control: &EdgeControl) -> char {
        let known = || {
            let marked = control.last_freed_mark().filter(|marked| *marked > 0)?;
            let activation = self.taken_in.load(Ordering::Relaxed);
            let took = self.took[marked as usize].get();
            assert_eq!(activation, took, "it was another one");
            Some(marked)
        };
        if control.consumed() < message {
            known();
            return '-';
        }
        let begun = self.begun.load(Ordering::Relaxed);
        let took = self.took[message as usize].get();
        assert!(took >= 1 && begun >= took, "{begun} begun, taken in {took}");
        if known() == Some(message) { 'k' } else { 't' }
    }
}

/// So many messages are injected, each of them followed by a look at what
/// became of it, while the node is activated twice. What was known.
fn inject(kind: PolicyKind, messages: u64) -> String {
    let alive: Arc<Counter> = Arc::default();
    let told = ModelArc::new(Told::new());
    let (mut producer, mut consumer) = edge(kind, 2, 2);
    let control = consumer.control().clone();
    let node = {
        let (told, control) = (told.clone(), control.clone());
        thread::Builder::new()
            .spawn(move || {
                for activation in 1..=2 {
                    told.activate(activation, || consumer.take().is_some(), &control);
                }
                consumer
            })
            .unwrap()
    };
    let mut known = String::new();
    for message in 1..=messages {
        control.mark_next(Timestamp::from_nanos(message));
        send_all(&mut producer, message..message + 1, &alive);
        control.unmark_unsent();
        known.push(told.look(message, &control));
    }
    drop((node.join().unwrap(), producer));
    assert_eq!(alive.get(), 0);
    known
}

macro_rules! receipts {
    ($($name:ident: $kind:ident, $messages:literal => [$($outcome:literal),*], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || inject(PolicyKind::$kind, $messages),
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

receipts! {
    injected_1: Block, 1 => ["-", "k", "t"], 219 / 246;
    injected_2: Block, 2 => ["--", "-k", "-t", "k-", "kk", "kt", "t-", "tk", "tt"], 6_800 / 11_100;
}
