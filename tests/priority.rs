//! Bands: Control goes before data, and nobody starves.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::{
    Count, Lab, Log, MANY, PATIENCE, Probe, Seed, eat, feed, feed_forever, relay, wait_until,
};
use tidegate::Band;
use tidegate::graph::Edge;
use tidegate::node::Tick;
use tidegate::sched::Weights;
use tidegate::time::ManualClock;

fn weights(control: u8, high: u8, normal: u8) -> Weights {
    Weights::new(control, high, normal).unwrap()
}

/// A node that has much to do, and now and then sends a command.
fn commander(events: &Log<Event>, mut seed: Seed) -> Probe {
    let events = events.clone();
    Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            events.push(Event::Data);
            if seed.once_in(20) {
                io.second.send(cx, number)?;
                events.push(Event::Sent);
            }
        }
        Ok(())
    })
}

fn worker_of_data(events: &Log<Event>) -> Probe {
    let events = events.clone();
    Probe::new().on_message(move |io, cx| {
        while io.input.recv(cx).is_some() {
            events.push(Event::Data);
        }
        Ok(())
    })
}

fn listener(events: &Log<Event>) -> Probe {
    let events = events.clone();
    Probe::new().on_message(move |io, cx| {
        while io.control.recv(cx).is_some() {
            events.push(Event::Heard);
        }
        Ok(())
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A data message is handled.
    Data,
    /// A command was sent.
    Sent,
    /// It is handled.
    Heard,
}

/// How many data messages were handled after a command was sent and before it
/// was heard, at worst; and how many commands there were.
fn worst_delay(events: &[Event]) -> (usize, usize) {
    let (mut worst, mut commands) = (0, 0);
    let mut waited = None;
    for event in events {
        match event {
            Event::Data => waited = waited.map(|data| data + 1),
            Event::Sent => waited = waited.or(Some(0)),
            Event::Heard => {
                if let Some(data) = waited.take() {
                    worst = worst.max(data);
                    commands += 1;
                }
            }
        }
    }
    (worst, commands)
}

/// A saturated worker with one commander and more data nodes in two bands; how
/// long a command waits at worst, in messages.
fn delay_on_one_worker(batch: u32, weights: Weights) -> usize {
    let (mut lab, events) = (Lab::new(), Log::new());
    lab.add("source", feed_forever());
    // Kept here, to be printed should this fail.
    let mut seed = Seed::new();
    lab.add("commander", commander(&events, seed.fork()));
    lab.add("listener", listener(&events));
    lab.connect("source:out", "commander:in", Edge::block(4096));
    lab.connect(
        "commander:second",
        "listener:control",
        Edge::block(64).band(Band::Control),
    );
    for (name, band) in [("bulk", Band::Normal), ("quick", Band::High)] {
        lab.add(&format!("{name}-source"), feed_forever());
        lab.add(name, worker_of_data(&events));
        lab.connect(
            &format!("{name}-source:out"),
            &format!("{name}:in"),
            Edge::block(4096).band(band),
        );
    }
    let mut engine = lab
        .engine()
        .batch(batch)
        .weights(weights)
        .stepping()
        .unwrap();
    let mut steps = 0;
    while events.len() < 20_000 {
        engine.run_until_idle(1);
        steps += 1;
        assert!(steps < MANY);
    }
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let (worst, commands) = worst_delay(&events.take());
    assert!(commands > 100, "only {commands} commands");
    worst
}

/// R7: the handler in progress (which sent the command), and what the weight
/// table puts before the next Control slot, one message each.
#[test]
fn control_preempts_data_under_sustained_load() {
    for batch in [1, 8, 64, 1_000] {
        // C H C N C H C: never two other slots in a row.
        let worst = delay_on_one_worker(batch, weights(4, 2, 1));
        assert!(worst <= 1, "batch {batch}: {worst} messages");
        // One Control slot in seven: six others at most.
        let worst = delay_on_one_worker(batch, weights(1, 2, 4));
        assert!(worst <= 6, "batch {batch}: {worst} messages");
    }
}

/// The command comes from another worker, in the middle of a batch.
#[test]
fn control_from_another_worker_preempts_a_batch() {
    for batch in [8, 1_000] {
        let (mut lab, events) = (Lab::new(), Log::new());
        let (press, pressed) = channel::<()>();
        let (sent, is_sent) = channel::<()>();
        let list = events.clone();
        let mut commands = 0;
        let busy = Probe::new().on_message(move |io, cx| {
            while let Some(number) = io.input.recv(cx) {
                list.push(Event::Data);
                // In the middle of a batch: have a command sent, go on when
                // it is there.
                if number % 1_003 == 5 && commands < 10 {
                    commands += 1;
                    press.send(())?;
                    is_sent.recv_timeout(PATIENCE)?;
                    list.push(Event::Sent);
                }
            }
            Ok(())
        });
        let button = Probe::new().eager().on_message(move |io, cx| {
            if pressed.try_recv().is_ok() {
                io.output.send(cx, 0)?;
                // Told at once, as the band is higher than this call's.
                sent.send(())?;
            }
            Ok(())
        });
        lab.add_on(0, "source", feed_forever());
        lab.add_on(0, "busy", busy);
        lab.add_on(0, "listener", listener(&events));
        lab.add_on(1, "button", button);
        lab.connect("source:out", "busy:in", Edge::block(4096));
        lab.connect(
            "button:out",
            "listener:control",
            Edge::block(8).band(Band::Control),
        );
        let heard = lab.count("listener:control");
        let engine = lab.engine().workers(2).batch(batch).start().unwrap();
        wait_until("ten commands are heard", || heard.get() == 10);
        let report = engine.shutdown(PATIENCE);
        lab.assert_conserved(&report);
        assert_eq!(report.node("busy").unwrap().errors, 0, "{report}");
        let (worst, commands) = worst_delay(&events.take());
        assert!(worst <= 1, "batch {batch}: {worst} messages");
        assert_eq!(commands, 10);
    }
}

/// A node parked on a full Block output; whether it hears a command all the
/// same.
fn hears_while_parked(uncredited: bool) -> bool {
    let (mut lab, eaten, clock) = (Lab::new(), Log::new(), ManualClock::new());
    let mut stage = Probe::new().on_message(|io, cx| {
        while io.control.recv(cx).is_some() {}
        while let Some(number) = io.input.recv(cx) {
            io.output.send(cx, number)?;
        }
        Ok(())
    });
    if uncredited {
        stage = stage.uncredited();
    }
    let button = Probe::new().on_tick(Tick::Every(Duration::from_millis(1)), |io, cx| {
        io.output.send(cx, 0)?;
        Ok(())
    });
    lab.add("source", feed(100)).add("button", button);
    lab.add("stage", stage).add("sink", eat(&eaten));
    lab.connect("source:out", "stage:in", Edge::block(4));
    lab.connect("stage:out", "sink:in", Edge::block(2));
    let edge = Edge::block(8).band(Band::Control);
    lab.connect("button:out", "stage:control", edge);
    let heard = lab.count("stage:control");
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    for _ in 0..3 {
        clock.advance(Duration::from_millis(1));
        assert!(
            engine.run_until_idle(MANY) < MANY,
            "it waits, it does not spin"
        );
    }
    let heard = heard.get();
    let parked = engine.snapshot().edge("stage:out->sink:in").unwrap().ledger;
    assert_eq!(parked.in_flight, 2, "the stage is held back all the time");
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..100).collect::<Vec<_>>());
    let commands = report.edge("button:out->stage:control").unwrap().ledger;
    assert_eq!(commands.delivered, 3, "later at the latest");
    assert!(heard == 0 || heard == 3, "{heard}");
    heard == 3
}

