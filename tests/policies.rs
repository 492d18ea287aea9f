//! What becomes of messages that meet a full edge.

mod common;

use std::time::Duration;

use common::{Lab, Log, MANY, Probe, Seed, eat, feed};
use tidegate::edge::PolicyKind;
use tidegate::graph::Edge;
use tidegate::node::{
    Context, Input, Node, NodeResult, Output, PortDefault, Ports, SendFailure, SendOutcome, Tick,
    builtin,
};
use tidegate::time::ManualClock;

const BURST: u64 = 1_000;
const CAPACITIES: [usize; 3] = [1, 8, 64];

/// A burst meets a consumer that does not run; then it runs again.
fn burst_into_paused_sink(edge: Edge) -> (tidegate::engine::Report, Vec<u64>) {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    lab.add("source", feed(BURST)).add("sink", eat(&eaten));
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    while engine.run_until_idle(1) == 1 {
        let edge = &engine.snapshot().edges[0];
        assert!(edge.ledger.in_flight <= edge.capacity as u64, "{edge:?}");
    }
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    (report, eaten.take())
}

#[test]
fn latest_keeps_only_the_newest_during_a_burst() {
    for capacity in CAPACITIES {
        let (report, eaten) = burst_into_paused_sink(Edge::latest(capacity));
        let kept = capacity as u64;
        assert_eq!(eaten, (BURST - kept..BURST).collect::<Vec<_>>());
        let ledger = &report.snapshot.edges[0].ledger;
        assert_eq!(
            (ledger.sent, ledger.evicted, ledger.delivered),
            (BURST, BURST - kept, kept)
        );
    }
}

#[test]
fn after_a_burst_every_activation_finds_messages_behind_a_latest_edge() {
    for capacity in [8, 64, 1024] {
        let (mut lab, eaten) = (Lab::new(), Log::new());
        // Ends in the middle of the ring.
        let burst = 5 * capacity as u64 + capacity as u64 / 2;
        lab.add("source", feed(burst)).add("sink", eat(&eaten));
        lab.connect("source:out", "sink:in", Edge::latest(capacity));
        let mut engine = lab.stepping();
        let handle = engine.handle();
        handle.pause("sink").unwrap();
        engine.run_until_idle(MANY);
        handle.resume("sink").unwrap();
        for activation in 1..=capacity / 8 {
            engine.step();
            assert_eq!(eaten.len(), 8 * activation, "capacity {capacity}");
        }
        engine.run_until_idle(MANY);
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        let newest = burst - capacity as u64..burst;
        assert_eq!(eaten.take(), newest.collect::<Vec<_>>());
    }
}

#[test]
fn drop_refuses_the_newest_and_counts_it() {
    for capacity in CAPACITIES {
        let (report, eaten) = burst_into_paused_sink(Edge::drop_newest(capacity));
        let kept = capacity as u64;
        assert_eq!(eaten, (0..kept).collect::<Vec<_>>());
        let ledger = &report.snapshot.edges[0].ledger;
        assert_eq!(
            (ledger.sent, ledger.dropped, ledger.delivered),
            (BURST, BURST - kept, kept)
        );
    }
}

/// What arrives of a burst of one-element lists that are merged by appending.
fn coalesced_burst(capacity: usize) -> Vec<Vec<u64>> {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let mut next = 0;
    let source = Probe::<Vec<u64>>::carrying()
        .eager()
        .on_message(move |io, cx| {
            while cx.next_turn() {
                if next == BURST {
                    cx.finish();
                    break;
                }
                io.output.send(cx, vec![next])?;
                next += 1;
            }
            Ok(())
        });
    let list = eaten.clone();
    let sink = Probe::<Vec<u64>>::carrying().on_message(move |io, cx| {
        while let Some(numbers) = io.input.recv(cx) {
            list.push(numbers);
        }
        Ok(())
    });
    lab.add("source", source).add("sink", sink);
    let edge = Edge::coalesce(capacity, |pending: &mut Vec<u64>, new| pending.extend(new));
    lab.connect("source:out", "sink:in", edge);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    handle.pause("sink").unwrap();
    engine.run_until_idle(MANY);
    handle.resume("sink").unwrap();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let ledger = &report.snapshot.edges[0].ledger;
    assert_eq!(
        (ledger.sent, ledger.coalesced),
        (BURST, BURST - capacity as u64)
    );
    eaten.take()
}

#[test]
fn coalesce_merges_in_order_and_is_pure() {
    for capacity in CAPACITIES {
        let arrived = coalesced_burst(capacity);
        assert_eq!(arrived.len(), capacity);
        let all: Vec<u64> = arrived.concat();
        assert_eq!(all, (0..BURST).collect::<Vec<_>>(), "in order, none lost");
        let (merged, alone) = arrived.split_last().unwrap();
        assert!(alone.iter().all(|list| list.len() == 1));
        assert_eq!(merged.len() as u64, BURST - (capacity as u64 - 1));
        assert_eq!(coalesced_burst(capacity), arrived, "the same again");
    }
}

