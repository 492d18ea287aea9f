//! What a person sees while the monitor runs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use crate::aggregate::{Aggregate, Spread};
use crate::rates::Rates;

/// How much the monitor itself has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Time since the start.
    pub(crate) elapsed: Duration,
    /// Samples taken.
    pub(crate) samples: u64,
    /// Lines recorded.
    pub(crate) recorded: u64,
    /// Alarms raised.
    pub(crate) alarms: u64,
}

/// Everything one refresh shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// The latest rates.
    pub(crate) rates: &'a Rates,
    /// The latest complete second, once there is one.
    pub(crate) second: Option<&'a Aggregate>,
    /// The monitor's own counters.
    pub(crate) counters: Counters,
}

/// Shows one [`View`] after the other.
///
/// On a terminal, a screen of a few lines that is drawn over the previous
/// one; otherwise (a file, a pipe) one line per refresh.
#[derive(Debug)]
pub(crate) struct Dashboard<W> {
    out: W,
    in_place: bool,
    /// Lines of the screen that stands on the terminal.
    drawn: usize,
    /// The refresh being written; its room is used again.
    text: String,
}

impl<W: Write> Dashboard<W> {
    /// A dashboard that writes to `out`; `in_place` when that is a terminal.
    pub(crate) fn new(out: W, in_place: bool) -> Self {
        Self {
            out,
            in_place,
            drawn: 0,
            text: String::with_capacity(1_024),
        }
    }

    /// Shows `view`.
    ///
    /// # Errors
    /// What writing to the output gave: a closed pipe, say.
    pub(crate) fn show(&mut self, view: &View<'_>) -> io::Result<()> {
        self.text.clear();
        if self.in_place {
            if self.drawn > 0 {
                // Up to the first line of the previous screen.
                push(&mut self.text, format_args!("\x1b[{}A", self.drawn));
            }
            let lines = screen(view);
            self.drawn = lines.len();
            for line in &lines {
                // Erase what the previous, longer line left over.
                push(&mut self.text, format_args!("{line}\x1b[K\n"));
            }
        } else {
            push(&mut self.text, format_args!("{}\n", summary(view)));
        }
        self.out.write_all(self.text.as_bytes())?;
        self.out.flush()
    }
}

/// Appends to a string, which cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// The view as lines of at most 72 columns, the last one not empty.
fn screen(view: &View<'_>) -> Vec<String> {
    let Rates {
        cpu,
        memory,
        received,
        sent,
        read,
        written,
        requests,
    } = *view.rates;
    let mut lines = vec![
        format!("processors  {} {:>8}", bar(cpu), percent(cpu)),
        format!("memory      {} {:>8}", bar(memory), percent(memory)),
        format!(
            "network     {:>12} in  {:>12} out",
            bytes(received),
            bytes(sent)
        ),
        format!(
            "disks       {:>12} in  {:>12} out  {requests} requests/s",
            bytes(read),
            bytes(written)
        ),
        String::new(),
    ];
    if let Some(second) = view.second {
        let row = |name, spread: &Spread, unit: fn(u64) -> String| {
            let (min, mean, max) = (spread.min, second.mean(spread), spread.max);
            format!(
                "{name:<12}{:>14}{:>14}{:>14}",
                unit(min),
                unit(mean),
                unit(max)
            )
        };
        lines.push(format!(
            "{:<12}{:>14}{:>14}{:>14}   of {} readings",
            "last second", "least", "mean", "greatest", second.count
        ));
        lines.push(row("processors", &second.cpu, percent));
        lines.push(row("memory", &second.memory, percent));
        lines.push(row("network", &second.network, bytes));
        lines.push(row("disks", &second.disk, bytes));
        lines.push(String::new());
    }
    let Counters {
        elapsed,
        samples,
        recorded,
        alarms,
    } = view.counters;
    lines.push(format!(
        "{:.1} s   {samples} samples   {recorded} recorded   {alarms} alarms",
        elapsed.as_secs_f64()
    ));
    lines
}

/// The view as one line.
fn summary(view: &View<'_>) -> String {
    let rates = view.rates;
    format!(
        "{:.1} s: cpu {}, memory {}, network {} in {} out, disks {} in {} out, {} samples",
        view.counters.elapsed.as_secs_f64(),
        percent(rates.cpu),
        percent(rates.memory),
        bytes(rates.received),
        bytes(rates.sent),
        bytes(rates.read),
        bytes(rates.written),
        view.counters.samples,
    )
}

