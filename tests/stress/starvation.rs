//! Patterns that could starve somebody: commands without end, messages that go
//! to and fro, nodes that always want another call.

use tidegate::Band;
use tidegate::engine::Snapshot;
use tidegate::graph::Edge;

use super::common::{Count, Io, Lab, PATIENCE, Probe, Pulse, feed_forever, relay};
use super::{assert_sound, seconds, swallow};

/// One end of a message that goes to and fro until `over` is not 0.
fn server(over: &Count) -> Probe {
    let over = over.clone();
    Probe::new()
        .uncredited()
        .on_start(|io: &mut Io<u64>, cx| {
            io.output.send(cx, 0)?;
            Ok(())
        })
        .on_message(move |io, cx| {
            while let Some(number) = io.control.recv(cx) {
                if over.get() == 0 {
                    io.output.send(cx, number + 1)?;
                }
            }
            Ok(())
        })
}

/// `NAME -> NAME-back -> NAME`, in this band, on these workers.
fn to_and_fro(lab: &mut Lab, name: &str, band: Band, workers: [usize; 2], over: &Count) {
    let back = format!("{name}-back");
    lab.add_on(workers[0], name, server(over));
    lab.add_on(workers[1], &back, relay());
    let edge = || Edge::block(4).band(band);
    lab.connect(&format!("{name}:out"), &format!("{back}:in"), edge());
    lab.connect(&format!("{back}:out"), &format!("{name}:control"), edge());
}

/// Activations of each band on this worker between two readings.
fn picks(before: &Snapshot, after: &Snapshot, worker: usize) -> [u64; 3] {
    let (before, after) = (&before.workers[worker], &after.workers[worker]);
    std::array::from_fn(|band| after.picks[band] - before.picks[band])
}

fn activations(before: &Snapshot, after: &Snapshot, path: &str) -> u64 {
    let of = |snapshot: &Snapshot| snapshot.node(path).unwrap().activations;
    of(after) - of(before)
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn commands_without_end_and_ping_pong_take_no_more_than_their_share() {
    let (mut lab, over) = (Lab::new(), Count::default());
    for worker in 0..2 {
        // Each band of each worker always has somebody ready.
        let own = [worker; 2];
        to_and_fro(
            &mut lab,
            &format!("command{worker}"),
            Band::Control,
            own,
            &over,
        );
        to_and_fro(&mut lab, &format!("urgent{worker}"), Band::High, own, &over);
        lab.add_on(worker, &format!("eager{worker}"), Probe::new().eager());
        lab.add_on(worker, &format!("source{worker}"), feed_forever());
        lab.add_on(worker, &format!("sink{worker}"), swallow());
        let (from, to) = (format!("source{worker}:out"), format!("sink{worker}:in"));
        lab.connect(&from, &to, Edge::block(64));
    }
    // And commands that go to and fro between them.
    to_and_fro(&mut lab, "across", Band::Control, [0, 1], &over);
    Pulse::plant(&mut lab);
    let (engine, mut pulse) = Pulse::start(lab.engine().workers(2));
    pulse.beat();
    let before = engine.snapshot();
    pulse.pass(seconds());
    let after = engine.snapshot();
    over.up();
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_sound(&report);
    for worker in 0..2 {
        let picks = picks(&before, &after, worker);
        let all: u64 = picks.iter().sum();
        println!("worker {worker}: {all} activations, by band {picks:?}");
        for (got, weight) in picks.into_iter().zip([4, 2, 1]) {
            // A reading is not of one moment.
            let share = all * weight / 7;
            assert!(got.abs_diff(share) <= all / 100 + 100, "{picks:?} of {all}");
        }
        // Three nodes are always ready in the Normal band, and take turns; on
        // the first worker the pulse is a fourth, at times.
        for name in ["eager", "source", "sink"] {
            let path = format!("{name}{worker}");
            let got = activations(&before, &after, &path);
            let share = picks[2] / 4;
            assert!(got >= share - share / 50, "{path}: {got} of {}", picks[2]);
        }
    }
    assert!(activations(&before, &after, "across") > 0);
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn nodes_that_always_want_another_call_get_the_same_number_of_them() {
    const NODES: usize = 5;
    let mut lab = Lab::new();
    for worker in 0..2 {
        for node in 0..NODES {
            lab.add_on(
                worker,
                &format!("eager{worker}-{node}"),
                Probe::new().eager(),
            );
        }
        // Has a second reason to be called, which brings no second call.
        let greedy = Probe::new().eager().on_message(|io, cx| {
            while io.input.recv(cx).is_some() {}
            Ok(())
        });
        lab.add_on(worker, &format!("greedy{worker}"), greedy);
        lab.add_on(1 - worker, &format!("source{worker}"), feed_forever());
        let (from, to) = (format!("source{worker}:out"), format!("greedy{worker}:in"));
        lab.connect(&from, &to, Edge::block(1024));
    }
    Pulse::plant(&mut lab);
    let (engine, mut pulse) = Pulse::start(lab.engine().workers(2));
    pulse.pass(seconds());
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_sound(&report);
    for worker in 0..2 {
        let calls = |path: String| report.node(&path).unwrap().activations;
        let eager = (0..NODES).map(|node| calls(format!("eager{worker}-{node}")));
        let eager: Vec<u64> = eager.collect();
        let greedy = calls(format!("greedy{worker}"));
        println!("worker {worker}: {eager:?} calls, greedy {greedy}");
        let (least, most) = (eager.iter().min().unwrap(), eager.iter().max().unwrap());
        // One more at the beginning, or at the end.
        assert!(most - least <= 2, "{eager:?}");
        // What is left at the end it empties alone.
        let rest = 1024 + 2;
        assert!(
            (*least..=most + rest).contains(&(greedy + 2)),
            "{greedy} {eager:?}"
        );
    }
}
