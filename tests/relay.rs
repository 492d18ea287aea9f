//! `Input::relay` does what the loop in its documentation does: the same steps,
//! messages, headers, ledgers and faults, on every pair of policies.

mod common;

use common::{Log, MANY};
use tidegate::Message;
use tidegate::engine::{Engine, Report, Step};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{
    Context, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin,
};
use tidegate::time::ManualClock;

/// What makes a message of a message; panics at some.
fn derive(number: u64, panics_at: u64) -> Option<u64> {
    assert!(number != panics_at, "asked to");
    (!number.is_multiple_of(7)).then_some(number + 1_000)
}

/// Does its work by `relay`, or by the loop that it stands for.
struct Middle {
    input: Input<u64>,
    output: Output<u64>,
    by_relay: bool,
    validates: bool,
    panics_at: u64,
}

impl Node for Middle {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        let output = ports.output("out", &mut self.output);
        if self.validates {
            output.validator(|number| {
                if number.is_multiple_of(10) {
                    Err("a round number")
                } else {
                    Ok(())
                }
            });
        }
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let panics_at = self.panics_at;
        if self.by_relay {
            let derive = |number| derive(number, panics_at);
            self.input.relay(cx, &mut self.output, derive)?;
            return Ok(());
        }
        while let Some(message) = self.input.recv(cx) {
            let (header, payload) = message.into_parts();
            if let Some(derived) = derive(payload, panics_at) {
                let message = Message::from_parts(header, derived);
                self.output.send_message(cx, message)?;
            }
        }
        Ok(())
    }
}

/// How a run is set up.
#[derive(Clone, Copy, Debug)]
struct Setting {
    policies: [usize; 2],
    capacities: [usize; 2],
    batch: u32,
    validates: bool,
    panics_at: u64,
}

fn edge(policy: usize, capacity: usize) -> Edge {
    match policy {
        0 => Edge::block(capacity),
        1 => Edge::drop_newest(capacity),
        2 => Edge::latest(capacity),
        _ => Edge::coalesce(capacity, |pending: &mut u64, new| {
            *pending = pending.wrapping_mul(31).wrapping_add(new);
        })
        .into(),
    }
}

/// The steps, what arrived, and the report.
fn run(setting: Setting, by_relay: bool) -> (Vec<Step>, Vec<String>, Report) {
    let mut graph = Subgraph::new("relay");
    let source = graph
        .add("source", builtin::source_iter(1..=100_u64))
        .unwrap();
    let middle = Middle {
        input: Input::new(),
        output: Output::new(),
        by_relay,
        validates: setting.validates,
        panics_at: setting.panics_at,
    };
    let options = NodeOptions::new().on_panic(FaultPolicy::Continue);
    let middle = graph.add_with("middle", middle, options).unwrap();
    let arrived = Log::new();
    let sink = {
        let arrived = arrived.clone();
        graph
            .add(
                "sink",
                builtin::sink_messages(move |message: Message<u64>| {
                    arrived.push(format!("{message:?}"));
                }),
            )
            .unwrap()
    };
    let [first, second] = [0, 1].map(|at| edge(setting.policies[at], setting.capacities[at]));
    graph
        .connect(
            source.output(|n| &n.output),
            middle.input(|n| &n.input),
            first,
        )
        .unwrap();
    graph
        .connect(
            middle.output(|n| &n.output),
            sink.input(|n| &n.input),
            second,
        )
        .unwrap();
    let builder = Engine::builder(graph).clock(ManualClock::new());
    let mut engine = builder.batch(setting.batch).seed(5).stepping().unwrap();
    let mut steps = Vec::new();
    while steps.len() < MANY && !matches!(steps.last(), Some(Step::Idle { .. })) {
        steps.push(engine.step());
    }
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{setting:?}\n{report}");
    (steps, arrived.take(), report)
}

fn assert_same(setting: Setting) {
    let (steps, arrived, report) = run(setting, true);
    let (same_steps, same_arrived, same_report) = run(setting, false);
    assert_eq!(arrived, same_arrived, "{setting:?}");
    assert_eq!(steps, same_steps, "{setting:?}");
    assert_eq!(report.to_string(), same_report.to_string(), "{setting:?}");
    assert!(!arrived.is_empty(), "{setting:?}");
}

#[test]
fn relaying_is_the_same_as_the_loop_on_every_pair_of_policies() {
    for from in 0..4 {
        for to in 0..4 {
            for capacities in [[64, 64], [8, 3], [3, 8], [1, 1]] {
                for batch in [1, 3, 8, 64] {
                    assert_same(Setting {
                        policies: [from, to],
                        capacities,
                        batch,
                        validates: false,
                        panics_at: 0,
                    });
                }
            }
        }
    }
}

#[test]
fn a_panic_in_the_middle_of_a_batch_loses_just_the_message_it_had() {
    for panics_at in [1, 4, 8, 9] {
        let setting = Setting {
            policies: [0, 0],
            capacities: [16, 16],
            batch: 8,
            validates: false,
            panics_at,
        };
        assert_same(setting);
        let (_, arrived, report) = run(setting, true);
        let node = report.node("middle").unwrap();
        assert_eq!((node.messages, node.panics), (100, 1));
        assert_eq!(arrived.len(), 100 - 100 / 7 - 1);
    }
}

#[test]
fn validators_are_asked_for_what_is_relayed() {
    let setting = Setting {
        policies: [0, 0],
        capacities: [16, 16],
        batch: 8,
        validates: true,
        panics_at: 0,
    };
    assert_same(setting);
    let (_, _, report) = run(setting, true);
    assert!(report.node("middle").unwrap().errors > 5, "{report}");
}
