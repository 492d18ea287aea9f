//! Draining nodes that are in quarantine, with their edges open.

use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Direction, FaultPolicy, Quarantine};
use tidegate::sched::NodeState;

use super::common::{Lab, Log, MANY, eat, feed_forever, relay};
use super::{faulty, options, state};

/// `source -> plant/{shaky -> steady} -> sink`, whose second number is too much
/// for `shaky`.
fn plant(eaten: &Log<u64>) -> Lab {
    let mut lab = Lab::new();
    let policy = options(FaultPolicy::Quarantine { after: 1 });
    let mut plant = Subgraph::new("plant");
    let shaky = faulty(|number| number == 1);
    plant
        .add_with("shaky", shaky, policy.quarantine(Quarantine::Open))
        .unwrap();
    plant.add("steady", relay()).unwrap();
    plant
        .connect_by_name("shaky:out", "steady:in", Edge::block(8))
        .unwrap();
    plant.expose_later(Direction::Input, "in", "shaky:in");
    plant.expose_later(Direction::Output, "out", "steady:out");
    lab.add("source", feed_forever()).add("sink", eat(eaten));
    lab.graph.nest(plant).unwrap();
    lab.connect("source:out", "plant:in", Edge::block(8));
    lab.connect("plant:out", "sink:in", Edge::block(8));
    lab
}

const INTO: &str = "source:out->plant/shaky:in";
const INSIDE: &str = "plant/shaky:out->plant/steady:in";

#[test]
fn a_node_in_quarantine_holds_up_no_drain_and_its_dead_letters_go_on() {
    let eaten = Log::new();
    let mut lab = plant(&eaten);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(200);
    assert_eq!(state(&engine, "plant/shaky"), NodeState::Quarantined);
    let drain = handle.drain("plant").unwrap();
    engine.run_until_idle(50);
    assert_eq!(handle.undrained(drain), Some(vec![]));
    assert_eq!(state(&engine, "plant/shaky"), NodeState::Quarantined);
    assert_eq!(state(&engine, "plant/steady"), NodeState::Drained);
    let dead = || handle.snapshot().edge(INTO).unwrap().ledger.dead_letters;
    let before = dead();
    engine.run_until_idle(50);
    assert!(dead() > before, "the stand-in goes on");
    handle.resume("plant").unwrap();
    engine.run_until_idle(50);
    assert_eq!(state(&engine, "plant/shaky"), NodeState::Quarantined);
    assert_eq!(state(&engine, "plant/steady"), NodeState::Active);
    let report = engine.shutdown(MANY);
    lab.assert_conserved(&report);
    assert_eq!(eaten.take(), [0]);
}

#[test]
fn a_node_that_is_released_in_a_drain_rests_until_the_resume() {
    let eaten = Log::new();
    let mut lab = plant(&eaten);
    let mut engine = lab.stepping();
    let handle = engine.handle();
    engine.run_until_idle(200);
    let drain = handle.drain("plant").unwrap();
    engine.run_until_idle(50);
    assert_eq!(handle.undrained(drain), Some(vec![]));
    let released = handle.release("plant/shaky").unwrap();
    engine.run_until_idle(MANY);
    assert_eq!(released.poll(), Some(Ok(())));
    // What waits for it would come to a node that rests already.
    assert_eq!(state(&engine, "plant/shaky"), NodeState::Drained);
    assert_eq!(handle.undrained(drain), Some(vec![]));
    let snapshot = handle.snapshot();
    assert_eq!(snapshot.edge(INSIDE).unwrap().depth, 0);
    assert_eq!(snapshot.edge(INTO).unwrap().depth, 8);
    handle.resume("plant").unwrap();
    engine.run_until_idle(200);
    assert!(eaten.len() > 8, "it goes on where it was");
    let report = engine.shutdown(MANY);
    assert!(report.is_balanced() && report.drained, "{report}");
}
