//! Nodes alone in a harness.

use std::error::Error;
use std::time::Duration;

use tidegate::Band;
use tidegate::edge::RecvError;
use tidegate::engine::Step;
use tidegate::graph::{AddError, Edge};
use tidegate::harness::{HarnessError, NODE, NodeHarness, NodeHarnessBuilder};
use tidegate::node::{
    Context, Direction, FaultPolicy, Input, Node, NodeOptions, NodeResult, Output, Ports, Tick,
    builtin,
};
use tidegate::sched::NodeState;
use tidegate::time::Clock;

type TestResult = Result<(), Box<dyn Error>>;

const SECOND: Duration = Duration::from_secs(1);

/// Adds to each number what the last command said, and says at each tick how
/// many it missed. Panics at 13.
#[derive(Default)]
struct Adder {
    numbers: Input<u64>,
    commands: Input<u64>,
    sums: Output<u64>,
    ticks: Output<String>,
    offset: u64,
}

impl Node for Adder {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let refuse_zero = |n: &u64| if *n == 0 { Err("zero") } else { Ok(()) };
        let numbers = ports.input("numbers", &mut self.numbers);
        numbers.validator(refuse_zero);
        let commands = ports.input("commands", &mut self.commands);
        commands.optional().uncredited();
        ports.output("sums", &mut self.sums);
        ports.output("ticks", &mut self.ticks).optional();
        ports.tick(Tick::Every(SECOND));
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(command) = self.commands.recv(cx) {
            self.offset = *command;
        }
        while let Some(number) = self.numbers.recv(cx) {
            assert_ne!(*number, 13, "thirteen");
            self.sums.send(cx, *number + self.offset)?;
        }
        Ok(())
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let missed = cx.tick().map_or(0, |tick| tick.missed);
        self.ticks.send(cx, format!("{missed} missed"))?;
        Ok(())
    }
}

fn adder() -> NodeHarnessBuilder {
    NodeHarness::builder(Adder::default())
        .input("commands", Edge::block(2).band(Band::Control))
        .output("sums", Edge::block(2))
}

#[test]
fn a_node_sees_messages_commands_and_ticks_and_every_one_is_in_the_ledger() -> TestResult {
    let mut harness = adder().build()?;
    assert_eq!(harness.run(), 0, "nothing is there yet");
    harness.feed("numbers", [1_u64, 2])?;
    harness.feed("commands", [10_u64])?;
    harness.run();
    assert_eq!(harness.collect::<u64>("sums")?, [11, 12]);
    harness.advance(SECOND);
    harness.clock().advance(3 * SECOND);
    assert_eq!(harness.collect::<String>("ticks")?, ["0 missed"]);
    harness.run();
    assert_eq!(harness.collect::<String>("ticks")?, ["2 missed"]);
    let node = harness.node();
    assert_eq!((node.messages, node.ticks, node.missed_ticks), (3, 2, 2));
    let report = harness.finish();
    assert!(report.is_balanced() && report.drained, "{report}");
    for (edge, messages) in [(">numbers->node:numbers", 2), ("node:sums->sums>", 2)] {
        let ledger = &report.edge(edge).ok_or(edge)?.ledger;
        assert_eq!((ledger.sent, ledger.delivered), (messages, messages));
    }
    Ok(())
}

