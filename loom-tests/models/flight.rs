//! A reader of a flight recorder sees whole events only, in order, while the
//! writer overwrites them.

use super::harness::Model;
use super::model_tests;
use crate::metrics::{Event, EventKind, FlightRing};
use crate::sync::{Arc, thread};
use crate::time::Timestamp;

/// The number is in two words, so that a mixture of two events shows.
fn numbered(number: u64) -> Event {
    Event::new(
        Timestamp::from_nanos(number + 1),
        EventKind::Change {
            version: number + 1,
        },
    )
}

/// Reads while so many events are recorded in a ring of this size; what the
/// reader saw.
fn watch(slots: usize, events: u64) -> String {
    let ring = Arc::new(FlightRing::new(slots));
    let writer = {
        let ring = ring.clone();
        thread::Builder::new()
            .spawn(move || (0..events).for_each(|number| ring.record(numbered(number))))
            .unwrap()
    };
    let (seen, lost) = ring.read();
    for (number, event) in (lost..).zip(&seen) {
        assert_eq!(*event, numbered(number));
    }
    writer.join().unwrap();
    let (last, all) = ring.read();
    assert_eq!(
        last.len() as u64 + all,
        events,
        "nothing is written any more"
    );
    format!("{}+{lost}", seen.len())
}

macro_rules! flights {
    ($($name:ident: $slots:literal, $events:literal => [$($outcome:literal),*], $plain:literal / $shimmed:literal;)+) => {
        pub(super) const MODELS: &[Model] = &[$(Model {
            name: stringify!($name),
            run: || watch($slots, $events),
            outcomes: &[$($outcome),*],
            executions: [$plain, $shimmed],
            preemptions: None,
        }),+];

        model_tests!($($name),+);
    };
}

// The outcomes: how many events the reader saw, and how many it knew to be lost.
flights! {
    flight_1: 1, 2 => ["0+0", "0+1", "1+0", "1+1"], 1_900 / 450;
    flight_2: 2, 3 => ["0+0", "0+1", "1+0", "1+1", "2+0", "2+1"], 6_500 / 1_500;
}
