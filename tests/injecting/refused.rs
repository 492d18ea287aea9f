//! What is not injected, and why.

use tidegate::engine::{ControlOutcome, Engine, InjectFailure};
use tidegate::graph::Subgraph;
use tidegate::node::{Context, Input, Node, NodeResult, Ports};

use crate::common::{Lab, Log, MANY};
use crate::{assert_injected, fed};

#[test]
fn what_cannot_be_injected_comes_back_with_the_reason_and_changes_nothing() {
    let (mut lab, seen) = (Lab::new(), Log::new());
    fed(&mut lab, &seen, 2);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    let refused = |input: &str| handle.inject(input, 5_u64).unwrap_err();
    let none = refused("nod:control");
    assert!(matches!(none.failure, InjectFailure::UnknownInput { .. }));
    assert!(none.to_string().contains("node:control"), "{none}");
    assert_eq!(*none.message, 5);
    let closed = refused("node:in");
    let InjectFailure::NotInjectable { known, .. } = &closed.failure else {
        panic!("{closed}");
    };
    assert_eq!(known, "node:control");
    let other = handle.inject("node:control", "five").unwrap_err();
    assert!(matches!(other.failure, InjectFailure::PayloadType { .. }));
    assert!(other.to_string().contains("u64"), "{other}");
    assert_eq!(*other.message, "five");

    handle.inject("node:control", 1_u64).unwrap();
    handle.inject("node:control", 2_u64).unwrap();
    let full = refused("node:control");
    assert!(matches!(full.failure, InjectFailure::Full { .. }), "{full}");
    engine.run_until_idle(20);
    handle.inject("node:control", 3_u64).unwrap();

    let report = engine.shutdown(MANY);
    let stopped = refused("node:control");
    assert_eq!(stopped.failure, InjectFailure::Stopped);
    lab.assert_conserved(&report);
    assert_injected(&report, [3, 3, 0]);
    let injected: Vec<_> = seen.take().into_iter().filter(|n| *n < 1_000).collect();
    assert_eq!(injected, [1, 2, 3]);
    // All of it is on record.
    let calls = handle.calls();
    let outcomes: Vec<_> = calls.iter().map(|call| &call.outcome).collect();
    assert_eq!(outcomes.len(), 8);
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            ControlOutcome::Refused(_) => assert!([0, 1, 2, 5, 7].contains(&index)),
            ControlOutcome::Injected { taken, .. } => {
                assert!([3, 4, 6].contains(&index) && taken.is_some());
            }
            other => panic!("{other}"),
        }
    }
    let text = calls[3].to_string();
    assert!(text.contains("inject into node:control"), "{text}");
    assert!(text.contains("taken in activation"), "{text}");
}

#[derive(Default)]
struct Evens(Input<u64>);

impl Node for Evens {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let even = |n: &u64| {
            if n.is_multiple_of(2) {
                Ok(())
            } else {
                Err("odd")
            }
        };
        ports.input("in", &mut self.0).validator(even);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while self.0.recv(cx).is_some() {}
        Ok(())
    }
}

#[test]
fn a_validator_refuses_what_is_injected_as_it_refuses_what_is_sent() {
    let mut graph = Subgraph::new("validated");
    let sink = graph.add("sink", Evens::default()).unwrap();
    graph.injectable(sink.input(|n| &n.0), 4).unwrap();
    let mut engine = Engine::builder(graph).stepping().unwrap();
    let handle = engine.handle();
    let error = handle.inject("sink:in", 3_u64).unwrap_err();
    let reason = "odd";
    let input = "sink:in".to_owned();
    assert_eq!(error.failure, InjectFailure::Refused { input, reason });
    // The mark of the message that was refused is not another one's.
    let injected = handle.inject("sink:in", 4_u64).unwrap();
    engine.run_until_idle(MANY);
    let taken = handle.taken(injected).unwrap();
    assert_eq!((taken.earliest, taken.latest), (1, 1));
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced(), "{report}");
    assert_eq!(report.edge(">>handle->sink:in").unwrap().ledger.sent, 1);
}