#[test]
fn a_message_has_the_time_of_the_harness_as_its_origin() -> TestResult {
    let mut harness = adder().build()?;
    harness.clock().advance(7 * SECOND);
    harness.feed("numbers", [1_u64])?;
    harness.run();
    let message = harness.output::<u64>("sums")?.try_recv()?;
    assert_eq!(message.header().origin(), Some(harness.clock().now()));
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn a_full_output_holds_the_node_back_but_not_an_uncredited_input() -> TestResult {
    let mut harness = adder().build()?;
    harness.feed("numbers", 1..=4_u64)?;
    assert!(matches!(harness.step(), Step::Activated { node, .. } if node == NODE));
    assert!(matches!(harness.step(), Step::Parked { .. }));
    assert!(matches!(harness.step(), Step::Idle { .. }));
    harness.feed("commands", [100_u64])?;
    assert!(matches!(harness.step(), Step::Activated { band, .. } if band == Band::Control));
    assert_eq!(harness.collect::<u64>("sums")?, [1, 2]);
    harness.run();
    assert_eq!(harness.collect::<u64>("sums")?, [103, 104]);
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn feeding_runs_the_node_for_room_and_says_when_that_does_not_help() -> TestResult {
    let mut harness = adder().input("numbers", Edge::block(3)).build()?;
    let error = harness.feed("numbers", 1..=9_u64).unwrap_err();
    // Two in the output, three in the input.
    let HarnessError::Refused { fed: 5, .. } = error else {
        return Err(error.into());
    };
    let text = "the input numbers took 5 payloads, then no more: the door is full; \
                send again later, or wait with `send` or `send_timeout`";
    assert_eq!(error.to_string(), text);
    harness.collect::<u64>("sums")?;
    harness.run();
    let refused = harness.feed("numbers", [0_u64]).unwrap_err();
    assert!(refused.to_string().ends_with("refused the payload: zero"));
    assert_eq!(harness.collect::<u64>("sums")?, [3, 4]);
    harness.run();
    assert_eq!(harness.collect::<u64>("sums")?, [5]);
    let report = harness.finish();
    assert_eq!(report.node(NODE).map(|node| node.messages), Some(5));
    assert!(report.is_balanced());
    Ok(())
}

#[test]
fn a_panic_quarantines_or_restarts_as_the_options_say() -> TestResult {
    let mut harness = adder().build()?;
    harness.feed("numbers", [13_u64, 1])?;
    harness.run();
    assert_eq!(harness.node().state, NodeState::Quarantined);
    assert!(harness.faults()[0].message.contains("thirteen"));
    let ended = harness.feed("numbers", [1_u64]).unwrap_err();
    assert!(ended.to_string().contains("closed"), "{ended}");
    let report = harness.finish();
    let ledger = report
        .edge(">numbers->node:numbers")
        .map(|edge| edge.ledger);
    let ledger = ledger.ok_or("no such edge")?;
    assert_eq!((ledger.delivered, ledger.discarded), (1, 1));

    let options = NodeOptions::new().on_panic(FaultPolicy::Restart { limit: 1 });
    let mut harness = NodeHarness::restartable(Adder::default)
        .options(options)
        .build()?;
    harness.feed("numbers", [13_u64, 1])?;
    harness.run();
    assert_eq!(harness.node().restarts, 1);
    assert_eq!(harness.collect::<u64>("sums")?, [1]);
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn an_input_that_is_dropped_ends_the_node_and_an_output_closes() -> TestResult {
    let mut harness = NodeHarness::new(builtin::map(|n: u64| n))?;
    harness.feed("in", [7_u64])?;
    harness.take_input::<u64>("in")?.close();
    harness.run();
    assert_eq!(harness.node().state, NodeState::Finished);
    let out = harness.output::<u64>("out")?;
    assert_eq!(*out.try_recv()?, 7);
    assert_eq!(out.try_recv().unwrap_err(), RecvError::Closed);
    assert!(harness.finish().is_balanced());

    let mut harness = adder().build()?;
    drop(harness.take_output::<u64>("sums")?);
    harness.feed("numbers", [7_u64])?;
    harness.run();
    assert_eq!(
        harness.node().errors,
        1,
        "it was told that the output closed"
    );
    assert!(harness.finish().is_balanced());
    Ok(())
}

#[test]
fn what_the_end_drains_is_in_the_outputs_that_were_taken() -> TestResult {
    let mut harness = adder().build()?;
    let mut sums = harness.take_output::<u64>("sums")?;
    harness.feed("numbers", [1_u64, 2])?;
    let report = harness.finish();
    assert!(report.drained && report.is_balanced(), "{report}");
    assert_eq!((*sums.try_recv()?, *sums.try_recv()?), (1, 2));
    Ok(())
}

#[test]
fn optional_ports_can_be_left_without_an_edge() -> TestResult {
    let builder = adder().without_input("commands").without_output("ticks");
    let mut harness = builder.build()?;
    harness.advance(SECOND);
    assert_eq!((harness.node().ticks, harness.node().errors), (1, 0));
    let error = harness.output::<String>("ticks").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the node has no output \"ticks\" with an edge; it has: sums"
    );
    assert_eq!(harness.finish().snapshot.edges.len(), 2);

    let required = adder().without_output("sums").build().unwrap_err();
    assert!(matches!(required, HarnessError::Engine(_)), "{required}");
    Ok(())
}

#[test]
fn mistakes_come_back_as_values_that_name_the_port() -> TestResult {
    let mut harness = adder().build()?;
    assert_eq!(
        harness.input::<u64>("sums").unwrap_err().to_string(),
        "the node has no input \"sums\" with an edge; it has: numbers, commands"
    );
    for asked_before in [false, true] {
        if asked_before {
            harness.output::<u64>("sums")?;
        }
        let text = "the output sums is for payloads of type u64, not i8; ask for that type";
        assert_eq!(harness.output::<i8>("sums").unwrap_err().to_string(), text);
        assert_eq!(
            harness.take_output::<i8>("sums").unwrap_err().to_string(),
            text
        );
    }
    drop(harness.take_output::<u64>("sums")?);
    let taken = harness.output::<u64>("sums").unwrap_err();
    assert!(matches!(
        taken,
        HarnessError::Taken { direction: Direction::Output, ref name } if name == "sums"
    ));
    drop(harness);

    let unknown = adder().output("sum", Edge::latest(1)).build().unwrap_err();
    assert!(
        matches!(unknown, HarnessError::UnknownPort { .. }),
        "{unknown}"
    );
    let narrow = adder().output("sums", Edge::block(0)).build().unwrap_err();
    assert!(matches!(narrow, HarnessError::Engine(_)), "{narrow}");
    let nameless = NodeHarness::new(Nameless::default()).unwrap_err();
    assert!(matches!(
        nameless,
        HarnessError::Node(AddError::Ports { .. })
    ));
    Ok(())
}

/// A node whose port has no name.
#[derive(Default)]
struct Nameless {
    input: Input<u64>,
}

impl Node for Nameless {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("", &mut self.input);
    }
}
