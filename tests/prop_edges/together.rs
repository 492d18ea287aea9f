//! The two ends on two threads: what holds however they interleave.

// The rule keeps the primitives of the library in one file; tests stand
// outside.
#![allow(clippy::disallowed_types)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq};

use tidegate::edge::{
    Consumer, Ledger, Monitor, Policy, PolicyKind, Producer, RecvError, SendError, Sent,
    channel_growable,
};

use super::prop_support::{Verdict, check};

/// What one end does next. Each end makes of it what it can.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One message at a time.
    Singly(u64),
    /// As many at once.
    Together(u64),
    SetCapacity(usize),
    Yield,
}

fn script() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..40_u64).prop_map(Step::Singly),
        4 => (1..40_u64).prop_map(Step::Together),
        1 => (1..=16_usize).prop_map(Step::SetCapacity),
        1 => Just(Step::Yield),
    ];
    vec(step, 1..12)
}

/// Stands for the numbers from `first` to `last`.
struct Run {
    first: u64,
    last: u64,
    /// Whether something was merged into it that does not follow it.
    disordered: bool,
    alive: Arc<AtomicU64>,
}

impl Run {
    fn new(number: u64, alive: &Arc<AtomicU64>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self {
            first: number,
            last: number,
            disordered: false,
            alive: Arc::clone(alive),
        }
    }

