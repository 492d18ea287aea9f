//! What a debugger shows of nodes and ports.

use std::fmt::Debug;

use tidegate::engine::Step;
use tidegate::graph::Edge;
use tidegate::harness::NodeHarness;
use tidegate::node::{
    Context, Input, Node, NodeError, NodeResult, Output, Ports, SendFailure, builtin,
};

use super::TestResult;

fn shown(value: &dyn Debug) -> String {
    format!("{value:?}")
}

#[test]
fn ready_made_nodes_show_their_ports() {
    const INPUT: &str = "Input { connected: false, len: 0 }";
    const OUTPUT: &str = "Output { connected: false, .. }";
    assert_eq!(
        shown(&builtin::source(|| Some(1))),
        format!("Source {{ output: {OUTPUT}, .. }}")
    );
    assert_eq!(
        shown(&builtin::filter_map(|n: u8| Some(n))),
        format!("FilterMap {{ input: {INPUT}, output: {OUTPUT}, .. }}")
    );
    assert_eq!(
        shown(&builtin::sink(|_: u8| ())),
        format!("Sink {{ input: {INPUT}, .. }}")
    );
    assert_eq!(
        shown(&builtin::tee::<u8>(3)),
        format!("Tee {{ input: {INPUT}, branches: 3, .. }}")
    );
    let merge = shown(&builtin::merge::<u8>(2));
    assert!(merge.starts_with("Merge {"), "{merge}");
}

/// Receives nothing; tells what is shown of it, and of a refused message.
#[derive(Default)]
struct Telling {
    input: Input<&'static str>,
    output: Output<&'static str>,
    told: Vec<String>,
}

impl Node for Telling {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports
            .output("out", &mut self.output)
            .validator(|_| Err("never"));
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        assert_eq!((self.input.len(), self.input.is_empty()), (2, false));
        assert!(self.input.is_connected() && self.output.is_connected());
        self.told.push(shown(&self.input));
        self.told.push(shown(&self.output));
        let error = self.output.send(cx, "secret").expect_err("it is refused");
        assert_eq!(error.message.payload(), &"secret");
        self.told.push(shown(&error));
        self.told.push(error.to_string());
        let error = NodeError::from(error);
        assert_eq!(error.send_failure(), Some(SendFailure::Refused("never")));
        self.told.push(shown(&error));
        assert_eq!(NodeError::new("x").send_failure(), None);
        while self.input.recv(cx).is_some() {}
        assert!(self.input.is_empty());
        Err(std::io::Error::other(self.told.join("\n")).into())
    }
}

#[test]
fn ports_and_refused_messages_show_no_payload() -> TestResult {
    let mut harness = NodeHarness::builder(Telling::default())
        .input("in", Edge::block(4))
        .output("out", Edge::block(4))
        .build()?;
    for _ in 0..2 {
        let entrance = harness.input::<&'static str>("in")?;
        assert!(entrance.try_send("secret").is_ok());
    }
    assert!(matches!(harness.step(), Step::Activated { .. }));
    let report = harness.finish();
    assert!(report.is_balanced(), "{report}");
    let told: Vec<_> = report.faults[0].message.lines().collect();
    assert_eq!(
        told,
        [
            "Input { connected: true, len: 2 }",
            "Output { connected: true, .. }",
            "SendError { failure: Refused(\"never\"), .. }",
            "a validator refused the payload: never",
            "NodeError(a send was refused: a validator refused the payload: never)",
        ]
    );
    Ok(())
}
