//! A shutdown closes the doors and waits until nobody is inside; and whoever
//! waits outside is woken. A lost wake-up is a deadlock, which the model checker
//! reports.

use std::sync::Arc;
use std::task::{Wake, Waker};

use super::harness::Model;
use super::model_tests;
use crate::edge::{Policy, channel};
use crate::sched::door::Gate;
use crate::sched::mailbox::Mailbox;
use crate::sched::quiescence::{Activity, is_quiescent};
use crate::sync::{Arc as ModelArc, AtomicWaker, Counter, thread};

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "door_shuts",
        run: shuts,
        outcomes: &["accepted", "refused"],
        executions: [10, 10],
        preemptions: None,
    },
    Model {
        name: "door_wakes",
        run: wakes,
        outcomes: &["", "z", "zz"],
        executions: [500, 70],
        preemptions: Some(3),
    },
    Model {
        name: "exit_quiescent",
        run: quiescent,
        outcomes: &["--0", "-q1", "qq1"],
        executions: [2_000, 1_500],
        preemptions: Some(4),
    },
];

model_tests!(door_shuts, door_wakes, exit_quiescent);

/// A send, while the supervisor shuts the entrance and waits until it is quiet:
/// what was accepted it sees then.
fn shuts() -> String {
    let gate = ModelArc::new(Gate::new());
    let (mut producer, consumer) = channel(1, Policy::Block).unwrap();
    let supervisor = {
        let gate = gate.clone();
        thread::Builder::new().spawn(move || {
            gate.shut();
            while !gate.is_quiet() {
                thread::park();
            }
            consumer.control().has_pending()
        })
    };
    let supervisor = supervisor.unwrap();
    let accepted = gate.enter_if_open();
    if accepted {
        assert!(producer.send(1).is_ok());
        if gate.leave() {
            supervisor.thread().unpark();
        }
    }
    let seen = supervisor.join().unwrap();
    assert_eq!(seen, accepted, "it looks once, when nobody is inside");
    if accepted { "accepted" } else { "refused" }.into()
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A worker sends 1 and 2 to a receiver outside, which registers its waker,
/// asks, looks once more, and sleeps. How often it slept.
fn wakes() -> String {
    let outside = ModelArc::new(AtomicWaker::new());
    let (mut producer, mut consumer) = channel(2, Policy::Block).unwrap();
    let receiver = {
        let outside = outside.clone();
        thread::Builder::new().spawn(move || {
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let (mut sum, mut slept) = (0, String::new());
            while sum < 3 {
                if let Some(number) = consumer.take() {
                    sum += number;
                    continue;
                }
                outside.register(&waker);
                if !consumer.control().ask() {
                    slept.push('z');
                    thread::park();
                }
            }
            slept
        })
    };
    for number in 1..3 {
        assert!(producer.send(number).is_ok());
        if producer.control().take_asked() {
            outside.wake();
        }
    }
    receiver.unwrap().join().unwrap()
}

/// A node has kept a message back, because an exit is full. Outside somebody
/// takes from there, while the supervisor looks whether anything is left. The
/// outcome: what it found, during the race and after, and whether the kept
/// message was sent.
fn quiescent() -> String {
    let sent: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = channel(1, Policy::Block).unwrap();
    assert!(producer.send(0).is_ok());
    assert!(producer.control().wait_for_room(1));
    let control = consumer.control().clone();
    let (gate, mailbox) = (ModelArc::new(Gate::new()), ModelArc::new(Mailbox::new()));
    let activity = ModelArc::new(Activity::new());
    let outside = {
        let (gate, mailbox) = (gate.clone(), mailbox.clone());
        thread::Builder::new().spawn(move || {
            gate.enter();
            assert_eq!(consumer.take(), Some(0));
            if consumer.control().publish() {
                mailbox.notify(0);
            }
            let _ = gate.leave();
            consumer
        })
    };
    let worker = {
        let (activity, mailbox, sent) = (activity.clone(), mailbox.clone(), sent.clone());
        thread::Builder::new().spawn(move || {
            if !mailbox.is_empty() {
                activity.begin();
                mailbox.drain(|_| {
                    assert!(producer.send(1).is_ok());
                    sent.add(1);
                });
                activity.end();
            }
            producer
        })
    };
    let look = || {
        let found = is_quiescent([&*activity].into_iter(), || {
            !control.is_awaited() && gate.is_quiet() && !mailbox.has_mail()
        });
        assert!(!found || sent.get() == 1, "a message is kept back");
        if found { 'q' } else { '-' }
    };
    let during = look();
    let ends = (
        outside.unwrap().join().unwrap(),
        worker.unwrap().join().unwrap(),
    );
    let after = look();
    assert_eq!(after == 'q', sent.get() == 1);
    drop(ends);
    format!("{during}{after}{}", sent.get())
}
