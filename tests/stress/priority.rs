//! Commands while both workers have all the data they can handle.

use tidegate::Band;
use tidegate::graph::Edge;
use tidegate::node::Tick;
use tidegate::observe::Metrics;

use super::common::{Count, Io, Lab, PATIENCE, Probe, Pulse};
use super::{MS, assert_sound, quantiles, seconds};

/// How often each commander sends.
const INTERVAL: std::time::Duration = MS;

/// Produces as fast as it can, and counts each message that it makes.
fn busy_source(handled: &Count) -> Probe {
    let (handled, mut next) = (handled.clone(), 0);
    Probe::new().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            if io.output.send(cx, next).is_err() {
                break;
            }
            next += 1;
            handled.up();
        }
        Ok(())
    })
}

fn busy_sink(handled: &Count) -> Probe {
    let handled = handled.clone();
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while io.input.recv(cx).is_some() {
            handled.up();
        }
        Ok(())
    })
}

/// With each tick it sends how many messages its worker has handled so far.
fn commander(handled: &Count) -> Probe {
    let handled = handled.clone();
    Probe::new().on_tick(Tick::Every(INTERVAL), move |io, cx| {
        io.output.send(cx, handled.get())?;
        Ok(())
    })
}

/// Notes the most messages that were handled since a command was sent.
fn listener(handled: &Count, worst: &Count) -> Probe {
    let (handled, worst) = (handled.clone(), worst.clone());
    Probe::new().on_message(move |io: &mut Io<u64>, cx| {
        while let Some(then) = io.control.recv(cx) {
            worst.raise_to(handled.get() - then);
        }
        Ok(())
    })
}

/// Commands from this and from the other worker to this one.
fn plant(lab: &mut Lab, worker: usize, worst: &Count) {
    let (handled, other) = (Count::default(), Count::default());
    for (name, band) in [("bulk", Band::Normal), ("quick", Band::High)] {
        let (source, sink) = (format!("{name}-source{worker}"), format!("{name}{worker}"));
        lab.add_on(worker, &source, busy_source(&handled));
        lab.add_on(worker, &sink, busy_sink(&handled));
        let edge = Edge::block(4096).band(band);
        lab.connect(&format!("{source}:out"), &format!("{sink}:in"), edge);
    }
    let near = [format!("near-commander{worker}"), format!("near{worker}")];
    lab.add_on(worker, &near[0], commander(&handled));
    lab.add_on(worker, &near[1], listener(&handled, worst));
    // From afar, what was handled since says nothing: the sender may be held up
    // between its look and its send.
    let far = [format!("far-commander{worker}"), format!("far{worker}")];
    lab.add_on(1 - worker, &far[0], commander(&other));
    lab.add_on(worker, &far[1], listener(&other, &Count::default()));
    for [from, to] in [near, far] {
        let edge = Edge::block(64).band(Band::Control);
        lab.connect(&format!("{from}:out"), &format!("{to}:control"), edge);
    }
}

#[test]
#[ignore = "stress: ci/stress.sh runs it, optimised"]
#[allow(clippy::print_stdout)] // the figures
fn commands_overtake_data_on_both_workers_under_full_load() {
    let (mut lab, worst) = (Lab::new(), Count::default());
    for worker in 0..2 {
        plant(&mut lab, worker, &worst);
    }
    Pulse::plant(&mut lab);
    let builder = lab.engine().workers(2).batch(64);
    let builder = builder.metrics(Metrics::every_activation());
    let (engine, mut pulse) = Pulse::start(builder);
    pulse.pass(seconds());
    drop(pulse);
    let report = engine.shutdown(PATIENCE);
    lab.assert_conserved(&report);
    assert_sound(&report);
    // One activation of one message before the next slot for commands, and one
    // more when the other listener had that.
    println!("at most {} messages before a command", worst.get());
    assert!(worst.get() <= 2, "{} messages", worst.get());
    // Not the worst: others may want the core. From afar two are needed at once.
    for (path, share) in [("near0", 0.5), ("near1", 0.5), ("far0", 0.1), ("far1", 0.1)] {
        let node = report.node(path).unwrap();
        let age = &node.end_to_end.as_ref().unwrap().age;
        println!("{path}: {}", quantiles(age));
        assert!(node.messages > 0, "{report}");
        assert!(age.quantile(share) < INTERVAL, "{path}: {}", quantiles(age));
    }
}
