//! The flight recorder of one worker: a ring that keeps the last events.
//!
//! One writer, which never waits and overwrites the oldest event; any number
//! of readers, at any time, which disturb nobody. A reader copies events that
//! may be overwritten under its hands, and finds out afterwards which ones:
//! those it leaves out. All words are atomics, so there is no racy access to
//! begin with.
//!
//! # Protocol
//! Event number `k` lies in slot `k % slots`.
//!
//! ```text
//! record:  B1  begun = k + 1           read:  P2  end = finished
//!              the words of the slot              copy the words of all events before end
//!          P1  finished = k + 1               B2  leave out those below begun - slots
//! ```
//!
//! # Happens-before edges
//!
//! - **[P1→P2]** finished: the words of all events before it are visible, or
//!   later ones.
//! - **[B1→B2]** a word of event `k`, to a reader that sees it: `begun` is
//!   beyond `k`. So a reader whose copy of an older event was overwritten in
//!   part sees in `begun` that its slot is in use again.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::sync::{AtomicU64, Ordering, mutant, order};

use super::event::Event;

/// The words of an event.
const WORDS: usize = size_of::<Event>() / size_of::<u64>();

/// The last events of one worker.
///
/// All that the writer needs of it is in one cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct FlightRing {
    /// Events that were recorded, or are being recorded. Counts up only; by the
    /// writer.
    begun: AtomicU64,
    /// Events that were recorded. Counts up only; by the writer.
    finished: AtomicU64,
    /// Their number is a power of two.
    slots: Box<[Slot]>,
}

#[derive(Debug)]
struct Slot([AtomicU64; WORDS]);

impl FlightRing {
    /// A ring for the last `events` events, rounded up to a power of two; its
    /// memory is allocated and touched.
    pub(crate) fn new(events: usize) -> Self {
        let slot = |_| Slot([const { 0 }; WORDS].map(AtomicU64::new));
        Self {
            begun: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            slots: (0..slots_for(events)).map(slot).collect(),
        }
    }

    /// Adds an event; the oldest one goes if there is no room. By the one
    /// writer only. Wait-free: six stores.
    #[inline]
    pub(crate) fn record(&self, event: Event) {
        // Relaxed: its own.
        let number = self.begun.load(Ordering::Relaxed);
        // Relaxed: the words carry it along [B1].
        self.begun.store(number + 1, Ordering::Relaxed);
        let Slot(slot) = &self.slots[self.index(number)];
        // Release [B1]: who sees a word of this event sees `begun` beyond it.
        let release = order("flight-word", Ordering::Release, Ordering::Relaxed);
        let words: [u64; WORDS] = bytemuck::cast(event);
        for (place, word) in slot.iter().zip(words) {
            place.store(word, release);
        }
        // Release [P1]: the words are there before the event counts.
        let release = order("flight-finished", Ordering::Release, Ordering::Relaxed);
        self.finished.store(number + 1, release);
    }

    /// The events that are there, the oldest first, and how many were recorded
    /// before those. By any thread; wait-free: it copies each slot once.
    pub(crate) fn read(&self) -> (Vec<Event>, u64) {
        let slots = self.slots.len() as u64;
        // Acquire [P2]: the words of the events before this are visible.
        let acquire = order("flight-look", Ordering::Acquire, Ordering::Relaxed);
        let end = self.finished.load(acquire);
        let first = end.saturating_sub(slots);
        // Acquire [B2]: what overwrote a word that is read here is seen to have
        // begun.
        let acquire = order("flight-copy", Ordering::Acquire, Ordering::Relaxed);
        let copy = |number| {
            let Slot(slot) = &self.slots[self.index(number)];
            bytemuck::cast([0, 1, 2, 3].map(|word: usize| slot[word].load(acquire)))
        };
        let mut events: Vec<Event> = (first..end).map(copy).collect();
        // Relaxed: the words that were read order it [B2].
        let begun = self.begun.load(Ordering::Relaxed);
        let mut overwritten = begun.saturating_sub(slots).clamp(first, end);
        if mutant("flight-no-second-look") {
            overwritten = first;
        }
        events.drain(..(overwritten - first) as usize);
        (events, overwritten)
    }

    #[inline(always)]
    fn index(&self, number: u64) -> usize {
        (number & (self.slots.len() as u64 - 1)) as usize
    }

    /// Bytes that a ring for so many events occupies.
    pub(crate) const fn footprint(events: usize) -> usize {
        size_of::<Self>().saturating_add(slots_for(events).saturating_mul(size_of::<Slot>()))
    }
}

const fn slots_for(events: usize) -> usize {
    if events < 2 {
        1
    } else {
        events.next_power_of_two()
    }
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::metrics::EventKind;
    use crate::sync::{Arc, thread};
    use crate::time::Timestamp;

    fn numbered(number: u64) -> Event {
        // The number in two words, so that a mixture of two events shows.
        Event::new(
            Timestamp::from_nanos(number),
            EventKind::Change { version: number },
        )
    }

    fn is_numbered(event: &Event, number: u64) -> bool {
        *event == numbered(number)
    }

    #[test]
    fn a_ring_keeps_the_last_events_in_order_and_counts_the_others() {
        let ring = FlightRing::new(3);
        assert_eq!(ring.read(), (vec![], 0));
        for number in 0..11 {
            ring.record(numbered(number));
        }
        let (events, lost) = ring.read();
        assert_eq!(lost, 7, "three are rounded up to four");
        assert!(events.iter().map(|e| e.at().as_nanos()).eq(7..11));
    }

    #[test]
    fn a_reader_never_sees_a_mixture_of_two_events() {
        let rounds = if cfg!(miri) { 200 } else { 200_000 };
        let ring = Arc::new(FlightRing::new(8));
        let writer = {
            let ring = ring.clone();
            thread::Builder::new().spawn(move || {
                for number in 0..rounds {
                    ring.record(numbered(number));
                }
            })
        };
        loop {
            let (events, lost) = ring.read();
            for (number, event) in (lost..).zip(&events) {
                assert!(is_numbered(event, number), "{event:?} is not {number}");
            }
            if lost + events.len() as u64 == rounds {
                break;
            }
        }
        writer.unwrap().join().unwrap();
    }
}
