//! Payloads and merge functions that panic; where nodes are dropped.

mod common;

use std::thread::{self, ThreadId};

use common::{Count, Lab, Log, MANY, Probe, feed};
use tidegate::engine::Report;
use tidegate::graph::Edge;
use tidegate::node::{FaultPolicy, NodeError, NodeOptions};

#[test]
fn a_merge_that_panics_is_surfaced_and_loses_nothing_that_was_pending() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_with("source", source(10), goes_on());
    let list = eaten.clone();
    let sink = Probe::<Bomb>::carrying().on_message(move |io, cx| {
        while let Some(bomb) = io.input.recv(cx) {
            list.push(bomb.defused());
        }
        Ok(())
    });
    lab.add("sink", sink);
    // Holds 0 and 1; merging 5 into 1+2+3+4 fails.
    let edge = Edge::coalesce(2, |pending: &mut Bomb, new: Bomb| {
        let number = new.defused();
        assert!(number != 5, "five");
        pending.number += number;
    });
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), [0, 1 + 2 + 3 + 4 + 6 + 7 + 8 + 9]);
    let ledger = &report.snapshot.edges[0].ledger;
    assert_eq!(
        (ledger.coalesced, ledger.dropped, ledger.merge_panics),
        (7, 1, 1)
    );
    assert_eq!(report.node("source").unwrap().panics, 1);
    assert_eq!(report.faults[0].message, "panicked: five");
}

/// A payload whose drop panics, for one number, unless it was defused.
struct Bomb {
    number: u64,
    armed: bool,
}

impl Bomb {
    /// The number, without harm.
    fn defused(mut self) -> u64 {
        self.armed = false;
        self.number
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.armed && !std::thread::panicking() {
            panic!("bomb {}", self.number);
        }
    }
}

/// Sends `0..end`, armed; goes on after each panic.
fn source(end: u64) -> Probe<Bomb> {
    let mut next = 0;
    Probe::carrying().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            if next == end {
                cx.finish();
                break;
            }
            next += 1;
            let bomb = Bomb {
                number: next - 1,
                armed: true,
            };
            io.output.send(cx, bomb)?;
        }
        Ok(())
    })
}

fn goes_on() -> NodeOptions {
    NodeOptions::new().on_panic(FaultPolicy::Continue)
}

/// Sends 10 bombs into a sink that is paused meanwhile, then lets it receive
/// and defuse, if it `receives`.
fn run(edge: Edge, receives: bool) -> (Report, Vec<u64>) {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add_with("source", source(10), goes_on());
    let list = eaten.clone();
    let sink = Probe::<Bomb>::carrying().on_message(move |io, cx| {
        while receives && let Some(bomb) = io.input.recv(cx) {
            list.push(bomb.defused());
        }
        Ok(())
    });
    lab.add("sink", sink);
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    handle.resume("sink").unwrap();
    engine.run_until_idle(20);
    let report = engine.shutdown(20);
    lab.assert_conserved(&report);
    (report, eaten.take())
}

#[test]
fn an_evicted_payload_whose_drop_panics_is_a_fault_of_the_sender_and_nothing_is_lost() {
    let (report, eaten) = run(Edge::latest(3), true);
    assert_eq!(eaten, [7, 8, 9]);
    assert_eq!(report.snapshot.edges[0].ledger.evicted, 7);
    assert_eq!(report.node("source").unwrap().panics, 7);
    assert_eq!(report.faults[0].message, "panicked: bomb 0");
}

#[test]
fn a_dropped_payload_whose_drop_panics_is_a_fault_of_the_sender_and_nothing_is_lost() {
    let (report, eaten) = run(Edge::drop_newest(3), true);
    assert_eq!(eaten, [0, 1, 2]);
    assert_eq!(report.snapshot.edges[0].ledger.dropped, 7);
    assert_eq!(report.node("source").unwrap().panics, 7);
}

#[test]
fn payloads_discarded_at_a_stop_may_panic_when_dropped() {
    for edge in [Edge::block(4), Edge::latest(4), Edge::drop_newest(16)] {
        let (report, eaten) = run(edge, false);
        assert!(eaten.is_empty(), "{eaten:?}");
        let ledger = &report.snapshot.edges[0].ledger;
        assert!(ledger.discarded >= 4, "{ledger}");
        assert_eq!(ledger.drop_panics, ledger.discarded, "{ledger}");
        assert!(!report.drained);
    }
}

#[test]
fn a_node_whose_drop_panics_does_no_harm() {
    struct Fuse(Count);
    impl Drop for Fuse {
        fn drop(&mut self) {
            self.0.up();
            panic!("a node's drop");
        }
    }
    let (mut lab, drops) = (Lab::new(), Count::default());
    for (worker, name) in ["source", "sink"].into_iter().enumerate() {
        let fuse = Fuse(drops.clone());
        let mut left = 10;
        let probe = Probe::new()
            .on_start(|_, cx| {
                cx.rearm();
                Ok(())
            })
            .on_message(move |io, cx| {
                let _fuse = &fuse;
                while io.input.recv(cx).is_some() {}
                if !io.input.port.is_connected() {
                    cx.rearm();
                    while cx.next_turn() {
                        io.output.send(cx, left)?;
                        left -= 1;
                        if left == 0 {
                            cx.finish();
                            break;
                        }
                    }
                }
                Ok(())
            });
        lab.add_on(worker, name, probe);
    }
    lab.connect("source:out", "sink:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(drops.get(), 2, "both were dropped");
    assert_eq!(report.snapshot.edges[0].ledger.delivered, 10);
}

/// A part of a node that says where it is dropped.
struct Part(Log<ThreadId>);

impl Drop for Part {
    fn drop(&mut self) {
        self.0.push(thread::current().id());
    }
}

#[test]
fn nodes_are_dropped_once_and_on_no_worker() {
    let (mut lab, workers, dropped) = (Lab::new(), Log::new(), Log::new());
    lab.add_on(0, "source", feed(10));
    let (called, parts) = (workers.clone(), dropped.clone());
    let faulty = move || {
        let (called, part) = (called.clone(), Part(parts.clone()));
        Probe::new().on_message(move |io, cx| {
            let _part = &part;
            called.push(thread::current().id());
            while let Some(number) = io.input.recv(cx) {
                if number == 5 {
                    return Err(NodeError::new("five"));
                }
            }
            Ok(())
        })
    };
    let options = NodeOptions::new().on_error(FaultPolicy::Restart { limit: 1 });
    lab.add_restartable("faulty", faulty, options.worker(1));
    lab.connect("source:out", "faulty:in", Edge::block(4));
    let report = lab.engine().workers(2).start().unwrap().wait();
    lab.assert_conserved(&report);
    assert_eq!(report.node("faulty").unwrap().restarts, 1);
    let (workers, dropped) = (workers.take(), dropped.take());
    assert_eq!(dropped.len(), 2, "the node and its replacement");
    assert!(dropped.iter().all(|thread| !workers.contains(thread)));
}
