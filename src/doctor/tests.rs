//! Machines made of files, and the one that the tests run on.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A machine with these files; the cores are always 0 to 3.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let machine = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        for (path, text) in files {
            machine.write(path, text);
        }
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn findings(&self) -> Vec<Finding> {
        settings(&System::at(self.folder.path()), &[0, 1, 2, 3])
    }

    fn finding(&self, check: Check) -> Finding {
        let mut findings = self.findings().into_iter();
        let finding = findings.find(|finding| finding.check == check);
        finding.expect("every check is there")
    }

    #[track_caller]
    fn assert_finds(&self, check: Check, severity: Severity, found: &str) {
        let finding = self.finding(check);
        assert_eq!(finding.severity, severity, "{finding}");
        assert!(finding.found.contains(found), "{finding}");
    }
}

/// Set up as the advice says.
const PREPARED: &[(&str, &str)] = &[
    ("sys/devices/system/cpu/online", "0-3\n"),
    (
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
        "performance\n",
    ),
    (
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
        "performance\n",
    ),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
    ("sys/devices/system/cpu/cpu0/cpuidle/state0/name", "POLL\n"),
    ("sys/devices/system/cpu/cpu0/cpuidle/state0/latency", "0\n"),
    ("sys/devices/system/cpu/cpu0/cpuidle/state0/disable", "0\n"),
    ("sys/devices/system/cpu/cpu0/cpuidle/state1/name", "C6\n"),
    (
        "sys/devices/system/cpu/cpu0/cpuidle/state1/latency",
        "133\n",
    ),
    ("sys/devices/system/cpu/cpu0/cpuidle/state1/disable", "1\n"),
    ("sys/devices/system/cpu/isolated", "2-3\n"),
    ("sys/devices/system/cpu/nohz_full", "2-3\n"),
    ("sys/devices/system/cpu/smt/active", "0\n"),
    (
        "proc/cpuinfo",
        "processor\t: 0\nflags\t\t: fpu tsc constant_tsc\n",
    ),
    ("sys/kernel/realtime", "1\n"),
    (
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "tsc\n",
    ),
    ("proc/self/timerslack_ns", "1\n"),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "always [madvise] never\n",
    ),
    ("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"),
    (
        "proc/self/status",
        "Name:\ttest\nCapEff:\t0000000000000000\n",
    ),
    (
        "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n\
         Max locked memory         unlimited            unlimited            bytes\n\
         Max realtime priority     60                   60\n",
    ),
    ("proc/sys/kernel/sched_rt_runtime_us", "950000\n"),
    ("proc/sys/kernel/sched_rt_period_us", "1000000\n"),
    ("proc/self/cgroup", "0::/engine.slice/engine.service\n"),
    ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
    ("sys/fs/cgroup/engine.slice/cpu.max", "max 100000\n"),
    (
        "sys/fs/cgroup/engine.slice/engine.service/cpu.max",
        "max 100000\n",
    ),
];

/// Nothing was set up: what differs from [`PREPARED`].
const ORDINARY: &[(&str, &str)] = &[
    (
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
        "powersave\n",
    ),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    ("sys/devices/system/cpu/cpu0/cpuidle/state1/disable", "0\n"),
    ("sys/devices/system/cpu/isolated", "\n"),
    ("sys/devices/system/cpu/nohz_full", "(null)\n"),
    ("sys/devices/system/cpu/smt/active", "1\n"),
    (
        "sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
        "0,2\n",
    ),
    (
        "sys/devices/system/cpu/cpu1/topology/thread_siblings_list",
        "1,3\n",
    ),
    (
        "sys/devices/system/cpu/cpu2/topology/thread_siblings_list",
        "0,2\n",
    ),
    (
        "proc/cpuinfo",
        "processor\t: 0\nflags\t\t: fpu hypervisor\n",
    ),
    ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
    ("sys/kernel/realtime", "0\n"),
    (
        "proc/version",
        "Linux version 6.12.0 #1 SMP PREEMPT_DYNAMIC Debian\n",
    ),
    (
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "hpet\n",
    ),
    (
        "sys/devices/system/clocksource/clocksource0/available_clocksource",
        "tsc hpet\n",
    ),
    ("proc/self/timerslack_ns", "50000\n"),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "[always] madvise never\n",
    ),
    (
        "proc/swaps",
        "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2  partition\t8\t0\t-2\n",
    ),
    (
        "proc/self/limits",
        "Max locked memory         8388608              8388608              bytes\n\
         Max realtime priority     0                    0\n",
    ),
    ("proc/sys/kernel/sched_rt_runtime_us", "-1\n"),
    ("sys/fs/cgroup/engine.slice/cpu.max", "250000 100000\n"),
];

