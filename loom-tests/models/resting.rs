//! Who sees that a node rests sees all that it sent.

use std::sync::Arc;

use super::harness::{Model, edge, send_all};
use super::model_tests;
use crate::edge::PolicyKind;
use crate::sched::resting::Rest;
use crate::sync::{Arc as ModelArc, Counter, thread};

/// The producer's node sends a message and comes to rest for a drain; the
/// consumer's worker looks so often whether it does. What it saw.
fn rest(kind: PolicyKind, looks: usize) -> String {
    const DRAIN: u64 = 7;
    let alive: Arc<Counter> = Arc::default();
    let (mut producer, mut consumer) = edge(kind, 1, 1);
    let rest = ModelArc::new(Rest::default());
    rest.begin(DRAIN - 1); // an earlier drain
    let node = {
        let (rest, alive) = (rest.clone(), alive.clone());
        thread::Builder::new()
            .spawn(move || {
                send_all(&mut producer, 0..1, &alive);
                rest.begin(DRAIN);
                producer
            })
            .unwrap()
    };
    let mut seen = String::new();
    for _ in 0..looks {
        let rests = rest.is_for(DRAIN);
        if rests {
            assert!(consumer.control().has_pending(), "a message was missed");
        }
        seen.push(if rests { 'r' } else { '-' });
    }
    drop(node.join().unwrap());
    assert!(rest.is_for(DRAIN) && consumer.take().is_some());
    drop(consumer);
    assert_eq!(alive.get(), 0);
    seen
}

macro_rules! rests {
    ($($name:ident: $kind:ident, $looks:literal => $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || rest(PolicyKind::$kind, $looks),
            outcomes: &["--", "-r", "rr"],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

rests! {
    rest_after_block: Block, 2 => 17 / 9;
    rest_after_latest: Latest, 2 => 17 / 9;
    rest_after_coalesce: Coalesce, 2 => 17 / 9;
}