#[test]
fn an_uncredited_control_input_is_heard_while_the_node_is_parked() {
    assert!(hears_while_parked(true));
    assert!(!hears_while_parked(false), "credit is the rule");
}

/// Commands without end on one edge: the bound for everybody else is period ×
/// nodes ready in the band.
#[test]
fn an_always_ready_control_edge_starves_nobody() {
    let (mut lab, events, eaten) = (Lab::new(), Log::new(), Log::new());
    // A loop: every command that is heard brings the next one.
    let echo = Probe::new()
        .uncredited()
        .on_start(|io, cx| {
            io.output.send(cx, 0)?;
            Ok(())
        })
        .on_message(|io, cx| {
            while let Some(number) = io.control.recv(cx) {
                io.output.send(cx, number + 1)?;
            }
            Ok(())
        });
    lab.add("echo", echo).add("mirror", relay());
    lab.connect("echo:out", "mirror:in", Edge::block(4).band(Band::Control));
    lab.connect(
        "mirror:out",
        "echo:control",
        Edge::block(4).band(Band::Control),
    );
    lab.add("source", feed_forever()).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", Edge::block(4096));
    lab.add("bulk-source", feed_forever());
    lab.add("bulk", worker_of_data(&events));
    lab.connect("bulk-source:out", "bulk:in", Edge::block(4096));
    let mut engine = lab.engine().stepping().unwrap();
    const STEPS: usize = 7_000;
    assert_eq!(engine.run_until_idle(STEPS), STEPS);
    let snapshot = engine.snapshot();
    let normal_nodes = 4;
    for path in ["source", "sink", "bulk-source", "bulk"] {
        let activations = snapshot.node(path).unwrap().activations as usize;
        let least = STEPS / (7 * normal_nodes) - 1;
        assert!(activations >= least, "{path}: {activations} < {least}");
    }
    // Shutdown gives up on the loop, and says so.
    let report = engine.shutdown(1_000);
    lab.assert_conserved(&report);
    assert!(!report.drained);
}

#[test]
fn while_all_bands_are_backlogged_each_gets_its_weight() {
    let (mut lab, handled) = (Lab::new(), Count::default());
    for (name, band) in [
        ("control", Band::Control),
        ("high", Band::High),
        ("normal", Band::Normal),
    ] {
        let count = handled.clone();
        // Each keeps itself busy through an edge of its band.
        let own = Probe::new()
            .uncredited()
            .on_start(|io, cx| {
                io.output.send(cx, 0)?;
                Ok(())
            })
            .on_message(move |io, cx| {
                while let Some(number) = io.control.recv(cx) {
                    count.up();
                    io.output.send(cx, number)?;
                }
                Ok(())
            });
        lab.add(name, own);
        lab.connect(
            &format!("{name}:out"),
            &format!("{name}:control"),
            Edge::block(2).band(band),
        );
    }
    let mut engine = lab.engine().batch(1).stepping().unwrap();
    assert_eq!(engine.run_until_idle(7_000), 7_000);
    assert_eq!(engine.snapshot().workers[0].picks, [4_000, 2_000, 1_000]);
    assert_eq!(handled.get(), 7_000);
    let report = engine.shutdown(100);
    lab.assert_conserved(&report);
}

#[test]
fn commands_are_heard_in_the_order_they_were_sent() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(500)).add("sink", eat(&eaten));
    let edge = Edge::block(8).band(Band::Control);
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), (0..500).collect::<Vec<_>>());
    assert_eq!(report.snapshot.edges[0].band, Band::Control);
}