#[test]
fn a_machine_that_says_nothing_is_unknown_in_everything() {
    let machine = Machine::new(&[]);
    for finding in machine.findings() {
        let known = finding.check == Check::Cores;
        let expected = if known {
            Severity::Good
        } else {
            Severity::Unknown
        };
        assert_eq!(finding.severity, expected, "{finding}");
        assert_eq!(finding.advice, None, "{finding}");
    }
    let cores = settings(&System::at(machine.folder.path()), &[]).remove(0);
    assert_eq!(cores.severity, Severity::Unknown);
}

#[test]
fn a_machine_that_says_nonsense_is_unknown_or_ordinary_and_never_an_error() {
    let machine = Machine::new(PREPARED);
    for (path, _) in PREPARED {
        machine.write(path, "\u{fffd} 1 2 [ : -");
    }
    for finding in machine.findings() {
        let plausible = match finding.check {
            Check::Cores | Check::Virtualisation => Severity::Good,
            Check::Governor | Check::ClockSource => Severity::Warning,
            Check::TicklessCores => Severity::Note,
            _ => Severity::Unknown,
        };
        let severity = finding.severity;
        assert!(
            severity == plausible || severity == Severity::Unknown,
            "{finding}"
        );
    }
}

#[test]
fn a_prepared_machine_is_good_in_everything() {
    for finding in Machine::new(PREPARED).findings() {
        assert_eq!(finding.severity, Severity::Good, "{finding}");
        assert_eq!(finding.advice, None, "{finding}");
    }
}

#[test]
fn an_ordinary_machine_is_told_what_to_change_in_everything() {
    use Severity::{Good, Note, Warning};
    let machine = Machine::new(PREPARED);
    for (path, text) in ORDINARY {
        machine.write(path, text);
    }
    for (check, severity, found) in [
        (Check::Cores, Good, "4 usable: 0-3"),
        (Check::Governor, Warning, "performance on 0, powersave on 1"),
        (Check::Turbo, Note, "on"),
        (Check::IdleStates, Warning, "C6, 133 µs"),
        (Check::IsolatedCores, Note, "none"),
        (Check::TicklessCores, Note, "none"),
        (Check::Smt, Note, "0,2; 1,3"),
        (Check::Virtualisation, Note, "QEMU"),
        (Check::Preemption, Note, "PREEMPT_DYNAMIC"),
        (Check::ClockSource, Warning, "hpet (there are: tsc hpet)"),
        (Check::TimerSlack, Note, "50000 ns"),
        (Check::HugePages, Note, "always"),
        (Check::Swap, Note, "/dev/sda2"),
        (Check::PriorityLimit, Warning, "none"),
        (Check::PriorityShare, Note, "all of the time"),
        (Check::LockLimit, Warning, "8388608 bytes"),
        (Check::CpuQuota, Warning, "2.50 cores"),
    ] {
        machine.assert_finds(check, severity, found);
        let advised = machine.finding(check).advice.is_some();
        assert_eq!(advised, severity != Good, "{check}");
    }
}

#[test]
fn one_core_is_too_few() {
    let machine = Machine::new(&[("sys/devices/system/cpu/online", "0-7\n")]);
    let cores = settings(&System::at(machine.folder.path()), &[5]).remove(0);
    assert_eq!(cores.severity, Severity::Warning);
    assert!(cores.found.contains("1 usable: 5 of 0-7"), "{cores}");
}

#[test]
fn isolated_cores_are_measured_first() {
    let machine = Machine::new(PREPARED);
    let order = |available: &[usize]| {
        let system = System::at(machine.folder.path());
        isolated_first(&system, available)
    };
    // Linux keeps isolated cores out of what a process uses by itself.
    assert_eq!(order(&[0, 1]), [2, 3, 0, 1]);
    assert_eq!(order(&[0, 1, 2, 3]), [2, 3, 0, 1]);
}

#[test]
fn capabilities_stand_for_limits() {
    let machine = Machine::new(PREPARED);
    machine.write("proc/self/limits", "");
    machine.write("proc/self/status", "CapEff:\t0000000000804000\n");
    machine.assert_finds(Check::PriorityLimit, Severity::Good, "CAP_SYS_NICE");
    machine.assert_finds(Check::LockLimit, Severity::Good, "CAP_IPC_LOCK");
}

