//! Running a model: under random and PCT schedules, or one that is replayed.
//!
//! Settings come from the environment, see `ci/shuttle.sh`:
//!
//! - `TIDEGATE_SHUTTLE_ITERATIONS`: schedules per scheduler and model.
//! - `TIDEGATE_TEST_SEED`: what both schedulers start from.
//! - `TIDEGATE_SHUTTLE_REPLAY`: the schedule to replay.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, Once};

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, ReplayScheduler, Scheduler,
    UncontrolledNondeterminismCheckScheduler,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::seed::{Seed, test_seed};

/// Schedules per scheduler and model, unless the environment says otherwise.
const ITERATIONS: usize = 1_000;

/// A seeded bug must show within so many schedules per scheduler. They stop at
/// the first that fails.
const MUTANT_ITERATIONS: usize = 20_000;

/// How many priority changes a PCT schedule makes, plus one: bugs that need no
/// more ordering constraints than this are found with a known probability.
const PCT_DEPTH: usize = 3;

/// A run that takes more steps than this does not end. The longest takes a
/// twentieth of it.
const MAX_STEPS: usize = 200_000;

/// The engine moves whole workers on its stacks.
const STACK_BYTES: usize = 1 << 18;

/// What happened in runs of a model, by name, and in how many: a model in which
/// the interesting case never comes up proves nothing.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<BTreeMap<&'static str, usize>>>);

impl Seen {
    /// Notes `what` if it `happened`.
    pub fn note(&self, what: &'static str, happened: bool) {
        if happened {
            *self.0.lock().unwrap().entry(what).or_default() += 1;
        }
    }
}

/// One run of a model. Panics when something is wrong.
pub type Model = fn(&Seen);

/// Runs `model` under both schedulers. Each of `expected` must come up in some
/// run.
pub fn explore(name: &str, model: Model, expected: &[&'static str]) {
    if let Some(schedule) = replayed_schedule() {
        replay(model, &schedule);
        return;
    }
    let (iterations, seed) = (iterations(ITERATIONS), test_seed());
    let _printed_on_failure = Seed::new();
    let seen = Seen::default();
    let runs = run_all(model, &seen, iterations, seed, FailurePersistence::Print);
    println!("{name}: {runs} schedules from seed {seed:#x}");
    let seen = seen.0.lock().unwrap();
    for (what, times) in &*seen {
        println!("  {times} times: {what}");
    }
    for what in expected {
        assert!(seen.contains_key(what), "{name}: {what:?} never came up");
    }
}

/// Runs `model` with the bug called `mutant` seeded into the engine, until a
/// run fails, which must be for a reason that contains `symptom`.
pub fn must_fail(mutant: &'static str, model: Model, symptom: &str) {
    let _restored = Seeded::new(mutant);
    if let Some(schedule) = replayed_schedule() {
        replay(model, &schedule);
        return;
    }
    let reason = failure_of(|| {
        let seen = Seen::default();
        run_all(
            model,
            &seen,
            MUTANT_ITERATIONS,
            test_seed(),
            FailurePersistence::Print,
        );
    });
    match reason {
        None => panic!("mutant {mutant} survived"),
        Some(reason) => {
            assert!(reason.contains(symptom), "{mutant} ended in: {reason}");
            println!("{mutant}: {}", reason.lines().next().unwrap_or_default());
        }
    }
}

/// Runs `model` with the bug called `mutant` until it fails, and then that
/// schedule again: the reasons of both failures.
pub fn fail_and_replay(mutant: &'static str, model: Model, folder: &Path) -> [Option<String>; 2] {
    let _restored = Seeded::new(mutant);
    fs::create_dir_all(folder).unwrap();
    let keep = FailurePersistence::File(Some(folder.to_owned()));
    let first = failure_of(|| {
        let seen = Seen::default();
        run_all(model, &seen, MUTANT_ITERATIONS, test_seed(), keep);
    });
    let kept: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    let schedule = fs::read_to_string(kept[0].path()).unwrap();
    fs::remove_dir_all(folder).unwrap();
    [first, failure_of(|| replay(model, &schedule))]
}

/// Runs `model` so many times twice over. Panics when the second run offers
/// other choices than the first: then its schedule does not tell everything.
pub fn repeat_each(model: Model, iterations: usize) {
    let random = RandomScheduler::new_from_seed(test_seed(), iterations);
    run(
        UncontrolledNondeterminismCheckScheduler::new(random),
        model,
        &Seen::default(),
        FailurePersistence::Print,
    );
}

/// Runs `model` once under this schedule.
fn replay(model: Model, schedule: &str) {
    let scheduler = ReplayScheduler::new_from_encoded(schedule);
    run(
        scheduler,
        model,
        &Seen::default(),
        FailurePersistence::Print,
    );
    println!("replayed; this schedule does not fail");
}

fn run_all(
    model: Model,
    seen: &Seen,
    iterations: usize,
    seed: u64,
    keep: FailurePersistence,
) -> usize {
    let random = RandomScheduler::new_from_seed(seed, iterations);
    let pct = PctScheduler::new_from_seed(seed, PCT_DEPTH, iterations);
    run(random, model, seen, keep.clone()) + run(pct, model, seen, keep)
}

fn run(
    scheduler: impl Scheduler + 'static,
    model: Model,
    seen: &Seen,
    keep: FailurePersistence,
) -> usize {
    install_panic_hook();
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.failure_persistence = keep;
    config.silence_warnings = true; // about orderings: loom's business
    let seen = seen.clone();
    Runner::new(scheduler, config).run(move || model(&seen))
}

/// shuttle installs its panic hook once per process, to keep schedules as the
/// first run wants it: so the first run is one that prints them.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let scheduler = RandomScheduler::new_from_seed(test_seed(), 1);
        Runner::new(scheduler, Config::new()).run(|| ());
    });
}

/// The text of the panic that `body` ends in, if it does.
fn failure_of(body: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(body)).err()?;
    match payload.downcast::<String>() {
        Ok(text) => Some(*text),
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => Some((*text).into()),
            Err(payload) => resume_unwind(payload),
        },
    }
}

/// While this lives, models on this thread run with a seeded bug.
struct Seeded;

impl Seeded {
    fn new(mutant: &'static str) -> Self {
        tidegate::set_mutant(Some(mutant));
        Self
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        tidegate::set_mutant(None);
    }
}

fn iterations(default: usize) -> usize {
    match env::var("TIDEGATE_SHUTTLE_ITERATIONS") {
        Ok(text) => text.parse().expect("a number of schedules"),
        Err(_) => default,
    }
}

fn replayed_schedule() -> Option<String> {
    env::var("TIDEGATE_SHUTTLE_REPLAY").ok()
}