    fn join(&mut self, new: Self) {
        self.disordered |= new.disordered || self.last + 1 != new.first;
        self.last = new.last;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the producer's thread saw.
#[derive(Debug, Default)]
struct Sending {
    /// Numbers accepted: all below this.
    sent: u64,
    dropped: Vec<u64>,
    evicted: Vec<u64>,
    coalesced: u64,
    found_closed: bool,
}

impl Sending {
    fn carry_out(
        mut self,
        mut producer: Producer<Run>,
        steps: &[Step],
        alive: &Arc<AtomicU64>,
    ) -> Self {
        let monitor = producer.monitor();
        for &step in steps {
            match step {
                Step::Singly(count) => (0..count).for_each(|_| self.send(&mut producer, alive)),
                Step::Together(count) => self.send_batch(&mut producer, count, alive),
                Step::SetCapacity(capacity) => set_capacity(&monitor, capacity),
                Step::Yield => thread::yield_now(),
            }
        }
        self
    }

    /// Sends one message; again until there is room, if need be.
    fn send(&mut self, producer: &mut Producer<Run>, alive: &Arc<AtomicU64>) {
        let mut next = Run::new(self.sent, alive);
        loop {
            match producer.send(next) {
                Ok(Sent::Stored) => break,
                Ok(Sent::Dropped(run)) => break self.dropped.push(run.first),
                Ok(Sent::Replaced(run)) => break self.evicted.push(run.first),
                Ok(Sent::Coalesced) => break self.coalesced += 1,
                Err(SendError::Full(back)) => {
                    next = back;
                    thread::yield_now();
                }
                Err(SendError::Closed(_)) => {
                    self.found_closed = true;
                    return;
                }
            }
        }
        self.sent += 1;
    }

    fn send_batch(&mut self, producer: &mut Producer<Run>, count: u64, alive: &Arc<AtomicU64>) {
        let numbers = self.sent..self.sent + count;
        let sent = producer.send_batch(numbers.map(|number| Run::new(number, alive)));
        self.sent += sent as u64;
    }
}

/// Receives by the script, then until the end, unless it is to leave early.
fn receive(mut consumer: Consumer<Run>, steps: &[Step], leaves: bool) -> Vec<(u64, u64, bool)> {
    let monitor = consumer.monitor();
    let mut received = Vec::new();
    let mut note = |run: Run| received.push((run.first, run.last, run.disordered));
    for &step in steps {
        match step {
            Step::Singly(count) => (0..count)
                .filter_map(|_| consumer.recv().ok())
                .for_each(&mut note),
            Step::Together(count) => consumer.drain(count as usize).for_each(&mut note),
            Step::SetCapacity(capacity) => set_capacity(&monitor, capacity),
            Step::Yield => thread::yield_now(),
        }
    }
    if leaves {
        return received;
    }
    loop {
        match consumer.recv() {
            Ok(run) => note(run),
            Err(RecvError::Empty) => thread::yield_now(),
            Err(RecvError::Closed) => return received,
        }
    }
}

/// Capacities above the maximum are refused, which changes nothing.
fn set_capacity(monitor: &Monitor, capacity: usize) {
    let accepted = monitor.set_capacity(capacity).is_ok();
    assert_eq!(accepted, capacity <= monitor.max_capacity());
}

fn policy(kind: PolicyKind) -> Policy<Run> {
    match kind {
        PolicyKind::Block => Policy::Block,
        PolicyKind::Drop => Policy::Drop,
        PolicyKind::Latest => Policy::Latest,
        PolicyKind::Coalesce => Policy::coalesce(Run::join),
    }
}

fn holds_under_any_interleaving(kind: PolicyKind) {
    let case = (
        1..=9_usize,
        0..=7_usize,
        script(),
        script(),
        prop_oneof![3 => Just(false), 1 => any::<bool>()],
    );
    check(160, &case, |(capacity, growth, sends, receives, leaves)| {
        let (producer, consumer) =
            channel_growable(capacity, capacity + growth, policy(kind)).expect("in range");
        let monitor = producer.monitor();
        let alive: Arc<AtomicU64> = Arc::default();
        let begin = Barrier::new(2);
        let (sending, received) = thread::scope(|scope| {
            let sending = scope.spawn(|| {
                begin.wait();
                Sending::default().carry_out(producer, &sends, &alive)
            });
            begin.wait();
            let received = receive(consumer, &receives, leaves);
            (sending.join(), received)
        });
        let sending = sending.expect("the producer's thread does not panic");
        prop_assert_eq!(
            alive.load(Ordering::Relaxed),
            0,
            "every message was dropped once"
        );
        conserved(&monitor.ledger(), &sending, received.len())?;
        prop_assert!(!sending.found_closed || leaves, "closed too early");
        in_order(kind, &sending, &received, &monitor.ledger())?;
        if !leaves {
            nothing_is_missing(kind, &sending, &received)?;
        }
        Ok(())
    });
}

/// The ledger is what the two threads counted.
fn conserved(ledger: &Ledger, sending: &Sending, received: usize) -> Verdict {
    prop_assert!(ledger.is_balanced(), "{}", ledger);
    prop_assert_eq!(ledger.in_flight, 0);
    prop_assert_eq!(ledger.sent, sending.sent);
    prop_assert_eq!(ledger.delivered, received as u64);
    // Batches and shrinks drop what they evict, so that only the ledger knows.
    prop_assert!(ledger.evicted >= sending.evicted.len() as u64);
    prop_assert!(ledger.coalesced >= sending.coalesced);
    prop_assert_eq!(ledger.dropped, sending.dropped.len() as u64);
    Ok(())
}

/// What was received, and what was handed back, never goes back, and no number
/// shows up twice.
fn in_order(
    kind: PolicyKind,
    sending: &Sending,
    received: &[(u64, u64, bool)],
    ledger: &Ledger,
) -> Verdict {
    let mut fates = vec![0_u32; sending.sent as usize];
    let mut next = 0;
    for &(first, last, disordered) in received {
        prop_assert!(!disordered, "{}: merged out of order", kind);
        prop_assert!(
            next <= first && first <= last,
            "{}: {} after {}",
            kind,
            first,
            next
        );
        next = last + 1;
        (first..=last).for_each(|number| fates[number as usize] += 1);
    }
    for handed_back in [&sending.dropped, &sending.evicted] {
        prop_assert!(handed_back.is_sorted_by(|a, b| a < b), "{}", kind);
        handed_back
            .iter()
            .for_each(|&number| fates[number as usize] += 1);
    }
    prop_assert!(
        fates.iter().all(|&count| count <= 1),
        "{}: a number twice",
        kind
    );
    let unseen = fates.iter().filter(|&&count| count == 0).count() as u64;
    let dropped_by_the_edge = ledger.evicted - sending.evicted.len() as u64;
    // A message that was discarded may stand for several numbers.
    let merged: u64 = received.iter().map(|(first, last, _)| last - first).sum();
    let merged_and_discarded = ledger.coalesced - merged;
    prop_assert_eq!(
        unseen,
        ledger.discarded + dropped_by_the_edge + merged_and_discarded
    );
    Ok(())
}

/// When the consumer stays to the end, what it received is complete.
fn nothing_is_missing(
    kind: PolicyKind,
    sending: &Sending,
    received: &[(u64, u64, bool)],
) -> Verdict {
    let last = received.last().map(|&(_, last, _)| last + 1);
    match kind {
        PolicyKind::Block | PolicyKind::Coalesce => {
            let covered: u64 = received
                .iter()
                .map(|(first, last, _)| last - first + 1)
                .sum();
            prop_assert_eq!(covered, sending.sent);
        }
        PolicyKind::Drop => {
            let fates = received.len() + sending.dropped.len();
            prop_assert_eq!(fates as u64, sending.sent);
        }
        PolicyKind::Latest => {
            prop_assert_eq!(last.unwrap_or(0), sending.sent, "the newest stays");
        }
    }
    Ok(())
}

#[test]
fn block_edges_between_threads_deliver_everything_in_order() {
    holds_under_any_interleaving(PolicyKind::Block);
}

#[test]
fn drop_edges_between_threads_lose_only_what_they_hand_back() {
    holds_under_any_interleaving(PolicyKind::Drop);
}

#[test]
fn latest_edges_between_threads_never_go_back() {
    holds_under_any_interleaving(PolicyKind::Latest);
}

#[test]
fn coalesce_edges_between_threads_merge_in_order_and_lose_nothing() {
    holds_under_any_interleaving(PolicyKind::Coalesce);
}
