//! Where the numbers come from: this machine's counters.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::Sampler;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::Sampler;

/// One reading of the machine's counters. They count from boot, all whole
/// numbers; what a reading means shows in comparison with an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// 0 for the first sample of a run, then one more each.
    pub(crate) sequence: u64,
    /// Processor time of all cores, in the kernel's clock ticks.
    pub(crate) cpu_total: u64,
    /// The part of `cpu_total` in which a core had nothing to do.
    pub(crate) cpu_idle: u64,
    /// Memory in bytes.
    pub(crate) memory_total: u64,
    /// Memory that programs could still get, in bytes.
    pub(crate) memory_available: u64,
    /// Bytes received by all network interfaces but the loopback.
    pub(crate) network_received: u64,
    /// Bytes sent by them.
    pub(crate) network_sent: u64,
    /// Bytes read from all physical disks.
    pub(crate) disk_read: u64,
    /// Bytes written to them.
    pub(crate) disk_written: u64,
    /// Requests they completed, reads and writes.
    pub(crate) disk_requests: u64,
}

/// Why the machine's counters cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcError {
    /// The platform has no `/proc`.
    #[cfg(not(target_os = "linux"))]
    #[error(
        "this machine's counters are read from /proc, which {} does not have; \
         run the example on Linux",
        std::env::consts::OS
    )]
    Unsupported,
    /// The file cannot be opened or read.
    #[cfg(target_os = "linux")]
    #[error("cannot read {path}: {source}; is /proc mounted and readable here?")]
    Read {
        /// The file.
        path: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something unexpected.
    #[cfg(target_os = "linux")]
    #[error("cannot understand {path}: {source}; does this kernel write it differently?")]
    Parse {
        /// The file.
        path: &'static str,
        /// What the parser said.
        source: procfs::ProcError,
    },
}