#[test]
fn mixed_policies_under_bursts_keep_their_depth_and_their_books() {
    let mut seed = Seed::new();
    for capacity in CAPACITIES {
        let mut lab = Lab::new();
        let eaten: [Log<u64>; 4] = std::array::from_fn(|_| Log::new());
        lab.add("source", feed(4_000));
        lab.graph.add("tee", builtin::tee::<u64>(4)).unwrap();
        lab.connect("source:out", "tee:in", Edge::block(16));
        let edges: [Edge; 4] = [
            Edge::block(capacity),
            Edge::drop_newest(capacity),
            Edge::latest(capacity),
            Edge::coalesce(capacity, |pending: &mut u64, new: u64| *pending = new).into(),
        ];
        for (index, edge) in edges.into_iter().enumerate() {
            lab.add(&format!("sink{index}"), eat(&eaten[index]));
            lab.connect(&format!("tee:out{index}"), &format!("sink{index}:in"), edge);
        }
        let mut engine = lab.stepping();
        let handle = engine.handle();
        while !engine.shutdown_requested() {
            for sink in 0..4 {
                let path = format!("sink{sink}");
                if seed.once_in(3) {
                    handle.resume(&path).unwrap();
                } else {
                    handle.pause(&path).unwrap();
                }
            }
            for _ in 0..seed.in_range(1..30) {
                engine.run_until_idle(1);
                let snapshot = engine.snapshot();
                assert!(snapshot.is_balanced(), "{snapshot}");
                for edge in &snapshot.edges {
                    assert!(edge.ledger.in_flight <= edge.capacity as u64, "{snapshot}");
                }
            }
        }
        let report = engine.shutdown(MANY);
        lab.assert_conserved(&report);
        assert_eq!(eaten[0].take(), (0..4_000).collect::<Vec<_>>());
        for lossy in &eaten[1..] {
            let numbers = lossy.take();
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
            assert!(numbers.len() < 4_000, "the burst was met");
        }
        // Whatever happened in between, the last value is the present one.
        let sent = |edge: &str| report.edge(edge).unwrap().ledger.sent;
        assert_eq!(sent("tee:out2->sink2:in"), 4_000);
    }
}

#[test]
fn each_branch_of_a_tee_has_the_policy_of_its_edge() {
    let mut lab = Lab::new();
    let (held, newest) = (Log::new(), Log::new());
    lab.add("source", feed(100));
    lab.graph.add("tee", builtin::tee::<u64>(2)).unwrap();
    lab.add("held", eat(&held)).add("newest", eat(&newest));
    lab.connect("source:out", "tee:in", Edge::block(8));
    lab.connect("tee:out0", "held:in", Edge::block(8));
    lab.connect("tee:out1", "newest:in", Edge::latest(1));
    let mut engine = lab.stepping();
    let handle = engine.handle();
    // A slow branch behind Latest holds nobody back.
    handle.pause("newest").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(held.take(), (0..100).collect::<Vec<_>>());
    handle.resume("newest").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(newest.take(), [99]);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let policies: Vec<_> = report.snapshot.edges.iter().map(|e| e.policy).collect();
    use PolicyKind::{Block, Latest};
    assert_eq!(policies, [Block, Block, Latest]);
}

/// Has an input that wants Latest and one without a wish.
#[derive(Default)]
struct Wishes {
    wishing: Input<u64>,
    open: Input<u64>,
}

impl Node for Wishes {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let latest = PortDefault {
            policy: PolicyKind::Latest,
            capacity: 2,
        };
        ports.input("wishing", &mut self.wishing).default(latest);
        ports.input("open", &mut self.open);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while self.wishing.recv(cx).is_some() || self.open.recv(cx).is_some() {}
        Ok(())
    }
}

#[test]
fn an_inherited_edge_follows_its_ports() {
    let mut lab = Lab::new();
    lab.add("first", feed(10)).add("second", feed(10));
    lab.graph.add("wishes", Wishes::default()).unwrap();
    lab.connect("first:out", "wishes:wishing", Edge::inherit());
    lab.connect("second:out", "wishes:open", Edge::inherit());
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    let settled = |id: &str| {
        let edge = report.edge(id).unwrap();
        (edge.policy, edge.capacity)
    };
    assert_eq!(
        settled("first:out->wishes:wishing"),
        (PolicyKind::Latest, 2)
    );
    assert_eq!(settled("second:out->wishes:open"), (PolicyKind::Block, 64));
}

/// Sends `0..10`; its output refuses 3, the input behind it refuses 7.
#[derive(Default)]
struct Picky {
    numbers: Output<u64>,
    refused: Log<(u64, SendFailure)>,
}

