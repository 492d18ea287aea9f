//! Runs models, and holds them to what they should have explored.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::edge::{Consumer, Policy, PolicyKind, Producer, channel_growable};
use crate::sync::{Counter, set_mutant, set_shimmed};

/// A small program to run under every interleaving.
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// One execution; what it observed.
    pub(super) run: fn() -> String,
    /// What the executions observe, taken together.
    pub(super) outcomes: &'static [&'static str],
    /// How many executions there are at least, plain and shimmed.
    pub(super) executions: [usize; 2],
    /// The most preemptions in one execution, if not any number: for models
    /// of too many executions otherwise.
    pub(super) preemptions: Option<usize>,
}

/// What came out of running a model one way.
struct Explored {
    executions: usize,
    outcomes: BTreeSet<String>,
}

impl Model {
    /// Runs the model in one of the two ways.
    fn explore(&self, shimmed: bool) -> Explored {
        set_shimmed(shimmed);
        let executions = Arc::new(Counter::default());
        #[expect(clippy::disallowed_types, reason = "outside of what is modelled")]
        let outcomes = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = self.preemptions.map(|bound| bound + deeper());
        builder.max_branches = 10_000;
        {
            let (executions, outcomes) = (executions.clone(), outcomes.clone());
            let run = self.run;
            builder.check(move || {
                let outcome = run();
                outcomes.lock().unwrap().insert(outcome);
                executions.add(1);
            });
        }
        let outcomes = outcomes.lock().unwrap().clone();
        Explored {
            executions: executions.get() as usize,
            outcomes,
        }
    }

    /// Runs the model both ways and checks everything.
    #[expect(clippy::print_stdout, reason = "the counts are part of the result")]
    fn check(&self) {
        let mut outcomes = BTreeSet::new();
        for (shimmed, least) in [false, true].into_iter().zip(self.executions) {
            let explored = self.explore(shimmed);
            let way = if shimmed { "shimmed" } else { "plain" };
            println!("{}, {way}: {} executions", self.name, explored.executions);
            assert!(
                explored.executions >= least,
                "{}, {way}: only {} executions",
                self.name,
                explored.executions
            );
            outcomes.extend(explored.outcomes);
        }
        println!("{}: observed {outcomes:#?}", self.name);
        assert!(
            outcomes.iter().eq(self.outcomes),
            "{}: expected {:#?}",
            self.name,
            self.outcomes
        );
    }

    /// Runs the model with this mutant until some execution panics, deadlocks,
    /// races or observes what is not expected. (Not until something is no
    /// longer observed: fewer interleavings are no error.)
    pub(super) fn run_with(&self, mutant: &'static str) {
        set_mutant(Some(mutant));
        for shimmed in [false, true] {
            for outcome in self.explore(shimmed).outcomes {
                assert!(self.outcomes.contains(&&*outcome), "observed {outcome}");
            }
        }
    }
}

/// How many more preemptions than usual an execution may have, where there is
/// a bound: `TIDEGATE_LOOM_DEEPER`, for nightly runs.
fn deeper() -> usize {
    std::env::var("TIDEGATE_LOOM_DEEPER")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The test of the model called `name`.
pub(super) fn verify(name: &str) {
    super::all()
        .find(|model| model.name == name)
        .expect("a model of this name")
        .check();
}

/// A message that stands for a run of numbers and counts how many of its kind
/// are alive.
///
/// All threads of a model run on one real thread, taking turns at the model's
/// primitives only: so the counter need not be a modelled one.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) last: u64,
    alive: Arc<Counter>,
}

impl Run {
    pub(super) fn new(number: u64, alive: &Arc<Counter>) -> Self {
        alive.add(1);
        Self {
            first: number,
            last: number,
            alive: alive.clone(),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

impl core::fmt::Display for Run {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for number in self.first..=self.last {
            write!(f, "{number}")?;
        }
        Ok(())
    }
}

/// Merges runs, which must be adjacent.
pub(super) fn join(pending: &mut Run, new: Run) {
    assert_eq!(pending.last + 1, new.first, "merged out of order");
    pending.last = new.last;
}

/// An edge for [`Run`]s.
pub(super) fn edge(
    kind: PolicyKind,
    capacity: usize,
    max: usize,
) -> (Producer<Run>, Consumer<Run>) {
    let policy = match kind {
        PolicyKind::Block => Policy::Block,
        PolicyKind::Drop => Policy::Drop,
        PolicyKind::Latest => Policy::Latest,
        PolicyKind::Coalesce => Policy::coalesce(join),
    };
    channel_growable(capacity, max, policy).expect("a valid capacity")
}

/// Sends the runs of these numbers; what became of each: `.` stored, `x` not
/// sent, `d` dropped, `r` replaced another one, `c` coalesced.
pub(super) fn send_all(
    producer: &mut Producer<Run>,
    numbers: core::ops::Range<u64>,
    alive: &Arc<Counter>,
) -> String {
    use crate::edge::Sent;
    numbers
        .map(|number| match producer.send(Run::new(number, alive)) {
            Ok(Sent::Stored) => '.',
            Ok(Sent::Dropped(_)) => 'd',
            Ok(Sent::Replaced(_)) => 'r',
            Ok(Sent::Coalesced) => 'c',
            Err(_) => 'x',
        })
        .collect()
}

/// Looks for a message twice: `-` for none, the number of one, and `0,1` for
/// two in a row.
pub(super) fn look_twice(consumer: &mut Consumer<Run>) -> String {
    let mut seen = String::new();
    for _ in 0..2 {
        match consumer.recv() {
            Ok(run) if seen.ends_with('0') => seen += &format!(",{run}"),
            Ok(run) => seen += &run.to_string(),
            Err(_) => seen.push('-'),
        }
    }
    seen
}
