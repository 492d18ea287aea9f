use std::time::Duration;

use super::*;
use crate::samples::{
    INTO_RELAY, INTO_SINK, RELAY, SINK, SOURCE, balanced, calm, fill, spread, with,
};

/// The findings as lines.
fn told(view: &View) -> Vec<String> {
    let line = |finding: &Finding| format!("{} {}", finding.kind, finding.text);
    view.trouble.iter().map(line).collect()
}

#[track_caller]
fn only(view: &View) -> String {
    let told = told(view);
    let [line] = told.as_slice() else {
        panic!("not one finding: {told:#?}");
    };
    line.clone()
}

#[test]
fn nothing_is_told_of_an_engine_without_trouble() {
    assert_eq!(told(&with(|_| {})), [""; 0]);
}

#[test]
fn a_slow_node_is_named_with_its_time_and_whom_it_holds_back() {
    let view = with(|view| {
        fill(view, INTO_RELAY);
        view.nodes[RELAY].load = Some(0.97);
        view.nodes[RELAY].execution = spread(20_000);
    });
    assert_eq!(
        only(&view),
        "SLOW relay holds back source: takes 1.00k msg/s, 20.0ms a call, 97% of worker 1; \
         source:out->relay:in has 64 of 64"
    );
    assert_eq!(view.nodes[RELAY].trouble, Some(Kind::Slow));
    assert_eq!(view.edges[INTO_RELAY].trouble, Some(Kind::Slow));
    assert_eq!(view.nodes[SOURCE].trouble, None);
}

#[test]
fn an_edge_holds_back_from_seven_eighths_of_its_capacity_on() {
    for (depth, told) in [(7, 1), (6, 0)] {
        let view = with(|view| view.edges[INTO_SINK].depth = depth);
        assert_eq!(view.trouble.len(), told, "{depth} of 8");
    }
}

#[test]
fn of_a_chain_that_is_held_back_the_last_node_is_to_blame() {
    let view = with(|view| {
        fill(view, INTO_RELAY);
        fill(view, INTO_SINK);
    });
    let line = only(&view);
    assert!(line.starts_with("SLOW sink holds back relay"), "{line}");
}

#[test]
fn a_node_whose_worker_is_taken_by_another_is_told_by_whom() {
    let view = with(|view| {
        fill(view, INTO_RELAY);
        view.nodes[SINK].load = Some(0.9);
    });
    let line = only(&view);
    assert!(
        line.contains("because worker 1 is busy with sink (90%)"),
        "{line}"
    );
}

#[test]
fn without_measured_times_the_slow_node_is_named_all_the_same() {
    let view = with(|view| {
        fill(view, INTO_RELAY);
        for node in &mut view.nodes {
            (node.load, node.execution) = (None, None);
        }
    });
    let line = only(&view);
    assert!(
        line.starts_with("SLOW relay holds back source: takes 1.00k msg/s; "),
        "{line}"
    );
}

#[test]
fn an_edge_that_drops_is_named_with_the_reason() {
    let view = with(|view| {
        let edge = &mut view.edges[INTO_SINK];
        edge.policy = PolicyKind::Drop;
        edge.dropped_rate = 800.0;
        edge.delivered_rate = 200.0;
    });
    assert_eq!(
        told(&view)[0],
        "LOSS relay:out->sink:in drops 800/s (80%): sink takes only 200 of 1.00k/s, so its 8 \
         places fill up"
    );
    assert_eq!(view.edges[INTO_SINK].trouble, Some(Kind::Loss));
    assert!(told(&view)[1].starts_with("SLOW sink too slow for relay"));
}

#[test]
fn evictions_are_told_but_do_not_alarm() {
    let view = with(|view| {
        let edge = &mut view.edges[INTO_SINK];
        edge.policy = PolicyKind::Latest;
        edge.evicted_rate = 900.0;
    });
    let line = only(&view);
    assert!(
        line.starts_with("EVICTS relay:out->sink:in keeps the newest 8"),
        "{line}"
    );
    assert!(!view.trouble[0].kind.is_alarming());
}

#[test]
fn messages_discarded_for_a_consumer_that_is_gone_are_a_loss() {
    let view = with(|view| {
        view.edges[INTO_SINK].discarded_rate = 8.0;
        view.nodes[SINK].state = NodeState::Quarantined;
    });
    let told = told(&view);
    assert!(told[0].starts_with("FAULT sink is quarantined"), "{told:?}");
    assert!(
        told[1].ends_with("discards 8/s: sink is quarantined"),
        "{told:?}"
    );
}

