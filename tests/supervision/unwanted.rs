//! Dead letters for which there is an edge, but which nobody takes from it.

use tidegate::graph::Edge;
use tidegate::node::{Context, Input, Node, NodeResult, Ports};

use super::buried::{GRAVE, IN, assert_balanced, lab};
use super::common::{Lab, Log, MANY, Probe, eat};
use super::dead_letters;

/// Takes odd numbers only.
#[derive(Default)]
struct Picky(Input<u64>);

impl Node for Picky {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let Self(input) = self;
        ports
            .input("in", input)
            .validator(|&number| match number % 2 {
                0 => Err("even"),
                _ => Ok(()),
            });
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while self.0.recv(cx).is_some() {}
        Ok(())
    }
}

#[test]
fn dead_letters_that_are_not_taken_are_dropped_and_counted_all_the_same() {
    type Dig = fn(&mut Lab);
    let leaving: Dig = |lab| {
        let leaving = Probe::<u64>::new().on_message(|_, cx| {
            cx.finish();
            Ok(())
        });
        lab.add("grave", leaving);
    };
    let refusing: Dig = |lab| {
        lab.graph.add("grave", Picky::default()).unwrap();
    };
    let forgetful: Dig = |lab| {
        lab.add("grave", eat(&Log::<u64>::new()));
    };
    for (dig, edge, sent) in [
        (refusing, Edge::block(200), 45),
        (forgetful, Edge::latest(2), 90),
        (leaving, Edge::block(2), 2),
    ] {
        let eaten = Log::new();
        let mut lab = lab(&eaten, 100);
        dig(&mut lab);
        let graph = &mut lab.graph;
        graph
            .dead_letters_by_name("faulty:in", "grave:in", edge)
            .unwrap();
        let mut engine = lab.stepping();
        engine.run_until_idle(MANY);
        let report = engine.shutdown(MANY);
        assert_balanced(&report);
        assert_eq!(dead_letters(&report, IN), 90);
        let grave = report.edge(GRAVE).unwrap().ledger;
        assert_eq!(grave.sent, sent, "{grave}");
        assert_eq!(eaten.take(), (0..9).collect::<Vec<_>>());
    }
}
