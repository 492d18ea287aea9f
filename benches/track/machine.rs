//! The machine that the figures are of.

use std::process::Command;

use core_affinity::CoreId;

/// The two cores that everything runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) first: usize,
    /// `None` on a machine with one core: rows that need two are left out.
    pub(crate) second: Option<usize>,
}

impl Cores {
    pub(crate) fn available() -> Self {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let id = |index: usize| cores.get(index).map(|core| core.id);
        Self {
            first: id(0).unwrap_or_default(),
            second: id(1),
        }
    }

    /// Both, for a row that needs two.
    pub(crate) fn both(self) -> [usize; 2] {
        [
            self.first,
            self.second
                .expect("rows that need two cores are left out without them"),
        ]
    }

    /// How a row on so many cores is named in the table.
    pub(crate) fn named(self, count: usize) -> String {
        match (count, self.second) {
            (2, Some(second)) => format!("{}+{second}", self.first),
            _ => self.first.to_string(),
        }
    }
}

/// Measurements mean little on a thread that moves.
fn pin(core: usize) {
    let pinned = core_affinity::set_for_current(CoreId { id: core });
    assert!(pinned, "this thread cannot be pinned to core {core}");
}

/// `work` on a thread of its own on `core`; what it returns. The calling
/// thread stays unpinned, because engines inherit what it may use.
pub(crate) fn on_core<R: Send>(core: usize, work: impl FnOnce() -> R + Send) -> R {
    let pinned = move || {
        pin(core);
        work()
    };
    let result = std::thread::scope(|scope| scope.spawn(pinned).join());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A thread on `core`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn spawn_on<R: Send + 'static>(
    core: usize,
    work: impl FnOnce() -> R + Send + 'static,
) -> std::thread::JoinHandle<R> {
    std::thread::spawn(move || {
        pin(core);
        work()
    })
}

/// The processor's name, as the kernel gives it.
pub(crate) fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model
        .and_then(|rest| rest.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The first line that a command prints; `unknown` when it cannot be run.
pub(crate) fn said_by(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    output
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().next().map(str::to_owned)
        })
        .unwrap_or_else(|| "unknown".to_owned())
}
