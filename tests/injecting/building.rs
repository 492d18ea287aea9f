//! Injectable inputs when an engine is built.

use tidegate::Message;
use tidegate::engine::BuildError;
use tidegate::graph::{Edge, IssueCode, PlanError};
use tidegate::node::Direction;

use crate::common::{Lab, Log, feed};
use crate::{EDGE, both, inject_into};

/// The issues of a build.
#[track_caller]
fn issues(lab: &mut Lab) -> Vec<IssueCode> {
    match lab.engine().stepping() {
        Err(BuildError::Plan(PlanError::Invalid(issues))) => {
            issues.into_iter().map(|issue| issue.code).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => vec![],
    }
}

#[test]
fn an_input_with_another_edge_is_not_injectable() {
    let seen = Log::new();
    let lab = |inputs: &[(&str, usize)]| {
        let mut lab = Lab::new();
        lab.add("source", feed(3)).add("node", both(&seen));
        lab.connect("source:out", "node:in", Edge::block(8));
        for (input, capacity) in inputs {
            inject_into(&mut lab, input, *capacity);
        }
        lab
    };
    assert_eq!(issues(&mut lab(&[("node:control", 4)])), []);
    let in_use = [IssueCode::PortInUse];
    assert_eq!(issues(&mut lab(&[("node:in", 4)])), in_use);
    let twice = [("node:control", 4), ("node:control", 4)];
    assert_eq!(issues(&mut lab(&twice)), in_use);
    let none = [IssueCode::ZeroCapacity];
    assert_eq!(issues(&mut lab(&[("node:control", 0)])), none);
    let mut with_door = lab(&[("node:control", 4)]);
    (with_door.graph).expose_later(Direction::Input, "door", "node:control");
    let built = with_door
        .engine()
        .entrance("door", Edge::block(2))
        .stepping();
    assert!(built.is_err_and(|error| error.to_string().contains("injectable")));
}

#[test]
fn an_injectable_input_is_in_the_plan_with_its_memory() {
    let plan = |injectable: bool| {
        let (mut lab, seen) = (Lab::new(), Log::new());
        lab.add("node", both(&seen));
        if injectable {
            inject_into(&mut lab, "node:control", 64);
        }
        let prepared = lab.engine().prepare().unwrap();
        let plan = prepared.plan();
        let ids: Vec<_> = plan.edge_ids().map(str::to_owned).collect();
        (ids, plan.memory().edges(), plan.memory().scheduler())
    };
    let (with, without) = (plan(true), plan(false));
    assert_eq!(with.0, [EDGE]);
    assert!(with.1 >= without.1 + 64 * size_of::<Message<u64>>());
    assert!(with.2 > without.2);
}
