//! Ticks beside the monotonic clock.

use std::time::Duration;

use tidegate::engine::Report;
use tidegate::node::{NodeOptions, Tick};

use super::common::{Count, Lab, Probe};

const INTERVAL: Duration = Duration::from_millis(1);
const NANOS: u64 = INTERVAL.as_nanos() as u64;
const NEVER: u64 = u64::MAX;

/// A node that does nothing but tick, and what it has noted.
///
/// Of a tick that nothing was skipped for it is known which one of its cadence
/// it is: all served and skipped before are numbered.
pub(crate) struct Metronome {
    path: String,
    /// Such ticks.
    numbered: Count,
    /// Such ticks that came before they were due, or whose number is not that
    /// of the time that they were due at.
    wrong: Count,
    /// Whether the last tenth of the run has begun.
    in_last_tenth: Count,
    /// How late such a tick of the last tenth was, at best. In nanoseconds.
    late: Count,
}

impl Metronome {
    pub(crate) fn plant(lab: &mut Lab, worker: usize) -> Self {
        let this = Self {
            path: format!("metronome{worker}"),
            numbered: Count::default(),
            wrong: Count::default(),
            in_last_tenth: Count::default(),
            late: Count::default(),
        };
        this.late.set(NEVER);
        let (numbered, wrong) = (this.numbered.clone(), this.wrong.clone());
        let (in_last_tenth, late) = (this.in_last_tenth.clone(), this.late.clone());
        let (mut number, mut first) = (0, None);
        let probe = Probe::new().on_tick(Tick::Every(INTERVAL), move |_, cx| {
            let tick = cx.tick().expect("this is a tick");
            number += 1 + tick.missed;
            if tick.missed > 0 {
                return Ok(());
            }
            let (due, now) = (tick.due.as_nanos(), cx.now().as_nanos());
            let (first_due, first_number) = *first.get_or_insert((due, number));
            let expected = first_due + (number - first_number) * NANOS;
            if due != expected || now < due {
                wrong.up();
                return Ok(());
            }
            numbered.up();
            if in_last_tenth.get() > 0 {
                late.set(late.get().min(now - due));
            }
            Ok(())
        });
        lab.add_with(&this.path, probe, NodeOptions::new().worker(worker));
        this
    }

    pub(crate) fn begin_last_tenth(&self) {
        self.in_last_tenth.set(1);
    }

    /// Whether a tick of the last tenth of the run came at its time.
    pub(crate) fn is_in_time(&self) -> bool {
        self.late.get() < NANOS
    }

    /// Fails unless every tick was served or skipped once, at whole multiples
    /// of the interval.
    #[track_caller]
    pub(crate) fn verdict(&self, report: &Report) -> String {
        let node = report.node(&self.path).unwrap();
        assert_eq!(self.wrong.get(), 0, "at another time than its own");
        assert!(self.numbered.get() > 1, "{report}");
        format!(
            "{}: {} served, {} skipped, at the end late by {:?} at best",
            self.path,
            node.ticks,
            node.missed_ticks,
            Duration::from_nanos(self.late.get())
        )
    }
}