/// Hundredths of a percent as a percentage.
fn percent(hundredths: u64) -> String {
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Hundredths of a percent as a bar of 40 columns.
fn bar(hundredths: u64) -> String {
    const COLUMNS: usize = 40;
    let share = usize::try_from(hundredths.min(10_000)).unwrap_or(0);
    let filled = share * COLUMNS / 10_000;
    format!("[{}{}]", "#".repeat(filled), ".".repeat(COLUMNS - filled))
}

/// A number of bytes a second, in the greatest unit that leaves a whole part.
fn bytes(per_second: u64) -> String {
    const UNITS: [&str; 7] = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s", "EB/s"];
    let (mut whole, mut tenths, mut unit) = (per_second, 0, 0);
    while whole >= 1_000 {
        tenths = whole % 1_000 / 100;
        whole /= 1_000;
        unit += 1;
    }
    match unit {
        0 => format!("{whole} {}", UNITS[0]),
        _ => format!("{whole}.{tenths} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate::time::Timestamp;

    const GREATEST: Rates = Rates {
        cpu: 10_000,
        memory: 10_000,
        received: u64::MAX,
        sent: u64::MAX,
        read: u64::MAX,
        written: u64::MAX,
        requests: 9_999_999,
    };

    fn view<'a>(rates: &'a Rates, second: Option<&'a Aggregate>) -> View<'a> {
        View {
            rates,
            second,
            counters: Counters {
                elapsed: Duration::from_millis(1_260),
                samples: 1_234,
                recorded: 1_200,
                alarms: 2,
            },
        }
    }

    fn shown(in_place: bool, times: usize) -> String {
        let rates = Rates::default();
        let mut out = Vec::new();
        let mut dashboard = Dashboard::new(&mut out, in_place);
        for _ in 0..times {
            dashboard.show(&view(&rates, None)).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_screen_fits_a_small_terminal_whatever_the_numbers() {
        let second = Aggregate::of(Timestamp::EPOCH, &GREATEST);
        let lines = screen(&view(&GREATEST, Some(&second)));
        assert!(lines.len() <= 15, "{} lines", lines.len());
        for line in &lines {
            assert!(line.len() <= 72, "{} columns: {line}", line.len());
        }
    }

    #[test]
    fn a_screen_shows_rates_the_last_second_and_the_counters() {
        let rates = Rates {
            cpu: 1_234,
            received: 1_500,
            ..Rates::default()
        };
        let mut second = Aggregate::of(Timestamp::EPOCH, &rates);
        second.merge(Aggregate::of(Timestamp::EPOCH, &GREATEST));
        let text = screen(&view(&rates, Some(&second))).join("\n");
        for expected in [
            "12.34 %",
            "1.5 kB/s",
            "2 readings",
            "100.00 %",
            "1.3 s   1234 samples   1200 recorded   2 alarms",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn on_a_terminal_each_screen_is_drawn_over_the_one_before() {
        let once = shown(true, 1);
        let lines = once.matches('\n').count();
        let up = format!("\x1b[{lines}A");
        assert!(!once.contains(&up));
        assert_eq!(shown(true, 3), format!("{once}{up}{once}{up}{once}"));
    }

    #[test]
    fn elsewhere_each_refresh_is_one_line_without_control_codes() {
        let text = shown(false, 3);
        assert_eq!(text.lines().count(), 3);
        assert!(!text.contains('\x1b'));
        assert!(text.contains("1234 samples"), "{text}");
    }

    #[test]
    fn numbers_are_rounded_down_to_the_unit_shown() {
        assert_eq!(bytes(0), "0 B/s");
        assert_eq!(bytes(999), "999 B/s");
        assert_eq!(bytes(1_999), "1.9 kB/s");
        assert_eq!(bytes(u64::MAX), "18.4 EB/s");
        assert_eq!(percent(5), "0.05 %");
        assert_eq!(bar(2_500).matches('#').count(), 10);
        assert_eq!(bar(u64::MAX).matches('#').count(), 40);
    }

    #[test]
    fn a_closed_output_is_an_error_value() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = Dashboard::new(Closed, false)
            .show(&view(&Rates::default(), None))
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
