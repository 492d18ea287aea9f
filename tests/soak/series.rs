//! Readings in a row, and what they must not show.

use std::time::Duration;

/// How much the resident memory may grow over a run, by the line through the
/// readings after the first quarter. Independent of the run's length: what
/// leaks a byte per thousand messages is beyond it within minutes.
pub(crate) const MOST_GROWTH: f64 = 256.0 * 1024.0;

/// The least share of the throughput of the first tenth that the last tenth
/// must have.
pub(crate) const LEAST_SHARE: f64 = 0.5;

/// A tenth with less time on a processor says nothing: it is measured in
/// hundredths of a second.
const LEAST_CPU: Duration = Duration::from_millis(200);

#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// Since the beginning of the test.
    pub(crate) at: Duration,
    pub(crate) delivered: u64,
    pub(crate) cpu: Option<Duration>,
    pub(crate) resident: Option<u64>,
}

/// Made with room for all readings, and every page of it touched: it does not
/// grow itself.
pub(crate) struct Series(Vec<Reading>);

impl Series {
    pub(crate) fn new(readings: u32) -> Self {
        let empty = Reading {
            at: Duration::MAX,
            delivered: u64::MAX,
            cpu: None,
            resident: None,
        };
        let mut readings = vec![empty; readings as usize + 1];
        readings.clear();
        Self(readings)
    }

    pub(crate) fn push(&mut self, reading: Reading) {
        assert!(self.0.len() < self.0.capacity(), "it would grow");
        self.0.push(reading);
    }

    /// Fails when memory grew.
    #[track_caller]
    pub(crate) fn memory(&self) -> String {
        let settled = &self.0[self.0.len() / 4..];
        let points: Option<Vec<(f64, f64)>> = settled
            .iter()
            .map(|reading| Some((reading.at.as_secs_f64(), reading.resident? as f64)))
            .collect();
        let Some(points) = points else {
            if cfg!(target_os = "linux") {
                panic!("/proc does not tell it");
            }
            return "not to be had here".into();
        };
        let (first, last) = (points[0], points[points.len() - 1]);
        let slope = slope(&points);
        let growth = slope * (last.0 - first.0);
        let text = format!(
            "{:.0} KiB resident, {:.0} KiB at the end, {:+.1} KiB by the line, {slope:+.1} bytes a second",
            first.1 / 1024.0,
            last.1 / 1024.0,
            growth / 1024.0
        );
        assert!(growth <= MOST_GROWTH, "memory grows: {text}");
        text
    }

    /// Fails when the last tenth did much less than the first with the same
    /// time on the processors, so that who else wants them makes no difference.
    #[track_caller]
    pub(crate) fn throughput(&self) -> String {
        let tenth = self.0.len() / 10;
        let first = [self.0[0], self.0[tenth]];
        let last = [self.0[self.0.len() - 1 - tenth], self.0[self.0.len() - 1]];
        for [from, to] in [first, last] {
            assert!(to.delivered > from.delivered, "nothing moved for a tenth");
        }
        let per_second = |[from, to]: [Reading; 2]| {
            (to.delivered - from.delivered) as f64 / (to.at - from.at).as_secs_f64()
        };
        let by_clock = format!(
            "{:.0} messages a second at first, {:.0} at the end",
            per_second(first),
            per_second(last)
        );
        let per_cpu = |[from, to]: [Reading; 2]| {
            let cpu = to.cpu? - from.cpu?;
            let messages = (to.delivered - from.delivered) as f64;
            (cpu >= LEAST_CPU).then(|| messages / cpu.as_secs_f64())
        };
        let (Some(at_first), Some(at_last)) = (per_cpu(first), per_cpu(last)) else {
            return format!("{by_clock}; too little to compare");
        };
        let share = at_last / at_first;
        let text = format!("{by_clock}; by time on a processor {share:.2} of the first tenth");
        assert!(share >= LEAST_SHARE, "it slows down: {text}");
        text
    }
}

/// Of the line nearest to these points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / count;
    let mut above = 0.0;
    let mut below = 0.0;
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    above / below
}