#[test]
fn the_other_way_to_switch_turbo_and_to_name_a_real_time_kernel_is_known() {
    let machine = Machine::new(&[
        ("sys/devices/system/cpu/cpufreq/boost", "0\n"),
        (
            "proc/version",
            "Linux version 6.12.0-rt #1 SMP PREEMPT_RT Debian\n",
        ),
    ]);
    machine.assert_finds(Check::Turbo, Severity::Good, "off");
    machine.assert_finds(Check::Preemption, Severity::Good, "PREEMPT_RT");
    machine.write("sys/devices/system/cpu/cpufreq/boost", "1\n");
    machine.assert_finds(Check::Turbo, Severity::Note, "on");
    machine.write("proc/version", "Linux version 6.12.0 #1 SMP Debian\n");
    machine.assert_finds(Check::Preemption, Severity::Note, "no kernel preemption");
}

#[test]
fn a_small_share_of_time_for_priorities_is_a_warning() {
    let machine = Machine::new(&[
        ("proc/sys/kernel/sched_rt_runtime_us", "0\n"),
        ("proc/sys/kernel/sched_rt_period_us", "1000000\n"),
    ]);
    for runtime in ["0", "500000"] {
        machine.write("proc/sys/kernel/sched_rt_runtime_us", runtime);
        machine.assert_finds(Check::PriorityShare, Severity::Warning, runtime);
    }
}

#[test]
fn the_least_quota_of_all_groups_around_the_process_counts() {
    let machine = Machine::new(&[
        ("proc/self/cgroup", "0::/a/b/c\n"),
        ("sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
        ("sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"),
        ("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"),
    ]);
    machine.assert_finds(Check::CpuQuota, Severity::Warning, "0.50 cores");
}

#[test]
fn quotas_of_the_first_version_of_control_groups_are_known() {
    let machine = Machine::new(&[
        ("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n"),
        ("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n"),
        (
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us",
            "100000\n",
        ),
    ]);
    machine.assert_finds(Check::CpuQuota, Severity::Good, "none");
    machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "150000");
    machine.assert_finds(Check::CpuQuota, Severity::Warning, "1.50 cores");
    // In a container the process sees the host's path, and its own group as
    // the outermost one.
    let machine = Machine::new(&[
        ("proc/self/cgroup", "3:cpu:/docker/0123\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
    ]);
    machine.assert_finds(Check::CpuQuota, Severity::Warning, "2.00 cores");
}

#[test]
fn the_texts_of_checks_are_distinct_and_a_report_puts_warnings_first() {
    let mut texts: Vec<_> = Check::ALL.iter().map(|check| check.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Check::ALL.len());

    let machine = Machine::new(PREPARED);
    machine.write("proc/self/timerslack_ns", "50000");
    machine.write("sys/fs/cgroup/engine.slice/cpu.max", "50000 100000");
    let readiness = Readiness {
        findings: machine.findings(),
        round_trips: Vec::new(),
        wake_up: None,
        timer_lateness: None,
        clock_read: Duration::ZERO,
    };
    assert_eq!(readiness.count(Severity::Warning), 1);
    let text = readiness.to_string();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(text.starts_with("ready for real time? warning: 1. note: 1. unknown: 0."));
    assert!(place("warning  cpu-quota: the time of 0.50 cores") < place("note     timer-slack"));
    assert!(place("-> Give workers a priority") < place("good     cores: 4 usable"));
}

#[test]
#[cfg_attr(miri, ignore = "reads the system, pins threads and spins")]
fn on_any_machine_each_check_has_its_finding_and_figures_are_plausible() {
    let readiness = doctor();
    let checks: Vec<_> = readiness
        .findings
        .iter()
        .map(|finding| finding.check)
        .collect();
    assert_eq!(checks, Check::ALL);
    for trip in &readiness.round_trips {
        assert_ne!(trip.cores[0], trip.cores[1]);
        assert!(trip.latency.median > Duration::ZERO);
    }
    let trips = readiness.round_trips.iter().map(|trip| trip.latency);
    for latency in trips
        .chain(readiness.wake_up)
        .chain(readiness.timer_lateness)
    {
        assert!(latency.median <= latency.p99, "{latency:?}");
        assert!(latency.p99 <= latency.worst, "{latency:?}");
    }
    assert!(readiness.clock_read > Duration::ZERO);
    let found = readiness
        .finding(Check::WakeUp)
        .map(|finding| finding.severity);
    assert_eq!(
        found == Some(Severity::Unknown),
        readiness.wake_up.is_none()
    );
}
