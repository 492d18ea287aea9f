//! Reading `/proc`, cheaply enough to do it a thousand times a second.
//!
//! Opening, reading and parsing all four files takes some 70 µs, of which
//! less than a tenth is parsing processor times. So the files stay open, the
//! processor times alone are read for every sample, and the other files take
//! turns: each is read at most about 100 times a second, no two for the same
//! sample if it can be avoided. That makes some 15 µs a sample.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};

use procfs::net::InterfaceDeviceStatus;
use procfs::{
    CpuTime, DiskStats, FromBufRead, FromBufReadSI, KernelStats, Meminfo, ProcResult,
    current_system_info,
};

use super::{ProcError, Sample};

/// How often a second the files that take turns are read, at most.
const TURNS_PER_SECOND: u32 = 100;

/// The kernel counts in sectors of this size, whatever the disk's own.
const SECTOR_BYTES: u64 = 512;

/// Takes samples of this machine's counters.
#[derive(Debug)]
pub(crate) struct Sampler {
    stat: Source,
    meminfo: Source,
    net: Source,
    diskstats: Source,
    /// Physical disks, as they were when the sampler was opened.
    disks: BTreeSet<String>,
    /// The files that take turns are read once in so many samples.
    period: u64,
    /// No turns: every file is read every time.
    thorough: bool,
    /// The latest sample; what is not read stays as it was.
    latest: Sample,
    /// The sequence number of the next sample.
    next: u64,
}

impl Sampler {
    /// Opens the files and reads each once. `rate` is how many samples a
    /// second are going to be taken.
    ///
    /// # Errors
    /// The name of the file that cannot be opened, read or understood.
    pub(crate) fn open(rate: u32) -> Result<Self, ProcError> {
        let mut sampler = Self {
            stat: Source::open("/proc/stat")?,
            meminfo: Source::open("/proc/meminfo")?,
            net: Source::open("/proc/net/dev")?,
            diskstats: Source::open("/proc/diskstats")?,
            disks: physical_disks(),
            period: u64::from((rate / TURNS_PER_SECOND).max(1)),
            thorough: false,
            latest: Sample::default(),
            next: 0,
        };
        sampler.read_processors()?;
        sampler.read_memory()?;
        sampler.read_network()?;
        sampler.read_disks()?;
        Ok(sampler)
    }

    /// Reads every file for every sample when `thorough`, at several times the
    /// cost.
    pub(crate) fn set_thorough(&mut self, thorough: bool) {
        self.thorough = thorough;
    }

    /// Takes the next sample: one or two short reads, and some small
    /// allocations by the parser.
    ///
    /// # Errors
    /// The name of the file that cannot be read or understood any more. The
    /// sampler remains usable; the sequence number is used up.
    pub(crate) fn sample(&mut self) -> Result<Sample, ProcError> {
        self.latest.sequence = self.next;
        self.next += 1;
        self.read_processors()?;
        let turn = self.latest.sequence % self.period;
        if self.thorough || turn == 0 {
            self.read_memory()?;
        }
        if self.thorough || turn == self.period / 3 {
            self.read_network()?;
        }
        if self.thorough || turn == self.period * 2 / 3 {
            self.read_disks()?;
        }
        Ok(self.latest)
    }

    fn read_processors(&mut self) -> Result<(), ProcError> {
        let stats = self
            .stat
            .read(|text| KernelStats::from_buf_read(text, current_system_info()))?;
        let (total, idle) = processor_time(&stats.total);
        self.latest.cpu_total = total;
        self.latest.cpu_idle = idle;
        Ok(())
    }

    fn read_memory(&mut self) -> Result<(), ProcError> {
        let memory = self.meminfo.read(|text| Meminfo::from_buf_read(text))?;
        self.latest.memory_total = memory.mem_total;
        // Kernels before 3.14 do not say; what is free is a lower bound.
        self.latest.memory_available = memory.mem_available.unwrap_or(memory.mem_free);
        Ok(())
    }

    fn read_network(&mut self) -> Result<(), ProcError> {
        let InterfaceDeviceStatus(interfaces) = self
            .net
            .read(|text| InterfaceDeviceStatus::from_buf_read(text))?;
        (self.latest.network_received, self.latest.network_sent) = interfaces
            .values()
            .filter(|interface| interface.name != "lo")
            .fold((0, 0), |(received, sent), interface| {
                (
                    interface.recv_bytes.wrapping_add(received),
                    interface.sent_bytes.wrapping_add(sent),
                )
            });
        Ok(())
    }

