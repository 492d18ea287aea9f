//! Proof that the models look where it matters: each protocol step that is
//! weakened or left out makes a model fail.
//!
//! The steps are named where they stand, in the shipped sources:
//! `order("name", real, weakened)` and `mutant("name")`.

use std::process::Command;

use super::all;

/// Each mutant, and a model that does not survive it.
const KILLED: &[(&str, &str)] = &[
    // edge/control.rs
    ("pending-tail", "latest_looks"),
    ("ended-tail", "latest_ends"),
    ("drained-head", "quiescent_block"),
    ("consumed-head", "injected_1"),
    // edge/showing.rs
    ("show-tail", "shown_together"),
    ("close-producer", "block_ends"),
    ("close-without-show", "shown_at_the_end"),
    // edge/room.rs
    ("wait", "grow_wakes"),
    ("wait-without-rmw", "need_two_wakes"),
    ("publish", "publish_wakes"),
    ("publish-without-rmw", "publish_wakes"),
    ("publish-forgets-waiting", "publish_wakes"),
    ("publish-alone", "block_1"),
    ("rearm", "grow_wakes"),
    ("grow-forgets-waiting", "grow_wakes"),
    ("close-forgets-waiting", "close_wakes"),
    ("local-publish-forgets-waiting", "local_wakes"),
    ("local-limit-by-waiting", "local_wakes"),
    // edge/asking.rs
    ("ask", "asking_block"),
    ("take-asked", "asking_block"),
    ("ask-without-rmw", "asking_block"),
    ("ask-without-look", "asking_block"),
    // edge/mark.rs
    ("mark-free", "injected_1"),
    ("mark-freed", "injected_1"),
    // edge/ring.rs
    ("ring-head", "block_1"),
    ("ring-tail", "block_1"),
    ("ring-tail-load", "block_1"),
    // edge/transfer.rs
    ("transfer-tail", "relay_to_consumer"),
    // edge/exchange.rs
    ("A1-reuse", "latest_1"),
    ("A2-full", "coalesce_shrinks"),
    ("A3-merge", "coalesce_2"),
    ("A4-pop", "latest_1_of_2"),
    ("A4-exchange", "coalesce_1"),
    ("E1-release-dropped", "latest_1"),
    ("F1-floor", "latest_1_of_2"),
    ("F2-floor", "latest_1_of_2"),
    ("R1-publish", "latest_1_of_2"),
    ("R1-replace", "latest_1"),
    ("R1-merge", "coalesce_1"),
    ("V1-evict", "latest_1_of_2"),
    ("skip-tail", "latest_2"),
    ("exchange-tail", "latest_looks"),
    ("evict-before-replacing", "latest_1"),
    ("floor-not-raised", "latest_1_of_2"),
    ("pop-gives-up", "latest_1"),
    ("panicking-merge-keeps-the-cell", "merge_panics"),
    // sched/mailbox.rs
    ("N1-no-release", "one_notifier_twice"),
    ("N1-no-acquire", "one_notifier_twice"),
    ("notify-never-unparks", "one_notifier"),
    ("D2-no-acquire", "one_notifier_twice"),
    ("D2-no-release", "one_notifier_twice"),
    ("park-without-cas", "one_notifier"),
    ("has-mail", "quiescent_mail_last"),
    ("D1-no-release", "quiescent_mail_last"),
    // sched/door.rs, and in edge/control.rs what it needs
    ("gate-enter-unmarked", "door_shuts"),
    ("gate-leave", "door_shuts"),
    ("gate-leave-untold", "door_shuts"),
    ("gate-quiet", "door_shuts"),
    ("awaited-head", "exit_quiescent"),
    // sched/resting.rs
    ("rest-begin", "rest_after_block"),
    ("rest-seen", "rest_after_block"),
    // sched/quiescence.rs
    ("activity-end", "quiescent_downstream_first"),
    ("activity-first-look", "quiescent_downstream_first"),
    ("activity-no-second-look", "quiescent_downstream_first"),
    // metrics/flight.rs
    ("flight-word", "flight_1"),
    ("flight-finished", "flight_1"),
    ("flight-look", "flight_1"),
    ("flight-copy", "flight_1"),
    ("flight-no-second-look", "flight_1"),
    // sync/shared.rs
    ("let-go", "static_block_both_go"),
];

