//! What a plan keeps of nodes and subgraphs.

use super::*;
use crate::node::Escalation;

fn members<'a>(plan: &'a Plan, path: &str) -> Vec<&'a str> {
    let group = plan.groups.iter().find(|group| group.path == path);
    group
        .into_iter()
        .flat_map(|group| &group.members)
        .map(|&node| plan.nodes[node].path.as_str())
        .collect()
}

#[test]
fn groups_stand_from_the_inside_out_with_the_nodes_they_decide_about() -> TestResult {
    let mut inner = chain()?;
    inner.on_escalation(Escalation::quarantine());
    let mut middle = Subgraph::new("middle");
    middle.nest_as("inner", inner)?;
    middle.nest_as("innermost", chain()?)?;
    let mut host = Subgraph::new("host");
    host.on_escalation(Escalation::pass_on());
    host.nest(middle)?;
    let mut second = pairs(1, NodeOptions::new())?;
    second.on_escalation(Escalation::quarantine());
    host.nest(second)?;

    let settings = PlanSettings {
        nodes_per_worker: 16,
        ..SETTINGS
    };
    let plan = Plan::new(host, &settings)?;
    let paths: Vec<_> = plan
        .groups
        .iter()
        .map(|group| group.path.as_str())
        .collect();
    assert_eq!(paths, ["middle/inner", "pairs", ""]);
    assert_eq!(
        members(&plan, "middle/inner"),
        [
            "middle/inner/source",
            "middle/inner/stage",
            "middle/inner/sink"
        ],
        "not those of `innermost`"
    );
    assert_eq!(members(&plan, "pairs"), ["pairs/source0", "pairs/sink0"]);
    assert_eq!(members(&plan, "").len(), plan.nodes.len());
    assert_eq!(plan.groups[0].policy, Escalation::quarantine());
    assert_eq!(plan.groups[2].policy, Escalation::pass_on());
    Ok(())
}

#[test]
fn a_nodes_own_tick_comes_before_the_one_it_declares() -> TestResult {
    let plan = Plan::new(pairs(1, NodeOptions::new().tick(Tick::Global))?, &SETTINGS)?;
    assert_eq!(plan.nodes[0].tick(), Tick::Global);
    let plan = Plan::new(pairs(1, NodeOptions::new())?, &SETTINGS)?;
    assert_eq!(plan.nodes[0].tick(), plan.nodes[0].table.tick);
    Ok(())
}

#[test]
fn an_output_for_dead_letters_alone_leaves_a_sink_one() -> TestResult {
    let mut graph = chain()?;
    graph.add("grave", builtin::sink(|_: u64| ()))?;
    graph.dead_letters_by_name("sink:in", "grave:in", Edge::block(4))?;
    let plan = Plan::new(graph, &SETTINGS)?;
    let sinks = plan.nodes.iter().filter(|node| node.is_sink());
    let sinks: Vec<_> = sinks.map(|node| node.path.as_str()).collect();
    assert_eq!(sinks, ["sink", "grave"]);
    Ok(())
}

#[test]
fn a_worker_can_be_full_but_not_fuller() -> TestResult {
    let one = NodeOptions::new().worker(0);
    let plan = Plan::new(pairs(4, one)?, &SETTINGS)?;
    assert_eq!(plan.load_of(0), Some(8), "all that it can hold");
    assert_eq!(plan.warnings(), []);
    Ok(())
}