impl Node for Picky {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports
            .output("numbers", &mut self.numbers)
            .fan_out(10)
            .validator(|&number| {
                if number == 3 {
                    Err("no threes")
                } else {
                    Ok(())
                }
            });
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        for number in 0..10 {
            if let Err(error) = self.numbers.send(cx, number) {
                self.refused.push((*error.message, error.failure));
            }
        }
        Ok(())
    }
}

struct NoSevens {
    input: Input<u64>,
    eaten: Log<u64>,
}

impl Node for NoSevens {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let check = |&number: &u64| {
            if number == 7 {
                Err("no sevens")
            } else {
                Ok(())
            }
        };
        ports.input("in", &mut self.input).validator(check);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(number) = self.input.recv(cx) {
            self.eaten.push(*number);
        }
        Ok(())
    }
}

#[test]
fn validators_hand_the_payload_back_and_it_does_not_count_as_sent() {
    let (mut lab, eaten, refused) = (Lab::new(), Log::new(), Log::new());
    let picky = Picky {
        refused: refused.clone(),
        ..Picky::default()
    };
    lab.graph.add("picky", picky).unwrap();
    let strict = NoSevens {
        input: Input::new(),
        eaten: eaten.clone(),
    };
    lab.graph.add("strict", strict).unwrap();
    lab.connect("picky:numbers", "strict:in", Edge::block(16));
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(
        refused.take(),
        [
            (3, SendFailure::Refused("no threes")),
            (7, SendFailure::Refused("no sevens"))
        ]
    );
    let ledger = &report.snapshot.edges[0].ledger;
    assert_eq!((ledger.sent, ledger.delivered, ledger.in_flight), (8, 8, 0));
    assert_eq!(eaten.take(), [0, 1, 2, 4, 5, 6, 8, 9]);
}

#[test]
fn what_is_sent_to_an_unconnected_optional_output_is_said_to_be_unconnected() {
    let (mut lab, eaten) = (Lab::new(), Log::new());
    let outcomes = Log::new();
    let seen = outcomes.clone();
    let fork = Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            io.output.send(cx, number)?;
            seen.push(io.second.send(cx, number)?);
        }
        Ok(())
    });
    lab.add("source", feed(3)).add("fork", fork);
    lab.add("sink", eat(&eaten));
    lab.connect("source:out", "fork:in", Edge::block(4));
    lab.connect("fork:out", "sink:in", Edge::block(4));
    let mut engine = lab.stepping();
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(outcomes.take(), [SendOutcome::Unconnected; 3]);
    assert_eq!(eaten.take(), [0, 1, 2]);
}

/// A passive input is looked at when the node is called for something else.
#[test]
fn a_message_on_a_passive_input_waits_for_the_tick() {
    let (mut lab, clock, shown) = (Lab::new(), ManualClock::new(), Log::new());
    let list = shown.clone();
    let display =
        Probe::new()
            .passive()
            .on_tick(Tick::Every(Duration::from_millis(10)), move |io, cx| {
                while let Some(number) = io.input.recv(cx) {
                    list.push(number);
                }
                Ok(())
            });
    let mut next = 0;
    let sensor = Probe::new().on_tick(Tick::Every(Duration::from_millis(1)), move |io, cx| {
        io.output.send(cx, next)?;
        next += 1;
        Ok(())
    });
    lab.add("sensor", sensor).add("display", display);
    lab.connect("sensor:out", "display:in", Edge::latest(1));
    let mut engine = lab.engine().clock(clock.clone()).stepping().unwrap();
    engine.step(); // the cadences begin
    for _ in 0..30 {
        clock.advance(Duration::from_millis(1));
        engine.run_until_idle(MANY);
    }
    let display = engine.snapshot().node("display").unwrap().clone();
    assert_eq!(display.activations, 3, "called for its ticks alone");
    assert_eq!(shown.len(), 3);
    clock.advance(Duration::from_millis(1));
    engine.run_until_idle(MANY);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert!(report.drained, "shutdown does not wait for a passive input");
    let ledger = &report.snapshot.edges[0].ledger;
    assert_eq!((ledger.sent, ledger.discarded), (31, 1));
}

#[test]
fn a_node_whose_passive_input_has_ended_finishes() {
    let (mut lab, clock) = (Lab::new(), ManualClock::new());
    let idler = Probe::new()
        .passive()
        .on_tick(Tick::Every(Duration::from_millis(1)), |_, _| Ok(()));
    lab.add("source", feed(5)).add("idler", idler);
    lab.connect("source:out", "idler:in", Edge::latest(1));
    let mut engine = lab.engine().clock(clock).stepping().unwrap();
    engine.run_until_idle(MANY);
    assert!(engine.shutdown_requested(), "{}", engine.snapshot());
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
}