#[test]
fn a_failing_node_is_a_fault_and_one_that_failed_before_is_not() {
    let failing = with(|view| {
        view.nodes[RELAY].fault_rate = 4.5;
        view.nodes[RELAY].errors = 17;
    });
    assert_eq!(
        only(&failing),
        "FAULT relay fails 4.50/s and goes on (17 errors, 0 panics)"
    );
    let failed = with(|view| view.nodes[RELAY].panics = 1);
    assert_eq!(
        only(&failed),
        "BEFORE relay failed earlier (0 errors, 1 panics, 0 restarts)"
    );
}

#[test]
fn losses_of_earlier_intervals_are_told_as_such() {
    let view = with(|view| {
        view.edges[INTO_SINK].policy = PolicyKind::Drop;
        view.edges[INTO_SINK].ledger = balanced(55);
    });
    assert_eq!(
        only(&view),
        "BEFORE relay:out->sink:in lost 55 messages earlier"
    );
}

#[test]
fn a_paused_node_is_not_slow() {
    let view = with(|view| {
        fill(view, INTO_SINK);
        view.nodes[SINK].state = NodeState::Paused;
    });
    assert_eq!(only(&view), "PAUSED sink is paused; 8 messages wait for it");
}

#[test]
fn a_worker_that_does_not_come_back_from_a_handler_is_stuck() {
    let view = with(|view| {
        fill(view, INTO_SINK);
        view.workers[1].picks_rate = [0.0; 3];
    });
    let line = only(&view);
    assert!(
        line.starts_with("STUCK worker 1 has called nobody for 1.00s"),
        "{line}"
    );
    assert!(line.contains("8 messages wait for sink"), "{line}");
    assert_eq!(view.workers[1].trouble, Some(Kind::Stuck));
}

#[test]
fn a_ring_of_full_edges_is_a_deadlock() {
    let view = with(|view| {
        let mut back = view.edges[INTO_SINK].clone();
        back.id = "sink:out->relay:back".into();
        (back.producer, back.consumer) = (Some(SINK), Some(RELAY));
        view.edges.push(back);
        fill(view, INTO_SINK);
        fill(view, 2);
        for worker in &mut view.workers {
            worker.picks_rate = [0.0; 3];
        }
    });
    let line = only(&view);
    assert!(line.starts_with("STUCK nothing moves"), "{line}");
    assert!(
        line.contains("relay:out->sink:in and sink:out->relay:back"),
        "{line}"
    );
}

#[test]
fn ticks_are_late_from_one_in_twenty_on_unless_the_node_is_held_back() {
    let late = |rate: f64| {
        move |view: &mut View| {
            view.nodes[SOURCE].ticks_rate = 1_000.0;
            view.nodes[SOURCE].late_rate = rate;
            view.nodes[SOURCE].lateness = spread(400);
        }
    };
    assert_eq!(told(&with(late(50.0))), [""; 0]);
    assert_eq!(
        only(&with(late(200.0))),
        "LATE source begins 200 ticks/s late or not at all, and serves 1.00k; one in a hundred by \
         800us or more"
    );
    let held = with(|view| {
        late(200.0)(view);
        fill(view, INTO_RELAY);
    });
    assert!(only(&held).starts_with("SLOW relay"));
}

#[test]
fn a_ledger_is_judged_at_rest_only() {
    let broken = |phase| {
        with(|view| {
            view.phase = phase;
            view.edges[INTO_SINK].ledger.delivered -= 1;
        })
    };
    assert_eq!(told(&broken(ServedPhase::Running)), [""; 0]);
    let line = only(&broken(ServedPhase::Stopped));
    assert!(line.starts_with("LEDGER 1 edges do not balance"), "{line}");
}

#[test]
fn one_line_of_each_kind_comes_before_a_second_of_any() {
    let view = with(|view| {
        for node in &mut view.nodes {
            node.fault_rate = 1.0;
        }
        fill(view, INTO_SINK);
        view.edges[INTO_RELAY].policy = PolicyKind::Drop;
        view.edges[INTO_RELAY].dropped_rate = 5.0;
    });
    let kinds: Vec<Kind> = view.trouble.iter().map(|finding| finding.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Fault,
            Kind::Loss,
            Kind::Slow,
            Kind::Fault,
            Kind::Fault
        ]
    );
}

#[test]
fn a_first_reading_alone_accuses_nobody_of_standing_still() {
    let mut view = calm();
    view.interval_seconds = 0.0;
    view.workers[1].picks_rate = [0.0; 3];
    fill(&mut view, INTO_SINK);
    view.find_trouble();
    assert!(only(&view).starts_with("SLOW sink"));
    assert_eq!(
        view.nodes[SINK].execution.unwrap().p50,
        Duration::from_micros(10)
    );
}
