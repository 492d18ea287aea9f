//! The engine with a bug seeded into it, once for each thing that the models
//! claim to check: a model must notice, and for the right reason.
//!
//! The bugs sit in the shipped sources, at `sync::seeded_bug` and `sync::mutant`
//! calls that are constantly false in an ordinary build. Those marked "was real"
//! were found in the engine, some of them by these models.

use std::fs;
use std::path::Path;

use crate::harness::{fail_and_replay, must_fail};
use crate::{backpressure, control, doors, faults, injecting, mutators, shutdown, supervision};

macro_rules! mutants {
    ($($name:ident: $mutant:literal in $model:path, $symptom:literal;)+) => {$(
        #[test]
        fn $name() {
            must_fail($mutant, $model, $symptom);
        }
    )+};
}

// Lost wake-ups end in a deadlock.
mutants! {
    a_notification_that_wakes_nobody:
        "notify-never-unparks" in backpressure::chain, "deadlock!";
    messages_that_show_after_their_consumer_was_asked_about:
        "shown-after-asking" in backpressure::chain, "deadlock!";
    going_to_sleep_without_looking_again:
        "park-without-cas" in backpressure::chain, "deadlock!";
    room_that_nobody_hears_of:
        "publish-forgets-waiting" in backpressure::chain, "deadlock!";
    room_published_past_a_waiting_producer:
        "publish-without-rmw" in backpressure::chain, "deadlock!";
    a_wait_that_overwrites_new_room:
        "wait-without-rmw" in backpressure::chain, "deadlock!";
    // Was real.
    a_held_node_that_asks_the_first_full_edge_only:
        "held-node-asks-no-other-edge" in backpressure::diamond, "deadlock!";
    a_closed_input_that_nobody_hears_of:
        "close-forgets-waiting" in faults::panic, "deadlock!";
}

// Control.
mutants! {
    a_held_node_that_hears_no_commands:
        "held-node-is-deaf" in control::to_a_held_node, "exceeded max_steps";
}

// Mutators.
mutants! {
    a_change_that_no_worker_hears_of:
        "change-unannounced" in mutators::pauses, "deadlock!";
    // Was real.
    a_capacity_that_takes_credit_back:
        "capacity-at-once" in mutators::capacities, "met SendError";
    a_change_that_is_never_acknowledged:
        "change-unacknowledged" in mutators::acknowledged, "exceeded max_steps";
    a_change_that_is_acknowledged_before_it_is_in_force:
        "acknowledged-before" in mutators::acknowledged, "called while paused";
    a_node_that_rests_before_its_producer_does:
        "rests-before-its-producer" in mutators::drains, "left between drained nodes";
    a_rest_that_the_next_node_does_not_hear_of:
        "rests-untold" in mutators::drains, "exceeded max_steps";
    draining_that_leaves_nodes_paused:
        "draining-keeps-paused" in mutators::pause_against_shutdown, "deadlock!";
}

// Faults.
mutants! {
    a_fault_that_is_not_reported:
        "fault-unreported" in faults::error, "faults counted and reported";
    a_restarted_node_that_is_not_looked_at:
        "restart-without-route" in faults::restart, "deadlock!";
    // Was real.
    a_failed_restart_that_leaves_the_producer_waiting:
        "broken-factory-untold" in faults::broken_factory, "deadlock!";
    // Was real.
    a_replacement_that_comes_too_late:
        "late-replacement-forgotten" in faults::restart_against_shutdown, "left in";
}

// Supervision.
mutants! {
    a_dead_letter_that_is_not_counted:
        "dead-letter-uncounted" in supervision::buried, "ledger of";
}

// Start and shutdown.
mutants! {
    messages_before_every_node_was_started:
        "starts-not-awaited" in backpressure::chain, "was started";
    stopping_out_of_order:
        "stop-out-of-turn" in shutdown::draining, "was stopped before";
    // Was real.
    stopping_while_messages_are_still_handled:
        "stop-before-all-left" in shutdown::at_once, "was stopped";
    a_drain_that_is_over_too_early:
        "activity-no-second-look" in shutdown::draining_backwards, "though it drained";
    // Was real.
    a_drain_that_hears_of_no_other_timeout:
        "first-timeout-stays" in shutdown::cut_short, "deadlock!";
}

// Doors.
mutants! {
    an_entrance_that_stays_open:
        "entrances-stay-open" in doors::latecomer, "accepted and lost";
    a_receiver_that_does_not_hear_of_the_end:
        "exits-end-untold" in doors::waiting, "deadlock!";
    // Was real.
    an_injection_that_takes_a_shut_gate_for_a_node_that_ended:
        "shut-gate-blames-the-node" in injecting::against_shutdown, "the node has not ended";
}

// Books and payloads.
mutants! {
    a_discarded_message_that_is_not_counted:
        "discarded-uncounted" in shutdown::at_once, "ledger of";
    a_discarded_message_that_leaks:
        "discarded-leaks" in shutdown::at_once, "payloads leaked";
}

#[test]
fn a_failing_schedule_fails_again_when_it_is_replayed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replayed-schedule");
    let [first, again] = fail_and_replay("publish-forgets-waiting", backpressure::chain, &folder);
    assert!(
        first
            .as_ref()
            .is_some_and(|reason| reason.contains("deadlock!"))
    );
    assert_eq!(first, again);
}

/// The names in `seeded_bug("…")` below `folder`.
fn seeded_bugs(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            seeded_bugs(&path, names);
        } else {
            let source = fs::read_to_string(&path).unwrap();
            let calls = source.split("seeded_bug(\"").skip(1);
            names.extend(calls.filter_map(|call| Some(call.split_once('"')?.0.into())));
        }
    }
}

#[test]
fn every_seeded_bug_in_the_sources_is_shown_to_be_found() {
    let mut names = Vec::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src");
    seeded_bugs(&sources, &mut names);
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        let quoted = format!("\"{name}\" in ");
        assert!(include_str!("mutants.rs").contains(&quoted), "{name}");
    }
}
