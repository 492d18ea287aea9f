//! What the process may have: priorities, locked memory, time.

use super::system::{Limit, System, cpu_max, has_capability, quota_of, soft_limit};
use super::{Check, Finding, Severity};

/// `CAP_IPC_LOCK` and `CAP_SYS_NICE`, by bit.
const IPC_LOCK: u32 = 14;
const SYS_NICE: u32 = 23;

fn may(system: &System, capability: u32) -> bool {
    let status = system.text("proc/self/status");
    status.and_then(|text| has_capability(&text, capability)) == Some(true)
}

fn limit(system: &System, name: &str) -> Option<Limit> {
    soft_limit(&system.text("proc/self/limits")?, name)
}

pub(super) fn priority_limit(system: &System) -> Finding {
    let meaning = "Up to this level, workers can have a real-time priority (RealTime::priority).";
    let check = Check::PriorityLimit;
    if may(system, SYS_NICE) {
        return Finding::new(check, Severity::Good, "any, by CAP_SYS_NICE", meaning);
    }
    match limit(system, "Max realtime priority") {
        None => Finding::unknown(check, "the system does not say", meaning),
        Some(Limit::At(0)) => Finding::new(check, Severity::Warning, "none", meaning).advise(
            "Raise the limit rtprio (LimitRTPRIO= of systemd, /etc/security/limits.conf, --ulimit \
             of a container), or grant CAP_SYS_NICE.",
        ),
        Some(Limit::At(level)) => Finding::new(check, Severity::Good, level.to_string(), meaning),
        Some(Limit::Unlimited) => Finding::new(check, Severity::Good, "any", meaning),
    }
}

pub(super) fn priority_share(system: &System) -> Finding {
    let meaning = "Threads with a priority may use this much of each period; then they stand still \
                   until the next one. What is left keeps the machine usable when one never sleeps.";
    let check = Check::PriorityShare;
    let read = |name| -> Option<i64> {
        let text = system.text(&format!("proc/sys/kernel/sched_rt_{name}_us"))?;
        text.parse().ok()
    };
    let (Some(runtime), Some(period)) = (read("runtime"), read("period")) else {
        return Finding::unknown(check, "the system does not say", meaning);
    };
    let found = format!("{runtime} µs of {period} µs");
    match runtime {
        ..0 => Finding::new(check, Severity::Note, "all of the time", meaning)
            .advise("Leave a core to the rest of the system: a worker that spins gives nothing."),
        0 => Finding::new(check, Severity::Warning, found, meaning)
            .advise("sysctl kernel.sched_rt_runtime_us=950000"),
        _ if runtime * 10 < period * 9 => Finding::new(check, Severity::Warning, found, meaning)
            .advise("sysctl kernel.sched_rt_runtime_us=950000"),
        _ => Finding::new(check, Severity::Good, found, meaning),
    }
}

pub(super) fn lock_limit(system: &System) -> Finding {
    let meaning = "The kernel compares this with all that the process has mapped, when it is asked \
                   to keep it in memory (RealTime::lock_memory).";
    let check = Check::LockLimit;
    if may(system, IPC_LOCK) {
        return Finding::new(check, Severity::Good, "any, by CAP_IPC_LOCK", meaning);
    }
    match limit(system, "Max locked memory") {
        None => Finding::unknown(check, "the system does not say", meaning),
        Some(Limit::Unlimited) => Finding::new(check, Severity::Good, "unlimited", meaning),
        Some(Limit::At(bytes)) => {
            let found = format!("{bytes} bytes");
            Finding::new(check, Severity::Warning, found, meaning).advise(
                "Set the limit memlock to unlimited (LimitMEMLOCK=infinity of systemd, \
                 /etc/security/limits.conf, --ulimit of a container), or grant CAP_IPC_LOCK.",
            )
        }
    }
}

pub(super) fn cpu_quota(system: &System) -> Finding {
    let meaning = "A process that has used up its quota stands still until the period is over, \
                   with all its threads: tens of milliseconds.";
    let check = Check::CpuQuota;
    let Some(groups) = system.text("proc/self/cgroup") else {
        return Finding::unknown(check, "the system does not say", meaning);
    };
    let quotas: Vec<_> = groups
        .lines()
        .filter_map(|line| least_quota(system, line))
        .collect();
    let least = quotas.iter().flatten().copied().min_by(f64::total_cmp);
    match least {
        Some(cores) => {
            let found = format!("the time of {cores:.2} cores");
            Finding::new(check, Severity::Warning, found, meaning).advise(
                "Take the quota away (CPUQuota= of systemd, --cpus of a container, the CPU limit \
                 of a pod) and give whole cores instead (AllowedCPUs=, --cpuset-cpus).",
            )
        }
        None if quotas.is_empty() => Finding::unknown(check, "the system does not say", meaning),
        None => Finding::new(check, Severity::Good, "none", meaning),
    }
}

/// The least quota of the group that a line of `/proc/self/cgroup` names, and
/// of those around it; `Some(None)` when there is none, `None` when the line is
/// about something else, or nothing can be read.
fn least_quota(system: &System, line: &str) -> Option<Option<f64>> {
    let (hierarchy, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    let unified = hierarchy == "0" && controllers.is_empty();
    if !unified && !controllers.split(',').any(|name| name == "cpu") {
        return None;
    }
    let mut known = false;
    let mut least: Option<f64> = None;
    let mut path = path.trim_end_matches('/');
    loop {
        let quota = if unified {
            unified_quota(system, path)
        } else {
            old_quota(system, path)
        };
        known |= quota.is_some();
        if let Some(Some(cores)) = quota {
            least = Some(least.map_or(cores, |least| least.min(cores)));
        }
        let Some((around, _)) = path.rsplit_once('/') else {
            break;
        };
        path = around;
    }
    known.then_some(least)
}

fn unified_quota(system: &System, path: &str) -> Option<Option<f64>> {
    let group = format!("sys/fs/cgroup{path}");
    match system.text(&format!("{group}/cpu.max")) {
        Some(text) => cpu_max(&text),
        // The outermost group is there, and has no quota.
        None => system
            .text(&format!("{group}/cgroup.controllers"))
            .map(|_| None),
    }
}

/// The first version of control groups: a folder for each controller.
fn old_quota(system: &System, path: &str) -> Option<Option<f64>> {
    ["cpu", "cpu,cpuacct"].iter().find_map(|controller| {
        let group = format!("sys/fs/cgroup/{controller}{path}");
        let quota = system.text(&format!("{group}/cpu.cfs_quota_us"))?;
        if quota.starts_with('-') {
            return Some(None);
        }
        let period = system.text(&format!("{group}/cpu.cfs_period_us"))?;
        quota_of(&quota, &period).map(Some)
    })
}
