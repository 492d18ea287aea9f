//! What the files say.

use core::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::metrics::{Recording, Versions};
use crate::sync::lock;

use super::super::blueprint::Blueprint;
use super::super::diagnosis::Diagnosis;
use super::super::handle::ControlRecord;
use super::super::report::FaultReport;
use super::super::snapshot::Snapshot;
use super::Occasion;

/// How many of the latest faults and stalls are told.
const MOST_FAULTS: usize = 10;

/// How many of the latest events of each worker are told.
const MOST_EVENTS: usize = 1_000;

/// What a directory is about.
pub(super) struct Content<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) occasion: Occasion,
    pub(super) why: &'a str,
    pub(super) diagnosis: &'a Diagnosis,
    pub(super) snapshot: &'a Snapshot,
}

impl Content<'_> {
    /// What somebody on call reads first.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_summary(&mut text);
        text
    }

    fn write_summary(&self, text: &mut String) -> core::fmt::Result {
        let blueprint = self.blueprint;
        let at = self.diagnosis.taken_at;
        writeln!(text, "{}: {}", self.occasion.name(), self.why)?;
        writeln!(text)?;
        write!(text, "{}", self.diagnosis)?;
        let faults = self.faults();
        writeln!(text, "LAST FAULTS")?;
        for fault in &faults {
            let before = at.since(fault.at).as_secs_f64();
            let FaultReport {
                node,
                hook,
                message,
                ..
            } = fault;
            writeln!(text, "  {before:.3} s before: {node} in {hook}: {message}")?;
        }
        if faults.is_empty() {
            writeln!(text, "  none")?;
        }
        writeln!(text, "RUN")?;
        let wall = utc(blueprint.clock.to_wall(at));
        let since = at.as_nanos() as f64 / 1e9;
        writeln!(
            text,
            "  graph     {}, {} nodes, {} edges, {} workers",
            blueprint.name,
            self.snapshot.nodes.len(),
            self.snapshot.edges.len(),
            self.snapshot.workers.len()
        )?;
        writeln!(
            text,
            "  moment    {wall} by the engine's clock, {since:.3} s after its epoch"
        )?;
        writeln!(text, "  seed      {}", blueprint.seed)?;
        writeln!(text, "  process   {}", std::process::id())?;
        let Versions {
            tidegate,
            os,
            arch,
            debug_assertions,
        } = Versions::current();
        let build = if debug_assertions {
            ", checked build"
        } else {
            ""
        };
        writeln!(
            text,
            "  versions  tidegate {tidegate} on {os} {arch}{build}"
        )?;
        writeln!(text, "FILES")?;
        writeln!(
            text,
            "  figures.txt  every edge's ledger, every node, every worker"
        )?;
        writeln!(
            text,
            "  calls.tsv    the last calls that changed something, and since when"
        )?;
        if blueprint.shared.observation.records() {
            writeln!(text, "  events.tsv   the last events of each worker")?;
        }
        if cfg!(feature = "inspect") {
            writeln!(text, "  state.json   all of this, for programs")?;
        }
        Ok(())
    }

    /// The latest ones, the last one first.
    fn faults(&self) -> Vec<FaultReport> {
        let log = lock(&self.blueprint.faults);
        let latest = log.reports.iter().rev().take(MOST_FAULTS);
        latest.cloned().collect()
    }

    /// The same for programs.
    #[cfg(feature = "inspect")]
    pub(super) fn json(&self, path: &std::path::Path) -> Result<Vec<u8>, super::ArtefactError> {
        let Versions {
            tidegate, os, arch, ..
        } = Versions::current();
        let faults: Vec<_> = (self.faults().into_iter())
            .map(|fault| {
                serde_json::json!({
                    "node": fault.node,
                    "hook": fault.hook.to_string(),
                    "at": fault.at,
                    "message": fault.message,
                })
            })
            .collect();
        let state = serde_json::json!({
            "occasion": self.occasion.name(),
            "why": self.why,
            "graph": self.blueprint.name,
            "seed": self.blueprint.seed,
            "process": std::process::id(),
            "versions": { "tidegate": tidegate, "os": os, "arch": arch },
            "faults": faults,
            "diagnosis": self.diagnosis,
            "snapshot": self.snapshot,
        });
        serde_json::to_vec(&state)
            .map_err(|error| super::ArtefactError::io(path, "make JSON for")(error.into()))
    }
}

/// One line per call through a handle, the oldest first: its number,
/// nanoseconds of the engine's clock, what was asked, what became of it.
pub(super) fn calls(calls: &[ControlRecord]) -> String {
    let mut text = String::from("number\tat_ns\tcall\toutcome\n");
    for call in calls {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{call}");
    }
    text
}

/// One line per event, in the order of their moments: nanoseconds of the
/// engine's clock, the worker, whom it is about, what it was.
pub(super) fn events(recording: &Recording) -> String {
    let mut text = String::from("at_ns\tworker\tabout\tevent\n");
    let lost = recording.workers.iter();
    let skipped: Vec<usize> = lost
        .map(|worker| worker.events.len().saturating_sub(MOST_EVENTS))
        .collect();
    let mut seen = vec![0; skipped.len()];
    for (worker, event) in recording.events() {
        seen[worker] += 1;
        if seen[worker] <= skipped[worker] {
            continue;
        }
        let Some(kind) = event.kind() else {
            continue;
        };
        let at = event.at().as_nanos();
        let about = recording.subject(&kind).unwrap_or("-");
        // Writing to a string does not fail.
        let _ = writeln!(text, "{at}\t{worker}\t{about}\t{kind:?}");
    }
    text
}

/// `2026-01-31T23:59:59Z`.
fn utc(moment: SystemTime) -> String {
    let seconds = moment
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms":
    // `civil_from_days`, for days not before 1970. A year begins in March, so
    // that the leap day is its last.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn moments_are_told_as_dates() {
        // Checked with `date -u -d @…`.
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), date);
        }
    }
}
