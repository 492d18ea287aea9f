//! Decides whether the machine is busy.

use tidegate::Message;
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};

use crate::rates::Rates;

/// Busy from this share of the processors' time, in hundredths of a percent …
const BUSY: u64 = 9_000;
/// … and calm again from this.
const CALM: u64 = 7_000;

/// How busy the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// The processors have time to spare.
    Calm,
    /// They have hardly any.
    Busy,
}

/// Watches the rates; announces each change of level to the sampler, and to
/// the display.
#[derive(Default)]
pub(crate) struct Alarm {
    pub(crate) rates: Input<Rates>,
    pub(crate) trip: Output<Level>,
    pub(crate) notices: Output<Level>,
    level: Option<Level>,
}

impl Alarm {
    /// The level after these rates: it changes at different thresholds up and
    /// down, so that it does not flutter.
    fn judge(&self, rates: &Rates) -> Level {
        match self.level {
            Some(Level::Busy) if rates.cpu > CALM => Level::Busy,
            _ if rates.cpu >= BUSY => Level::Busy,
            _ => Level::Calm,
        }
    }
}

impl Node for Alarm {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("rates", &mut self.rates);
        ports.output("trip", &mut self.trip);
        ports.output("notices", &mut self.notices);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(rates) = self.rates.recv(cx) {
            let level = self.judge(&rates);
            if self.level.replace(level) != Some(level) {
                self.trip.send_message(cx, Message::control(level))?;
                self.notices.send(cx, level)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(level: Option<Level>, cpu: u64) -> Level {
        let alarm = Alarm {
            level,
            ..Alarm::default()
        };
        alarm.judge(&Rates {
            cpu,
            ..Rates::default()
        })
    }

    #[test]
    fn the_level_rises_at_ninety_percent_and_falls_at_seventy() {
        assert_eq!(judged(None, 8_999), Level::Calm);
        assert_eq!(judged(None, 9_000), Level::Busy);
        assert_eq!(judged(Some(Level::Calm), 8_000), Level::Calm);
        assert_eq!(judged(Some(Level::Busy), 8_000), Level::Busy);
        assert_eq!(judged(Some(Level::Busy), 7_000), Level::Calm);
    }
}
