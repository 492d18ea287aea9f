//! A marked message's moment reaches the consumer with the message: never that
//! of another mark.

use super::harness::Model;
use super::model_tests;
use crate::edge::Mark;
use crate::sync::{Arc, AtomicU64, Ordering, thread};
use crate::time::Timestamp;

/// The producer marks every message with a moment of its own before it sends
/// it, the last one only for a try; the consumer looks so many times how far it
/// is. What the consumer saw.
fn time(messages: u64, looks: usize) -> String {
    let mark = Arc::new(Mark::default());
    // What the producer sent, as the edge's tail would say.
    let sent = Arc::new(AtomicU64::new(0));
    let producer = {
        let (mark, sent) = (mark.clone(), sent.clone());
        thread::Builder::new()
            .spawn(move || {
                for message in 1..=messages {
                    mark.set(message, Timestamp::from_nanos(message * 10));
                    sent.store(message, Ordering::Release);
                }
                mark.set(messages + 1, Timestamp::EPOCH);
                mark.retract(messages + 1);
            })
            .unwrap()
    };
    let mut seen = String::new();
    for _ in 0..looks {
        if mark.is_passed(sent.load(Ordering::Acquire)) {
            let marked = mark.take();
            assert_eq!(marked.moment.as_nanos(), marked.message * 10);
            seen += &marked.message.to_string();
        }
    }
    producer.join().unwrap();
    seen
}

macro_rules! marks {
    ($($name:ident: $messages:literal, $looks:literal => [$($outcome:literal),*], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || time($messages, $looks),
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

marks! {
    marked_2: 2, 2 => ["", "1", "12"], 1_100 / 200;
    marked_3: 3, 2 => ["", "1", "12", "13"], 4_200 / 450;
}