    fn read_disks(&mut self) -> Result<(), ProcError> {
        let DiskStats(devices) = self.diskstats.read(|text| DiskStats::from_buf_read(text))?;
        let (mut read, mut written, mut requests) = (0_u64, 0_u64, 0_u64);
        for disk in devices
            .iter()
            .filter(|disk| self.disks.contains(&disk.name))
        {
            read = read.wrapping_add(disk.sectors_read.wrapping_mul(SECTOR_BYTES));
            written = written.wrapping_add(disk.sectors_written.wrapping_mul(SECTOR_BYTES));
            requests = requests.wrapping_add(disk.reads.wrapping_add(disk.writes));
        }
        self.latest.disk_read = read;
        self.latest.disk_written = written;
        self.latest.disk_requests = requests;
        Ok(())
    }
}

/// Total and idle time. Guests' time is in user time already, and a core that
/// waits for a disk has nothing to do.
fn processor_time(time: &CpuTime) -> (u64, u64) {
    let idle = time.idle + time.iowait.unwrap_or(0);
    let busy = time.user
        + time.nice
        + time.system
        + time.irq.unwrap_or(0)
        + time.softirq.unwrap_or(0)
        + time.steal.unwrap_or(0);
    (busy + idle, idle)
}

/// The block devices with hardware behind them. Partitions, loop devices and
/// volumes move the same bytes again, so they must not be counted; without
/// `/sys` no disk is known, and disk rates are 0.
fn physical_disks() -> BTreeSet<String> {
    let Ok(devices) = std::fs::read_dir("/sys/block") else {
        return BTreeSet::new();
    };
    devices
        .flatten()
        .filter(|device| device.path().join("device").exists())
        .filter_map(|device| device.file_name().into_string().ok())
        .collect()
}

/// A file that stays open and is read from the start again and again.
#[derive(Debug)]
struct Source {
    path: &'static str,
    file: File,
    /// The text read last; its room is used again.
    text: Vec<u8>,
}

impl Source {
    fn open(path: &'static str) -> Result<Self, ProcError> {
        let file = File::open(path).map_err(|source| ProcError::Read { path, source })?;
        Ok(Self {
            path,
            file,
            text: Vec::new(),
        })
    }

    fn read<T>(&mut self, parse: impl FnOnce(&[u8]) -> ProcResult<T>) -> Result<T, ProcError> {
        let path = self.path;
        self.text.clear();
        self.file
            .rewind()
            .and_then(|()| self.file.read_to_end(&mut self.text))
            .map_err(|source| ProcError::Read { path, source })?;
        parse(&self.text).map_err(|source| ProcError::Parse { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_this_machine_is_plausible() {
        let mut sampler = Sampler::open(1_000).unwrap();
        let sample = sampler.sample().unwrap();
        assert!(sample.cpu_total > 0);
        assert!(sample.cpu_idle <= sample.cpu_total);
        assert!(sample.memory_total > 1 << 20);
        assert!(sample.memory_available <= sample.memory_total);
    }

    #[test]
    fn samples_are_numbered_from_zero() {
        let mut sampler = Sampler::open(1_000).unwrap();
        for expected in 0..25 {
            assert_eq!(sampler.sample().unwrap().sequence, expected);
        }
    }

    #[test]
    fn every_file_gets_its_turn_in_each_period() {
        for (rate, period) in [(1, 1), (100, 1), (299, 2), (1_000, 10)] {
            let mut sampler = Sampler::open(rate).unwrap();
            assert_eq!(sampler.period, period);
            // No reading gives this value, so it shows what was not read.
            const UNREAD: u64 = u64::MAX;
            sampler.latest.memory_total = UNREAD;
            sampler.latest.network_received = UNREAD;
            sampler.latest.disk_read = UNREAD;
            for _ in 0..period {
                sampler.sample().unwrap();
            }
            assert_ne!(sampler.latest.memory_total, UNREAD, "rate {rate}");
            assert_ne!(sampler.latest.network_received, UNREAD, "rate {rate}");
            assert_ne!(sampler.latest.disk_read, UNREAD, "rate {rate}");
        }
    }

    #[test]
    fn waiting_for_a_disk_is_idle_and_guests_are_not_counted_twice() {
        let line = "cpu  10 20 30 40 5 6 7 8 9 4\n";
        let rest = "ctxt 1\nbtime 1\nprocesses 1\n";
        let text = format!("{line}{rest}");
        let stats = KernelStats::from_buf_read(text.as_bytes(), current_system_info()).unwrap();
        assert_eq!(processor_time(&stats.total), (126, 45));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Source::open("/proc/no-such-file").unwrap_err().to_string();
        assert!(error.contains("/proc/no-such-file"), "{error}");
    }

    #[test]
    fn a_file_that_makes_no_sense_is_named() {
        let mut source = Source::open("/proc/stat").unwrap();
        let error = source
            .read(|_| DiskStats::from_buf_read(&b"nonsense"[..]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/proc/stat"), "{error}");
    }
}
