//! Shows the latest of everything, five times a second.

use std::io::{IsTerminal, Stdout};
use std::sync::mpsc::Sender;
use std::time::Duration;

use tidegate::node::{Context, Input, Node, NodeResult, Ports, Tick};
use tidegate::time::Timestamp;

use super::alarm::Level;
use crate::aggregate::Aggregate;
use crate::dashboard::{Counters, Dashboard, View};
use crate::percentiles::{Latencies, Percentiles};
use crate::rates::Rates;

/// How long a refresh stands.
const REFRESH: Duration = Duration::from_millis(200);
/// Refreshes between two looks at the sums: a second.
const REFRESHES_PER_SECOND: u64 = 5;

/// The dashboard. Its inputs are passive: it looks at them when it refreshes,
/// however much arrives in between.
pub(crate) struct Display {
    pub(crate) rates: Input<Rates>,
    pub(crate) sums: Input<Aggregate>,
    pub(crate) notices: Input<Level>,
    dashboard: Dashboard<Stdout>,
    latest: Option<Rates>,
    second: Option<Aggregate>,
    counters: Counters,
    refreshes: u64,
    latencies: Latencies,
    /// Where the percentiles go in the end.
    result: Sender<Percentiles>,
}

impl Display {
    /// # Errors
    /// None with the histogram's constant bounds; its own type says so.
    pub(crate) fn new(result: Sender<Percentiles>) -> Result<Self, hdrhistogram::CreationError> {
        let stdout = std::io::stdout();
        let in_place = stdout.is_terminal();
        Ok(Self {
            rates: Input::new(),
            sums: Input::new(),
            notices: Input::new(),
            dashboard: Dashboard::new(stdout, in_place),
            latest: None,
            second: None,
            counters: Counters::default(),
            refreshes: 0,
            latencies: Latencies::new()?,
            result,
        })
    }
}

impl Node for Display {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("rates", &mut self.rates).passive();
        ports.input("sums", &mut self.sums).passive();
        ports.input("notices", &mut self.notices).passive();
        ports.tick(Tick::Every(REFRESH));
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.refreshes += 1;
        while let Some(level) = self.notices.recv(cx) {
            self.counters.alarms += u64::from(*level == Level::Busy);
        }
        if self.refreshes.is_multiple_of(REFRESHES_PER_SECOND)
            && let Some(sum) = self.sums.recv(cx)
        {
            self.counters.samples += sum.count;
            self.second = Some(sum.into_payload());
        }
        if let Some(rates) = self.rates.recv(cx) {
            // From the sample that the rates go back to, until it is shown.
            self.latencies.record(rates.header().age(cx.now()));
            self.latest = Some(rates.into_payload());
        }
        self.counters.elapsed = cx.now().since(Timestamp::EPOCH);
        if let Some(rates) = &self.latest {
            self.dashboard.show(&View {
                rates,
                second: self.second.as_ref(),
                counters: self.counters,
            })?;
        }
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        // Nobody listens only when the program is ending anyway.
        let _ = self.result.send(self.latencies.percentiles());
        Ok(())
    }
}
