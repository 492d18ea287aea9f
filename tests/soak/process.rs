//! What the kernel says about this process; nothing where there is no `/proc`.

use std::time::Duration;

/// How much memory is resident, counted page by page. `None`: not to be had.
#[cfg(target_os = "linux")]
pub(crate) fn resident_bytes() -> Option<u64> {
    use procfs::process::{MMapPath, Process};
    // Not `statm`, which lags behind by some pages for each processor.
    let rollup = Process::myself().and_then(|this| this.smaps_rollup());
    let maps = rollup.ok()?.memory_map_rollup;
    let rollup = (maps.into_iter()).find(|map| map.pathname == MMapPath::Rollup);
    rollup?.extension.map.get("Rss").copied()
}

/// How much time on a processor all threads had. `None`: not to be had.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_time() -> Option<Duration> {
    let this = procfs::process::Process::myself().ok()?;
    let stat = this.stat().ok()?;
    let ticks = Duration::from_secs(stat.utime + stat.stime);
    Some(ticks / u32::try_from(procfs::ticks_per_second()).ok()?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn resident_bytes() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_time() -> Option<Duration> {
    None
}
