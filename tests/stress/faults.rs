//! Nodes that fail at random moments, in every way, while messages flow.

use tidegate::engine::{ControlError, Snapshot};
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeError, NodeOptions, NodeResult, Quarantine, Tick};
use tidegate::sched::NodeState;

use super::common::{BEAT, Count, Io, Lab, Log, PATIENCE, Probe, Pulse, Seed, feed_forever};
use super::seconds;

/// One message in so many is the end of the node that has it.
const RARE: u64 = 20_000;

/// How a node fails.
#[derive(Clone, Copy)]
enum Failure {
    Error,
    Panic,
    /// With nothing in its hands.
    PanicInTick,
}

fn fail(failure: Failure) -> NodeResult {
    match failure {
        Failure::Error => Err(NodeError::new("it cannot")),
        // Silently: there will be many.
        Failure::Panic | Failure::PanicInTick => {
            std::panic::resume_unwind(Box::new("it is over"));
        }
    }
}

/// Whether something happens to this number: random, but a new instance of a
/// node thinks the same.
fn befalls(salt: u64, number: u64) -> bool {
    let mixed = (number ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 20 < (1 << 44) / RARE
}

/// Sends on what it receives, until it fails. `lost` counts what it had then.
fn mortal(failure: Failure, salt: u64, lost: &Count) -> Probe {
    let (lost, mut ticks) = (lost.clone(), salt);
    let probe = Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(number) = io.input.recv(cx) {
            if befalls(salt, number) && !matches!(failure, Failure::PanicInTick) {
                lost.up();
                fail(failure)?;
            }
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    match failure {
        Failure::PanicInTick => probe.on_tick(Tick::Every(super::MS), move |_, _| {
            ticks += 1;
            if ticks.is_multiple_of(20) {
                fail(failure)?;
            }
            Ok(())
        }),
        _ => probe,
    }
}

/// Notes when a number does not follow on those before.
fn sink(disorder: &Log<(u64, u64)>) -> Probe {
    let (disorder, mut next) = (disorder.clone(), 0);
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(number) = io.input.recv(cx) {
            if number < next {
                disorder.push((next, number));
            }
            next = number + 1;
        }
        Ok(())
    })
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn whatever_fails_at_any_time_loses_what_it_had_in_its_hands_and_nothing_else() {
    let mut seed = Seed::new();
    let (mut lab, lost, disorder) = (Lab::new(), Count::default(), Log::new());
    let restart = FaultPolicy::Restart { limit: u32::MAX };
    let quarantine = FaultPolicy::Quarantine { after: 1 };
    let stages = [
        ("panicking", Failure::Panic, restart),
        ("erring", Failure::Error, FaultPolicy::Continue),
        ("ticking", Failure::PanicInTick, restart),
        ("released", Failure::Panic, quarantine),
        ("restarted", Failure::Error, restart),
    ];
    lab.add_on(0, "source", feed_forever());
    let mut before = "source:out".to_owned();
    for (place, (name, failure, policy)) in stages.into_iter().enumerate() {
        let options = NodeOptions::new().on_error(policy).on_panic(policy);
        let options = options.quarantine(Quarantine::Open).worker((place + 1) % 2);
        let (salt, lost) = (seed.next(), lost.clone());
        lab.add_restartable(name, move || mortal(failure, salt, &lost), options);
        lab.connect(&before, &format!("{name}:in"), Edge::block(64));
        before = format!("{name}:out");
    }
    lab.add_on(0, "sink", sink(&disorder));
    lab.connect(&before, "sink:in", Edge::block(64));
    Pulse::plant(&mut lab);
    let builder = lab.engine().workers(2).batch(seed.in_range(1..32) as u32);
    let (engine, mut pulse) = Pulse::start(builder);
    let handle = engine.handle();
    let mut releases = 0;
    // For the time asked for, and until each has failed.
    let beats = seconds().as_millis() / BEAT.as_millis();
    let too_many = beats + PATIENCE.as_millis() / BEAT.as_millis();
    let has_failed = |snapshot: &Snapshot, name: &str| {
        let node = snapshot.node(name).unwrap();
        node.errors + node.panics > 0
    };
    for beat in 0.. {
        pulse.beat();
        let snapshot = handle.snapshot();
        let all = stages.iter().all(|stage| has_failed(&snapshot, stage.0));
        if beat >= beats && all && releases > 0 {
            break;
        }
        assert!(beat < too_many, "one does not fail\n{snapshot}");
        if snapshot.node("released").unwrap().state == NodeState::Quarantined {
            let asked = handle.release("released");
            match asked.and_then(|asked| asked.wait(PATIENCE).expect("it is decided")) {
                Ok(()) => releases += 1,
                // It was on its way already, from the release before.
                Err(ControlError::NotQuarantined { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert!(report.drained, "{report}");
    let disorder = disorder.take();
    assert!(disorder.is_empty(), "not in order: {disorder:?}");

    // Each message has arrived, or was in the hands of a node that failed, or
    // came while one was in quarantine.
    let sent = lab.count("source:out").get();
    let arrived = lab.count("sink:in").get();
    let edges = report.snapshot.edges.iter();
    let buried: u64 = edges.map(|edge| edge.ledger.dead_letters).sum();
    println!(
        "{sent} sent, {arrived} arrived, {} lost by nodes, {buried} dead letters, {releases} releases",
        lost.get()
    );
    assert_eq!(sent, arrived + lost.get() + buried, "{report}");
    let mut faults = 0;
    for (name, failure, policy) in stages {
        let node = report.node(name).unwrap();
        println!(
            "{name}: {} errors, {} panics, {} restarts",
            node.errors, node.panics, node.restarts
        );
        let failed = node.errors + node.panics;
        let panics = !matches!(failure, Failure::Error);
        assert_eq!(node.panics > 0, panics, "{report}");
        faults += failed;
        if policy == restart {
            // The last one may have come too late for another instance.
            assert!(node.restarts == failed || node.restarts + 1 == failed);
        }
    }
    let undescribed: u64 = report
        .snapshot
        .workers
        .iter()
        .map(|worker| worker.lost_fault_reports)
        .sum();
    let described = report.faults.len() as u64 + report.more_faults;
    assert_eq!(described + undescribed, faults, "{report}");
}