/// Mutants that loom cannot tell from the real thing, and why they are wrong
/// all the same.
const UNSEEN: &[(&str, &str)] = &[
    (
        "N3",
        "A notifier's two changes (its leaf, then the top word) could reach the worker in the \
         other order, and the drain find an empty leaf behind a top bit. loom runs \
         read-modify-writes in program order and lets each one see the newest value, so it has \
         no such execution; a machine with weak ordering does.",
    ),
    (
        "D1-no-acquire",
        "The other end of the same edge: the drain could look at the leaf before it takes the \
         top word. loom has no such execution, as above.",
    ),
    (
        "mark-again",
        "The consumer's load of the moment could find the moment of the next mark, as nothing \
         orders it before the producer's store. loom runs loads in program order and lets none \
         see a store that comes later in the run.",
    ),
];

/// The files in which mutants are named.
const SOURCES: [&str; 15] = [
    include_str!("../../src/edge/asking.rs"),
    include_str!("../../src/edge/control.rs"),
    include_str!("../../src/edge/exchange.rs"),
    include_str!("../../src/edge/mark.rs"),
    include_str!("../../src/edge/ring.rs"),
    include_str!("../../src/edge/room.rs"),
    include_str!("../../src/edge/showing.rs"),
    include_str!("../../src/edge/slots.rs"),
    include_str!("../../src/edge/transfer.rs"),
    include_str!("../../src/metrics/flight.rs"),
    include_str!("../../src/sched/door.rs"),
    include_str!("../../src/sched/mailbox.rs"),
    include_str!("../../src/sched/quiescence.rs"),
    include_str!("../../src/sched/resting.rs"),
    include_str!("../../src/sync/shared.rs"),
];

/// How the child process below says that a model went through.
const SURVIVED: i32 = 77;

#[test]
fn every_mutant_in_the_sources_is_in_the_table() {
    let mut named: Vec<_> = SOURCES
        .iter()
        .flat_map(|source| source.split("order(").chain(source.split("mutant(")))
        .filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    let listed = KILLED.iter().chain(UNSEEN).map(|(mutant, _)| *mutant);
    let mut listed: Vec<_> = listed.collect();
    named.sort_unstable();
    listed.sort_unstable();
    assert_eq!(named, listed);
}

/// Each in a process of its own: a model that fails in the middle of an
/// execution may well take the process with it.
#[test]
#[expect(clippy::print_stdout, reason = "the result is for a person to read")]
fn every_mutant_is_killed() {
    let survivors: Vec<_> = KILLED
        .iter()
        .filter(|(mutant, model)| {
            let survived = survives(mutant, model);
            let verdict = if survived { "SURVIVED" } else { "killed by" };
            println!("{mutant:<32} {verdict} {model}");
            survived
        })
        .collect();
    for (mutant, why) in UNSEEN {
        println!("{mutant:<32} SURVIVED, because: {why}");
    }
    println!(
        "{} mutants killed, {} survivors explained",
        KILLED.len() - survivors.len(),
        UNSEEN.len()
    );
    assert!(survivors.is_empty(), "not explained: {survivors:#?}");
}

/// What is said of a survivor must stay true: should a model learn to kill it,
/// it belongs into the other table.
#[test]
#[ignore = "runs each such mutant under every model: ci/mutants.sh"]
fn what_is_explained_survives_every_model() {
    for (mutant, _) in UNSEEN {
        for model in all() {
            assert!(
                survives(mutant, model.name),
                "{mutant} is killed by {}",
                model.name
            );
        }
    }
}

fn survives(mutant: &str, model: &str) -> bool {
    let status = Command::new(std::env::current_exe().expect("this test"))
        .args(["models::mutants::one_mutant", "--exact", "--ignored"])
        .env("TIDEGATE_MUTANT", mutant)
        .env("TIDEGATE_MODEL", model)
        .output()
        .expect("it can be started")
        .status;
    assert!(!status.success(), "{mutant}: nothing was run");
    status.code() == Some(SURVIVED)
}

#[test]
#[ignore = "run by every_mutant_is_killed, with the mutant in the environment"]
fn one_mutant() {
    let wanted = |name| std::env::var(name).unwrap_or_default();
    let (mutant, model) = (wanted("TIDEGATE_MUTANT"), wanted("TIDEGATE_MODEL"));
    // Whatever is misspelt ends the process as if nothing was wrong, which is
    // an error to the parent.
    let mut known = KILLED.iter().chain(UNSEEN);
    let Some((mutant, _)) = known.find(|(name, _)| *name == mutant) else {
        return;
    };
    let Some(model) = all().find(|known| known.name == model) else {
        return;
    };
    model.run_with(mutant);
    std::process::exit(SURVIVED);
}
