//! Two workers pass on a message, or act on a command, while the coordinator
//! looks whether anything is left.

use std::sync::Arc;

use super::harness::{Model, Run, edge, send_all};
use super::model_tests;
use crate::edge::{Consumer, PolicyKind, Producer};
use crate::sched::mailbox::Mailbox;
use crate::sched::quiescence::{Activity, is_quiescent};
use crate::sync::{Arc as ModelArc, Counter, thread};

/// One node on a worker of its own: looks for work a few times.
struct Worker {
    activity: ModelArc<Activity>,
    input: Consumer<Run>,
    output: Option<Producer<Run>>,
    delivered: Arc<Counter>,
}

impl Worker {
    fn work(mut self, looks: usize) -> Self {
        for _ in 0..looks {
            if self.input.control().has_pending() {
                self.activity.begin();
                let message = self.input.take().expect("it is pending");
                match &mut self.output {
                    Some(output) => drop(output.send(message)),
                    None => self.delivered.add(1),
                }
                let _ = self.input.control().publish();
                self.activity.end();
            }
        }
        self
    }
}

/// `looks`: how often each of the workers looks for work. The outcome is what
/// the coordinator found, during the race and after, and what was delivered.
/// A message can slip past a look at the edges in the wrong order, so both are
/// tried; and the source on the first worker, or on one of its own.
fn pass_on(kind: PolicyKind, looks: [usize; 2], downstream_first: bool, local: bool) -> String {
    let alive: Arc<Counter> = Arc::default();
    let delivered: Arc<Counter> = Arc::default();
    let (mut source, first) = edge(kind, 1, 1);
    let (between, second) = edge(kind, 1, 1);
    send_all(&mut source, 0..1, &alive); // and then the source is stopped
    if local {
        first.control().mark_local();
    }
    let mut controls = [first.control().clone(), second.control().clone()];
    if downstream_first {
        controls.reverse();
    }
    let activities = [
        ModelArc::new(Activity::new()),
        ModelArc::new(Activity::new()),
    ];
    let spawn = |input, output, which: usize| {
        let worker = Worker {
            activity: activities[which].clone(),
            input,
            output,
            delivered: delivered.clone(),
        };
        thread::Builder::new()
            .spawn(move || worker.work(looks[which]))
            .unwrap()
    };
    let handles = [spawn(first, Some(between), 0), spawn(second, None, 1)];
    let look = || {
        let activities = activities.iter().map(|activity| &**activity);
        let found = is_quiescent(activities, || {
            controls.iter().all(|control| control.is_drained())
        });
        assert!(!found || delivered.get() == 1, "a message is in flight");
        if found { 'q' } else { '-' }
    };
    let during = look();
    let workers = handles.map(|handle| handle.join().unwrap());
    let after = look();
    assert_eq!(after == 'q', delivered.get() == 1);
    drop((workers, source));
    assert_eq!(alive.get(), 0);
    format!("{during}{after}{}", delivered.get())
}

/// The coordinator leaves a command in a worker's mailbox, on which that sends
/// a message to the other worker. The outcome is as for [`pass_on`]. A command
/// can slip past a look at edges and mailbox in the wrong order, so both are
/// tried.
fn command(mail_last: bool) -> String {
    let alive: Arc<Counter> = Arc::default();
    let delivered: Arc<Counter> = Arc::default();
    let (mut output, input) = edge(PolicyKind::Block, 1, 1);
    let control = input.control().clone();
    let activities = [
        ModelArc::new(Activity::new()),
        ModelArc::new(Activity::new()),
    ];
    let mailbox = ModelArc::new(Mailbox::new());
    mailbox.notify(0);
    let commanded = {
        let (activity, mailbox) = (activities[0].clone(), mailbox.clone());
        let alive = alive.clone();
        thread::Builder::new().spawn(move || {
            if !mailbox.is_empty() {
                activity.begin(); // and only then the mail is taken
                mailbox.drain(|_| drop(send_all(&mut output, 0..1, &alive)));
                activity.end();
            }
            output
        })
    };
    let worker = Worker {
        activity: activities[1].clone(),
        input,
        output: None,
        delivered: delivered.clone(),
    };
    let worker = thread::Builder::new().spawn(move || worker.work(1));
    let look = || {
        let activities = activities.iter().map(|activity| &**activity);
        let no_mail = || !mailbox.has_mail();
        let drained = || control.is_drained();
        let empty: [&dyn Fn() -> bool; 2] = if mail_last {
            [&drained, &no_mail]
        } else {
            [&no_mail, &drained]
        };
        let found = is_quiescent(activities, || empty.iter().all(|is_empty| is_empty()));
        assert!(!found || delivered.get() == 1, "the command is not done");
        if found { 'q' } else { '-' }
    };
    let during = look();
    let output = commanded.unwrap().join().unwrap();
    let worker = worker.unwrap().join().unwrap();
    let after = look();
    assert_eq!(after == 'q', delivered.get() == 1);
    drop((output, worker));
    assert_eq!(alive.get(), 0);
    format!("{during}{after}{}", delivered.get())
}

macro_rules! quiescence {
    ($($name:ident: $run:expr => [$($outcome:literal),* $(,)?], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || $run,
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: Some(4),
        }),+];

        model_tests!($($name),+);
    };
}

quiescence! {
    quiescent_block: pass_on(PolicyKind::Block, [1, 2], false, false) => ["--0", "-q1", "qq1"], 11_000 / 2_300;
    quiescent_latest: pass_on(PolicyKind::Latest, [1, 2], false, false) => ["--0", "-q1", "qq1"], 11_000 / 1_900;
    quiescent_downstream_first: pass_on(PolicyKind::Block, [1, 2], true, false) => ["--0", "-q1", "qq1"], 30_000 / 4_300;
    quiescent_local: pass_on(PolicyKind::Block, [1, 2], true, true) => ["--0", "-q1", "qq1"], 10_000 / 2_000;
    quiescent_mail: command(false) => ["--0", "-q1", "qq1"], 7_400 / 1_200;
    quiescent_mail_last: command(true) => ["--0", "-q1", "qq1"], 12_000 / 2_300;
}
